"""`alvo-embed page`: from the bytes of a page to passages, in the confined child."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from embed_tool.blocks import Kind
from embed_tool.formats import extract

PAGES = Path(__file__).parents[1] / "data" / "pages"
EXPECTED = tomllib.loads((PAGES / "expected.toml").read_text(encoding="utf-8"))
NOISE_LEFT = 0.15
"""How much of what stands around the main texts may be left, of all pages together."""


def read(content: bytes, *arguments: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-I", "-m", "embed_tool", "page", "--json", *arguments],
        input=content,
        capture_output=True,
        env={"HOME": "/nonexistent"},
        timeout=60,
        check=False,
    )
    event: dict[str, object] = json.loads(done.stdout)
    assert (done.returncode == 0) == (event["event"] == "result"), done
    return event


def words_of(content: bytes, kind: Kind = Kind.PAGE) -> str:
    blocks = extract(kind, content).blocks
    return " ".join(" ".join((*block.headings, block.text)) for block in blocks)


@pytest.mark.parametrize("name", EXPECTED)
def test_what_a_reader_wants_of_a_page_is_all_there(name):
    text = words_of((PAGES / f"{name}.html").read_bytes())
    assert [wanted for wanted in EXPECTED[name]["keep"] if wanted not in text] == []


def test_most_of_what_stands_around_the_main_text_is_left_out():
    left = [
        noise
        for name, expected in EXPECTED.items()
        for noise in expected["drop"]
        if noise in words_of((PAGES / f"{name}.html").read_bytes())
    ]
    assert len(left) <= NOISE_LEFT * sum(len(expected["drop"]) for expected in EXPECTED.values()), (
        left
    )


def test_passages_come_with_their_title_and_place():
    event = read((PAGES / "docs.html").read_bytes())
    assert event["title"] == "rotate — Log rotation — Quill 4.2 documentation"
    places = [passage["place"] for passage in event["passages"]]
    assert places == ["Log rotation", "Log rotation › Options", "Log rotation › Example"]


def test_code_in_a_sentence_stays_in_it_and_a_block_of_code_stays_whole():
    text = "\n".join(
        block.text for block in extract(Kind.PAGE, (PAGES / "docs.html").read_bytes()).blocks
    )
    assert "when it passes max_size, and keeps" in text
    assert '[rotate]\nmax_size = "1 GiB"\nkeep = 3' in text


def test_a_page_without_a_main_text_is_read_whole():
    page = b"<html><body><div>Closed</div><div>until Monday</div></body></html>"
    assert "until Monday" in words_of(page)


@pytest.mark.parametrize(
    "content", [b"", b"   ", b"<html></html>", b"<!doctype html><script>1</script>"]
)
def test_a_page_of_nothing_has_no_passages(content):
    event = read(content)
    assert event["passages"] == []


def test_the_servers_word_on_the_encoding_goes_before_the_pages():
    page = (
        '<html><head><meta charset="latin1"><title>é</title></head><body><p>São Luís, às vezes</p>'
    )
    assert "São Luís, às vezes" in str(read(page.encode(), "--charset", "utf-8")["passages"])
    told = read(
        "Olá, são só três cafés".encode("cp1252"), "--type", "text/plain", "--charset", "latin1"
    )
    assert "são só três cafés" in str(told["passages"])


@pytest.mark.parametrize("charset", ["utf-7", "zlib", "rot13", "idna", "undefined", "x" * 300])
def test_what_is_no_encoding_of_text_is_not_used(charset):
    assert "+ADw-b" in str(read(b"a +ADw-b", "--type", "text/plain", f"--charset={charset}"))


def test_json_is_read_record_by_record():
    content = b'{"title": "Stock", "items": [{"sku": "a1", "left": 3}, {"sku": "b2", "left": null}], "n": 2}'
    found = extract(Kind.JSON, content)
    assert found.title == "Stock"
    assert [block.text for block in found.blocks] == [
        "title: Stock\nn: 2",
        "items.1:\nsku: a1\nleft: 3",
        "items.2:\nsku: b2\nleft: null",
    ]


@pytest.mark.parametrize("content", [b"{", b"[" * 100_000, b"\xff\xfe\x00"])
def test_json_that_is_none_is_refused(content):
    event = read(content, "--type", "application/json")
    assert event["name"] == "DOCUMENT_UNREADABLE"


def test_a_feed_is_read_item_by_item():
    feed = b"""<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom">
    <title>Harbour</title><entry><title>Quay 4</title><summary type="html">&lt;p&gt;Closed
    &lt;i&gt;today&lt;/i&gt;&lt;/p&gt;</summary><link href="http://a.example/4"/></entry></feed>"""
    found = extract(Kind.XML, feed)
    assert found.title == "Harbour"
    assert (
        found.blocks[1].text
        == "title: Quay 4\nsummary: Closed today\nlink: href=http://a.example/4"
    )


def test_entities_neither_grow_nor_reach_files():
    lines = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE a [<!ENTITY l0 "ha">{lines}<!ENTITY f SYSTEM "file:///etc/passwd">]><a><b>x &l9; &f;</b></a>'
    event = read(bomb.encode(), "--type", "text/xml")
    assert "haha" not in str(event)
    assert "root:" not in str(event)


def test_what_is_no_text_is_refused():
    assert read(b"\x89PNG", "--type", "image/png")["name"] == "DOCUMENT_UNSUPPORTED"
    assert read(b"a\0b", "--type", "text/plain")["name"] == "DOCUMENT_UNREADABLE"


def test_a_page_that_takes_too_long_is_given_up():
    # What trafilatura is slow on: very many small blocks with very many links.
    page = b"<html><body>" + b"<div><p>some <a href=x>link</a> and text</p></div>" * 200_000
    assert read(page, "--seconds", "0.2")["name"] == "DOCUMENT_TIMEOUT"


def test_the_command_is_the_daemons_and_not_listed():
    shown = subprocess.run(
        [sys.executable, "-m", "embed_tool", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert "page" not in shown.split("options:")[0].split("COMMAND", 1)[1]


def test_neither_the_daemon_nor_the_tool_loads_the_extractor():
    code = (
        "import sys, daemon.sources.internet, embed_tool.__main__, embed_tool.page;"
        "print([name for name in ('trafilatura', 'lxml') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
