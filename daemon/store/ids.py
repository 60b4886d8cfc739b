"""Ids: random, short enough to type; any unambiguous beginning of one is accepted."""

import re
import secrets
from typing import Final

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError, ErrorType
from daemon.store.database import Database

# No vowels (no words come about), nothing that looks like something else.
_ALPHABET: Final = "23456789bcdfghjkmnpqrstvwxz"
_LENGTH: Final = 14
_GIVEN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_SHORTEST_BEGINNING: Final = 3


def new_id() -> str:
    """About 66 random bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def is_id(text: str) -> bool:
    """Whether a caller may choose this id for something of its own."""
    return _GIVEN.fullmatch(text) is not None


def resolve(db: Database, table: str, given: str, missing: ErrorType, **blanks: str) -> str:
    """The id that `given` is, or begins; raises `missing`, or AMBIGUOUS_ID."""
    if db.value(f"SELECT 1 FROM {table} WHERE id = ?", (given,)):
        return given
    if len(given) < _SHORTEST_BEGINNING:
        raise AlvoError(missing, **blanks)
    found = db.all(
        f"SELECT id FROM {table} WHERE id >= ? AND id < ? LIMIT 2", (given, given + "\U0010ffff")
    )
    if not found:
        raise AlvoError(missing, **blanks)
    if len(found) > 1:
        raise AlvoError(errors.AMBIGUOUS_ID, id=given)
    return str(found[0][0])
