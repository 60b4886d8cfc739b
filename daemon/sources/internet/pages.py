"""A page as passages. The daemon never parses it: `alvo-embed page` does, in its confined child."""

import asyncio
import sys
from dataclasses import dataclass
from typing import Any, Final

from daemon.protocol import codec, errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import Timestamp
from daemon.sources.internet.hops import Fetched
from prompts import Phrase

_COMMAND: Final = (sys.executable, "-I", "-m", "embed_tool", "page", "--json")
# It gets all it needs by its arguments: no settings, no keys, no folder of the person's.
_ENVIRONMENT: Final = {"HOME": "/nonexistent", "LANG": "C.UTF-8"}
_START_S: Final = 20.0
"""On top of the time for parsing: two interpreters start, perhaps on a busy machine."""


@dataclass(frozen=True, slots=True)
class PagePassage:
    """`place`: the headings above it, else which paragraph it is."""

    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """What was read at an address. `hops`: those that led on, in their order, to `final_url`."""

    url: str
    final_url: str
    hops: tuple[str, ...]
    title: str
    passages: tuple[PagePassage, ...]
    retrieved_at: Timestamp


@dataclass(frozen=True, slots=True)
class _Extracted:
    title: str
    passages: tuple[PagePassage, ...]


async def page_of(url: str, fetched: Fetched, at: Timestamp, timeout_s: float) -> Page:
    """Raises `DOCUMENT_*` with the address as `path`, `FETCH_FAILED` where there is no text."""
    extracted = await _extract(fetched, timeout_s)
    if not extracted.passages:
        reason = Phrase("fetch_no_text")
        raise AlvoError(errors.FETCH_FAILED, url=fetched.final_url, reason=reason)
    return Page(
        url, fetched.final_url, fetched.hops, extracted.title, extracted.passages, retrieved_at=at
    )


async def _extract(fetched: Fetched, timeout_s: float) -> _Extracted:
    process = await asyncio.create_subprocess_exec(
        *_COMMAND,
        *("--type", fetched.media, f"--charset={fetched.charset}", "--seconds", str(timeout_s)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_ENVIRONMENT,
        cwd="/",
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(timeout_s + _START_S):
            out, _ = await process.communicate(fetched.body)
    except TimeoutError:
        path, limit = fetched.final_url, round(timeout_s)
        raise AlvoError(errors.DOCUMENT_TIMEOUT, path=path, limit=limit) from None
    finally:
        if process.returncode is None:
            process.kill()
            await asyncio.shield(process.wait())
    return _read(out, fetched.final_url)


def _read(out: bytes, url: str) -> _Extracted:
    """The last line of the run, whatever it is; a parser may have been taken over."""
    try:
        event: dict[str, Any] = codec.decode(out.rstrip(b"\n").rpartition(b"\n")[2], dict)
        if event.get("event") == "result":
            return codec.from_builtins(
                {"title": event["title"], "passages": event["passages"]}, _Extracted
            )
        blanks = {**event["blanks"], "path": url}
        error = AlvoError(errors.ALL[event["name"]], **blanks)
    except (codec.Malformed, codec.Invalid, KeyError, TypeError):
        error = AlvoError(errors.DOCUMENT_UNREADABLE, path=url, reason=Phrase("unread_garbage"))
    raise error
