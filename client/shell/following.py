"""Follows one flow in the shell: shows it, asks in place, lets go when someone else answers."""

import asyncio
import contextlib
import hashlib
import signal
from collections.abc import Awaitable, Callable
from typing import Final

from client.answering import (
    is_apply,
    is_edit,
    is_preview,
    is_yes,
    keys_of,
    show_standing,
    standing,
)
from client.console import Console
from client.editor import edit
from client.ids import short
from client.lending import Loan
from client.remote import RemoteError
from client.screens.inquiry import inquiry_screen, script_screen
from client.shell.asking import Asker, Interrupted, Quiet
from client.terminal import can_lend, window
from client.typed import TypedConnection
from client.usage import UsageError
from client.view import FlowView
from client.wanting import Wanting
from daemon.protocol.calls import (
    AnswerInquiry,
    ByFlow,
    ByInquiry,
    FlowEvents,
    ResizeTerminal,
    SendTerminal,
    WaitFlow,
)
from daemon.protocol.methods import (
    FLOW_CANCEL,
    FLOW_GET,
    FLOW_WAIT,
    INQUIRY_ANSWER,
    INQUIRY_GET,
    INQUIRY_PREVIEW,
    TERMINAL_RESIZE,
    TERMINAL_SEND,
)
from daemon.protocol.values import (
    AnswerDecision,
    Digest,
    Event,
    EventKind,
    Flow,
    FlowId,
    FlowStatus,
    Inquiry,
    InquiryId,
    InquiryKind,
    InquiryStatus,
    Scope,
    Seconds,
    Terminal,
)

_WAIT_S: Final = Seconds(30.0)
_ENDED: Final = frozenset(FlowStatus) - {
    FlowStatus.RUNNING,
    FlowStatus.WAITING,
    FlowStatus.EXECUTING,
}
_END_OF_INPUT: Final = "\x04"
_FASTER: Final = frozenset({"INQUIRY_CLOSED", "INQUIRY_CHANGED", "INQUIRY_EXPIRED"})


