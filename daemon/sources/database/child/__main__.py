"""One order in, one answer out: look, confine, open, do, look again."""

import json
import os
import sys

import apsw

from daemon.sources.database.child import (
    confinement,
    finding,
    guards,
    looks,
    matching,
    querying,
    surveying,
)
from daemon.sources.database.child.clock import Clock
from daemon.sources.database.child.refusals import Refused

_OUT_OF_MEMORY = 3
_KINDS = {
    "query": querying.query,
    "survey": surveying.survey,
    "keys": matching.contained,
    "find": finding.find,
}


def main() -> None:
    order = json.loads(sys.stdin.buffer.readline())
    pipe = _private_output()
    try:
        reply = _visit(order)
    except Refused as refused:
        reply = json.dumps({"error": refused.error, "reason": refused.reason})
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)
    data = memoryview(reply.encode("utf-8", "replace") + b"\n")
    while data:
        data = data[os.write(pipe, data) :]
    # Nothing is closed in order: closing is when SQLite would write and delete.
    os._exit(0)


def _private_output() -> int:
    """The pipe to the parent, moved away from descriptor 1: what a library prints is no reply."""
    pipe = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return pipe


def _visit(order: dict) -> str:  # type: ignore[type-arg]
    clock = Clock(order["seconds"])
    look = looks.look(order["location"], clock)
    confinement.confine(order["memory_bytes"], order["seconds"], look.files())
    # Without a log its lock would keep writers waiting; with one it keeps nobody.
    ordinary = order["ordinary"] and look.wal
    connection = None
    try:
        connection = guards.connect(look, ordinary)
        guards.guard(connection, order["memory_bytes"], clock)
        reply = _KINDS[order["request"]["kind"]](connection, order["request"], clock)
    except (apsw.Error, Refused, UnicodeDecodeError) as error:
        _refuse_changed(look, ordinary)
        if isinstance(error, Refused):
            raise
        raise guards.refusal(error, clock, connection) from error
    _refuse_changed(look, ordinary)
    return reply


def _refuse_changed(look: looks.Look, ordinary: bool) -> None:
    """Whatever was read of a file that changed meanwhile is no answer, and no error of the file."""
    if not ordinary and look.changed():
        raise Refused("DATABASE_CHANGED")


if __name__ == "__main__":
    main()
