"""Which models are in use: what the configuration asks for, and what is there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from daemon.config import EmbedderKind, EmbedderSettings, Paths, ReasonerKind, ReasonerSettings
from daemon.models.address import server_address
from daemon.models.embedder import Embedder
from daemon.models.gemini import Gemini
from daemon.models.gemini_embedder import GeminiEmbeddings
from daemon.models.gemini_sdk import GeminiSettings
from daemon.models.keys import GEMINI, OPENAI, ApiKey, KeyPlaces, find_key
from daemon.models.language_model import Completion, LanguageModel, Prompt, TextStream
from daemon.models.minilm_files import find_model
from daemon.models.openai import OpenAI, OpenAISettings
from daemon.models.openai_embedder import OpenAIEmbedderSettings, OpenAIEmbeddings
from daemon.models.served_embedder import ServedEmbedder
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError

GEMINI_MODEL: Final = "gemini-flash-latest"
"""An alias that moves with the current model."""


GEMINI_EMBEDDING: Final = "gemini-embedding-001"
_GEMINI_DIMENSIONS: Final = 768
_KEYS: Final = {EmbedderKind.GEMINI: GEMINI, EmbedderKind.OPENAI: OPENAI}


def choose_embedder(
    settings: EmbedderSettings, paths: Paths, environ: Mapping[str, str]
) -> Embedder | None:
    """None: keywords alone. Loads and asks nothing yet; EMBEDDER_MISSING, REASONER_NO_KEY or
    CONFIG_INVALID where the one that is asked for by name cannot be used.
    """
    match settings.kind:
        case EmbedderKind.NONE:
            return None
        case EmbedderKind.GEMINI:
            return ServedEmbedder(_gemini_embeddings(settings, paths, environ))
        case EmbedderKind.OPENAI:
            return ServedEmbedder(_openai_embeddings(settings, paths, environ))
        case EmbedderKind.AUTO | EmbedderKind.MINILM:
            return _minilm(settings, paths)


def embedder_key(
    settings: EmbedderSettings, paths: Paths, environ: Mapping[str, str]
) -> ApiKey | None:
    """What children that embed are handed; None where the embedder needs none, or there is none."""
    places = _KEYS.get(settings.kind)
    if places is None:
        return None
    file = key_file(places, settings.key_file, paths)
    return find_key(places, file, environ, named=bool(settings.key_file))


def _minilm(settings: EmbedderSettings, paths: Paths) -> Embedder | None:
    model = find_model(paths.models_dirs)
    if model is None:
        if settings.kind is EmbedderKind.MINILM:
            raise AlvoError(errors.EMBEDDER_MISSING)
        return None
    from daemon.models.minilm import MiniLM

    return MiniLM.load(model, paths.cache_dir)


def _gemini_embeddings(
    settings: EmbedderSettings, paths: Paths, environ: Mapping[str, str]
) -> GeminiEmbeddings:
    model = settings.model or GEMINI_EMBEDDING
    file = key_file(GEMINI, settings.key_file, paths)
    key = find_key(GEMINI, file, environ, named=bool(settings.key_file))
    if key is None:
        raise Keyless(f"gemini:{model}", file).error()
    chosen = GeminiSettings(model, settings.base_url, settings.api_version, settings.timeout_s)
    return GeminiEmbeddings(chosen, key, settings.dimensions or _GEMINI_DIMENSIONS)


def _openai_embeddings(
    settings: EmbedderSettings, paths: Paths, environ: Mapping[str, str]
) -> OpenAIEmbeddings:
    address = server_address(settings.base_url, "embedder.base_url")
    if not settings.model:
        reason = f"it is empty; set it to a model that {address.url} offers"
        raise AlvoError(errors.CONFIG_INVALID, where="embedder.model", reason=reason)
    file = key_file(OPENAI, settings.key_file, paths)
    key = find_key(OPENAI, file, environ, named=bool(settings.key_file))
    chosen = OpenAIEmbedderSettings(
        settings.model, address, settings.dimensions, settings.timeout_s
    )
    return OpenAIEmbeddings(chosen, key)


def choose_model(
    settings: ReasonerSettings, paths: Paths, environ: Mapping[str, str]
) -> LanguageModel | None:
    """None: no model is to be asked. Loads and opens nothing yet.

    `CONFIG_INVALID` for an unfit key file, or an `openai` without server or model.
    """
    match settings.kind:
        case ReasonerKind.OFFLINE:
            return None
        case ReasonerKind.OPENAI:
            return _openai(settings, paths, environ)
        case ReasonerKind.GEMINI | ReasonerKind.AUTO:
            return _gemini(settings, paths, environ)


def key_file(places: KeyPlaces, named: str, paths: Paths) -> Path:
    """Where the key of a kind of model lies, if it lies in a file; `named`: by the person."""
    if named:
        return Path(named).expanduser()
    return paths.config_file.parent / places.credential


def _openai(settings: ReasonerSettings, paths: Paths, environ: Mapping[str, str]) -> OpenAI:
    address = server_address(settings.base_url)
    if not settings.model:
        reason = f"it is empty; set it to a model that {address.url} offers"
        raise AlvoError(errors.CONFIG_INVALID, where="reasoner.model", reason=reason)
    file = key_file(OPENAI, settings.key_file, paths)
    key = find_key(OPENAI, file, environ, named=bool(settings.key_file))
    return OpenAI(OpenAISettings(settings.model, address, settings.timeout_s, str(file)), key)


def _gemini(
    settings: ReasonerSettings, paths: Paths, environ: Mapping[str, str]
) -> LanguageModel | None:
    file = key_file(GEMINI, settings.key_file, paths)
    key: ApiKey | None = find_key(GEMINI, file, environ, named=bool(settings.key_file))
    model = settings.model or GEMINI_MODEL
    if key is not None:
        chosen = GeminiSettings(model, settings.base_url, settings.api_version, settings.timeout_s)
        return Gemini(chosen, key)
    return None if settings.kind is ReasonerKind.AUTO else Keyless(f"gemini:{model}", file)


class Keyless:
    """The model that was chosen, but cannot be asked: every call says that there is no key."""

    remote = True

    def __init__(self, name: str, file: Path) -> None:
        self.name = name
        self._file = file

    async def complete(self, prompt: Prompt, schema: Mapping[str, Any] | None = None) -> Completion:  # noqa: ARG002
        raise self.error()

    def stream(self, prompt: Prompt) -> TextStream:  # noqa: ARG002
        raise self.error()

    async def models(self) -> list[str]:
        raise self.error()

    async def close(self) -> None:
        """Nothing is open."""

    def error(self) -> AlvoError:
        return AlvoError(
            errors.REASONER_NO_KEY,
            reasoner=self.name,
            key_file=str(self._file),
            variable=GEMINI.variables[0],
        )