class Following:
    """One flow from its first event to its end, or until the person leaves it waiting."""

    def __init__(self, console: Console, connection: TypedConnection, flow_id: FlowId) -> None:
        self._console = console
        self._words = console.words
        self._call = connection.call
        self._flow_id = flow_id
        self._view = FlowView(console)
        self._asker = Asker()
        self._after = 0
        self._answered: set[InquiryId] = set()
        self._wanting = Wanting(lends=can_lend())
        self._hinted = False
        self.typed_instead = ""
        """What was typed where only a yes or a no was asked for: the next question, most likely."""

    async def run(self, begin: Callable[[], Awaitable[object]] | None, *, owner: bool) -> None:
        """`owner`: Ctrl-C ends the flow; who only watches stops watching."""
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(self._begun(begin))
        loop.add_signal_handler(signal.SIGINT, task.cancel)
        try:
            with Quiet():
                await task
        except (asyncio.CancelledError, Interrupted):
            self._view.pause()
            await self._interrupted(owner=owner)
        finally:
            loop.add_signal_handler(signal.SIGINT, not_here)
            self._console.clear_progress()

    async def skip(self) -> None:
        """What has happened so far is not shown."""
        while (told := await self._told(Seconds(0.0))).events:
            self._after = told.events[-1].seq

    async def _begun(self, begin: Callable[[], Awaitable[object]] | None) -> None:
        if begin is not None:
            await begin()
            await self._announce()
        while True:
            told = await self._told()
            await self._show(told)
            flow = told.flow
            if flow is None or told.more:
                continue
            if flow.status in _ENDED:
                await self._show_events(self._wanting.released())
                self._view.finish(flow)
                return
            if flow.status is FlowStatus.WAITING and not await self._inquire(flow):
                return
            if flow.status is FlowStatus.EXECUTING and not await self._serve():
                return

    async def _told(self, wait_s: Seconds = _WAIT_S) -> FlowEvents:
        return await self._call(FLOW_WAIT, WaitFlow(self._after, wait_s, self._flow_id))

    async def _show(self, told: FlowEvents) -> None:
        for event in told.events:
            self._after = event.seq
            await self._show_events(self._wanting.take(event))

    async def _show_events(self, events: list[Event]) -> None:
        for event in events:
            ended = event.kind is EventKind.INQUIRY and event.data.get("status") != "waiting"
            inquiry_id = InquiryId(str(event.data.get("inquiry_id", "")))
            if ended and inquiry_id not in self._answered:
                self._view.closed(await self._call(INQUIRY_GET, ByInquiry(inquiry_id)))
            elif not ended:
                self._view.event(event)

    async def _inquire(self, flow: Flow) -> bool:
        """False: the person leaves it waiting."""
        if flow.inquiry is None:
            return True
        inquiry = await self._call(INQUIRY_GET, ByInquiry(flow.inquiry))
        if inquiry.status is not InquiryStatus.WAITING:
            return True
        self._view.pause()
        console = self._console
        screen = inquiry_screen(inquiry, self._words, console.paint_notice, console.width)
        console.notice(f"\n{screen}\n")
        try:
            answer = await self._decision(inquiry)
        except EOFError:
            note = self._words("shell_parked", inquiry=short(inquiry.id))
            console.say(f"· {note}", "dim")
            return False
        return answer is None or await self._send(answer)

    async def _decision(self, inquiry: Inquiry) -> AnswerInquiry | None:
        """None: somebody else answered first, or there is nothing to ask any more."""
        if inquiry.kind is InquiryKind.INFORMATION:
            return await self._information(inquiry)
        keys = self._words(keys_of(inquiry))
        while True:
            typed = await self._ask(
                self._words(f"ask_{inquiry.kind}"), keys, until=_no_longer(inquiry)
            )
            if typed is None:
                return None
            if inquiry.kind is InquiryKind.RUN and is_preview(typed):
                if await self._previewed(inquiry):
                    return None
            elif (answer := await self._answer_of(inquiry, typed)) is not None:
                if inquiry.kind is InquiryKind.SEARCH_AGAIN and len(typed.split()) > 1:
                    self.typed_instead = typed.strip()
                return answer

    async def _answer_of(self, inquiry: Inquiry, typed: str) -> AnswerInquiry | None:
        """None: the person thought better of it, and is asked again."""
        if inquiry.kind is InquiryKind.RUN and is_edit(typed):
            edited = await self._edited(inquiry)
            if edited is None:
                return None
            digest = Digest(hashlib.sha256(edited.encode("utf-8", "surrogatepass")).hexdigest())
            return AnswerInquiry(inquiry.id, AnswerDecision.ALLOW, digest, edited=edited)
        if scope := standing(typed, inquiry):
            if not await self._stands(inquiry, scope):
                return None
            allow = AnswerDecision.ALLOW
            return AnswerInquiry(inquiry.id, allow, inquiry.digest, scope=Scope(scope))
        return _decided(inquiry, typed)

    async def _information(self, inquiry: Inquiry) -> AnswerInquiry | None:
        name = "ask_secret" if inquiry.secret else "ask_information"
        typed = await self._ask(self._words(name), secret=inquiry.secret, until=_no_longer(inquiry))
        if typed is None:
            return None
        decision = AnswerDecision.REPLY if typed.strip() else AnswerDecision.DENY
        return AnswerInquiry(inquiry.id, decision, text=typed or None)

    async def _stands(self, inquiry: Inquiry, scope: str) -> bool:
        """The permission is seen whole before it is given."""
        try:
            show_standing(self._console, inquiry, scope)
        except UsageError as error:
            self._console.error(error.message, error.action)
            return False
        question, keys = self._words("permission_ask"), self._words("keys")
        typed = await self._ask(question, keys, until=_no_longer(inquiry))
        return typed is not None and is_yes(typed)

    async def _previewed(self, inquiry: Inquiry) -> bool:
        """Whether there is another inquiry now, to be asked instead of this one."""
        self._answered.add(inquiry.id)
        try:
            await self._call(INQUIRY_PREVIEW, ByInquiry(inquiry.id))
        except RemoteError as error:
            self._console.error(error.message, error.action)
            if error.name.startswith("PREVIEW_"):
                self._answered.discard(inquiry.id)
                return False
        return True

    async def _edited(self, inquiry: Inquiry) -> str | None:
        """The person's own version, seen once more and allowed."""
        console, before = self._console, inquiry.script or ""
        after = edit(before, console.environ)
        if after in (before, ""):
            console.say(self._words("edit_unchanged"), "dim")
            return None
        screen = script_screen(after, self._words, console.paint_notice, console.width)
        console.notice(f"\n{screen}\n")
        question, keys = self._words("ask_edited"), self._words("keys")
        typed = await self._ask(question, keys, until=_no_longer(inquiry))
        return after if typed is not None and is_yes(typed) else None

    async def _send(self, answer: AnswerInquiry) -> bool:
        self._answered.add(answer.inquiry_id)
        await self._announce()
        try:
            await self._call(INQUIRY_ANSWER, answer)
        except RemoteError as error:
            if error.name not in (*_FASTER, "SESSION_BUSY"):
                raise
            self._console.error(error.message, error.action)
            return error.name in _FASTER
        return True

    async def _announce(self) -> None:
        """The terminal that is here is the one of the commands that begin now."""
        size = window() if can_lend() else None
        if size is None:
            return
        try:
            await self._call(TERMINAL_RESIZE, ResizeTerminal(self._flow_id, **size))
        except RemoteError as error:
            if error.name not in ("NO_COMMAND_RUNNING", "FLOW_NOT_FOUND"):
                raise

    async def _serve(self) -> bool:
        """What the command waits for is given to it; False: the person left it to itself."""
        if self._wanting.screen and not self._lend():
            return False
        wanted = self._wanting.unserved
        if wanted is None:
            return True
        self._wanting.serve()
        self._view.pause()
        if wanted == Terminal.SCREEN:
            self._console.say(f"· {self._words('waits_screen', flow=short(self._flow_id))}")
        else:
            await self._feed(Terminal(wanted))
        return True

    def _lend(self) -> bool:
        """Nothing else happens in the shell meanwhile: it has no terminal."""
        console, wanting = self._console, self._wanting
        self._view.pause()
        if not self._hinted:
            console.say(f"· {self._words('lent')}", "dim")
            self._hinted = True
        loan = Loan(console, self._flow_id, wanting.start, always=False)
        loan.run()
        self._after = loan.after
        wanting.lent(loan.wanted)
        if loan.left:
            console.say(f"· {self._words('detached', flow=short(self._flow_id))}", "dim")
        return not loan.left

    async def _feed(self, wanted: Terminal) -> None:
        """A line or a password: typed here, handed straight to the command's terminal."""
        secret = wanted is Terminal.PASSWORD
        try:
            typed = await self._ask(
                self._words(f"terminal_{wanted}"),
                secret=secret,
                until=lambda now: now is None or now.status is not FlowStatus.EXECUTING,
            )
            keys = None if typed is None else f"{typed}\n"
        except EOFError:
            keys = _END_OF_INPUT
        if keys is not None:
            await self._hand_over(keys, secret=secret)

    async def _hand_over(self, keys: str, *, secret: bool) -> None:
        try:
            await self._call(TERMINAL_SEND, SendTerminal(self._flow_id, keys, secret=secret))
        except RemoteError as error:
            if error.name != "NO_COMMAND_RUNNING":
                raise

    async def _ask(
        self,
        question: str,
        keys: str = "",
        *,
        secret: bool = False,
        until: Callable[[Flow | None], bool],
    ) -> str | None:
        """What was typed; None when `until` says of the flow that nobody needs to ask any more."""
        shown = self._console.paint_notice(question, "bold", "yellow")
        prompt = " ".join(filter(None, [shown, keys])) + " "
        typed = asyncio.ensure_future(self._asker.ask(prompt, secret=secret))
        try:
            while True:
                told = asyncio.ensure_future(self._told())
                await asyncio.wait({typed, told}, return_when=asyncio.FIRST_COMPLETED)
                if typed.done():
                    # What it would have told is told again: `after` has not moved.
                    await _dropped(told)
                    return typed.result()
                news = told.result()
                asked_anew = any(event.kind is EventKind.TERMINAL for event in news.events)
                if asked_anew or until(news.flow):
                    return None
                await self._show(news)
        finally:
            await _dropped(typed)

    async def _interrupted(self, *, owner: bool) -> None:
        console = self._console
        if not owner:
            note = self._words("detached", flow=short(self._flow_id))
            console.say(f"· {note}", "dim")
            return
        try:
            flow = await self._call(FLOW_CANCEL, ByFlow(self._flow_id))
        except RemoteError as error:
            if error.name == "FLOW_NOT_FOUND":
                return
            if error.name != "FLOW_ENDED":
                raise
            flow = await self._call(FLOW_GET, ByFlow(self._flow_id))
        self._view.finish(flow)


def not_here() -> None:
    """Ctrl-C where there is nothing to end: it must not end the shell."""


def _decided(inquiry: Inquiry, typed: str) -> AnswerInquiry:
    """Anything but a plain yes to what was shown is a no."""
    if is_apply(typed, inquiry):
        digest = Digest(str((inquiry.preview or {}).get("digest")))
        return AnswerInquiry(inquiry.id, AnswerDecision.APPLY, digest)
    if is_yes(typed):
        return AnswerInquiry(inquiry.id, AnswerDecision.ALLOW, inquiry.digest)
    return AnswerInquiry(inquiry.id, AnswerDecision.DENY)


def _no_longer(inquiry: Inquiry) -> Callable[[Flow | None], bool]:
    return lambda flow: flow is None or flow.inquiry != inquiry.id


async def _dropped(task: asyncio.Future[object] | asyncio.Task[object]) -> None:
    """Ends a task whose result nobody wants any more."""
    if task.done():
        if not task.cancelled():
            task.exception()
        return
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await task
