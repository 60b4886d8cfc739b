"""Ids as they are printed and made."""

import os

SHORT = 6
_ALPHABET = "23456789bcdfghjkmnpqrstvwxz"  # as the daemon's own: no words, nothing looks alike
_LENGTH = 14


def short(id_: str) -> str:
    """What is printed of an id, and enough to name it by."""
    return id_[:SHORT]


def new_id() -> str:
    """An id for a flow or a conversation that the client names itself."""
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in os.urandom(_LENGTH))
