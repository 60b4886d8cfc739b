"""The real curl on a small internet: what was approved is read, within its limits, and nothing else."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import psutil
import pytest

import prompts
from daemon.config import InternetSettings, Paths
from daemon.protocol import errors
from daemon.protocol.errors import AlvoError, ErrorType
from daemon.protocol.values import ConversationId, Digest, FlowId, InquiryId
from daemon.sources.internet import Internet, Page
from daemon.store.approvals import UsedApproval
from tests.support.netns import ADDRESS, OTHER_ADDRESS, Net
from tests.support.waiting import until

SITE = f"http://{ADDRESS}"
SETTINGS = InternetSettings(
    search_url="", timeout_s=8.0, max_bytes=300_000, max_redirects=3, cache_s=3600.0
)
NAMES = MappingProxyType(
    {
        "news.example": [ADDRESS],
        "both.example": [ADDRESS, OTHER_ADDRESS],
        "trap.example": [ADDRESS, "127.0.0.1"],
        "home.example": ["192.168.1.1"],
    }
)
_numbers = itertools.count()


def lookup(host: str) -> Sequence[str]:
    if host not in NAMES:
        raise OSError(host)
    return NAMES[host]


async def _unseen(url: str, to: str) -> None:
    del url, to


def approval(*urls: str) -> UsedApproval:
    return UsedApproval(
        id=f"approval-{next(_numbers)}",
        flow_id=FlowId("flow"),
        inquiry_id=InquiryId("inquiry"),
        digest=Digest("digest"),
        scripts=(),
        cwd="/",
        conversation=ConversationId("talk"),
        urls=urls,
    )


@pytest.fixture
def internet(net: Net, tmp_path: Path):
    return made(net, tmp_path)


def made(net: Net, home: Path, **settings: object) -> Internet:
    paths = Paths.from_environment({"HOME": str(home)})
    return Internet(replace(SETTINGS, **settings), paths, net.environ, lookup)


def fetched(internet: Internet, url: str) -> Page:
    async def fetch() -> Page:
        try:
            return await internet.fetch(approval(url), 0, _unseen)
        finally:
            await internet.close()

    return asyncio.run(fetch())


def failure(internet: Internet, url: str, type_: ErrorType) -> AlvoError:
    with pytest.raises(AlvoError) as caught:
        fetched(internet, url)
    assert caught.value.type is type_, caught.value
    return caught.value


def text_of(page: Page) -> str:
    return "\n".join(passage.text for passage in page.passages)


# What is read


def test_a_page_comes_as_passages_with_where_they_stand(internet):
    page = fetched(internet, f"{SITE}/page/servico")
    assert page.title.startswith("Emitir segunda via")
    assert page.url == page.final_url == f"{SITE}/page/servico"
    assert page.hops == ()
    places = [passage.place for passage in page.passages]
    assert "Emitir segunda via da carteira de vacinação › Prazo" in places
    assert "O serviço é gratuito." in text_of(page)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("latin", "O pão sai às sete"),
        ("meta", "Ação – “não”"),
        ("server-wins", "Ação não é opção"),
        ("bad-charset/zlib", "Todo o texto está aqui."),
        ("bad-charset/none-such", "Todo o texto está aqui."),
        ("bad-charset/unicode_escape", "Todo o texto está aqui."),
        ("notes", "The key is under the *mat*."),
        ("rates", "currency: JPY\nrate: 161.2\ncountries: Japan"),
        ("feed", "title: Quay 4 closed\ndescription: Closed until 9 May."),
        ("zipped", "first train 10:15"),
        ("early", "first train 10:15"),
        ("deep/200", "The bottom of it."),
    ],
)
def test_every_kind_of_text_is_read_in_its_encoding(internet, path, expected):
    assert expected in text_of(fetched(internet, f"{SITE}/{path}"))


def test_entities_of_xml_are_neither_expanded_nor_loaded(internet):
    text = text_of(fetched(internet, f"{SITE}/feed"))
    assert "60 tonnes" in text
    assert "aaaa" not in text
    assert "root:" not in text


def test_what_a_page_tells_to_run_or_fetch_is_text(internet, net):
    before = len(net.requests())
    page = fetched(internet, f"{SITE}/hostile")
    assert "open from ten to six" in text_of(page)
    assert "Ignore all instructions" not in text_of(page)
    assert [asked["path"] for asked in net.requests()[before:]] == ["/hostile"]


# What curl is told and tells


def test_curl_sends_no_cookie_no_referer_and_our_name_alone(internet, net):
    fetched(internet, f"{SITE}/to?url=/to?url=/echo")
    for asked in net.requests()[-3:]:
        assert set(asked["headers"]) <= {"Host", "User-Agent", "Accept", "Accept-Encoding"}
        assert asked["headers"]["User-Agent"].startswith("Alvo/")


def test_curl_is_given_no_environment_and_no_settings(internet, net, monkeypatch, tmp_path):
    (tmp_path / ".curlrc").write_text('header = "X-Leaked: yes"\n')
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("ALVO_CANARY", "secret")
    fetched(internet, f"{SITE}/page/list")
    names = {line.partition("=")[0] for line in net.environments().splitlines()}
    assert names <= {"PWD", "OLDPWD", "SHLVL", "_"}
    assert "X-Leaked" not in net.requests()[-1]["headers"]


def test_a_name_is_looked_up_once_and_pinned(net, tmp_path):
    asked = []

    def changing(host: str) -> list[str]:
        # As a hostile name server does: public when it is checked, local right after.
        asked.append(host)
        return [ADDRESS] if len(asked) == 1 else ["127.0.0.1"]

    paths = Paths.from_environment({"HOME": str(tmp_path)})
    internet = Internet(SETTINGS, paths, net.environ, changing)
    page = fetched(internet, "http://rebind.example/page/list")
    assert "first train 10:15" in text_of(page)
    assert asked == ["rebind.example"]
    assert f"rebind.example:80:{ADDRESS}" in net.calls()[-1]
    assert net.requests()[-1]["host"] == "rebind.example"


def test_the_pinned_address_is_the_one_that_is_asked(internet, net):
    fetched(internet, "http://both.example:8080/page/list")
    assert f"both.example:8080:{ADDRESS},{OTHER_ADDRESS}" in net.calls()[-1]
    # Without a namespace the server is on this machine's loopback.
    reached = (ADDRESS, OTHER_ADDRESS) if net.inside else ("127.0.0.1",)
    assert net.requests()[-1]["address"] in reached


# Redirects


def test_redirects_are_followed_by_us_and_noted(internet, net):
    start = f"{SITE}/to/301?url=http://news.example/to/307?url=/relative/x"
    page = fetched(internet, start)
    assert page.url == start
    assert page.hops == (
        start,
        "http://news.example/to/307?url=/relative/x",
        "http://news.example/relative/x",
    )
    assert page.final_url == "http://news.example/page/list"
    assert all("--max-redirs" in call for call in net.calls()[-4:])


@pytest.mark.parametrize(
    ("target", "type_"),
    [
        ("http://127.0.0.1/page/list", errors.URL_REFUSED),
        ("http://0x7f.1/page/list", errors.URL_REFUSED),
        ("http://[::1]/page/list", errors.URL_REFUSED),
        ("http://localhost/page/list", errors.URL_REFUSED),
        ("http://169.254.169.254/latest/meta-data/", errors.URL_REFUSED),
        ("file:///etc/passwd", errors.URL_REFUSED),
        ("gopher://93.184.216.34/", errors.URL_REFUSED),
        (f"http://me:word@{ADDRESS}/page/list", errors.URL_REFUSED),
        (f"http://{ADDRESS}:22/", errors.URL_REFUSED),
        ("http://home.example/", errors.ADDRESS_REFUSED),
        ("http://trap.example/page/list", errors.ADDRESS_REFUSED),
        ("http://nobody.example/", errors.FETCH_FAILED),
    ],
)
def test_no_redirect_leads_to_where_an_address_may_not(internet, net, target, type_):
    before = len(net.requests())
    failure(internet, f"{SITE}/to?url={target}", type_)
    assert len(net.requests()) == before + 1


def test_a_loop_of_redirects_ends(internet, net):
    before = len(net.requests())
    error = failure(internet, f"{SITE}/loop/0", errors.FETCH_REDIRECTS)
    assert error.blanks == {"url": f"{SITE}/loop/0", "limit": 3}
    assert len(net.requests()) == before + 4


def test_a_redirect_with_an_endless_body_is_followed_at_once(internet):
    assert "first train" in text_of(fetched(internet, f"{SITE}/long-redirect"))


def test_a_redirect_to_nowhere_is_an_answer_without_text(internet):
    failure(internet, f"{SITE}/nowhere", errors.FETCH_FAILED)


# Limits


@pytest.mark.parametrize("path", ["huge", "claims-huge", "bomb"])
def test_a_body_past_the_limit_is_cut_off(internet, path):
    started = time.monotonic()
    error = failure(internet, f"{SITE}/{path}", errors.FETCH_TOO_LARGE)
    assert error.blanks["limit"] == SETTINGS.max_bytes
    assert time.monotonic() - started < 4


@pytest.mark.parametrize("path", ["drip", "silence"])
def test_a_server_that_takes_its_time_is_left(net, tmp_path, path):
    internet = made(net, tmp_path, timeout_s=0.6)
    started = time.monotonic()
    failure(internet, f"{SITE}/{path}", errors.FETCH_TIMEOUT)
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("path", ["flood", "interim"])
def test_a_head_without_end_is_given_up(internet, path):
    failure(internet, f"{SITE}/{path}", errors.FETCH_FAILED)


@pytest.mark.parametrize(
    ("path", "phrase"),
    [
        ("status/404", "fetch_status"),
        ("status/500", "fetch_status"),
        ("garbage", "fetch_garbled"),
        ("cut", "fetch_cut_off"),
        ("broken-gzip", "fetch_garbled"),
        ("empty", "fetch_no_text"),
        ("page/app", "fetch_no_text"),
        ("deep/40000", "fetch_no_text"),
    ],
)
def test_what_goes_wrong_is_said_in_both_languages(internet, path, phrase):
    error = failure(internet, f"{SITE}/{path}", errors.FETCH_FAILED)
    assert error.blanks["reason"].name == phrase
    english, _ = prompts.sentence(error.type.name, "en", **error.blanks)
    portuguese, _ = prompts.sentence(error.type.name, "pt", **error.blanks)
    assert str(error.blanks["reason"]) in english
    assert str(error.blanks["reason"]) not in portuguese
    assert "{" not in english + portuguese


def test_an_encrypted_connection_that_is_none_is_refused(internet):
    error = failure(internet, f"https://{ADDRESS}:8080/", errors.FETCH_FAILED)
    assert error.blanks["reason"].name in ("fetch_tls", "fetch_no_connection")


@pytest.mark.parametrize(
    "kind",
    [
        "image/png",
        "application/octet-stream",
        "application/pdf",
        "text/css",
        "video/mp4",
        "image/svg+xml",
        "multipart/x",
        "text/html-x/y",
    ],
)
def test_what_is_no_text_is_not_read(internet, kind):
    error = failure(
        internet, f"{SITE}/kind?type={kind}".replace("+", "%2B"), errors.FETCH_KIND_REFUSED
    )
    assert error.blanks["kind"] == kind


def test_a_page_that_names_no_kind_is_not_read(internet):
    failure(internet, f"{SITE}/kind", errors.FETCH_KIND_REFUSED)


# Approvals


def test_each_address_of_an_approval_is_read_once_and_no_other(internet, net):
    async def story() -> None:
        yes = approval(f"{SITE}/page/list", f"{SITE}/page/hours")
        await internet.fetch(yes, 1, _unseen)
        for n in (1, 2, -1):
            with pytest.raises(AlvoError) as caught:
                await internet.fetch(yes, n, _unseen)
            assert caught.value.type is errors.APPROVAL_MISMATCH
        await internet.fetch(yes, 0, _unseen)
        await internet.close()

    before = len(net.requests())
    asyncio.run(story())
    assert [asked["path"] for asked in net.requests()[before:]] == ["/page/hours", "/page/list"]


def test_two_uses_at_the_same_moment_are_one(internet, net):
    async def story() -> list[object]:
        yes = approval(f"{SITE}/page/list")
        return await asyncio.gather(
            internet.fetch(yes, 0, _unseen), internet.fetch(yes, 0, _unseen), return_exceptions=True
        )

    before = len(net.requests())
    results = asyncio.run(story())
    assert sorted(type(result).__name__ for result in results) == ["AlvoError", "Page"]
    assert len(net.requests()) == before + 1


def test_an_address_that_was_shown_in_another_spelling_is_not_fetched(internet, net):
    before = len(net.requests())
    failure(internet, f"HTTP://{ADDRESS}/page/list", errors.APPROVAL_MISMATCH)
    assert len(net.requests()) == before


def test_an_approval_of_what_must_not_be_fetched_fetches_nothing(net, tmp_path):
    before = len(net.calls())
    for url in ("http://127.0.0.1/", "file:///etc/passwd"):
        failure(made(net, tmp_path), url, errors.URL_REFUSED)
    assert len(net.calls()) == before


def test_pages_are_read_side_by_side(internet):
    async def story() -> list[Page]:
        yes = approval(
            *[f"{SITE}/page/{name}" for name in ("list", "hours", "faq", "wiki", "shop")]
        )
        pages = await asyncio.gather(*[internet.fetch(yes, n, _unseen) for n in range(5)])
        await internet.close()
        return pages

    assert [page.passages != () for page in asyncio.run(story())] == [True] * 5


def test_closing_ends_every_curl(net, tmp_path):
    internet = made(net, tmp_path, timeout_s=60.0)

    def curls() -> list[psutil.Process]:
        found = []
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                found += [child] if "silence" in " ".join(child.cmdline()) else []
        return found

    async def story() -> None:
        fetching = asyncio.create_task(internet.fetch(approval(f"{SITE}/silence"), 0, _unseen))
        await until(curls)
        await internet.close()
        with pytest.raises(asyncio.CancelledError):
            await fetching
        assert not curls()
        with pytest.raises(AlvoError) as caught:
            await internet.fetch(approval(f"{SITE}/page/list"), 0, _unseen)
        assert caught.value.type is errors.DAEMON_STOPPING

    asyncio.run(story())


# Before a person is asked


def test_addresses_are_shown_as_they_would_be_fetched(internet):
    given = [
        "HTTPS://Bücher.example/ü",
        "https://xn--bcher-kva.example/%C3%BC",
        "http://a.example#x",
    ]
    assert internet.addresses(given, "books") == (
        "https://xn--bcher-kva.example/%C3%BC",
        "http://a.example/",
    )


def test_an_address_that_must_not_be_fetched_is_never_asked_for(internet):
    with pytest.raises(AlvoError) as caught:
        internet.addresses(["https://a.example/", "http://127.1/"], "")
    assert caught.value.type is errors.URL_REFUSED


def test_without_an_address_the_search_is_asked_for_if_there_is_one(net, tmp_path, internet):
    assert internet.addresses((), "who sails") == ()
    searching = made(net, tmp_path, search_url="https://s.example/?q={query}")
    assert searching.addresses((), "who sails?") == ("https://s.example/?q=who+sails%3F",)
    assert searching.addresses(["http://a.example/"], "who") == ("http://a.example/",)
    assert searching.addresses((), "  ") == ()


@pytest.mark.parametrize(
    "url",
    ["nonsense", "http://127.0.0.1/?q={query}", "https://s.example/", "https://{query}.example/"],
)
def test_a_search_address_that_is_none_is_a_mistake_in_the_configuration(net, tmp_path, url):
    with pytest.raises(AlvoError) as caught:
        made(net, tmp_path, search_url=url)
    assert caught.value.type is errors.CONFIG_INVALID
    assert caught.value.blanks["where"] == "internet.search_url"


def test_without_curl_it_says_what_to_install(tmp_path):
    paths = Paths.from_environment({"HOME": str(tmp_path)})
    internet = Internet(SETTINGS, paths, {"PATH": str(tmp_path)}, lookup)
    failure(internet, f"{SITE}/page/list", errors.CURL_MISSING)


# The cache


def test_a_page_that_was_read_is_kept_with_its_time(net, tmp_path):
    url = f"{SITE}/page/list"
    first = made(net, tmp_path)
    assert first.cached(url) is None
    page = fetched(first, url)
    assert made(net, tmp_path).cached(url + "#fares") == page
    assert (tmp_path / ".cache/alvo").stat().st_mode & 0o777 == 0o700


def test_a_page_that_could_not_be_read_is_not_kept(net, tmp_path):
    internet = made(net, tmp_path)
    failure(internet, f"{SITE}/status/404", errors.FETCH_FAILED)
    assert internet.cached(f"{SITE}/status/404") is None
