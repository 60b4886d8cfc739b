"""One request by the real curl: no settings of anyone's, no redirects, no other address, no more bytes."""

import asyncio
import contextlib
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import daemon
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.sources.internet.urls import Url
from prompts import Phrase

USER_AGENT: Final = f"Alvo/{daemon.VERSION} (a personal agent; asked by a person)"
_CONNECT_S: Final = 10.0
_GRACE_S: Final = 1.0
"""How long past its own limit curl may take to end before it is ended."""
_MAX_HEAD: Final = 128 * 1024
_CHUNK: Final = 64 * 1024
_ACCEPT: Final = "text/html, application/xhtml+xml, text/*;q=0.9, */*;q=0.5"

# What curl's exit status says, where it is more than "it failed".
_TIMED_OUT: Final = 28
_TOO_LARGE: Final = 63
_NONSENSE: Final = 8
_PHRASES: Final = {
    7: "fetch_no_connection",
    **dict.fromkeys((35, 51, 53, 58, 59, 60, 77, 80, 82, 83, 90, 91), "fetch_tls"),
    **dict.fromkeys((18, 52, 55, 56, 92, 95), "fetch_cut_off"),
    **dict.fromkeys((1, _NONSENSE, 61), "fetch_garbled"),
}
_STATUS_LINE: Final = re.compile(rb"HTTP/[0-9.]+ ([1-5][0-9]{2})(?: .*)?")
_END_OF_HEAD: Final = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one request; `max_bytes` after unpacking."""

    timeout_s: float
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers of an answer; names in lower case, the first of a name counts."""

    status: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    head: Head
    body: bytes


def find(environ: Mapping[str, str]) -> str:
    """Where curl is; raises `CURL_MISSING`."""
    folders = [part for part in environ.get("PATH", os.defpath).split(":") if part[:1] == "/"]
    found = shutil.which("curl", path=":".join(folders))
    if found is None:
        raise AlvoError(errors.CURL_MISSING)
    return found


def arguments(url: Url, pins: Sequence[str], limits: Limits, head_file: str) -> list[str]:
    """All that curl is told. `pins`: the addresses, already checked, that the name stands for."""
    return [
        # Neither ~/.curlrc nor globs, proxies, other protocols, cookies, .netrc or a Referer.
        *("-q", "-g", "-s", "--noproxy", "*", "--proto", "=http,https", "--max-redirs", "0"),
        *("--disallow-username-in-url", "--path-as-is", "--compressed", "-A", USER_AGENT),
        *("-H", f"Accept: {_ACCEPT}"),
        *("--connect-timeout", f"{min(limits.timeout_s, _CONNECT_S):.3f}"),
        *("--max-time", f"{limits.timeout_s:.3f}", "--max-filesize", str(limits.max_bytes)),
        *("--dump-header", head_file),
        *(("--resolve", _pinned(url, pins)) if pins else ()),
        *("--", url.text),
    ]


def _pinned(url: Url, pins: Sequence[str]) -> str:
    addresses = ",".join(f"[{pin}]" if ":" in pin else pin for pin in pins)
    return f"{url.host}:{url.port}:{addresses}"


async def ask(
    program: str,
    url: Url,
    pins: Sequence[str],
    limits: Limits,
    wanted: Callable[[Head], bool],
) -> Answer:
    """Status, headers and body; without the body if `wanted` says of the head that it is not.

    Raises `FETCH_TIMEOUT`, `FETCH_TOO_LARGE`, `FETCH_FAILED`.
    """
    head_out, head_in = os.pipe()
    os.set_blocking(head_out, False)
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            *arguments(url, pins, limits, f"/dev/fd/{head_in}"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={},
            cwd="/",
            pass_fds=(head_in,),
            # Of its own, so that Ctrl-C in the daemon's terminal leaves the ending to us.
            start_new_session=True,
        )
    except BaseException:
        os.close(head_out)
        raise
    finally:
        os.close(head_in)
    exchange = _Exchange(process, url, limits)
    try:
        async with asyncio.timeout(limits.timeout_s + _GRACE_S):
            return await exchange.answer(head_out, wanted)
    except TimeoutError:
        raise _failure(url, limits, _TIMED_OUT) from None
    finally:
        os.close(head_out)
        await asyncio.shield(exchange.end())


