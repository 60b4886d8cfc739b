"""What looking for a standing permission costs before a command is asked for."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from daemon.protocol.values import (
    AnsweredBy,
    ConversationId,
    Permission,
    PermissionId,
    Scope,
    Timestamp,
)
from daemon.shell.parse import parse
from daemon.shell.permissions import Place, covering, find_program
from tests.bench.table import Row

ROUNDS = 300
PERMISSIONS = 20
PATH = "/usr/local/bin:/usr/bin:/bin"
AT = Timestamp("2030-01-01T00:00:00.000Z")
LINES = "\n".join(f"git log --since=2020-01-{n:02} --oneline 'a file {n}'" for n in range(1, 21))


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as directory:
        place = Place(directory, PATH, ConversationId("talk"), AT)
        given = [_permission(f"git log 'one {n}' *", directory) for n in range(PERMISSIONS - 1)]
        given.append(_permission("git log *", directory))
        plan = LINES.split("\n")
        bare = _median(lambda: parse(LINES))
        return [
            _row("permission check of a 20-line script, p50", given, [LINES], place, bare, 2.0),
            _row("of one covered line, p50", given, plan[:1], place, bare, 2.0),
            _row("of a plan of 20 covered lines, p50", given, plan, place, bare, None),
        ]


def _row(
    what: str,
    given: list[Permission],
    scripts: list[str],
    place: Place,
    bare: float,
    aim: float | None,
) -> Row:
    took = _median(lambda: covering(given, scripts, place))
    return Row(
        f"{what}, {PERMISSIONS} permissions",
        f"{took:.2f} ms",
        "" if aim is None else f"≤ {aim} ms",
        f"{took / bare:.1f} × parsing 20 lines ({bare:.2f} ms)",
        met=None if aim is None else took <= aim,
    )


def _median(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


def _permission(pattern: str, cwd: str) -> Permission:
    program = find_program(pattern.split(maxsplit=1)[0], cwd, PATH)
    assert program is not None
    words = pattern.removesuffix(" *")
    return Permission(
        id=PermissionId(pattern),
        pattern=pattern,
        program=program.path,
        program_digest=None,
        cwd=str(Path(cwd)),
        scope=Scope.ALWAYS,
        conversation=None,
        match=[words],
        not_match=[f"{words}; true", f"{words} $(true)", f"{words} > x", f"X=1 {words}"],
        created_at=AT,
        expires_at=None,
        created_by=AnsweredBy("bench", 1),
    )
