"""The keys of the shell's line: Enter sends, Alt-Enter or a backslash at the end goes on."""

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent


def continued(text: str) -> str | None:
    """The text with a further line begun, where its last backslash asks for one.

    In a command the backslash stays: bash has the same rule, and joins the lines itself.
    """
    backslashes = len(text) - len(text.rstrip("\\"))
    if backslashes % 2 == 0:
        return None
    return f"{text}\n" if text.startswith("!") else f"{text[:-1].rstrip()}\n"


def key_bindings() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter")
    def send(event: KeyPressEvent) -> None:
        buffer: Buffer = event.current_buffer
        if buffer.complete_state is not None and buffer.complete_state.current_completion:
            buffer.complete_state = None
            return
        longer = continued(buffer.text) if buffer.document.is_cursor_at_the_end else None
        if longer is None:
            buffer.validate_and_handle()
        else:
            buffer.text = longer
            buffer.cursor_position = len(longer)

    @keys.add("escape", "enter")
    def another_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return keys
