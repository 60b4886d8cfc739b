"""An inquiry as a person sees it before the yes: all that would happen, nothing hidden."""

from __future__ import annotations

import os

from client import moments
from client.folding import fold, fold_exact, list_line
from client.ids import short
from client.place import shorten
from client.prose import one_line, readable
from client.screens.citations import citations
from client.screens.preview import preview_lines
from client.terminal import Paint, cut_at, display_width
from client.words import Words
from daemon.protocol.escape import escape, numbered

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from collections.abc import Callable

    from daemon.protocol.values import Inquiry, ResolvedProgram

    Fold = Callable[[str, int], list[str]]


QUOTE = "> "
"""Before each line of a text that is not ours: none can look like a numbered line of a script."""

USUAL = frozenset(
    {
        *("GIT_PAGER", "HOME", "LANG", "LANGUAGE", "LOGNAME", "PAGER", "PATH", "SHELL", "TERM"),
        *("TMPDIR", "TZ", "USER", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"),
        *("XDG_RUNTIME_DIR", "XDG_STATE_HOME", "LC_ALL", "LC_ADDRESS", "LC_COLLATE", "LC_CTYPE"),
        *("LC_IDENTIFICATION", "LC_MEASUREMENT", "LC_MESSAGES", "LC_MONETARY", "LC_NAME"),
        *("LC_NUMERIC", "LC_PAPER", "LC_TELEPHONE", "LC_TIME"),
    }
)
"""What every session has, and no person needs to read again (`daemon/shell/environment.py`)."""


def inquiry_screen(
    inquiry: Inquiry, words: Words, paint: Paint, width: int, *, names_all: bool = False
) -> str:
    """The whole inquiry, ended by a newline. Long lines are folded, never cut."""
    title = words(f"inquiry_title_{inquiry.kind}")
    lines = [f"{paint(title, 'bold', 'yellow')}  {paint(short(inquiry.id), 'dim')}"]
    if inquiry.text:
        lines += ["", *_quoted(readable(inquiry.text), paint, width)]
    lines += ["", *_commands(inquiry, words, paint, width)] if inquiry.script is not None else []
    lines += _sources(inquiry, words, paint, width)
    if inquiry.urls:
        lines += ["", *_numbered([escape(url) for url in inquiry.urls], paint, width)]
    if inquiry.preview is not None:
        lines += ["", *preview_lines(inquiry.preview, words, paint, width)]
    lines += ["", *facts(inquiry, words, paint, width, names_all=names_all)]
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
        lines.append(f"  {heading}")
        lines += _quoted(why, paint, width)
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


def _quoted(text: str, paint: Paint, width: int) -> list[str]:
    """A text of a reasoner's or a document's, marked at its left whatever it says."""
    room = width - 2 - len(QUOTE)
    return [
        f"  {paint(QUOTE, 'dim')}{line}".rstrip()
        for paragraph in text.splitlines()
        for line in fold(paragraph, room)
    ]


def _sources(inquiry: Inquiry, words: Words, paint: Paint, width: int) -> list[str]:
    """What each `[n]` in the words above stands for."""
    uncoloured = Paint(colour=False)
    shown = citations(inquiry.citations, words, uncoloured, width - 2 - len(QUOTE))
    return [f"  {paint(QUOTE, 'dim')}{line}" if line else "" for line in shown.splitlines()]


def facts(
    inquiry: Inquiry, words: Words, paint: Paint, width: int, *, names_all: bool
) -> list[str]:
    """What a yes is bound to is shown exactly; our own words are folded as prose.

    `names_all`: also the variables that every session has.
    """
    found: list[tuple[str, str, Fold]] = []
    if inquiry.proposed_by:
        yours = inquiry.proposed_by == "you"
        found.append(
            (words("inquiry_by"), words("you") if yours else inquiry.proposed_by, fold_exact)
        )
    found += _programs(inquiry.programs, words)
    if inquiry.cwd is not None and inquiry.script is not None:
        found.append((words("inquiry_cwd"), shorten(inquiry.cwd, os.environ), fold_exact))
    if inquiry.environment:
        names = _variables(inquiry.environment, words, names_all=names_all)
        found.append((words("inquiry_environment"), names, fold))
    if inquiry.permission_hint:
        found.append((words("inquiry_hint"), inquiry.permission_hint, fold_exact))
    elif inquiry.script is not None and inquiry.status == "waiting":
        found.append((words("inquiry_hint"), words("inquiry_hint_none"), fold))
    if inquiry.status == "waiting":
        found.append((words("inquiry_expires"), moments.left(inquiry.expires_at, words), fold))
    else:
        found.append((words("inquiry_status"), closing(inquiry, words), fold))
    return _beside(found, paint, width)


def _programs(programs: list[ResolvedProgram], words: Words) -> list[tuple[str, str, Fold]]:
    """A line for each file; what bash does itself is on one."""
    found: list[tuple[str, Fold]] = []
    for program in programs:
        if program.path is not None:
            way = [program.word, program.path, *([program.real] if program.real else [])]
            found.append(("  →  ".join(map(escape, way)), cut_at))
        elif program.kind != "builtin":
            what = words(f"program_{program.kind}")
            found.append((f"{escape(program.word)}  →  {what}", cut_at))
    own = [escape(program.word) for program in programs if program.kind == "builtin"]
    if own:
        found.append((words("program_builtin", names=" ".join(own)), fold))
    if not all(program.sure for program in programs):
        found.append((words("programs_unsure"), fold))
    labels = [words("inquiry_programs"), *([""] * len(found))]
    return [(label, *row) for label, row in zip(labels, found, strict=False)]


def _beside(labelled: list[tuple[str, str, Fold]], paint: Paint, width: int) -> list[str]:
    column = max(display_width(label) for label, _, _ in labelled) + 4
    lines: list[str] = []
    for label, value, folded in labelled:
        space = " " * (column - 2 - display_width(label))
        first, *rest = folded(value, width - column)
        lines.append(f"  {paint(label, 'dim')}{space}{first}")
        lines += [" " * column + line for line in rest]
    return lines


def _variables(names: list[str], words: Words, *, names_all: bool) -> str:
    """How many every session has, and by name those that this one has beyond them."""
    more = [escape(name) for name in names if names_all or name not in USUAL]
    if len(more) == len(names):
        return ", ".join(more)
    return ", ".join([words("inquiry_usual", count=len(names) - len(more)), *more])


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
    cells = [
        (paint(short(inquiry.id), "bold"), 6),
        (paint(words(f"inquiry_kind_{inquiry.kind}"), "yellow"), 12),
        (paint(moments.moment(inquiry.created_at), "dim"), 16),
    ]
    return list_line(cells, what, width)
