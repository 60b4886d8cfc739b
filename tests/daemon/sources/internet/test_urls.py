"""One spelling for each address; whatever could be read in two ways is refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.sources.internet.urls import MAX_URL, follow, parse, search

LOOPBACK = [
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "0177.0.0.1",
    "0177.0.0.01",
    "00177.0.0.1",
    "017700000001",
    "0x7f.0.0.1",
    "0x7f000001",
    "0X7F.0.0.0X1",
    "0x7f.1",
    "2130706433",
    "02130706433",
    "127.000.000.001",
    "127.0.0.1.0",
    "0",
    "0.0.0.0",
    "0x0",
    "127.0.0.256",
    "1.2.3",
    "①②⑦.⓪.⓪.①",
    "１２７.０.０.１",
    "127。0。0。1",
    "127．0．0．1",
    "127｡0｡0｡1",
    "%31%32%37.0.0.1",
    "127.0.0.1%20",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "foo.localhost",
    "ｌocalhost",
    "ⓛocalhost",
    "loc%61lhost",
    "l\xadocalhost",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fc00::1]",
    "[::ffff:0:127.0.0.1]",
    "[1::7f00:1]",
    "[v1.x]",
    "[127.0.0.1]",
    "::1",
    "٤.٤.٤.٤",
    "10.1.2.3",
    "169.254.169.254",
    "192.168.1.1",
]


def refusal(text: str) -> AlvoError:
    with pytest.raises(AlvoError) as caught:
        parse(text)
    assert caught.value.type is errors.URL_REFUSED
    return caught.value


@pytest.mark.parametrize("host", LOOPBACK)
@pytest.mark.parametrize("form", ["http://{}/", "https://{}:8443/a?b#c"])
def test_no_spelling_of_a_local_address_is_taken(host, form):
    refusal(form.format(host))


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("file:///etc/passwd", "url_scheme"),
        ("gopher://a.example/", "url_scheme"),
        ("ftp://a.example/", "url_scheme"),
        ("javascript:alert(1)", "url_scheme"),
        ("//a.example/", "url_scheme"),
        ("a.example", "url_scheme"),
        ("http:a.example", "url_scheme"),
        ("http:/a.example", "url_scheme"),
        ("http://", "url_host"),
        ("http:///path", "url_host"),
        ("http://user@a.example/", "url_credentials"),
        ("http://user:word@a.example/", "url_credentials"),
        ("http://a.example@127.0.0.1/", "url_credentials"),
        ("http://@a.example/", "url_credentials"),
        ("http://a.example:22/", "url_port"),
        ("http://a.example:6379/", "url_port"),
        ("http://a.example:0/", "url_host"),
        ("http://a.example:080/", "url_host"),
        ("http://a.example:/", "url_host"),
        ("http://a.example:80:80/", "url_host"),
        ("http://a.example:99999/", "url_port"),
        ("http://a.example:８０/", "url_host"),
        ("http://a.example\\@b.example/", "url_characters"),
        ("http://a.example/ b", "url_characters"),
        (" http://a.example/", "url_characters"),
        ("http://a.example/\r\nHost: b", "url_characters"),
        ("http://a.example/\0", "url_characters"),
        ("http://a.example/\u202ereversed", "url_characters"),
        ("http://a.exa\u200bmple/", "url_characters"),
        ("http://a.exa\tmple/", "url_characters"),
        ("http://intranet/", "url_host"),
        ("http://a..example/", "url_host"),
        ("http://.example/", "url_host"),
        ("http://-a.example/", "url_host"),
        ("http://a_b.example/", "url_host"),
        ("http://*.example/", "url_host"),
        ("http://{a,b}.example/", "url_host"),
        ("http://[a.example]/", "url_host"),
        ("http://xn--a.example/", "url_host"),
        (f"http://{'a' * 64}.example/", "url_host"),
        (f"http://{'a.' * 130}example/", "url_host"),
        ("http://printer.local/", "url_local"),
        ("http://db.internal/", "url_local"),
        ("http://abcdefgh.onion/", "url_local"),
        ("http://a.example/" + "a" * MAX_URL, "url_long"),
    ],
)
def test_what_is_refused_says_why(text, phrase):
    assert refusal(text).blanks["reason"].name == phrase


def test_a_password_is_not_repeated_in_the_refusal():
    assert "hunter2" not in str(refusal("https://me:hunter2@a.example/").blanks)


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("http://a.example", "http://a.example/"),
        ("HTTP://A.Example:80/Path", "http://a.example/Path"),
        ("https://a.example:443/?q=1#there", "https://a.example/?q=1"),
        ("https://a.example:8443", "https://a.example:8443/"),
        ("https://a.example?q=1", "https://a.example/?q=1"),
        ("https://pt.example/wiki/São_Paulo", "https://pt.example/wiki/S%C3%A3o_Paulo"),
        ("https://pt.example/wiki/S%C3%A3o_Paulo", "https://pt.example/wiki/S%C3%A3o_Paulo"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://BÜCHER.example/", "https://xn--bcher-kva.example/"),
        ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
        # Cyrillic а: what is shown is not what it looks like.
        ("https://\u0430pple.example/", "https://xn--pple-43d.example/"),
        ("http://93.184.216.34/a", "http://93.184.216.34/a"),
        ("http://[2606:2800:0220:1::1]:8080/", "http://[2606:2800:220:1::1]:8080/"),
        ("http://a.example/../b/./c", "http://a.example/../b/./c"),
        ("http://a.example/[x]{y}<z>|", "http://a.example/[x]%7By%7D%3Cz%3E%7C"),
        ("http://a.example/it's?a=(b)&c=*", "http://a.example/it's?a=(b)&c=*"),
        ("http://r3---sn-a5.example/", "http://r3---sn-a5.example/"),
    ],
)
def test_each_address_has_one_spelling(text, spelling):
    assert parse(text).text == spelling
    assert parse(spelling).text == spelling


@given(st.text(max_size=60), st.sampled_from(["http://", "https://a.example", "http://a.example/"]))
def test_any_text_is_refused_or_has_a_spelling_that_stays(text, start):
    spelling = "http://refused.example/"
    with contextlib.suppress(AlvoError):
        spelling = parse(start + text).text
    assert parse(spelling).text == spelling
    assert spelling.isascii()
    assert not set(spelling) & set(' "<>\\^`{|}\n')


@pytest.mark.parametrize(
    ("location", "leads_to"),
    [
        ("/b", "https://a.example/b"),
        ("b?c", "https://a.example/x/b?c"),
        ("//b.example/", "https://b.example/"),
        ("https://B.example", "https://b.example/"),
        (" /b", "https://a.example/b"),
    ],
)
def test_a_redirect_is_read_as_browsers_do(location, leads_to):
    assert follow(parse("https://a.example/x/y"), location).text == leads_to


@pytest.mark.parametrize(
    ("location", "phrase"),
    [
        ("http://a.example/", "url_downgrade"),
        ("file:///etc/passwd", "url_scheme"),
        ("http://127.0.0.1/", "url_local"),
        ("https://[::1]/", "url_local"),
        ("https://2130706433/", "url_host"),
        ("//user@b.example/", "url_credentials"),
        ("https://b.example:25/", "url_port"),
        ("/a\tb", "url_characters"),
        ("https://[", "url_host"),
    ],
)
def test_a_redirect_is_refused_for_all_that_an_address_is(location, phrase):
    with pytest.raises(AlvoError) as caught:
        follow(parse("https://a.example/"), location)
    assert caught.value.type is errors.URL_REFUSED
    assert caught.value.blanks["reason"].name == phrase


def test_a_redirect_may_lead_from_http_to_https():
    assert follow(parse("http://a.example/"), "https://a.example/").text == "https://a.example/"


def test_a_query_cannot_leave_its_place_in_the_search_address():
    found = search("https://s.example/?q={query}&x=1", "a&b=c#d /é@h")
    assert found.text == "https://s.example/?q=a%26b%3Dc%23d+%2F%C3%A9%40h&x=1"
