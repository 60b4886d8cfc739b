"""Which embedder is in use: what the configuration asks for, and what is there."""

from daemon.config import EmbedderKind, EmbedderSettings, Paths
from daemon.models.embedder import Embedder
from daemon.models.minilm_files import find_model
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError


def choose_embedder(settings: EmbedderSettings, paths: Paths) -> Embedder | None:
    """None: keywords alone. Loads nothing yet; EMBEDDER_MISSING where it is asked for by name."""
    if settings.kind is EmbedderKind.NONE:
        return None
    model = find_model(paths.models_dirs)
    if model is None:
        if settings.kind is EmbedderKind.MINILM:
            raise AlvoError(errors.EMBEDDER_MISSING)
        return None
    from daemon.models.minilm import MiniLM

    return MiniLM.load(model, paths.cache_dir)
