"""`alvo prompt`: one line for the prompt of bash or zsh when something waits, else nothing.

It is called before every prompt: it starts no daemon, wakes none, and never waits for long.
"""

from __future__ import annotations

import json
import os
import socket
import time
from argparse import Namespace

from client import place
from client.connection import VERSION, refuse_foreign
from client.console import Console
from client.remote import EXIT_OK, RemoteError
from client.usage import Parser

WITHIN_S = 0.05
_PIECE = 65536


def arguments(parser: Parser, name: str) -> None:
    assert name == "prompt"
    del parser  # it takes no words


def run(console: Console, name: str, given: Namespace) -> int:
    assert name == "prompt"
    del given
    path = place.socket_path(console.environ)
    try:
        waiting = _waiting(console, path) if _is_running(path) else 0
    except (OSError, ValueError, KeyError, TypeError, RemoteError):
        waiting = 0
    if waiting:
        console.result(console.words("prompt_waits", count=waiting) + "\n")
    return EXIT_OK


def _is_running(path: str) -> bool:
    """By the kernel's list of locks: to connect might start a daemon (socket activation)."""
    try:
        lock = os.stat(f"{path}.lock")  # noqa: PTH116  (pathlib costs 6 ms)
        with open("/proc/locks", encoding="ascii") as locks:  # noqa: PTH123  (as above)
            wanted = f"{os.major(lock.st_dev):02x}:{os.minor(lock.st_dev):02x}:{lock.st_ino}"
            return any(f" {wanted} " in line for line in locks)
    except OSError:
        return False


def _waiting(console: Console, path: str) -> int:
    """How many flows wait for their person."""
    deadline = time.monotonic() + WITHIN_S
    language = console.words.language
    hello = {"client": "script", "version": VERSION, "language": language}
    calls: tuple[tuple[str, dict[str, str]], ...] = (("daemon.hello", hello), ("daemon.status", {}))
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as opened:
        opened.settimeout(WITHIN_S)
        opened.connect(path)
        refuse_foreign(opened, console.words)
        for number, (method, params) in enumerate(calls):
            call = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            opened.sendall(json.dumps(call).encode() + b"\n")
        received = b""
        while received.count(b"\n") < len(calls):
            opened.settimeout(max(deadline - time.monotonic(), 0.001))
            piece = opened.recv(_PIECE)
            if not piece or time.monotonic() > deadline:
                return 0
            received += piece
    replies = [json.loads(line) for line in received.splitlines()]
    return next(int(reply["result"]["flows_waiting"]) for reply in replies if reply["id"] == 1)
