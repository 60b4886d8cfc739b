"""The command that fetches the weights of the embedder, once."""

import os

import prompts
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import Progress
from embed_tool.context import Context


def fetch(context: Context, *, force: bool) -> int:
    """Into the first models directory that can be written; nothing to do where they are whole."""
    from daemon.models.minilm_files import check_model, fetch_model, find_model

    there = find_model(context.paths.models_dirs)
    if there is not None and not force:
        try:
            check_model(there)
        except AlvoError:
            there = None
    if there is None or force:
        directories = context.paths.models_dirs
        target = next((d for d in directories if _writable(d)), directories[-1])
        there = fetch_model(
            target, lambda done, total: context.report.download(Progress(done, total, "bytes"))
        )
        check_model(there)
    context.report.result(
        {"model": str(there)}, prompts.phrase("embed_model", context.language, path=there)
    )
    return 0


def _writable(directory: os.PathLike[str]) -> bool:
    path = os.fspath(directory)
    while not os.path.exists(path):  # noqa: PTH110  (walks up a path that need not exist)
        path = os.path.dirname(path)  # noqa: PTH120  (as above)
    return os.access(path, os.W_OK)
