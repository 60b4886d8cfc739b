"""Where the client finds the daemon's socket and keeps its own history.

The daemon's `Paths` says the same with pathlib and dataclasses; importing those would cost a
one-shot command more than its own work, so a test holds the two together instead.
"""

import os
from collections.abc import Mapping


def socket_path(environ: Mapping[str, str]) -> str:
    named = environ.get("ALVO_SOCKET")
    if named:
        return named
    runtime = _base(environ, "XDG_RUNTIME_DIR") or f"{state_directory(environ)}/run"
    return f"{runtime}/alvo/alvo.sock"


def state_directory(environ: Mapping[str, str]) -> str:
    return f"{_base(environ, 'XDG_STATE_HOME') or f'{home(environ)}/.local/state'}/alvo"


def home(environ: Mapping[str, str]) -> str:
    return environ.get("HOME") or os.path.expanduser("~")  # noqa: PTH111  (pathlib costs 6 ms)


def absolute(path: str, environ: Mapping[str, str]) -> str:
    """From here on, with `~` for the home directory: in Alvo's own shell no bash reads it first."""
    if path == "~" or path.startswith("~/"):
        path = home(environ) + path[1:]
    return os.path.abspath(path)  # noqa: PTH100  (pathlib costs 6 ms)


def fitting(pattern: str, environ: Mapping[str, str]) -> list[str]:
    """The files that `notes/*.md` fits, in order; the path itself where it is no pattern or fits none."""
    path = absolute(pattern, environ)
    if not any(sign in path for sign in "*?[") or os.path.lexists(path):
        return [path]
    import glob

    return sorted(glob.glob(path)) or [path]  # noqa: PTH207  (as above)


def shorten(path: str, environ: Mapping[str, str]) -> str:
    """The path as a person writes it: `~` for the home directory."""
    place = home(environ).rstrip("/")
    return f"~{path[len(place) :]}" if place and f"{path}/".startswith(f"{place}/") else path


def _base(environ: Mapping[str, str], variable: str) -> str | None:
    # The specification wants relative values ignored.
    value = environ.get(variable, "")
    return value if value.startswith("/") else None
