"""A home and a daemon of their own, and the real commands run in them for all to see."""

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.data.sample.make_shop import make
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "tests" / "data" / "sample"
BIN = Path(sys.prefix) / "bin"

# What could bring in a key, another daemon or somebody's settings.
FOREIGN = (
    "ALVO_",
    "GEMINI_",
    "GOOGLE_",
    "OPENAI_",
    "XDG_",
    "CREDENTIALS_DIRECTORY",
    "LISTEN_",
    "LC_",
)
LANGUAGES = {"en": "en_GB.UTF-8", "pt": "pt_BR.UTF-8"}
WAITING = 4


class Stage:
    """`person`: somebody sits at the terminal and answers; else a second client does.

    `surprises` counts the commands that ended otherwise than the play has it.
    """

    def __init__(self, directory: Path, cache: Path, *, person: bool) -> None:
        self.person = person
        self.surprises = 0
        self.home = directory / "home"
        make(self.home / "shop")
        for folder in ("handbook", "runbooks"):
            shutil.copytree(SAMPLE / folder, self.home / folder)
        places = {"CONFIG": "config", "DATA": "data", "STATE": "state"}
        self.environ = {
            name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)
        }
        self.environ |= {
            f"XDG_{name}_HOME": str(directory / place) for name, place in places.items()
        }
        self.environ |= {
            "HOME": str(self.home),
            "XDG_CACHE_HOME": str(cache),
            "XDG_RUNTIME_DIR": str(directory / "run"),
            "ALVO_MODELS": os.environ.get("ALVO_MODELS", str(Path(sys.prefix) / "models")),
            "LANG": LANGUAGES["en"],
        }
        (directory / "run").mkdir(mode=0o700)
        self._socket = directory / "run" / "alvo" / "alvo.sock"
        self._log = directory / "alvod.out"
        self._daemon: subprocess.Popen[bytes] | None = None

    def start_daemon(self) -> None:
        with self._log.open("wb") as log:
            # Of a session of its own: Ctrl-C at this terminal is for the play, which then ends it.
            self._daemon = subprocess.Popen(
                [BIN / "alvod"],
                env=self.environ,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self._answers, within=15)

    def _answers(self) -> bool:
        assert self._daemon is not None
        if self._daemon.poll() is not None:
            sys.exit(f"The daemon did not start:\n{self._log.read_text()}")
        with socket.socket(socket.AF_UNIX) as one:
            return one.connect_ex(str(self._socket)) == 0

    def end_daemon(self) -> None:
        if self._daemon is None:
            return
        self._daemon.send_signal(signal.SIGTERM)
        try:
            self._daemon.wait(15)
        except subprocess.TimeoutExpired:
            self._daemon.kill()
            self._daemon.wait()

    def title(self, text: str) -> None:
        say(f"\n{styled(f'── {text}', '1')}")

    def hint(self, text: str) -> None:
        """What the person at the terminal may do now."""
        if self.person:
            say(styled(f"({text})", "2"))

    def embed(self, *words: str) -> None:
        if self.show("alvo-embed", *words) != 0:
            self.surprises += 1

    def ask(
        self, question: str, *, language: str = "en", decision: str = "deny", expect: str
    ) -> None:
        """Asks through `alvo`; an inquiry is answered by the person, else as `decision` says.

        `expect`: the status in which the flow ends, unless a person decides.
        """
        environ = {"LANG": LANGUAGES[language]}
        parked = self.show("alvo", "ask", question, environ=environ) == WAITING
        if self.person:
            return
        if parked:
            self._second_client(decision)
        flow = json.loads(self._output("alvo", "flows", "--limit", "1", "--json"))["flows"][0]
        if flow["status"] != expect:
            say(f"(The flow is {flow['status']}; {expect} was expected.)")
            self.surprises += 1

    def _second_client(self, decision: str) -> None:
        inquiry = json.loads(self._output("alvo", "inquiries", "--json"))["inquiries"][-1]
        say(styled("(A second client answers.)", "2"))
        self.show("alvo", decision, inquiry["id"][:6])
        if decision == "deny":
            self.show("alvo", "attach", inquiry["flow_id"][:6])

    def show(self, *words: str, environ: dict[str, str] | None = None) -> int:
        """Runs a command as it is shown, with this terminal as its own."""
        say(f"{styled('$', '2')} {styled(shlex.join(words), '1')}")
        return subprocess.run(
            [BIN / words[0], *words[1:]],
            env=self.environ | (environ or {}),
            cwd=self.home,
            stdin=None if sys.stdin.isatty() else subprocess.DEVNULL,
            check=False,
        ).returncode

    def _output(self, *words: str) -> str:
        return subprocess.run(
            [BIN / words[0], *words[1:]],
            env=self.environ,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout


def say(text: str) -> None:
    print(text, flush=True)


def styled(text: str, style: str) -> str:
    """With an ANSI style, where standard output is a terminal that wants one."""
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        return f"\x1b[{style}m{text}\x1b[0m"
    return text
