"""Why a file was not read, in a word that has its phrase in both languages."""

from enum import StrEnum


class Reason(StrEnum):
    """Each has a phrase `unread_…` in `prompts/phrases.toml`."""

    BINARY = "binary"
    NO_DOCUMENT = "no_document"
    CRASHED = "crashed"
    MEMORY = "memory"
    GARBAGE = "garbage"
    NOT_REGULAR = "not_regular"
    NAME_NOT_UTF8 = "name_not_utf8"
    MISSING = "missing"
    NO_PERMISSION = "no_permission"
    NO_DATABASE = "no_database"


def of_os_error(error: OSError) -> Reason | str:
    match error:
        case FileNotFoundError():
            return Reason.MISSING
        case PermissionError():
            return Reason.NO_PERMISSION
    return error.strerror or type(error).__name__
