"""The door to a person's databases: asked read-only, in a child that can be killed.

The child imports this package too and must start in milliseconds: so a name is loaded when it is
first used.
"""

TYPE_CHECKING = False  # a constant that type checkers know; importing typing costs 2 ms
if TYPE_CHECKING:
    from typing import Any

    from daemon.sources.database.door import (
        DatabaseDoor,
        collect,
        find_values,
        fingerprint,
        kind_of,
        query,
    )
    from daemon.sources.database.known import known_values
    from daemon.sources.database.limits import DatabaseLimits
    from daemon.sources.database.table_files import import_table_file

__all__ = [
    "DatabaseDoor",
    "DatabaseLimits",
    "collect",
    "find_values",
    "fingerprint",
    "import_table_file",
    "kind_of",
    "known_values",
    "query",
]

_ELSEWHERE = {
    "DatabaseLimits": "limits",
    "import_table_file": "table_files",
    "known_values": "known",
}


def __getattr__(name: str) -> "Any":
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    module = importlib.import_module(f"{__name__}.{_ELSEWHERE.get(name, 'door')}")
    value = getattr(module, name)
    globals()[name] = value
    return value
