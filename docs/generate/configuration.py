"""The page of settings, and of where things are."""

import tomllib
from collections.abc import Iterator
from typing import Any

from daemon.config.settings import default_text
from docs.generate.tables import table

CONFIGURATION = """# Configuration

Settings are read from the defaults, then from `~/.config/alvo/config.toml`, then from the
environment; the last one counts. A setting that is unknown or of the wrong type stops the start
with a sentence. Lists in the environment are parted by `:`.
"""
PLACES = """## Where things are

| what | where | moved by |
| --- | --- | --- |
| socket | `$XDG_RUNTIME_DIR/alvo/alvo.sock` | `ALVO_SOCKET` |
| settings, key | `~/.config/alvo/` | `XDG_CONFIG_HOME` |
| index, models | `~/.local/share/alvo/` | `XDG_DATA_HOME`, for models also `ALVO_MODELS` |
| flows, outputs, log | `~/.local/state/alvo/` | `XDG_STATE_HOME` |
| what can be rebuilt | `~/.cache/alvo/` | `XDG_CACHE_HOME` |
"""


def configuration_page() -> str:
    parts = [CONFIGURATION]
    for section, settings in tomllib.loads(default_text()).items():
        rows = [
            (f"`{key}`", f"`{toml(value)}`", meaning, f"`ALVO_{section.upper()}_{key.upper()}`")
            for key, value, meaning in with_comments(section, settings)
        ]
        parts += [f"## [{section}]\n", table(("setting", "default", "what", "environment"), rows)]
    return "\n".join([*parts, PLACES])


def with_comments(section: str, settings: dict[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """Each setting with the comment that stands above it in the default file."""
    inside, comment = False, ""
    for line in default_text().splitlines():
        if line.startswith("["):
            inside, comment = line == f"[{section}]", ""
        elif line.startswith("#"):
            comment += line.lstrip("# ") + " "
        elif " = " in line:
            key = line.partition(" = ")[0]
            if inside:
                yield key, settings[key], comment.strip()
            comment = ""


def toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
        case _:
            return str(value)
