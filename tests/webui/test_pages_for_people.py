"""What goes wrong is told to a person as a page, and to a program as JSON."""

import pytest

from tests.support.web import Web

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Sec-Fetch-Mode": "navigate"}
NOWHERE = ("/nowhere", "/flows", "/agents/a/b", "/static/nowhere.js", "/api/v1/nowhere", "/rpcs")


@pytest.mark.parametrize("path", NOWHERE)
def test_an_address_that_does_not_exist_is_the_interface_and_still_a_404(
    shared: Web, path: str
) -> None:
    reply = shared.as_page("GET", path, **BROWSER)
    assert (reply.status, reply.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert reply.body == shared.as_page("GET", "/").body
    assert "unsafe" not in reply.headers["content-security-policy"]


@pytest.mark.parametrize("path", NOWHERE)
def test_who_is_not_logged_in_learns_nothing_of_what_exists(shared: Web, path: str) -> None:
    there, nowhere = (
        shared.ask("GET", one, None, {"Sec-Fetch-Site": "none", **BROWSER})
        for one in ("/waiting", path)
    )
    assert (nowhere.status, nowhere.body) == (there.status, there.body)
    assert nowhere.status == 401
    assert b"<code>alvo web</code>" in nowhere.body
    assert nowhere.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", NOWHERE)
def test_a_program_gets_json_as_ever(shared: Web, path: str) -> None:
    for accepted in ("*/*", "application/json", "application/json, text/html;q=0.5"):
        reply = shared.call("GET", path, headers={"Accept": accepted})
        assert (reply.status, reply.error) == (404, "WEB_NOT_FOUND")
    script = {"Accept": "text/html", "Sec-Fetch-Mode": "cors"}
    assert shared.as_page("GET", path, **script).error == "WEB_NOT_FOUND"


def test_a_method_that_is_refused_is_told_on_a_page(shared: Web) -> None:
    reply = shared.as_page("GET", "/rpc", **BROWSER, **{"Accept-Language": "pt-BR"})
    assert (reply.status, reply.headers["allow"]) == (405, "POST")
    assert reply.body.startswith(b'<!doctype html><html lang="pt">')
    assert "script-src" not in reply.headers["content-security-policy"]
    assert shared.as_page("GET", "/rpc").error == "WEB_METHOD_REFUSED"


def test_so_is_a_request_of_a_kind_that_is_not_taken(shared: Web) -> None:
    reply = shared.as_page("GET", f"/{'x' * 5000}", **BROWSER)
    assert (reply.status, reply.headers["connection"]) == (400, "close")
    assert reply.body.startswith(b"<!doctype html>")


def test_what_such_a_page_says_of_a_request_is_text(shared: Web) -> None:
    reply = shared.as_page("GET", "/api/v1/agents/%3Cscript%3E1", **BROWSER)
    assert reply.status == 404
    assert b"<script" not in reply.body
    assert b"&lt;script&gt;1" in reply.body
