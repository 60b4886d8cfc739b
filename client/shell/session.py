"""The interactive shell: reads a line, does what it says, reads the next one."""

import asyncio
import contextlib
import shlex
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.styles import Style

from client import place
from client.commands.help import row
from client.commands.why import LAST
from client.console import Console
from client.dispatch import run_command
from client.ids import new_id, short
from client.remote import RemoteError
from client.shell.completion import NEW, QUIT, Known, ShellCompleter
from client.shell.following import Following, not_here
from client.shell.history import PrivateHistory
from client.shell.keys import key_bindings
from client.shell.toolbar import Toolbar, fragments
from client.shell.watching import Watcher
from client.table import BY_NAME, COMMANDS
from client.typed import TypedConnection
from daemon.protocol.calls import (
    ByFlow,
    Nothing,
    StartFlow,
)
from daemon.protocol.methods import FLOW_GET, FLOW_RETRY, FLOW_START, SOURCE_LIST
from daemon.protocol.values import (
    ConversationId,
    Flow,
    FlowId,
    Inquiry,
)

_STYLE = Style.from_dict(
    {
        "prompt": "bold ansicyan",
        "bottom-toolbar": "noreverse",
        "toolbar": "ansibrightblack",
        "toolbar.alert": "ansiyellow",
    }
)
_Begin = Callable[[], Awaitable[object]] | None
_FOLLOWING = frozenset({"attach", "retry"})


class Shell:
    """One person, one conversation at a time; flows of other clients are only watched."""

    def __init__(self, console: Console, conversation: str | None) -> None:
        self._console = console
        self._words = console.words
        self._conversation = ConversationId(conversation or new_id())
        self._bar = Toolbar(self._conversation)
        self._begun = ""
        """What stands in the next line already."""
        self._known = Known(commands=_commands(console))
        path = place.socket_path(console.environ)
        self._connection = TypedConnection(path, console.words, "shell")
        self._watcher = Watcher(
            self._connection, self._bar, self._known, self._news, self._draw_bar
        )
        history = Path(place.state_directory(console.environ)) / "history"
        self._line: PromptSession[str] = PromptSession(
            [("class:prompt", "› ")],
            history=PrivateHistory(history),
            completer=ShellCompleter(self._known),
            complete_while_typing=False,
            key_bindings=key_bindings(),
            multiline=True,
            prompt_continuation=lambda *_: [("class:prompt", "  ")],
            bottom_toolbar=lambda: fragments(self._bar, self._words),
            enable_history_search=True,
            style=_STYLE,
        )

    async def run(self) -> None:
        """Until Ctrl-D or /quit."""
        self._console.say(self._words("shell_welcome"), "dim")
        await self._say_what_lacks()
        self._console.notice("\n")
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, not_here)
        watching = asyncio.create_task(self._watcher.run())
        try:
            while (line := await self._read()) is not None:
                if line.strip():
                    await self._do(line)
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
            await self._connection.close()

    async def _say_what_lacks(self) -> None:
        """Who has named nothing to answer from yet reads how that is done."""
        with contextlib.suppress(RemoteError):
            if not (await self._connection.call(SOURCE_LIST, Nothing())).sources:
                self._console.say(self._words("shell_empty"), "yellow")

    async def _read(self) -> str | None:
        """A line; empty after Ctrl-C, None at the end."""
        self._console.width = Console(self._console.environ).width
        with patch_stdout(raw=True):
            try:
                begun, self._begun = self._begun, ""
                return await self._line.prompt_async(default=begun, handle_sigint=False)
            except KeyboardInterrupt:
                return ""
            except EOFError:
                return None

    async def _do(self, line: str) -> None:
        try:
            if line.startswith("/"):
                await self._command(line[1:])
            else:
                await self._ask(line.strip())
        except RemoteError as error:
            self._console.error(error.message, error.action)
        self._console.notice("\n")

    async def _ask(self, question: str, *, about: str | None = None) -> None:
        """`about`: the flow whose failed command is asked about; the sentence is then ours."""
        flow_id = FlowId(new_id())
        start = StartFlow(
            question,
            flow_id,
            self._conversation,
            cwd=str(Path.cwd()),
            language=self._words.language if about else None,
            about=about,
        )
        await self._follow(flow_id, lambda: self._connection.call(FLOW_START, start), owner=True)

    async def _follow(self, flow_id: FlowId, begin: _Begin, *, owner: bool) -> None:
        following = Following(self._console, self._connection, flow_id)
        self._watcher.followed = flow_id
        try:
            await following.run(begin, owner=owner)
        finally:
            self._watcher.followed = None
        self._begun = following.typed_instead

    async def _command(self, text: str) -> None:
        try:
            name, *words = shlex.split(text) or ["help"]
        except ValueError:
            name, *words = text.split()
        if name in (QUIT, "exit"):
            raise EOFError
        if name == NEW:
            self._begin_anew()
        elif name == "help" and not words:
            self._console.screen(help_screen(self._console))
        elif name not in BY_NAME or not BY_NAME[name].in_shell:
            self._console.error(self._words("shell_unknown", command=name), "")
        elif name == "why" and len(words) <= 1 and not any(w.startswith("-") for w in words):
            await self._ask(self._words("why_question"), about=words[0] if words else LAST)
        elif name in _FOLLOWING and len(words) == 1 and not words[0].startswith("-"):
            await self._follow_again(name, FlowId(words[0]))
        else:
            self._run_once(name, words)

    def _begin_anew(self) -> None:
        self._conversation = ConversationId(new_id())
        self._bar.conversation = self._conversation
        self._console.say(self._words("shell_new"))

    async def _follow_again(self, name: str, given: FlowId) -> None:
        flow = await self._connection.call(FLOW_GET, ByFlow(given))
        if name == "attach":
            await self._follow(flow.id, None, owner=False)
            return
        following = Following(self._console, self._connection, flow.id)
        await following.skip()

        async def again() -> Flow:
            return await self._connection.call(FLOW_RETRY, ByFlow(flow.id))

        await following.run(again, owner=True)

    def _run_once(self, name: str, words: list[str]) -> None:
        """The one-shot subcommand itself, alone on the terminal: Ctrl-C ends it and not the shell."""
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            run_command(Console(self._console.environ, in_shell=True), name, words)
        except KeyboardInterrupt:
            self._console.notice("\n")
        finally:
            signal.signal(signal.SIGINT, before)

    def _draw_bar(self) -> None:
        self._line.app.invalidate()

    def _news(self, inquiry: Inquiry) -> None:
        note = self._words("shell_elsewhere", inquiry=short(inquiry.id))
        self._console.say(f"· {note}", "yellow")


def _commands(console: Console) -> dict[str, str]:
    named = {c.name: console.words(f"help_{c.name}") for c in COMMANDS if c.in_shell}
    own = {NEW: console.words("shell_help_new"), QUIT: console.words("shell_help_quit")}
    return {**named, **own}


def help_screen(console: Console) -> str:
    """What can be typed here."""
    words, paint = console.words, console.paint
    commands = _commands(console)
    column = max(map(len, commands)) + 1
    lines = [words("shell_help_text"), "", paint(words("shell_help_title"), "bold")]
    for name, text in commands.items():
        lines += row(console, f"/{name}", text, column)
    lines += ["", paint(words("shell_help_keys"), "dim")]
    return "\n".join(lines) + "\n"


def run_shell(console: Console, conversation: str | None) -> None:
    """Opens the shell and returns when the person leaves it."""
    with contextlib.suppress(EOFError):
        asyncio.run(Shell(console, conversation).run())
    console.say(console.words("shell_bye"), "dim")
