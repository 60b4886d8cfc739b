"""Where things are and what is set: read once at the start, passed down from there."""

from daemon.config.paths import Paths, private_directory
from daemon.config.settings import (
    AgentSettings,
    AuditSettings,
    Config,
    DaemonSettings,
    DatabaseSettings,
    EmbedderKind,
    EmbedderSettings,
    FlowSettings,
    IndexSettings,
    InternetSettings,
    PreviewKind,
    ReasonerKind,
    ReasonerSettings,
    ShellSettings,
    load_config,
)

__all__ = [
    "AgentSettings",
    "AuditSettings",
    "Config",
    "DaemonSettings",
    "DatabaseSettings",
    "EmbedderKind",
    "EmbedderSettings",
    "FlowSettings",
    "IndexSettings",
    "InternetSettings",
    "Paths",
    "PreviewKind",
    "ReasonerKind",
    "ReasonerSettings",
    "ShellSettings",
    "load_config",
    "private_directory",
]
