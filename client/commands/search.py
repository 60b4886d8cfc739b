"""`alvo search`: the passages nearest to a query, without asking any reasoner."""

from __future__ import annotations

from argparse import Namespace

from client.console import Console
from client.remote import EXIT_OK
from client.screens.index import hit_lines
from client.usage import Parser, Text, UsageError

TYPE_CHECKING = False  # a constant that type checkers know; importing values costs 20 ms
if TYPE_CHECKING:
    from daemon.protocol.calls import SearchResult

_MODES = ("hybrid", "vector", "keyword")


def arguments(parser: Parser, name: str) -> None:
    assert name == "search"
    parser.text_follows = Text.ANYWHERE
    parser.json()
    parser.option("-k", help_="help_k", type=int, default=8, metavar="N")
    parser.option("--mode", help_="help_mode", choices=_MODES, default="hybrid", metavar="MODE")
    parser.option("--agent", help_="help_agent", metavar="A")
    parser.option("--filter", help_="help_filter", metavar="PATH")
    parser.word("query", "help_query", nargs="*", metavar="QUERY")


def run(console: Console, name: str, given: Namespace) -> int:
    query = " ".join(given.query).strip()
    if not query:
        raise UsageError(
            console.words("usage_empty", command=name), console.words("usage_next", command=name)
        )
    found: SearchResult = console.call(
        "index.search",
        query=query,
        k=given.k,
        mode=given.mode,
        agent=given.agent,
        filter=given.filter,
    )
    if given.json:
        console.document(found)
        return EXIT_OK
    if not found.hits:
        console.say(console.words("hits_none"))
        return EXIT_OK
    width = console.width if console.result_is_terminal else None
    console.result(
        "\n".join(
            hit_lines(n, hit, console.words, console.paint, width)
            for n, hit in enumerate(found.hits, 1)
        )
    )
    took = console.words("hits_took", count=len(found.hits), ms=f"{found.took_ms:.0f}")
    console.notice(console.paint_notice(took, "dim") + "\n")
    return EXIT_OK
