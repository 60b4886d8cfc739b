"""Shows the main job on the sample material: `make demo`.

Everything happens through the real commands, in XDG directories of its own that are removed at the
end; only what was embedded is kept, in .venv/demo-cache, so that a second run begins at once.
"""

import signal
import sys
import tempfile
import time
from pathlib import Path

from client.terminal import person_is_there
from tests.demo.stage import Stage, say

CACHE = Path(sys.prefix) / "demo-cache"

REPORT = "Make the report folder for this month"


def main() -> int:
    # The end of this process is also the end of the daemon it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="alvo-demo-") as directory:
        stage = Stage(Path(directory), CACHE, person=person_is_there())
        say("Alvo, without a key, on the handbook and runbooks of an invented bicycle workshop.")
        say(f"All of it is in {directory} and is removed at the end.")
        if not stage.person:
            say("Nobody is at a terminal: a second client answers in the person's place.")
        try:
            stage.start_daemon()
            play(stage, began)
        finally:
            stage.end_daemon()
    say("\nThe daemon is ended and the directories are removed. Yours: make run")
    return 1 if stage.surprises else 0


def play(stage: Stage, began: float) -> None:
    stage.title("Documents are indexed once; afterwards only what has changed")
    stage.embed("add", "handbook", "runbooks")

    stage.title("A question, answered from the documents, with the place where it is said")
    stage.ask("How many days of vacation does everybody have?", expect="answered")
    say(f"(The first answer was there {time.monotonic() - began:.1f} s after the start.)")

    stage.title("The same in Portuguese")
    stage.ask("Em que dia o salário é pago?", language="pt", expect="answered")

    stage.title("A question that the documents do not answer: nothing is made up")
    stage.hint("Alvo asks whether to search once more. Press Enter: that is a no.")
    stage.ask("What is the salary of the workshop lead?", decision="deny", expect="failed")

    stage.title("A task: found in a runbook, shown before anything runs")
    stage.hint("Type y and press Enter: it runs.")
    stage.ask(REPORT, decision="allow", expect="executed")

    stage.title("The same task, denied")
    stage.hint("Press Enter: everything but a plain yes is a no.")
    stage.ask(REPORT, decision="deny", expect="denied")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
