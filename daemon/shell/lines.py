"""The lines that bash reads from its private pipe, around the approved scripts."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Final

# On Ctrl-C a sourced file is left by `return`, but from inside a function that leaves the function
# alone, and the next line would run. So from there on every command returns, until the report.
_TRAP: Final = r"""trap 'trap "\builtin return 130" DEBUG; set -T; \builtin return 130' INT"""
_UNTRAP: Final = "trap - DEBUG; set +T"
NO_TERMINAL: Final = "dumb"
REAL_TERMINAL: Final = "xterm-256color"
"""What TERM says where a real terminal shows the command; pagers stay off all the same."""
# Our own lines are silent also where a script left `set -x` or a trap behind.
_SILENT: Final = ">/dev/null 2>&1"


def first_lines(cwd: str, umask: int | None, report: int, nonce: str) -> str:
    """Job control as on a person's terminal; then the report says whether `cwd` was entered."""
    mask = "" if umask is None else f" umask {umask:04o};"
    return (
        f"set -m; set +o history; shopt -s expand_aliases;{mask}"
        f" \\builtin cd -- {shlex.quote(cwd)} 2>/dev/null && unset OLDPWD\n"
        f"{_report_line(report, nonce, ())}"
    )


def command_lines(
    file: Path,
    pipes: tuple[int, int],
    nonce: str,
    variables: Sequence[str] = (),
    *,
    real_terminal: bool = False,
) -> str:
    """The script is sourced without our descriptors (`pipes`: scripts, report); then bash reports.

    The values of the variables must follow the first line, each ended by a NUL: in a line of their
    own they would be printed by a session in which `set -v` lives on. A bash that cannot read them
    must not go on: it would take them for its next lines, and print what it cannot find.
    """
    scripts, report = pipes
    reads = "".join(
        f" IFS= \\builtin read -r -d '' -u {scripts} {name} || \\builtin exit 125; export {name};"
        for name in variables
    )
    term = _term_line(NO_TERMINAL, REAL_TERMINAL) if real_terminal else ""
    untrue = _term_line(REAL_TERMINAL, NO_TERMINAL) if real_terminal else ""
    return (
        f"{{ {_TRAP}; {_UNTRAP};{reads} }} {_SILENT}\n"
        f"{term}"
        f"\\builtin . {shlex.quote(str(file))} {scripts}<&- {report}>&-\n"
        f"{_report_line(report, nonce, variables)}"
        f"{untrue}"
    )


def _term_line(before: str, after: str) -> str:
    """A line of its own: where a script made TERM readonly, bash drops the rest of the line.

    A value that a script has set itself is left alone.
    """
    return f"{{ TERM=${{TERM/#{before}/{after}}}; }} {_SILENT}\n"


def _report_line(report: int, nonce: str, variables: Sequence[str]) -> str:
    """`NONCE STATUS DIRECTORY` and a NUL.

    A script may have closed the descriptor: a bash that cannot report must not go on.
    """
    unset = f" unset {' '.join(variables)};" if variables else ""
    return (
        f'{{ \\builtin printf \'{nonce} %d %s\\0\' "$?" "$PWD" >&{report}'
        f" || \\builtin exit 125; {_UNTRAP};{unset} }} {_SILENT}\n"
    )
