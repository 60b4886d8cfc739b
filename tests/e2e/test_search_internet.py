"""Story: a page is read by curl after a yes from a second client, and only the page that was named."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import gemini_server as wire
from tests.support.daemon import Home, Rpc, RpcError
from tests.support.gemini_server import KEY, GeminiServer
from tests.support.netns import ADDRESS, Net, a_net

ENDED = {"executed", "failed", "denied", "interrupted", "cancelled", "answered"}
PAGE = f"http://{ADDRESS}/hostile"
ENOUGH = wire.decision(
    type="answer", enough=True, answer="From ten to six [1].", sources=["INTERNET"]
)


def not_enough(*urls: str) -> wire.Reply:
    missing = {"information": "when the museum opens", "source": "INTERNET", "urls": list(urls)}
    return wire.decision(type="answer", enough=False, missing=[missing])


@pytest.fixture
def server() -> Iterator[GeminiServer]:
    with GeminiServer() as made:
        yield made


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Net]:
    with a_net(tmp_path) as made:
        yield made


def start(home: Home, server: GeminiServer, net: Net, **environ: str) -> Rpc:
    home.start(
        ALVO_REASONER_KIND="gemini",
        ALVO_REASONER_BASE_URL=server.base_url,
        ALVO_REASONER_STREAM="false",
        GEMINI_API_KEY=KEY,
        **{"PATH": f"{net.environ['PATH']}:{home.environ['PATH']}", **environ},
    )
    return home.rpc()


def test_a_page_is_read_after_a_yes_from_the_second_client(
    home: Home, server: GeminiServer, net: Net
) -> None:
    server.script(not_enough(PAGE), ENOUGH)
    with start(home, server, net) as rpc:
        flow = rpc("flow.start", question="When does the museum open?")
        inquiry = rpc.inquiry(flow["id"])
        assert (inquiry["kind"], inquiry["urls"]) == ("fetch", [PAGE])
        assert "when the museum opens" in inquiry["text"]
        assert net.requests() == []
        with home.rpc("second") as second:
            second.allow(inquiry)
        ended = rpc.follow(flow["id"], ENDED)
        assert ended["status"] == "answered", ended["error"]
        (citation,) = ended["citations"]
        assert (citation["source"], citation["location"]) == ("INTERNET", PAGE)
        assert citation["retrieved_at"]
    assert [request["path"] for request in net.requests()] == ["/hostile"]


def test_each_redirect_that_is_followed_is_in_the_audit_log(
    home: Home, server: GeminiServer, net: Net
) -> None:
    start_, between = (
        f"http://{ADDRESS}/to?url=/to?url=/hostile",
        f"http://{ADDRESS}/to?url=/hostile",
    )
    server.script(not_enough(start_), ENOUGH)
    with start(home, server, net) as rpc:
        flow = rpc("flow.start", question="When does the museum open?")
        rpc.allow(rpc.inquiry(flow["id"]))
        assert rpc.follow(flow["id"], ENDED)["status"] == "answered"
        entries = rpc("audit.list", flow_id=flow["id"])["entries"][::-1]
    told = [entry["data"] for entry in entries if entry["kind"] in ("fetch", "fetch_hop")]
    assert told[0]["urls"] == [start_]
    assert [(hop["url"], hop["to"]) for hop in told[1:]] == [(start_, between), (between, PAGE)]
    shown = home.run("alvo", "audit").stdout
    assert f"redirected          {between}  → {PAGE}" in shown


def test_a_page_that_gives_orders_gets_nothing_run_and_nothing_fetched(
    home: Home, server: GeminiServer, net: Net
) -> None:
    more = f"http://{ADDRESS}/told"
    server.script(
        not_enough(PAGE),
        wire.decision(
            type="answer",
            enough=False,
            missing=[{"information": "more", "source": "INTERNET", "urls": [more]}],
        ),
    )
    with start(home, server, net) as rpc:
        flow = rpc("flow.start", question="When does the museum open?")
        rpc.allow(rpc.inquiry(flow["id"]))
        again = rpc.inquiry(flow["id"])
        assert again["kind"] == "search_again"
        rpc.allow(again)
        fetch = rpc.inquiry(flow["id"])
        # Searching once more is no leave to fetch: the new address is asked for.
        assert (fetch["kind"], fetch["urls"]) == ("fetch", [more])
    assert [request["path"] for request in net.requests()] == ["/hostile"]


def test_a_no_fetches_nothing_and_the_flow_says_what_is_missing(
    home: Home, server: GeminiServer, net: Net
) -> None:
    server.script(not_enough(PAGE))
    with start(home, server, net) as rpc:
        flow = rpc("flow.start", question="When does the museum open?")
        inquiry = rpc.inquiry(flow["id"])
        rpc("inquiry.answer", inquiry_id=inquiry["id"], decision="deny")
        again = rpc.inquiry(flow["id"])
        assert again["kind"] == "search_again"
        rpc("inquiry.answer", inquiry_id=again["id"], decision="deny")
        assert rpc.follow(flow["id"], ENDED)["error"]["name"] == "INSUFFICIENT_INFORMATION"
    assert net.requests() == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8420/rpc",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://0x7f.1/",
        "file:///etc/passwd",
        "http://user:secret@example.com/",
    ],
)
def test_an_address_that_is_not_public_is_not_even_asked_for(
    home: Home, server: GeminiServer, net: Net, url: str
) -> None:
    server.script(not_enough(url))
    with start(home, server, net) as rpc:
        flow = rpc("flow.start", question="When does the museum open?")
        assert rpc.inquiry(flow["id"])["kind"] == "search_again"
    assert net.requests() == []


def test_a_yes_to_one_page_is_no_yes_to_another(home: Home, server: GeminiServer, net: Net) -> None:
    server.script(not_enough(PAGE), ENOUGH)
    with start(home, server, net) as rpc:
        flow = rpc("flow.start", question="When does the museum open?")
        inquiry = rpc.inquiry(flow["id"])
        with pytest.raises(RpcError) as caught:
            rpc("inquiry.answer", inquiry_id=inquiry["id"], decision="allow", digest="0" * 64)
        assert caught.value.name == "INQUIRY_CHANGED"
    assert net.requests() == []


def test_the_search_address_is_asked_for_with_its_question(
    home: Home, server: GeminiServer, net: Net
) -> None:
    server.script(not_enough(), ENOUGH)
    search = f"http://{ADDRESS}/hostile?q={{query}}"
    with start(home, server, net, ALVO_INTERNET_SEARCH_URL=search) as rpc:
        flow = rpc("flow.start", question="When does the museum open?")
        inquiry = rpc.inquiry(flow["id"])
        assert inquiry["kind"] == "fetch"
        assert inquiry["urls"][0].startswith(f"http://{ADDRESS}/hostile?q=when")
        rpc.allow(inquiry)
        assert rpc.follow(flow["id"], ENDED)["status"] == "answered"


def test_a_page_that_was_read_is_used_again_without_asking(
    home: Home, server: GeminiServer, net: Net
) -> None:
    server.script(not_enough(PAGE), ENOUGH, not_enough(PAGE), ENOUGH)
    with start(home, server, net) as rpc:
        first = rpc("flow.start", question="When does the museum open?")
        rpc.allow(rpc.inquiry(first["id"]))
        read = rpc.follow(first["id"], ENDED)["citations"][0]["retrieved_at"]
        second = rpc("flow.start", question="When does the museum open, again?")
        again = rpc.follow(second["id"], ENDED)
        assert again["citations"][0]["retrieved_at"] == read
    assert len(net.requests()) == 1


@pytest.mark.parametrize("point", ["pages/first-before", "pages/first-unrecorded"])
def test_a_fetch_that_was_cut_off_is_repeated_once_without_asking(
    home: Home, server: GeminiServer, net: Net, point: str
) -> None:
    server.script(not_enough(PAGE), ENOUGH)
    with start(home, server, net, ALVO_CRASH_AT=point) as rpc:
        flow = rpc("flow.start", question="When does the museum open?")
        rpc.allow(rpc.inquiry(flow["id"]))
        home.gone()
    with start(home, server, net) as rpc:
        ended = rpc.follow(flow["id"], ENDED)
        assert ended["status"] == "answered", ended["error"]
    assert len(net.requests()) <= 2
