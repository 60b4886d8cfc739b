"""The audit log, as a person reads it."""

from __future__ import annotations

from client import moments
from client.ids import short
from client.terminal import Paint
from client.words import Words
from daemon.protocol.escape import escape

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from daemon.protocol.audit import AuditEntry
    from daemon.protocol.calls import AuditReport

_TOLD = (
    *("script", "scripts", "urls", "url", "to", "pattern", "decision", "status", "exit_status"),
    *("text", "paths", "digest"),
)
"""Of an entry's data, what a line says of it: the first two that it has."""
_SHORT = 12


def entry_line(entry: AuditEntry, words: Words, paint: Paint) -> str:
    """One entry on one line; `--json` has all of it."""
    when = moments.moment(entry.at) if entry.at else "?"
    flow = short(entry.flow_id) if entry.flow_id else ""
    kind = words(f"audit_{entry.kind}")
    found = ((name, getattr(entry.data, name, None)) for name in _TOLD)
    told = [_told(name, value, words) for name, value in found if value is not None and value != ""]
    return (
        f"{paint(f'{entry.n:>6}', 'dim')}  {paint(f'{when:<16}', 'dim')}  {flow:<6}  "
        f"{paint(f'{kind:<18}', 'bold')}  {'  '.join(told[:2])}"
    ).rstrip()


def _told(name: str, value: object, words: Words) -> str:
    match name, value:
        case "paths", int(count):
            return words("audit_paths", count=count)
        case "digest", str(digest):
            return escape(digest[:_SHORT])
        case "to", _:
            return f"→ {_text(value)}"
        case _:
            return _text(value)


def _text(value: object) -> str:
    parts = value if isinstance(value, list) else [value]
    return escape("; ".join(str(part) for part in parts))


def report_screen(report: AuditReport, words: Words, paint: Paint) -> str:
    if report.intact:
        counts = words("audit_intact", count=report.entries, first=report.first, last=report.last)
        lines = [paint(counts, "green")]
    else:
        lines = [paint(words("audit_broken"), "bold", "red")]
        lines += [
            f"  {paint('✗', 'red')} {words(f'audit_problem_{problem.kind}', n=problem.n)}"
            for problem in report.problems
        ]
    lines.append(f"  {paint(words('audit_last_hash'), 'dim')}  {report.hash}")
    lines.append(paint(report.limit, "dim"))
    return "\n".join(lines) + "\n"
