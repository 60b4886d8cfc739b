"""How a browser comes in: a code that works once, a cookie, and how both end."""

import json
import os
import time
from pathlib import Path

from client.logins import CODE_S, LOGIN_S, Logins
from tests.support.daemon import Home
from tests.support.waiting import wait_until
from tests.support.web import Web


def test_a_code_becomes_a_cookie_once_and_leaves_the_address(web: Web) -> None:
    code = Logins(web.files).offer()
    first = web.ask("GET", f"/login?code={code}", None, {"Sec-Fetch-Site": "none"})
    assert (first.status, first.headers["location"]) == (303, "/")
    cookie = first.headers["set-cookie"]
    assert cookie.startswith(f"alvo_{web.port}=")
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="))
    second = web.ask("GET", f"/login?code={code}", None, {"Sec-Fetch-Site": "none"})
    assert (second.status, "set-cookie" in second.headers) == (401, False)
    page = {"Cookie": cookie.partition(";")[0], "Sec-Fetch-Site": "none"}
    assert web.ask("GET", "/", None, page).status == 200


def test_a_code_from_another_page_is_not_taken_and_stays_good(web: Web) -> None:
    code = Logins(web.files).offer()
    assert (
        web.ask("GET", f"/login?code={code}", None, {"Sec-Fetch-Site": "cross-site"}).status == 403
    )
    assert web.ask("GET", f"/login?code={code}", None, {}).status == 303


def test_a_late_code_is_not_taken(web: Web) -> None:
    logins = Logins(web.files)
    code = logins.offer()
    (kept,) = (web.files / "codes").iterdir()
    late = time.time() - CODE_S - 1
    os.utime(kept, (late, late))
    assert web.ask("GET", f"/login?code={code}", None, {}).status == 401


def test_guessing_codes_is_soon_not_even_looked_at(web: Web) -> None:
    statuses = [web.ask("GET", f"/login?code={n}", None, {}).status for n in range(25)]
    assert (statuses[0], statuses[-1]) == (401, 429)
    good = Logins(web.files).offer()
    assert web.ask("GET", f"/login?code={good}", None, {}).status == 429


def test_a_revoked_login_is_out_at_once(web: Web) -> None:
    web.log_in()
    assert web.as_page("GET", "/api/v1/status").status == 200
    listed = json.loads(web.home.run("alvo", "web", "--logins", "--json").stdout)["logins"]
    done = web.home.run("alvo", "web", "--revoke", listed[0]["id"])
    assert done.returncode == 0
    assert web.as_page("GET", "/api/v1/status").status == 401
    assert "No browser" in web.home.run("alvo", "web", "--logins").stderr
    assert web.home.run("alvo", "web", "--revoke", listed[0]["id"]).returncode == 1


def test_a_browser_can_log_itself_out(web: Web) -> None:
    web.log_in()
    reply = web.as_page("POST", "/logout")
    assert (reply.status, "Max-Age=0" in reply.headers["set-cookie"]) == (303, True)
    assert web.as_page("GET", "/api/v1/status").status == 401


def test_an_old_login_is_over(tmp_path: Path) -> None:
    logins = Logins(tmp_path / "web")
    secret = logins.redeem(logins.offer(), "a browser")
    assert secret is not None
    assert logins.known(secret) is not None
    (kept,) = (tmp_path / "web" / "logins").iterdir()
    old = time.time() - LOGIN_S - 1
    os.utime(kept, (old, old))
    assert logins.known(secret) is None
    assert logins.all() == []


def test_no_secret_of_a_browser_is_on_the_disk_and_all_is_private(web: Web) -> None:
    cookie = web.log_in().partition("=")[2]
    code = Logins(web.files).offer()
    for path in [web.files, *web.files.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path
        assert cookie not in path.name
        assert code not in path.name
        if path.is_file():
            assert cookie not in path.read_text()


def test_two_that_ask_first_get_the_same_token(tmp_path: Path) -> None:
    assert Logins(tmp_path / "web").token() == Logins(tmp_path / "web").token()
    assert list((tmp_path / "web").glob("token.*")) == []


def test_a_person_without_a_login_is_told_in_their_language_what_to_do(web: Web) -> None:
    reply = web.ask("GET", "/waiting", None, {"Accept": "text/html", "Accept-Language": "pt-BR,pt"})
    text = reply.body.decode()
    assert reply.status == 401
    assert "Você não entrou" in text
    assert "<code>alvo web</code>" in text
    assert "<script" not in text


def test_alvo_web_starts_a_bridge_and_prints_an_address_that_works(home: Home) -> None:
    home.start()
    first = json.loads(home.run("alvo", "web", "--json", "--port", "0").stdout)
    try:
        again = json.loads(home.run("alvo", "web", "--json").stdout)
        assert (again["pid"], again["port"]) == (first["pid"], first["port"])
        assert again["url"] != first["url"]
        address = home.run("alvo", "web", "--no-open").stdout
        assert address.startswith(f"http://127.0.0.1:{first['port']}/login?code=")
        token = home.run("alvo", "web", "--token").stdout.strip()
        assert token == home.run("alvo-web", "--token").stdout.strip()
    finally:
        os.kill(first["pid"], 15)
    wait_until(lambda: not (home.place / "state/alvo/web/bridge.json").exists())


def test_where_there_is_a_screen_the_browser_is_opened(web: Web, tmp_path: Path) -> None:
    opener = tmp_path / "xdg-open"
    opener.write_text(f'#!/bin/sh\nprintf %s "$1" > {tmp_path}/opened\n')
    opener.chmod(0o755)
    path = f"{tmp_path}:{web.home.environ['PATH']}"
    done = web.home.run("alvo", "web", environ={"DISPLAY": ":9", "PATH": path})
    assert (done.returncode, done.stdout) == (0, "")
    assert web.origin in done.stderr
    assert "code=" not in done.stderr
    address = (tmp_path / "opened").read_text().removeprefix(web.origin)
    assert web.ask("GET", address, None, {"Sec-Fetch-Site": "none"}).status == 303


def test_a_bridge_does_not_open_itself_to_the_network_unencrypted(home: Home) -> None:
    done = home.run("alvo-web", "--host", "0.0.0.0", "--port", "0")
    assert (done.returncode, "--tls-cert" in done.stderr) == (1, True)
    done = home.run("alvo-web", "--behind-proxy", "http://plain.example", "--port", "0")
    assert (done.returncode, "--tls-cert" in done.stderr) == (1, True)


def test_a_port_that_is_taken_is_a_sentence(web: Web) -> None:
    done = web.home.run("alvo-web", "--port", str(web.port))
    assert (done.returncode, f"127.0.0.1:{web.port}" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr


def test_a_page_lists_the_browsers_that_are_in_and_puts_one_out(web: Web) -> None:
    other = web.log_in()
    mine = web.log_in()
    listed = web.as_page("GET", "/api/v1/logins").json["logins"]
    assert [one["current"] for one in listed].count(True) == 1
    [theirs] = [one["id"] for one in listed if not one["current"]]
    left = web.as_page("DELETE", "/api/v1/logins", {"id": theirs}).json["logins"]
    assert [one["current"] for one in left] == [True]
    page = {"Cookie": other, "Sec-Fetch-Site": "same-origin"}
    assert web.ask("GET", "/api/v1/logins", None, page).status == 401
    assert web.ask("GET", "/", None, {**page, "Cookie": mine}).status == 200
    assert web.as_page("DELETE", "/api/v1/logins", {"id": 7}).status == 422
    assert web.as_page("DELETE", "/api/v1/logins", {}).status == 422
