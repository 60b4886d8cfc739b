"""A standing permission as a person reads it: what it covers, where, for whom and how long."""

from __future__ import annotations

from client import moments
from client.ids import short
from client.terminal import Paint
from client.words import Words
from daemon.protocol.escape import escape

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from daemon.protocol.values import Inquiry, Permission


def permission_lines(permission: Permission, words: Words, paint: Paint) -> str:
    used = words("permission_uses", count=permission.used)
    lifetime = words("permission_until_revoked")
    if permission.revoked_at is not None:
        lifetime = moments.moment(permission.revoked_at)
    elif permission.expires_at is not None:
        lifetime = moments.moment(permission.expires_at)
    rows = [
        ("permission_program", escape(permission.program)),
        *_scope(permission.cwd, permission.scope, words),
        ("permission_lifetime", f"{lifetime} · {used}"),
    ]
    head = f"{paint(short(permission.id), 'bold')}  {paint(escape(permission.pattern), 'bold')}"
    return "\n".join([head, *_rows(rows, words, paint)]) + "\n"


def offer_screen(inquiry: Inquiry, scope: str, words: Words, paint: Paint) -> str:
    """The permission that a yes of this scope would give, whole, before it is given."""
    day = scope == "conversation"
    rows = [
        ("permission_pattern", escape(inquiry.permission_hint or "")),
        *[("permission_program", program) for program in _programs(inquiry)],
        *_scope(inquiry.cwd or "", scope, words),
        (
            "permission_lifetime",
            words("permission_until_a_day" if day else "permission_until_revoked"),
        ),
    ]
    head = paint(words("permission_standing"), "bold", "yellow")
    return "\n".join([head, *_rows(rows, words, paint)]) + "\n"


def _programs(inquiry: Inquiry) -> list[str]:
    """Of a plan that a permission may cover there is one."""
    return [escape(one.real or one.path or one.word) for one in inquiry.programs]


def _scope(cwd: str, scope: str, words: Words) -> list[tuple[str, str]]:
    return [
        ("permission_cwd", words("permission_and_below", cwd=escape(cwd))),
        ("permission_scope", words(f"permission_scope_{scope}")),
    ]


def _rows(rows: list[tuple[str, str]], words: Words, paint: Paint) -> list[str]:
    labels = [words(name) for name, _ in rows]
    column = max(map(len, labels))
    return [
        f"        {paint(label.ljust(column), 'dim')}  {value}"
        for label, (_, value) in zip(labels, rows, strict=True)
    ]
