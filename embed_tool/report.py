"""What a run says while it goes on: lines of JSON for programs, one moving line for a person."""

import shutil
import sys
import time
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TextIO

import prompts
from daemon.protocol import codec
from daemon.protocol.escape import escape, escape_json
from daemon.protocol.values import (
    Progress,
    Source,
)

_EVERY_S: Final = 0.2
UNIT: Final = "files"


@dataclass(frozen=True, slots=True)
class Step:
    """How far the work on one source has come. `rate`: passages a second, in this run."""

    source: Source
    progress: Progress
    rate: float


class Report(Protocol):
    def source(self, source: Source) -> None:
        """Work on a source begins."""

    def step(self, step: Step) -> None: ...

    def download(self, progress: Progress) -> None:
        """The weights are being fetched."""

    def failure(self, path: str, sentence: str) -> None:
        """One file was not read; the run goes on."""

    def notice(self, text: str) -> None: ...

    def result(self, value: dict[str, Any], text: str) -> None:
        """The end: for programs, and for a person."""


@dataclass(slots=True)
class JsonReport:
    """One object a line on standard output, as they come."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    _last: float = 0.0

    def source(self, source: Source) -> None:
        self._write({"event": "source", "source": codec.to_builtins(source)})

    def step(self, step: Step) -> None:
        self._progress(step.progress, {"source_id": step.source.id, "rate": round(step.rate, 1)})

    def download(self, progress: Progress) -> None:
        self._progress(progress, {})

    def _progress(self, progress: Progress, more: dict[str, Any]) -> None:
        if progress.done < progress.total and time.monotonic() - self._last < _EVERY_S:
            return
        self._last = time.monotonic()
        self._write({"event": "progress"} | more | codec.to_builtins(progress))

    def failure(self, path: str, sentence: str) -> None:
        self._write({"event": "failure", "path": path, "message": sentence})

    def notice(self, text: str) -> None:
        self._write({"event": "notice", "message": text})

    def result(self, value: dict[str, Any], text: str) -> None:
        del text
        self._write({"event": "result"} | value)

    def _write(self, value: dict[str, Any]) -> None:
        self.out.write(escape_json(codec.encode(value).decode()) + "\n")
        self.out.flush()


@dataclass(slots=True)
class PersonReport:
    """Progress and what went wrong on standard error, the result on standard output."""

    language: str
    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    _last: float = 0.0
    _moving: bool = False

    def source(self, source: Source) -> None:
        del source

    def step(self, step: Step) -> None:
        progress = step.progress
        self._move(
            "embed_progress",
            source=escape(step.source.name),
            done=progress.done,
            total=progress.total,
            rate=round(step.rate),
            left=_duration(progress.left_s),
        )

    def download(self, progress: Progress) -> None:
        mega = 1_000_000
        self._move("embed_download", done=progress.done // mega, total=progress.total // mega)

    def _move(self, phrase: str, **blanks: Any) -> None:
        if not self.err.isatty() or time.monotonic() - self._last < _EVERY_S:
            return
        self._last = time.monotonic()
        text = prompts.phrase(phrase, self.language, **blanks)
        width = shutil.get_terminal_size().columns
        self.err.write(f"\r\x1b[K{text[: width - 1]}")
        self.err.flush()
        self._moving = True

    def failure(self, path: str, sentence: str) -> None:
        del path
        self._line(escape(sentence))

    def notice(self, text: str) -> None:
        self._line(text)

    def result(self, value: dict[str, Any], text: str) -> None:
        del value
        self._end_moving()
        self.out.write(text + "\n")
        self.out.flush()

    def _line(self, text: str) -> None:
        self._end_moving()
        self.err.write(text + "\n")
        self.err.flush()

    def _end_moving(self) -> None:
        if self._moving:
            self.err.write("\r\x1b[K")
            self._moving = False


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "…"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
