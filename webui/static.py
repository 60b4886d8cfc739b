"""The interface's files, read once at the start: what is not in this table cannot be reached.

No path of a request ever names a file, so none leads out of the folder; links are not followed.
"""

import gzip
import hashlib
import mimetypes
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import web

from webui.replies import FENCES

FOLDER: Final = Path(__file__).parent / "static"
PREFIX: Final = "/static/"
_SMALLEST: Final = 512
_TYPES: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_FOR_EVER: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class File:
    """`etag`: of its content, in quotes."""

    content: bytes
    compressed: bytes | None
    content_type: str
    etag: str


class Static:
    """`digest`: of all files; an address that holds it means these very files, for ever."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = {name: _read(path) for name, path in _walk(folder)}
        etags = "".join(f"{name}{file.etag}" for name, file in sorted(self._files.items()))
        self.digest = hashlib.sha256(etags.encode()).hexdigest()[:12]

    def answer(self, request: web.BaseRequest) -> web.Response | None:
        """The file that the path names, None if there is none."""
        name = request.path.removeprefix(PREFIX)
        versioned = name.removeprefix(f"~{self.digest}/")
        file = self._files.get(versioned)
        if file is None:
            return None
        headers = {
            **FENCES,
            "Content-Type": file.content_type,
            "Cache-Control": "no-cache" if versioned == name else _FOR_EVER,
            "ETag": file.etag,
            "Vary": "Accept-Encoding",
        }
        if file.etag in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=headers)
        if file.compressed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return web.Response(body=file.compressed, headers=headers)
        return web.Response(body=file.content, headers=headers)

    def shell(self) -> bytes:
        """The one page of the interface, with addresses that may be kept for ever."""
        file = self._files.get("index.html")
        page = file.content if file is not None else b""
        return page.replace(b'"/static/', f'"/static/~{self.digest}/'.encode())


def _walk(folder: Path) -> list[tuple[str, Path]]:
    found = []
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "__"))]
        for name in names:
            path = Path(root) / name
            if not path.is_symlink() and not name.startswith("."):
                found.append((path.relative_to(folder).as_posix(), path))
    return found


def _read(path: Path) -> File:
    content = path.read_bytes()
    content_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    compressed = gzip.compress(content, 9, mtime=0) if len(content) >= _SMALLEST else None
    if compressed is not None and len(compressed) >= len(content):
        compressed = None
    etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    return File(content, compressed, content_type or "application/octet-stream", etag)
