"""Shows the main job on the sample material: `make demo`.

Everything happens through the real commands, in XDG directories of its own that are removed at the
end; only what was embedded is kept, in .venv/demo-cache, so that a second run begins at once.
"""

import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from client.terminal import person_is_there
from tests.demo.stage import SAMPLE, Stage

ROOT = Path(__file__).parents[2]
CACHE = Path(sys.prefix) / "demo-cache"

REPORT = "Make the report folder for this month"


def main() -> int:
    # The end of this process is also the end of the daemon it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="alvo-demo-") as directory:
        stage = Stage(Path(directory), CACHE, person=person_is_there())
        say("Alvo, shown on the handbook and the runbooks of an invented bicycle workshop.")
        say(f"Own directories below {directory}; no key; nothing of yours is read or written.")
        try:
            stage.start_daemon()
            play(stage, began)
        finally:
            stage.end_daemon()
    say("The daemon is ended and the directories are removed. Yours: make run")
    return 1 if stage.surprises else 0


def play(stage: Stage, began: float) -> None:
    stage.embed("add", str(SAMPLE / "handbook"))
    stage.embed("add", str(SAMPLE / "runbooks"))

    title("A question, answered from the documents, with where it is said")
    stage.ask("How many days of vacation does everybody have?", expect=0)
    say(f"(The first answer was there {time.monotonic() - began:.1f} s after the start.)")

    title("The same in Portuguese")
    stage.ask("Em que dia o salário é pago?", language="pt", expect=0)

    title("A question that the documents do not answer")
    stage.ask("What is the salary of the workshop lead?", decision="deny", expect=3)

    title("A task: found in a runbook, shown before anything runs, allowed")
    stage.ask(REPORT, decision="allow", expect=0)

    title("The same task, denied")
    stage.ask(REPORT, decision="deny", expect=3)


def title(text: str) -> None:
    bold, plain = ("\x1b[1m", "\x1b[0m") if colour() else ("", "")
    say(f"\n{bold}── {text}{plain}")


def say(text: str) -> None:
    print(text, flush=True)


def colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
