"""Training data on its way to the daemon: what no frame can hold goes by way of a private file.

The daemon copies what it is given before it answers, so the files live as long as the request.
"""

import asyncio
import contextlib
import itertools
import os
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from daemon.protocol import codec, errors
from daemon.protocol.errors import AlvoError
from webui import bodies
from webui.errors import refused

MAX_UPLOAD: Final = 64 * 1024 * 1024
"""50 MB of text, and what JSON adds to it."""

MAX_PARTS: Final = 200
MAX_AT_ONCE: Final = 4
_FIELD_BYTES: Final = 64 * 1024
_WITHIN_S: Final = 600.0
_PIECE: Final = 256 * 1024
_OLD_S: Final = 3600.0
_LINES: Final = re.compile(r'\s*\{[^\n]*"(?:question|answer|text)"\s*:')
_TRAINING_DATA: Final = ""
"""How the daemon is told that a file is training data and no file of the person's."""
MAX_DOCUMENTS: Final = 200_000
"""As many as the daemon takes at once."""
_VALUES_EACH: Final = 20
_VALUE: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[{,]', re.DOTALL)
"""A text, or what begins another value."""
_UNFIT: Final = re.compile(r"[^\w.\- ]+")


class Uploads:
    """`taken` gives a method's parameters from a body of any size, and keeps its files meanwhile."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._places = asyncio.Semaphore(MAX_AT_ONCE)

    @contextlib.asynccontextmanager
    async def taken(self, request: web.BaseRequest) -> AsyncIterator[dict[str, Any]]:
        multipart = request.headers.get("Content-Type", "").lower().startswith("multipart/")
        length = request.content_length
        if not multipart and length is not None and length <= bodies.MAX_BODY:
            yield await bodies.read_object(request)
            return
        if (length or 0) > MAX_UPLOAD:
            raise AlvoError(errors.WEB_TOO_LARGE, limit=MAX_UPLOAD)
        if self._places.locked():
            raise AlvoError(errors.WEB_BUSY)
        async with self._places:
            folder = self._folder()
            try:
                async with asyncio.timeout(_WITHIN_S):
                    bodies.go_on(request)
                    given = await (_parts if multipart else _json)(request, folder)
                yield given
            except TimeoutError:
                raise AlvoError(errors.WEB_TOO_SLOW) from None
            except web.RequestPayloadError:
                raise refused("web_reason_malformed") from None
            finally:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    def _folder(self) -> Path:
        """A new one; what a killed bridge left behind goes."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in self._directory.iterdir():
            with contextlib.suppress(OSError):
                if time.time() - left.stat().st_mtime > _OLD_S:
                    shutil.rmtree(left, ignore_errors=True)
        folder = self._directory / secrets.token_hex(8)
        folder.mkdir(mode=0o700)
        return folder


async def _json(request: web.BaseRequest, folder: Path) -> dict[str, Any]:
    body = folder / "body"
    with _new(body) as file:
        size = 0
        async for piece in request.content.iter_chunked(_PIECE):
            size += len(piece)
            if size > MAX_UPLOAD:
                raise AlvoError(errors.WEB_TOO_LARGE, limit=MAX_UPLOAD)
            await asyncio.to_thread(file.write, piece)
    return await asyncio.to_thread(_by_file, body, folder)


def _by_file(body: Path, folder: Path) -> dict[str, Any]:
    """The object in a file, its training data in another one if a frame cannot hold it."""
    content = body.read_bytes()
    _refuse_crowded(content)
    try:
        given = codec.decode(content, dict[str, Any])
    except (codec.Malformed, RecursionError, UnicodeDecodeError):
        raise refused("web_reason_json") from None
    body.unlink()
    data = given.get("training_data")
    if isinstance(data, (str, list)):
        files, names = (_list(given.get(name)) for name in ("files", "names"))
        given["training_data"] = None
        given["files"] = [*files, _written(data, folder)]
        given["names"] = [*(names or files), _TRAINING_DATA]
    return given


def _refuse_crowded(content: bytes) -> None:
    """Before anything is made of it: of values of two bytes each, what is sent grows thirtyfold."""
    most = MAX_DOCUMENTS * _VALUES_EACH
    if next(itertools.islice(_VALUE.finditer(content), most, None), None) is not None:
        raise AlvoError(errors.AGENT_DATA_TOO_MANY, limit=MAX_DOCUMENTS)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _written(data: str | list[Any], folder: Path) -> str:
    lines = isinstance(data, list) or _LINES.match(data) is not None
    path = folder / f"training_data{'.jsonl' if lines else '.txt'}"
    with _new(path) as file:
        if isinstance(data, str):
            file.write(data.encode("utf-8", "replace"))
        else:
            for one in data:
                file.write(codec.encode({"text": one} if isinstance(one, str) else one) + b"\n")
    return str(path)


async def _parts(request: web.BaseRequest, folder: Path) -> dict[str, Any]:
    """Fields `user_id`, `training_data`, `config` (JSON), and any number of files."""
    given: dict[str, Any] = {}
    files: dict[str, str] = {}
    room = _Room(MAX_UPLOAD)
    try:
        reader = await request.multipart()
        for _ in range(MAX_PARTS):
            part = await reader.next()
            if part is None:
                break
            if isinstance(part, MultipartReader) or not (part.name or "").isprintable():
                raise refused("web_reason_malformed")
            if part.filename is not None or part.name in ("files", "training_data"):
                path = await _file(part, folder, room, len(files))
                files[path] = _called(part, set(files.values()))
            elif part.name:
                given[part.name] = await _field(part)
        else:
            raise AlvoError(errors.WEB_TOO_MANY_PARTS, limit=MAX_PARTS)
    except (HttpProcessingError, ValueError, AssertionError, LookupError):
        # How aiohttp says that it is no form.
        raise refused("web_reason_malformed") from None
    # Where they lie is gone with the request: what they are called is what lasts.
    return {**given, "files": [*files], "names": [*files.values()]}


def _called(part: BodyPartReader, taken: set[str]) -> str:
    """Two files of one name are two, and each is the same again when both are sent again."""
    name = Path(_safe(part.filename or ""))
    # A page has to give what was written a file's name; that makes it no file of the person's.
    if part.filename is None or part.name == name.stem == "training_data":
        return _TRAINING_DATA
    numbered = (f"{name.stem} ({n}){name.suffix}" for n in itertools.count(2))
    return next(one for one in itertools.chain([str(name)], numbered) if one not in taken)


async def _file(part: BodyPartReader, folder: Path, room: "_Room", n: int) -> str:
    """A place of its own, so that two of one name do not meet."""
    inside = folder / str(n)
    inside.mkdir(mode=0o700)
    path = inside / _safe(part.filename or "training_data.txt")
    with _new(path) as file:
        while piece := await part.read_chunk(_PIECE):
            room.take(len(piece))
            await asyncio.to_thread(file.write, piece)
    return str(path)


async def _field(part: BodyPartReader) -> Any:
    text = bytearray()
    while piece := await part.read_chunk(_FIELD_BYTES):
        text += piece
        if len(text) > _FIELD_BYTES:
            raise AlvoError(errors.WEB_TOO_LARGE, limit=_FIELD_BYTES)
    said = text.decode("utf-8", "replace")
    if part.name != "config":
        return said
    try:
        return codec.decode(bytes(text), dict[str, Any])
    except (codec.Malformed, RecursionError, UnicodeDecodeError):
        raise refused("web_reason_json") from None


class _Room:
    def __init__(self, limit: int) -> None:
        self._left = limit

    def take(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise AlvoError(errors.WEB_TOO_LARGE, limit=MAX_UPLOAD)


def _safe(name: str) -> str:
    """A file's name as citations will show it: its last part, of harmless characters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return _UNFIT.sub("_", last).strip(". ")[:100] or "training_data"


def _new(path: Path) -> BinaryIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "wb")
