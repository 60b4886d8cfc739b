"""What can be set: one frozen dataclass a section, read from default, file and environment."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Any, Final

from daemon.config.paths import Paths
from daemon.protocol import codec, errors
from daemon.protocol.errors import AlvoError


class ReasonerKind(StrEnum):
    AUTO = "auto"
    GEMINI = "gemini"
    OPENAI = "openai"
    OFFLINE = "offline"


class EmbedderKind(StrEnum):
    AUTO = "auto"
    MINILM = "minilm"
    GEMINI = "gemini"
    OPENAI = "openai"
    NONE = "none"


class PreviewKind(StrEnum):
    ASK = "ask"
    AUTO = "auto"


@dataclass(frozen=True, slots=True)
class DaemonSettings:
    language: str
    max_connections: int


@dataclass(frozen=True, slots=True)
class ReasonerSettings:
    kind: ReasonerKind
    model: str
    base_url: str
    api_version: str
    key_file: str
    timeout_s: float
    fallback: str
    stream: bool
    prompt_budget_chars: int


@dataclass(frozen=True, slots=True)
class EmbedderSettings:
    kind: EmbedderKind
    model: str = ""
    base_url: str = ""
    api_version: str = ""
    key_file: str = ""
    dimensions: int = 0
    timeout_s: float = 60.0


@dataclass(frozen=True, slots=True)
class FlowSettings:
    inquiry_expires_s: float
    max_rounds: int
    max_running: int
    max_from_commands: int
    retrieve_k: int
    fold_after_days: float = 90.0
    fold_above_bytes: int = 1024**3
    notify: bool = True


@dataclass(frozen=True, slots=True)
class ShellSettings:
    program: str
    time_limit_s: float
    output_limit_bytes: int
    idle_s: float
    environment: tuple[str, ...]
    preview: PreviewKind = PreviewKind.ASK
    undo_limit_bytes: int = 1024**3


@dataclass(frozen=True, slots=True)
class IndexSettings:
    max_file_bytes: int
    parse_timeout_s: float
    parse_memory_bytes: int
    ignore: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    folders: tuple[str, ...]
    timeout_s: float
    max_bytes: int
    memory_bytes: int
    describe: bool = True


@dataclass(frozen=True, slots=True)
class InternetSettings:
    search_url: str
    timeout_s: float
    max_bytes: int
    max_redirects: int
    cache_s: float


@dataclass(frozen=True, slots=True)
class AuditSettings:
    keep_days: float


@dataclass(frozen=True, slots=True)
class AgentSettings:
    workers: int
    versions_kept: int
    max_bytes: int
    memory_bytes: int
    niceness: int
    stage_limit_s: float
    ask_model: bool
    log_prompts: bool


@dataclass(frozen=True, slots=True)
class Config:
    daemon: DaemonSettings
    reasoner: ReasonerSettings
    embedder: EmbedderSettings
    flow: FlowSettings
    shell: ShellSettings
    index: IndexSettings
    database: DatabaseSettings
    internet: InternetSettings
    audit: AuditSettings
    agents: AgentSettings


SECTIONS: Final = tuple(field.name for field in fields(Config))


def default_text() -> str:
    """The documented default file, as it is shipped."""
    return resources.files("daemon.config").joinpath("default.toml").read_text(encoding="utf-8")


def load_config(paths: Paths, environ: Mapping[str, str]) -> Config:
    """Default < file < environment (`ALVO_SECTION_KEY`); `CONFIG_INVALID` names what is wrong."""
    table = tomllib.loads(default_text())
    _merge(table, _read(paths.config_file), str(paths.config_file))
    for variable, section, key in _variables(table):
        if variable in environ:
            table[section][key] = _parse(environ[variable], table[section][key], variable)
    try:
        return codec.from_builtins(table, Config)
    except codec.Invalid as error:
        raise _invalid(codec.field_of(error) or str(paths.config_file), str(error)) from None


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _invalid(str(file), str(error)) from None


def _merge(table: dict[str, Any], given: dict[str, Any], where: str) -> None:
    for section, values in given.items():
        if section not in table or not isinstance(values, dict):
            raise _invalid(where, f"there is no section [{section}]")
        for key, value in values.items():
            if key not in table[section]:
                raise _invalid(where, f"[{section}] has no setting {key}")
            table[section][key] = value


def _variables(table: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (f"ALVO_{section}_{key}".upper(), section, key)
        for section, values in table.items()
        for key in values
    ]


def _parse(text: str, like: Any, variable: str) -> Any:
    try:
        match like:
            case bool():
                return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
            case int():
                return int(text)
            case float():
                return float(text)
            case list():
                return [part for part in text.split(os.pathsep) if part]
            case _:
                return text
    except (KeyError, ValueError):
        raise _invalid(variable, f"“{text}” is not a {type(like).__name__}") from None


def _invalid(where: str, reason: str) -> AlvoError:
    return AlvoError(errors.CONFIG_INVALID, where=where, reason=reason)
