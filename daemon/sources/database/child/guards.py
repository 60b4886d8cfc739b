"""A connection that can only read, only what it may, and only so long and so much."""

import apsw

from daemon.sources.database.child import allowed
from daemon.sources.database.child.clock import Clock
from daemon.sources.database.child.refusals import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from daemon.sources.database.child.looks import Look

TEXT = 100_000
"""Bytes of the longest text that a query may make."""
STORED = 16 * 1024 * 1024
"""Bytes of the longest that it may read."""
_LIMITS = {
    apsw.SQLITE_LIMIT_LENGTH: TEXT,
    apsw.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    apsw.SQLITE_LIMIT_ATTACHED: 0,
    apsw.SQLITE_LIMIT_COMPOUND_SELECT: 100,
    apsw.SQLITE_LIMIT_EXPR_DEPTH: 500,
    apsw.SQLITE_LIMIT_VDBE_OP: 100_000,
    apsw.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1000,
    apsw.SQLITE_LIMIT_VARIABLE_NUMBER: 100,
    apsw.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    apsw.SQLITE_LIMIT_WORKER_THREADS: 0,
}
_SWITCHES = {
    apsw.SQLITE_DBCONFIG_DEFENSIVE: 1,
    apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA: 0,
    apsw.SQLITE_DBCONFIG_WRITABLE_SCHEMA: 0,
    apsw.SQLITE_DBCONFIG_DQS_DML: 0,
    apsw.SQLITE_DBCONFIG_DQS_DDL: 0,
    apsw.SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE: 0,
    apsw.SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE: 0,
    apsw.SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER: 0,
    apsw.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION: 0,
    apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER: 0,
    apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE: 1,
}
_MODULES = ("fts3", "fts4", "fts5", "rtree", "rtree_i32", "geopoly")
"""Virtual tables that a person's database may have; `dbstat` and the like are not for questions."""
_BUSY_MS = 200
STEPS = 1000
"""Opcodes between two looks at the clock: well under a millisecond."""
_UNESCAPED = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~/")


class Connection(apsw.Connection):
    """`denied`: what a statement may not do, and wanted to. `functions`: those it may and uses."""

    denied: str
    functions: set[str]

    def rows(self, sql: str, params: "Sequence[Any]" = ()) -> "list[tuple[Any, ...]]":
        return self.execute(sql, params).fetchall()


def connect(look: "Look", ordinary: bool) -> Connection:
    """Opens it so that its folder stays as it is; what is asked of it has to wait for `guard`."""
    connection = Connection(
        _address(look, ordinary), flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    )
    connection.functions, connection.denied = set(), ""
    if look.wal and not ordinary:
        # With it the log's index is kept in our memory instead of in a file beside the database.
        connection.rows("PRAGMA locking_mode = exclusive")
    return connection


def guard(connection: Connection, memory_bytes: int, clock: Clock) -> None:
    """Takes from it all that reading does not need; raises `DATABASE_EMPTY` if nothing is in it."""
    apsw.hard_heap_limit(memory_bytes)
    for number, value in _LIMITS.items():
        connection.limit(number, value)
    for number, value in _SWITCHES.items():
        connection.config(number, value)
    connection.drop_modules(_MODULES)
    connection.set_busy_timeout(_BUSY_MS)
    connection.set_progress_handler(clock.over, STEPS)
    for pragma in ("temp_store = memory", "cache_size = -16384", "mmap_size = 0", "query_only = 1"):
        connection.rows(f"PRAGMA {pragma}")
    connection.authorizer = _authorizer(connection)
    if not connection.rows("SELECT count(*) FROM sqlite_schema")[0][0]:
        raise Refused("DATABASE_EMPTY")


def _address(look: "Look", ordinary: bool) -> str:
    """The URI of the file, and how to open it.

    No log: `immutable`, without locks. A log: without locks too, its index in our memory. Both are
    good for as long as nobody writes the file, which is found out afterwards. `ordinary`: with
    SQLite's own locks, through an index that its other readers and writers have made.
    """
    path = "".join(chr(byte) if byte in _UNESCAPED else f"%{byte:02x}" for byte in look.path)
    if ordinary:
        how = "mode=ro&readonly_shm=1"
    elif look.wal:
        how = "mode=ro&vfs=unix-none"
    else:
        how = "mode=ro&immutable=1"
    return f"file:{path}?{how}"


def _authorizer(connection: Connection) -> "Callable[..., int]":
    def decide(action: int, first: str | None, second: str | None, *_where: str | None) -> int:
        problem = allowed.problem(action, first, second)
        if problem:
            connection.denied = connection.denied or problem
            return apsw.SQLITE_DENY
        if action == apsw.SQLITE_FUNCTION:
            connection.functions.add((second or "").lower())
        return apsw.SQLITE_OK

    return decide


_REFUSALS: "tuple[tuple[tuple[type[Exception], ...], str], ...]" = (
    ((apsw.AuthError, apsw.ReadOnlyError, apsw.PermissionsError), "SQL_REFUSED"),
    ((apsw.InterruptError,), "SQL_TIMEOUT"),
    ((apsw.TooBigError, apsw.NoMemError), "SQL_TOO_LARGE"),
    ((apsw.BusyError, apsw.LockedError, apsw.CantOpenError), "DATABASE_BUSY"),
    ((apsw.NotADBError,), "DATABASE_NOT_READABLE"),
    (
        (apsw.CorruptError, apsw.IOError, apsw.FormatError, UnicodeDecodeError),
        "DATABASE_DAMAGED",
    ),
)


def refusal(error: Exception, clock: Clock, connection: Connection | None) -> Refused:
    """What SQLite's error is in our words."""
    name = next((name for types, name in _REFUSALS if isinstance(error, types)), "SQL_INVALID")
    if connection is not None and connection.denied and name in ("SQL_REFUSED", "SQL_INVALID"):
        # Of a function that may not be used SQLite says it as of one that does not exist.
        return Refused("SQL_REFUSED", connection.denied)
    if name == "SQL_INVALID" and clock.over():
        # Interrupted where SQLite has no word for it, as in a virtual table.
        return Refused("SQL_TIMEOUT")
    return Refused(name, str(error))


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
