"""What agents are called: by persons, in the index, and on the disk."""

import re
from pathlib import Path
from typing import Final

from daemon.config import Paths
from daemon.protocol import errors
from daemon.protocol.agents import UserId
from daemon.protocol.errors import AlvoError

_USER_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


def checked(user_id: str) -> UserId:
    """Raises AGENT_NAME_INVALID."""
    if not _USER_ID.fullmatch(user_id) or user_id in (".", ".."):
        raise AlvoError(errors.AGENT_NAME_INVALID, agent=user_id[:80])
    return UserId(user_id)


def agent_owner(user_id: str, version: int) -> str:
    """Whose the passages of a version are in the index. No name has an `@` in it."""
    return f"{user_id}@{version}"


def agents_directory(paths: Paths) -> Path:
    """Where what agents were trained from lies, a directory for each."""
    return paths.state_dir / "agents"
