"""`alvo web`: opens Alvo in the browser; the token of programs; the logins of browsers."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from argparse import Namespace

from client import bridge
from client.console import Console
from client.logins import Login, Logins
from client.remote import EXIT_OK, RemoteError
from client.start import is_up, start_daemon
from client.usage import Parser
from daemon.protocol.escape import escape


def arguments(parser: Parser, name: str) -> None:
    assert name == "web"
    parser.option("--port", help_="help_web_port", type=int, metavar="N")
    parser.option("--no-open", help_="help_web_no_open", action="store_true")
    parser.option("--token", help_="help_web_token", action="store_true")
    parser.option("--logins", help_="help_web_logins", action="store_true")
    parser.option("--revoke", help_="help_web_revoke", metavar="ID")
    parser.json()


def run(console: Console, name: str, given: Namespace) -> int:
    assert name == "web"
    logins = Logins.from_environment(console.environ)
    if given.token:
        console.result(logins.token() + "\n")
    elif given.logins:
        _list(console, logins, as_json=given.json)
    elif given.revoke is not None:
        _revoke(console, logins, given.revoke)
    else:
        _open(console, logins, given)
    return EXIT_OK


def _open(console: Console, logins: Logins, given: Namespace) -> None:
    if not is_up(console):
        start_daemon(console)
    running = bridge.find(console.environ)
    if running is None or given.port not in (None, running.port):
        port = [] if given.port is None else ["--port", str(given.port)]
        running = bridge.start(console, port)
    url = f"{running.url}/login?code={logins.offer()}"
    if given.json:
        console.document({"url": url, "pid": running.pid, "port": running.port})
    elif not given.no_open and _has_screen(console) and _opened(url):
        console.say(console.words("web_opened", url=running.url))
    else:
        console.say(console.words("web_open_yourself"))
        console.result(url + "\n")


def _has_screen(console: Console) -> bool:
    return bool(console.environ.get("DISPLAY") or console.environ.get("WAYLAND_DISPLAY"))


def _opened(url: str) -> bool:
    # The code is in the arguments of a process for a moment; it is used up by the first that
    # brings it, and the bridge lets in no other user of this machine.
    opener = shutil.which("xdg-open")
    if opener is None:
        return False
    try:
        done = subprocess.run(
            [opener, url],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd=os.path.expanduser("~"),  # noqa: PTH111  (as elsewhere in the client)
            timeout=20,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True  # A browser that was not running yet stays in the foreground.
    return done.returncode == 0


def _list(console: Console, logins: Logins, *, as_json: bool) -> None:
    found = logins.all()
    if as_json:
        rows = [
            {"id": one.id, "browser": one.browser, "created_at": _utc(one.created), "used_at": _utc(one.used)}
            for one in found
        ]  # fmt: skip
        console.document({"logins": rows})
        return
    if not found:
        console.say(console.words("web_no_logins"))
    for one in found:
        console.screen(_line(console, one))


def _line(console: Console, login: Login) -> str:
    created, used = (_local(moment) for moment in (login.created, login.used))
    blanks = {"id": login.id, "created": created, "used": used, "browser": escape(login.browser)}
    return console.words("web_login", **blanks) + "\n"


def _revoke(console: Console, logins: Logins, id_: str) -> None:
    gone = logins.revoke(id_)
    if not gone and id_ != "all":
        raise RemoteError(
            1824, "WEB_LOGIN_NOT_FOUND", *console.words.sentence("WEB_LOGIN_NOT_FOUND", login=id_)
        )
    console.say(console.words("web_revoked", count=len(gone)))


def _utc(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def _local(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))