class _Exchange:
    """One running curl: its two outputs are read side by side, neither past its limit."""

    def __init__(self, process: asyncio.subprocess.Process, url: Url, limits: Limits) -> None:
        assert process.stdout is not None
        self._process = process
        self._stdout = process.stdout
        self._url = url
        self._limits = limits
        self._body = bytearray()
        self._reading: asyncio.Task[None] | None = None

    async def answer(self, heads: int, wanted: Callable[[Head], bool]) -> Answer:
        self._reading = asyncio.create_task(self._read_body())
        head = await self._read_head(heads)
        if head is not None and not wanted(head):
            return Answer(head, b"")
        await self._reading
        if len(self._body) > self._limits.max_bytes:
            raise _failure(self._url, self._limits, _TOO_LARGE)
        status = await self._process.wait()
        if status or head is None:
            raise _failure(self._url, self._limits, status)
        return Answer(head, bytes(self._body))

    async def end(self) -> None:
        """Whatever it still does, it is gone afterwards."""
        self._kill()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])
        # Its pipe is closed only once it is empty; a child of its own could hold it open.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_S):
                while await self._stdout.read(_CHUNK):
                    pass
        await self._process.wait()

    def _kill(self) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def _read_body(self) -> None:
        while chunk := await self._stdout.read(_CHUNK):
            self._body += chunk
            if len(self._body) > self._limits.max_bytes:
                # What was small on its way may be without end once unpacked.
                self._kill()
                return

    async def _read_head(self, heads: int) -> Head | None:
        """None where curl ended before there was one."""
        loop, readable, received = asyncio.get_running_loop(), asyncio.Event(), bytearray()
        loop.add_reader(heads, readable.set)
        try:
            while len(received) <= _MAX_HEAD:
                await readable.wait()
                readable.clear()
                with contextlib.suppress(BlockingIOError):
                    chunk = os.read(heads, _CHUNK)
                    received += chunk
                    head = parse_head(bytes(received))
                    if head is not None or not chunk:
                        return head
        finally:
            loop.remove_reader(heads)
        raise _failure(self._url, self._limits, _NONSENSE)


def parse_head(received: bytes) -> Head | None:
    """The first head that is no interim one (1xx); None while it is not complete."""
    while (end := _END_OF_HEAD.search(received)) is not None:
        lines = received[: end.start()].splitlines()
        received = received[end.end() :]
        status = _STATUS_LINE.fullmatch(lines[0]) if lines else None
        if status is None:
            return None
        if not status[1].startswith(b"1"):
            return Head(int(status[1]), _headers(lines[1:]))
    return None


def _headers(lines: Sequence[bytes]) -> dict[str, str]:
    headers = dict[str, str]()
    for line in lines:
        name, colon, value = line.partition(b":")
        if colon:
            # Some servers send addresses in UTF-8 as they are.
            headers.setdefault(
                name.decode("latin-1").lower(), value.decode("utf-8", "replace").strip(" \t")
            )
    return headers


def _failure(url: Url, limits: Limits, status: int) -> AlvoError:
    if status == _TIMED_OUT:
        limit = max(1, round(limits.timeout_s))
        return AlvoError(errors.FETCH_TIMEOUT, url=url.text, limit=limit)
    if status == _TOO_LARGE:
        return AlvoError(errors.FETCH_TOO_LARGE, url=url.text, limit=limits.max_bytes)
    known = _PHRASES.get(status)
    reason = Phrase(known) if known else Phrase("fetch_curl", status=status)
    return AlvoError(errors.FETCH_FAILED, url=url.text, reason=reason)
