"""The parsing child: what it may do, and what becomes of it when a file is hostile."""

import json
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import psutil
import pytest

from daemon.protocol.errors import AlvoError
from embed_tool import parsing
from embed_tool.blocks import Kind
from embed_tool.parsing import ParseLimits, Parsers
from tests.support import documents

ROOM = 1 << 30


@pytest.fixture
def parsers():
    made = Parsers(ParseLimits(timeout_s=30, memory_bytes=ROOM))
    yield made
    made.close()


def children() -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process().children()
        if "embed_tool.parser_child" in " ".join(child.cmdline())
    ]


def failure(parsers: Parsers, kind: Kind, content: bytes) -> AlvoError:
    with pytest.raises(AlvoError) as caught:
        parsers.parse(kind, "/the/path", content)
    assert caught.value.blanks["path"] == "/the/path"
    return caught.value


def with_child(monkeypatch, tmp_path: Path, body: str) -> None:
    """Puts another program in the place of the child: one that has been taken over."""
    script = tmp_path / "child.py"
    script.write_text(
        textwrap.dedent("""
            import os, struct, sys, time
            def send(payload):
                sys.stdout.buffer.write(struct.pack("!II", 0, len(payload)) + payload)
                sys.stdout.buffer.flush()
            def receive():
                head, size = struct.unpack("!II", sys.stdin.buffer.read(8))
                return sys.stdin.buffer.read(head + size)
            send(b'{"guards":{}}')
            receive()
        """)
        + textwrap.dedent(body)
    )
    monkeypatch.setattr(parsing, "_COMMAND", (sys.executable, str(script)))


def test_one_child_reads_many_files(parsers):
    for n in range(50):
        blocks = parsers.parse(Kind.MARKDOWN, "x.md", f"# T\n\ntext {n}\n".encode()).blocks
        assert blocks[1].text == f"text {n}"
    assert len(children()) == 1


def test_threads_have_a_child_each_and_no_more_than_there_may_be(parsers):
    def read() -> None:
        for _ in range(20):
            parsers.parse(Kind.PDF, "x.pdf", documents.pdf([["text"]] * 20))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= len(children()) <= 2
    parsers.close()
    assert children() == []


def test_a_file_that_is_broken_leaves_the_child_in_use(parsers):
    failure(parsers, Kind.PDF, b"%PDF-1.4 nothing")
    (before,) = children()
    failure(parsers, Kind.DOCX, documents.zip_bomb(300 << 20))
    assert failure(parsers, Kind.PDF, documents.encrypted_pdf()).type.name == "DOCUMENT_ENCRYPTED"
    assert children() == [before]
    assert parsers.parse(Kind.TEXT, "x", b"fine").blocks[0].text == "fine"


def test_a_file_that_takes_too_long_is_stopped_and_the_next_one_read(tmp_path):
    parsers = Parsers(ParseLimits(timeout_s=0.3, memory_bytes=ROOM))
    slow = ("".join(f"{'>' * 60} x\n" for n in range(60_000))).encode()
    began = time.monotonic()
    assert failure(parsers, Kind.MARKDOWN, slow).type.name == "DOCUMENT_TIMEOUT"
    assert time.monotonic() - began < 5
    assert children() == []
    assert parsers.parse(Kind.TEXT, "x", b"fine").blocks[0].text == "fine"
    parsers.close()


def test_a_file_that_takes_too_much_memory_is_stopped_and_the_next_one_read():
    parsers = Parsers(ParseLimits(timeout_s=30, memory_bytes=300 << 20))
    error = failure(parsers, Kind.TEXT, b"word\n\n" * (20 << 20))
    assert error.blanks["reason"] in ("memory", "crashed")
    assert parsers.parse(Kind.TEXT, "x", b"fine").blocks[0].text == "fine"
    parsers.close()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("os.kill(os.getpid(), 11)", "crashed"),
        ("os._exit(0)", "crashed"),
        ("os._exit(3)", "memory"),
        ("send(b'not json'); time.sleep(60)", "garbage"),
        ("send(b'[]')", "garbage"),
        ("send(b'{}')", "garbage"),
        ("sys.stdout.buffer.write(b'\\xff' * 100); sys.stdout.flush(); time.sleep(60)", "garbage"),
        (
            (
                """send(b'{"extract":{"title":"","unit":"line","blocks":[{"kind":"code","text":"x","""
                """"headings":[],"first":-5,"last":1}]}}')"""
            ),
            "garbage",
        ),
        (
            (
                """send(b'{"extract":{"title":"","unit":"line","blocks":[{"kind":"code","text":"x","""
                """"headings":["' + b'h' * 9999 + b'"],"first":1,"last":1}]}}')"""
            ),
            "garbage",
        ),
    ],
)
def test_a_child_that_was_taken_over_costs_one_file(monkeypatch, tmp_path, parsers, body, reason):
    with_child(monkeypatch, tmp_path, body)
    assert failure(parsers, Kind.TEXT, b"text").blanks["reason"] == reason
    monkeypatch.undo()
    assert parsers.parse(Kind.TEXT, "x", b"fine").blocks[0].text == "fine"


