"""Lets a person change a script in their own editor."""

import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

_CANDIDATES = ("sensible-editor", "nano", "vi")


def edit(script: str, environ: Mapping[str, str]) -> str:
    """The script as the editor left it; as it was if the editor failed or there is none."""
    command = _editor(environ)
    if not command:
        return script
    # A directory of its own, 0700: some editors write copies beside the file.
    with tempfile.TemporaryDirectory(prefix="alvo-") as directory:
        path = Path(directory) / "script.sh"
        path.write_text(script, encoding="utf-8", errors="surrogateescape")
        if subprocess.run([*command, str(path)], check=False).returncode != 0:
            return script
        edited = path.read_text(encoding="utf-8", errors="surrogateescape")
    # Editors end the last line; where the script did not, that is no change of the person's.
    return edited.removesuffix("\n") if not script.endswith("\n") else edited


def _editor(environ: Mapping[str, str]) -> list[str]:
    named = environ.get("VISUAL") or environ.get("EDITOR")
    if named:
        return shlex.split(named)
    found = next((path for name in _CANDIDATES if (path := shutil.which(name))), None)
    return [found] if found else []
