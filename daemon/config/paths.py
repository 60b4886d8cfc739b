"""Where Alvo's files are: the XDG base directories, each movable by its variable."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Paths:
    """Every place that Alvo reads or writes outside a person's own files."""

    home: Path
    socket: Path
    runtime_dir: Path
    config_file: Path
    index_dir: Path
    models_dirs: tuple[Path, ...]
    state_dir: Path
    state_db: Path
    log_file: Path
    cache_dir: Path

    @staticmethod
    def from_environment(environ: Mapping[str, str]) -> "Paths":
        home = Path(environ.get("HOME") or Path.home())
        config = _base(environ, "XDG_CONFIG_HOME", home / ".config") / "alvo"
        data = _base(environ, "XDG_DATA_HOME", home / ".local/share") / "alvo"
        state = _base(environ, "XDG_STATE_HOME", home / ".local/state") / "alvo"
        cache = _base(environ, "XDG_CACHE_HOME", home / ".cache") / "alvo"
        # Without a runtime directory of the session, a private one of ours.
        runtime = _base(environ, "XDG_RUNTIME_DIR", state / "run") / "alvo"
        return Paths(
            home=home,
            socket=Path(environ.get("ALVO_SOCKET") or runtime / "alvo.sock"),
            runtime_dir=runtime,
            config_file=config / "config.toml",
            index_dir=data,
            models_dirs=(_shared_models(environ), data / "models"),
            state_dir=state,
            state_db=state / "state.db",
            log_file=state / "alvod.log",
            cache_dir=cache,
        )


def private_directory(path: Path) -> Path:
    """Makes the directory, and those above it that are missing, for this user alone."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def _shared_models(environ: Mapping[str, str]) -> Path:
    named = environ.get("ALVO_MODELS")
    return Path(named) if named else Path(sys.prefix) / "models"


def _base(environ: Mapping[str, str], variable: str, default: Path) -> Path:
    # The specification wants relative values ignored.
    value = environ.get(variable, "")
    return Path(value) if Path(value).is_absolute() else default