def test_an_error_of_the_child_can_name_no_other_path(monkeypatch, tmp_path, parsers):
    with_child(
        monkeypatch,
        tmp_path,
        """send(b'{"refusal":{"error":"STORE_DAMAGED","reason":"' + b'z' * 9999 + b'"}}')""",
    )
    error = failure(parsers, Kind.TEXT, b"text")
    assert error.type.name == "DOCUMENT_UNREADABLE"
    assert len(error.blanks["reason"]) == 300


def test_a_worn_child_that_dies_is_given_the_file_once_more(parsers):
    parsers.parse(Kind.TEXT, "x", b"first")
    (child,) = children()
    child.kill()
    child.wait()
    assert parsers.parse(Kind.TEXT, "x", b"second").blocks[0].text == "second"


def test_what_the_child_is_given_holds_no_keys(parsers, monkeypatch, tmp_path):
    monkeypatch.setenv("GEMINI_API_KEY", "canary")
    told = """
        told = os.getcwd() + " " + " ".join(sorted(set(os.environ) - {"LC_CTYPE"}))
        send(('{"refusal":{"error":"X","reason":"' + told + '"}}').encode())
    """
    with_child(monkeypatch, tmp_path, told)
    assert failure(parsers, Kind.TEXT, b"text").blanks["reason"] == "/ "


def test_code_in_the_child_reaches_no_file_network_program_or_process(tmp_path):
    """As far as this machine's kernel goes; what took hold is said, and must then hold."""
    secret = tmp_path / "secret"
    secret.write_text("canary")
    probe = textwrap.dedent(f"""
        import ctypes, json, os, socket, subprocess, sys
        from embed_tool.sandbox import confine
        guards = confine({ROOM})
        done = []
        def attempt(name, what):
            try:
                what()
                done.append(name)
            except (OSError, MemoryError, RuntimeError):
                pass
        attempt("inet", lambda: socket.create_connection(("127.0.0.1", 1), 1))
        attempt("socket", socket.socket)
        attempt("unix", lambda: socket.socket(socket.AF_UNIX))
        attempt("read", lambda: open({str(secret)!r}).read())
        attempt("list", lambda: os.listdir({str(tmp_path)!r}))
        attempt("write", lambda: open({str(tmp_path / "new")!r}, "w").write("x"))
        attempt("unlink", lambda: os.unlink({str(secret)!r}))
        attempt("truncate", lambda: os.truncate({str(secret)!r}, 0))
        attempt("times", lambda: os.utime({str(secret)!r}, (1, 1)))
        attempt("attribute", lambda: os.setxattr({str(secret)!r}, "user.x", b"x"))
        attempt("chmod", lambda: os.chmod({str(secret)!r}, 0o777))
        attempt("fork", os.fork)
        attempt("exec", lambda: subprocess.run(["/bin/true"]))
        attempt("signal", lambda: os.kill(os.getppid(), 0))
        attempt("memory", lambda: bytearray({2 * ROOM}))
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.ptrace(16, os.getppid(), 0, 0) == 0:
            done.append("ptrace")
        import docx, lxml.html, pypdfium2, charset_normalizer, encodings.cp1251
        print(json.dumps([guards.landlock, guards.seccomp, done]))
    """)
    ran = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd="/"
    )
    landlock, seccomp, done = json.loads(ran.stdout)
    if landlock and seccomp:
        assert done == []
    assert "memory" not in done
    assert secret.read_text() == "canary"
