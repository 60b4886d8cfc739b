"""An inquiry as a person sees it before the yes: all that would happen, nothing hidden."""

from __future__ import annotations

import os

from client import moments
from client.ids import short
from client.place import shorten
from client.prose import one_line, readable
from client.terminal import Paint, cut_at
from client.words import Words
from daemon.protocol.escape import escape, numbered

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from daemon.protocol.values import Inquiry


def inquiry_screen(inquiry: Inquiry, words: Words, paint: Paint, width: int) -> str:
    """The whole inquiry, ended by a newline. Long lines are folded, never cut."""
    title = words(f"inquiry_title_{inquiry.kind}")
    lines = [f"{paint(title, 'bold', 'yellow')}  {paint(short(inquiry.id), 'dim')}"]
    if inquiry.text:
        lines += ["", *_indented(readable(inquiry.text), width)]
    lines += ["", *_commands(inquiry, words, paint, width)] if inquiry.script is not None else []
    if inquiry.urls:
        lines += ["", *_numbered([escape(url) for url in inquiry.urls], paint, width)]
    if facts := _facts(inquiry, words, paint, width):
        lines += ["", *facts]
    return "\n".join(lines) + "\n"


def script_screen(script: str, words: Words, paint: Paint, width: int) -> str:
    """A script alone, numbered, ended by a newline."""
    return "\n".join(_script_lines(script, words, paint, width)) + "\n"


def _commands(inquiry: Inquiry, words: Words, paint: Paint, width: int) -> list[str]:
    if len(inquiry.plan) <= 1:
        script = inquiry.plan[0].script if inquiry.plan else inquiry.script or ""
        return _script_lines(script, words, paint, width)
    lines: list[str] = []
    for n, command in enumerate(inquiry.plan, 1):
        heading = words("inquiry_step", n=n, of=len(inquiry.plan))
        why = one_line(command.explanation)
        lines += [""] if lines else []
        lines += _indented(f"{heading}: {why}" if why else heading, width)
        lines += _script_lines(command.script, words, paint, width)
    return lines


def _script_lines(script: str, words: Words, paint: Paint, width: int) -> list[str]:
    lines = [line for _, line in numbered(script)]
    shown = _numbered(lines, paint, width)
    if len(lines) > 1 or len(script) > width:
        amount = words("inquiry_length", lines=len(lines), characters=len(script))
        shown.append(paint(f"     {amount}", "dim"))
    return shown


def _numbered(lines: list[str], paint: Paint, width: int) -> list[str]:
    """Numbers at the left; the rest of a folded line has a mark of its own, so none can be forged."""
    shown = []
    for n, line in enumerate(lines, 1):
        for part, piece in enumerate(cut_at(line, width - 7)):
            gutter = f"{n:>4} │ " if part == 0 else "   ↪ │ "
            shown.append(paint(gutter, "dim") + paint(piece, "bold"))
    return shown


def _indented(text: str, width: int) -> list[str]:
    return [
        f"  {line}" for paragraph in text.splitlines() for line in _wrapped(paragraph, width - 2)
    ]


def _facts(inquiry: Inquiry, words: Words, paint: Paint, width: int) -> list[str]:
    facts: list[tuple[str, str]] = []
    if inquiry.cwd is not None and inquiry.script is not None:
        facts.append(("inquiry_cwd", escape(shorten(inquiry.cwd, os.environ))))
    if inquiry.environment:
        facts.append(("inquiry_environment", escape(", ".join(inquiry.environment))))
    if inquiry.permission_hint:
        facts.append(("inquiry_hint", escape(inquiry.permission_hint)))
    if inquiry.status == "waiting":
        facts.append(("inquiry_expires", moments.left(inquiry.expires_at, words)))
    else:
        facts.append(("inquiry_status", closing(inquiry, words)))
    labels = [words(name) for name, _ in facts]
    column = max(map(len, labels)) + 4
    lines: list[str] = []
    for label, (_, value) in zip(labels, facts, strict=True):
        first, *rest = _wrapped(value, width - column)
        lines.append(f"  {paint(label.ljust(column - 4), 'dim')}  {first}")
        lines += [" " * column + line for line in rest]
    return lines


def _wrapped(text: str, width: int) -> list[str]:
    import textwrap

    # Folded at spaces where there are any; a name that is too long is folded anywhere.
    return textwrap.wrap(text, width, break_on_hyphens=False, drop_whitespace=True) or [""]


def closing(inquiry: Inquiry, words: Words) -> str:
    """How an inquiry came to its end, and by whom."""
    what = words(f"decision_{inquiry.decision}" if inquiry.decision else f"status_{inquiry.status}")
    if inquiry.answered_by is None or inquiry.answered_at is None:
        return what
    by = inquiry.answered_by
    return words(
        "inquiry_closing",
        what=what,
        client=escape(by.permission or by.client),
        pid=by.pid,
        when=moments.moment(inquiry.answered_at),
    )


def inquiry_line(inquiry: Inquiry, words: Words, paint: Paint, width: int) -> str:
    """One line of a list."""
    what = escape(inquiry.script) if inquiry.script is not None else one_line(inquiry.text)
    kind = words(f"inquiry_kind_{inquiry.kind}")
    room = max(width - 40, 20)
    cut = f"{what[: room - 1]}…" if len(what) > room else what
    when = paint(f"{moments.moment(inquiry.created_at):<16}", "dim")
    return f"{paint(short(inquiry.id), 'bold')}  {paint(f'{kind:<12}', 'yellow')}  {when}  {cut}"
