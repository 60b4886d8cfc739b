"""The door's limits: paths, sizes, slowness, numbers, users, and what it tells to whom."""

import contextlib
import os
import socket
import subprocess
import time
from dataclasses import replace

import pytest

from tests.support.hostile import rpc, static, status
from tests.support.waiting import wait_until
from tests.support.web import Web

TRAVERSALS = (
    "/static/../__main__.py",
    "/static/%2e%2e/__main__.py",
    "/static/..%2f__main__.py",
    "/static/%2e%2e%2f__main__.py",
    "/static/..%5c__main__.py",
    "/static/%252e%252e/__main__.py",
    "/static/....//__main__.py",
    "/static/./../__main__.py",
    "/static/%c0%ae%c0%ae/__main__.py",
    "/static/index.html/../../__main__.py",
    "/static//etc/passwd",
    "/static/%2fetc%2fpasswd",
    "/static/../../../../../../etc/passwd",
    "/static/index.html%00.js",
    "/static/~/../__main__.py",
    "/static/",
    "/static",
    "/static/.",
    "/static/vendor/",
    "/__main__.py",
    "/.git/config",
    "/flows/../static/../__main__.py",
)


@pytest.mark.parametrize("target", TRAVERSALS)
def test_no_path_leads_to_a_file_that_is_not_served(shared: Web, target: str) -> None:
    ask = replace(static(shared), target=target)
    for reply in shared.raw(ask.bytes()):
        assert reply.status in (400, 404)


def test_a_body_that_grows_beyond_the_limit_is_cut_off(shared: Web) -> None:
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    ask = rpc(shared).without("content-length").plus(("Transfer-Encoding", "chunked"))
    found = shared.raw(replace(ask, body=piece * 200).bytes())
    assert [reply.status for reply in found] in ([413], [])


@pytest.mark.slow
def test_a_head_that_never_ends_holds_no_place(shared: Web) -> None:
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", shared.port), timeout=30) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost:")
        while time.monotonic() - begun < 25:
            assert shared.ask("GET", "/health", None, {}).status == 200
            try:
                slow.settimeout(0.5)
                if slow.recv(1) == b"":
                    break
            except TimeoutError:
                slow.sendall(b"x")
            except OSError:
                break
    assert time.monotonic() - begun < 20


def test_many_wrong_tokens_lock_nobody_out_who_has_the_right_one(web: Web) -> None:
    statuses = [
        web.call("GET", "/api/v1/status", headers={"Authorization": f"Bearer {n}"}).status
        for n in range(30)
    ]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert web.call("GET", "/api/v1/status").status == 200


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can become somebody else")
def test_another_user_of_the_machine_is_refused_even_with_the_token(shared: Web) -> None:
    for credentials in (f"Authorization: Bearer {shared.token}", f"Cookie: {shared.cookie}"):
        words = ["-H", credentials, "-H", f"Origin: {shared.origin}"]
        done = subprocess.run(
            ["curl", "-s", "-m", "10", *words, f"{shared.origin}/api/v1/status"],
            user=65534,
            capture_output=True,
            text=True,
            check=True,
        )
        assert '"WEB_USER_REFUSED"' in done.stdout


def test_tabs_with_an_old_cookie_do_not_keep_their_person_from_logging_in(web: Web) -> None:
    name = web.log_in().partition("=")[0]
    old = {"Cookie": f"{name}=old", "Origin": web.origin}
    assert [web.ask("GET", "/", None, old).status for _ in range(30)][-1] == 429
    web.log_in()
    assert web.as_page("GET", "/api/v1/status").status == 200


def test_the_token_is_in_no_log(shared: Web) -> None:
    assert shared.call("GET", "/api/v1/status").status == 200
    assert shared.token not in shared.log()
    assert shared.cookie.partition("=")[2] not in shared.log()


def test_health_is_told_to_anyone_and_tells_nothing_else(shared: Web) -> None:
    reply = shared.raw(b"GET /health HTTP/1.1\r\nHost: monitor.example\r\n\r\n")[0]
    assert (reply.status, reply.json) == (200, {"status": "ok", "daemon": True})


def test_more_connections_than_there_is_room_for_do_not_stop_those_that_are_there(web: Web) -> None:
    with socket.create_connection(("127.0.0.1", web.port), timeout=30) as kept:
        ask = status(web)
        kept.sendall(ask.bytes())
        assert kept.recv(65536).startswith(b"HTTP/1.1 200")
        idle = [socket.create_connection(("127.0.0.1", web.port)) for _ in range(600)]
        kept.sendall(ask.bytes())
        assert kept.recv(65536).startswith(b"HTTP/1.1 200")
        for one in idle:
            one.close()

    def has_room() -> bool:
        # Until the closed ones are noticed, a new one may still be cut off.
        with contextlib.suppress(ConnectionError):
            return web.call("GET", "/api/v1/status").status == 200
        return False

    wait_until(has_room)
