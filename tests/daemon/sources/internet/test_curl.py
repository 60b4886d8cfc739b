"""What curl is told, and how its answer is read."""

import itertools

import pytest

from daemon.protocol.errors import AlvoError
from daemon.sources.internet.curl import Limits, arguments, find, parse_head
from daemon.sources.internet.urls import parse

LIMITS = Limits(timeout_s=7.5, max_bytes=1000)


def told(url: str, *pins: str) -> list[str]:
    return arguments(parse(url), pins, LIMITS, "/dev/fd/9")


def test_curl_gets_exactly_the_guarded_options():
    command = told("https://a.example/b?c", "1.1.1.1", "2606:2800:220:1::1")
    assert command[:8] == [
        "-q",
        "-g",
        "-s",
        "--noproxy",
        "*",
        "--proto",
        "=http,https",
        "--max-redirs",
    ]
    pairs = list(itertools.pairwise(command))
    assert ("--max-redirs", "0") in pairs
    assert ("--max-time", "7.500") in pairs
    assert ("--max-filesize", "1000") in pairs
    assert ("--resolve", "a.example:443:1.1.1.1,[2606:2800:220:1::1]") in pairs
    assert command[-2:] == ["--", "https://a.example/b?c"]
    forbidden = {
        "-L",
        "--location",
        "-k",
        "--insecure",
        "-b",
        "-c",
        "-n",
        "-e",
        "-x",
        "-K",
        "-o",
        "-O",
        "-u",
    }
    assert not forbidden & set(command)


def test_an_address_that_is_no_name_needs_no_pin():
    assert "--resolve" not in told("http://93.184.216.34/")


def test_curl_is_not_taken_from_the_current_folder(tmp_path, monkeypatch):
    (tmp_path / "curl").write_text("#!/bin/sh\n")
    (tmp_path / "curl").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AlvoError) as caught:
        find({"PATH": ".::relative"})
    assert caught.value.type.name == "CURL_MISSING"


@pytest.mark.parametrize(
    ("received", "status", "headers"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Type: a\r\n\r\n", 200, {"content-type": "a"}),
        (b"HTTP/2 404 \r\n\r\n", 404, {}),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\n", 200, {"a": "b"}),
        (b"HTTP/1.0 200 OK\nA:b\n\n", 200, {"a": "b"}),
        (b"HTTP/1.1 200 OK\r\nA: 1\r\na: 2\r\nno colon\r\n\r\n", 200, {"a": "1"}),
    ],
)
def test_a_head_is_read(received, status, headers):
    head = parse_head(received)
    assert head is not None
    assert (head.status, dict(head.headers)) == (status, headers)


@pytest.mark.parametrize(
    "received",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 103 Early\r\n\r\n",
        b"garbage\r\n\r\n",
        b"\r\n\r\n\r\n\r\n",
        b"HTTP/1.1 999 X\r\n\r\n",
    ],
)
def test_what_is_no_head_is_none(received):
    assert parse_head(received) is None
