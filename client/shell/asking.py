"""Questions below a flow: read from this moment on, with a no for anything but a plain yes."""

import sys
import termios
from contextlib import suppress

from prompt_toolkit import PromptSession
from prompt_toolkit.formatted_text import ANSI
from prompt_toolkit.input.typeahead import clear_typeahead
from prompt_toolkit.layout.processors import (
    Processor,
    Transformation,
    TransformationInput,
)
from prompt_toolkit.patch_stdout import patch_stdout


class Interrupted(Exception):
    """Ctrl-C at a question. No KeyboardInterrupt: in a task, that would end the whole loop."""


class _Unseen(Processor):
    """Draws nothing: stars would tell how long a secret is."""

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        del transformation_input
        return Transformation(
            [], source_to_display=lambda _: 0, display_to_source=lambda position: position
        )


class Asker:
    """One line at a time, never kept in a history. Ctrl-C is Interrupted, Ctrl-D EOFError."""

    async def ask(self, prompt: str, *, secret: bool = False) -> str:
        session: PromptSession[str] = PromptSession(
            ANSI(prompt),
            input_processors=[_Unseen()] if secret else None,
            interrupt_exception=Interrupted,
        )
        forget_typed_ahead(session)
        with patch_stdout(raw=True):
            return await session.prompt_async(
                pre_run=lambda: forget_typed_ahead(session), handle_sigint=False
            )


def forget_typed_ahead(session: PromptSession[str]) -> None:
    """No key that was pressed before the question was there may answer it."""
    clear_typeahead(session.input)
    with suppress(termios.error, OSError, ValueError):
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)


class Quiet:
    """While a flow is shown, typed keys are not drawn into it; they wait for the next line."""

    def __init__(self) -> None:
        self._before: list[object] | None = None

    def __enter__(self) -> None:
        with suppress(termios.error, OSError, ValueError):
            self._before = termios.tcgetattr(sys.stdin.fileno())
            quiet = termios.tcgetattr(sys.stdin.fileno())
            quiet[3] &= ~termios.ECHO
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, quiet)

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            with suppress(termios.error, OSError, ValueError):
                termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, self._before)  # type: ignore[arg-type]  # what tcgetattr gave
