"""Where things are and what is set: read once at the start, passed down from there."""

from daemon.config.paths import Paths, private_directory
from daemon.config.settings import (
    Config,
    DaemonSettings,
    EmbedderKind,
    EmbedderSettings,
    FlowSettings,
    IndexSettings,
    ReasonerKind,
    ReasonerSettings,
    ShellSettings,
    load_config,
)

__all__ = [
    "Config",
    "DaemonSettings",
    "EmbedderKind",
    "EmbedderSettings",
    "FlowSettings",
    "IndexSettings",
    "Paths",
    "ReasonerKind",
    "ReasonerSettings",
    "ShellSettings",
    "load_config",
    "private_directory",
]
