"""Calls the person to their desktop when an inquiry opens and nobody follows its flow."""

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Mapping
from typing import Final

import prompts
from daemon.flow.ledger import Ledger
from daemon.protocol.values import Flow, FlowId, Inquiry, InquiryKind, InquiryStatus
from daemon.store.inquiries import load_inquiry

_PROGRAM: Final = "notify-send"
_BUS: Final = "DBUS_SESSION_BUS_ADDRESS"
# What a program of a desktop needs; never the daemon's own environment, which may hold keys.
_ENVIRONMENT: Final = (
    *("PATH", "HOME", "LANG", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR"),
    _BUS,
)
_PATIENCE_S: Final = 3.0
"""How long somebody may take to come: a client that has just started a flow is on its way."""
_LIMIT_S: Final = 5.0
_SHORT: Final = 6
_log: Final = logging.getLogger(__name__)


class Caller:
    """Never holds a flow up and never fails one; once for each inquiry."""

    def __init__(self, ledger: Ledger, environ: Mapping[str, str], *, wanted: bool) -> None:
        self._ledger = ledger
        self._environ = {name: environ[name] for name in _ENVIRONMENT if environ.get(name)}
        self._wanted = wanted and bool(environ.get(_BUS))
        self._calls: set[asyncio.Task[None]] = set()

    def watch(self, flow_id: FlowId) -> "asyncio.Event | None":
        """Before an inquiry opens: set once somebody follows that flow."""
        return self._ledger.bell.expect(flow_id) if self._wanted else None

    def opened(self, flow: Flow, inquiry: Inquiry, followed: "asyncio.Event | None") -> None:
        if followed is not None:
            call = asyncio.create_task(self._call(flow, inquiry, followed))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    def leave(self, flow_id: FlowId, followed: "asyncio.Event | None") -> None:
        """Nothing opened."""
        if followed is not None:
            self._ledger.bell.forget(flow_id, followed)

    async def close(self) -> None:
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def _call(self, flow: Flow, inquiry: Inquiry, followed: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await followed.wait()
        except TimeoutError:
            with contextlib.suppress(Exception):
                await self._notify(flow, inquiry)
        finally:
            self._ledger.bell.forget(flow.id, followed)

    async def _notify(self, flow: Flow, inquiry: Inquiry) -> None:
        now = await self._ledger.read(lambda db: load_inquiry(db, inquiry.id))
        program = shutil.which(_PROGRAM, path=self._environ.get("PATH"))
        if now.status is not InquiryStatus.WAITING or program is None:
            return
        # Of what it is about nothing: a notification stays on screens that others see.
        name = "call_reply" if inquiry.kind is InquiryKind.INFORMATION else "call_allow"
        body = prompts.phrase(name, flow.language, inquiry=inquiry.id[:_SHORT])
        words = ["--app-name=Alvo", "--", prompts.phrase("call_title", flow.language), body]
        process = await asyncio.create_subprocess_exec(
            program,
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=self._environ,
            cwd="/",
        )
        try:
            async with asyncio.timeout(_LIMIT_S):
                await process.wait()
        except (TimeoutError, asyncio.CancelledError):
            _log.warning("%s did not end in %s s", _PROGRAM, _LIMIT_S)
            process.kill()
            raise
