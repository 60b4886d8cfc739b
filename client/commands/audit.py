"""`alvo audit`: what was asked, allowed and run; `alvo audit verify` checks that nothing was altered."""

from __future__ import annotations

from argparse import Namespace

from client.console import Console
from client.remote import EXIT_FAILED, EXIT_OK
from client.screens.audit import entry_line, report_screen
from client.usage import Parser

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from daemon.protocol.calls import AuditList, AuditReport


def arguments(parser: Parser, name: str) -> None:
    assert name == "audit"
    parser.json()
    parser.option("--limit", help_="help_audit_limit", type=int, default=100, metavar="N")
    parser.option("--before", help_="help_audit_before", type=int, metavar="N")
    parser.option("--flow", help_="help_audit_flow", metavar="FLOW")
    parser.word("verb", "help_audit_verb", nargs="?", choices=("list", "verify"), default="list")


def run(console: Console, name: str, given: Namespace) -> int:
    assert name == "audit"
    if given.verb == "verify":
        return _verify(console, given)
    listed: AuditList = console.call(
        "audit.list", limit=given.limit, before=given.before, flow_id=given.flow
    )
    if given.json:
        console.document(listed)
    elif not listed.entries:
        console.notice(console.words("audit_none") + "\n")
    else:
        for entry in reversed(listed.entries):
            console.result(entry_line(entry, console.words, console.paint) + "\n")
    return EXIT_OK


def _verify(console: Console, given: Namespace) -> int:
    report: AuditReport = console.call("audit.verify", 600.0)
    if given.json:
        console.document(report)
    else:
        console.result(report_screen(report, console.words, console.paint))
    return EXIT_OK if report.intact else EXIT_FAILED
