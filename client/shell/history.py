"""What was typed before, for this person alone; a line that begins with a space is not kept."""

import os
from pathlib import Path

from prompt_toolkit.history import FileHistory


class PrivateHistory(FileHistory):
    """A file of mode 0600, readable by nobody else at any moment."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        path.chmod(0o600)
        super().__init__(str(path))

    def append_string(self, string: str) -> None:
        if is_kept(string):
            super().append_string(string)


def is_kept(line: str) -> bool:
    return bool(line.strip()) and not line.startswith((" ", "\t"))
