"""`alvo permissions`: the standing permissions; gives one, takes one back."""

from __future__ import annotations

from argparse import Namespace

from client.console import Console
from client.ids import short
from client.place import absolute
from client.remote import EXIT_OK
from client.screens.permission import permission_lines
from client.usage import Parser, UsageError

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from daemon.protocol.calls import PermissionList
    from daemon.protocol.values import Permission


def arguments(parser: Parser, name: str) -> None:
    assert name == "permissions"
    parser.json()
    parser.option("--cwd", help_="help_permissions_cwd", metavar="DIR")
    parser.option("--expires", help_="help_permissions_expires", metavar="TIME")
    parser.option("--match", help_="help_permissions_match", action="append", metavar="COMMAND")
    parser.option(
        "--not-match", help_="help_permissions_not_match", action="append", metavar="COMMAND"
    )
    parser.option("--all", help_="help_permissions_all", action="store_true")
    verbs = ("list", "add", "revoke")
    parser.word("verb", "help_permissions_verb", nargs="?", choices=verbs, default="list")
    parser.word("what", "help_permissions_what", nargs="?", metavar="PATTERN|ID")


def run(console: Console, name: str, given: Namespace) -> int:
    if given.verb == "list":
        return _list(console, given)
    if not given.what:
        raise UsageError(
            console.words("usage_empty", command=f"{name} {given.verb}"),
            console.words("usage_next", command=name),
        )
    permission = _add(console, given) if given.verb == "add" else _revoke(console, given)
    if given.json:
        console.document(permission)
    elif given.verb == "add":
        console.result(permission_lines(permission, console.words, console.paint))
    else:
        told = console.words("permission_revoked", pattern=permission.pattern)
        console.notice(f"{told} ({short(permission.id)})\n")
    return EXIT_OK


def _add(console: Console, given: Namespace) -> Permission:
    permission: Permission = console.call(
        "permission.add",
        pattern=given.what,
        cwd=absolute(given.cwd or ".", console.environ),
        expires_at=given.expires,
        match=given.match or [],
        not_match=given.not_match or [],
    )
    return permission


def _revoke(console: Console, given: Namespace) -> Permission:
    permission: Permission = console.call("permission.revoke", permission_id=given.what)
    return permission


def _list(console: Console, given: Namespace) -> int:
    listed: PermissionList = console.call("permission.list", all=given.all)
    if given.json:
        console.document(listed)
    elif not listed.permissions:
        console.notice(console.words("permissions_none") + "\n")
    else:
        for permission in listed.permissions:
            console.result(permission_lines(permission, console.words, console.paint))
    return EXIT_OK
