"""A person at a terminal: `alvo` in a real PTY, typed at and looked at."""

import contextlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pexpect

from tests.support.daemon import Home

CTRL_C, CTRL_D, ALT_ENTER = "\x03", "\x04", "\x1b\r"
PROMPT = "› "
_SEQUENCE = re.compile(r"\x1b(?:\[[0-9;?<>=]*[A-Za-z]|\][^\x07]*\x07|[=>()][A-Z0-9]?)")


class Terminal:
    """One program at one PTY."""

    def __init__(self, home: Home, *words: str, within: float = 15.0, **environ: str) -> None:
        self.program = pexpect.spawn(
            str(Path(sys.executable).parent / words[0]),
            list(words[1:]),
            env={
                **home.environ,
                "TERM": "xterm",
                "NO_COLOR": "1",
                # No terminal is there to answer where its cursor is.
                "PROMPT_TOOLKIT_NO_CPR": "1",
                **environ,
            },
            cwd=str(home.home),
            encoding="utf-8",
            codec_errors="replace",
            timeout=within,
            dimensions=(50, 100),
        )
        self.program.delaybeforesend = None
        self.program.logfile_read = self._log = _Log()

    def see(self, *texts: str) -> None:
        """Each of these comes, in this order."""
        for text in texts:
            self.program.expect_exact(text)

    def asked(self, text: str) -> None:
        """A question of a one-shot command, to its last space: what is typed before is dropped."""
        self.program.expect(re.escape(text) + r"[^\r\n]*?(?<=[:\]]) ")

    def type(self, text: str) -> None:
        self.program.send(text)

    def line(self, text: str) -> None:
        self.program.send(f"{text}\r")

    def prompt(self) -> None:
        """The shell waits for a line."""
        self.see(PROMPT)

    def end(self) -> int:
        """The exit status, once it has ended."""
        self.program.expect(pexpect.EOF)
        self.program.close()
        assert self.program.exitstatus is not None
        status: int = self.program.exitstatus
        return status

    @property
    def seen(self) -> str:
        """All that was drawn, without the sequences that drew it."""
        return _SEQUENCE.sub("", self._log.text)

    def close(self) -> None:
        self.program.close(force=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Log:
    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass


@contextlib.contextmanager
def a_shell(home: Home, *words: str, **environ: Any) -> Iterator[Terminal]:
    """The interactive shell, ready for the first line."""
    with Terminal(home, "alvo", *words, **environ) as shell:
        shell.prompt()
        yield shell


def history_of(home: Home) -> str:
    path = Path(home.environ["XDG_STATE_HOME"]) / "alvo" / "history"
    return path.read_text() if path.exists() else ""
