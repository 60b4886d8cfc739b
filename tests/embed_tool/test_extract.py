"""The documents of an agent come out as passages, each with where it stands."""

import base64
import stat
from pathlib import Path

import pytest

from daemon.index.materials import Extracted, Form, Spooled
from daemon.protocol import codec
from tests.support.embed_cli import EmbedTool


@pytest.fixture
def extract(tmp_path):
    tool = EmbedTool(tmp_path)
    out = tmp_path / "out.jsonl"

    def run(*documents: Spooled) -> tuple[int, list[Extracted], str]:
        given = tmp_path / "given.jsonl"
        given.write_bytes(b"".join(codec.encode(one) + b"\n" for one in documents))
        ran = tool.run("extract", "--json", "--out", out, given)
        lines = out.read_bytes().splitlines() if out.exists() else []
        return ran.status, [codec.decode(line, Extracted) for line in lines], ran.out

    return run


def test_each_form_is_read_as_what_it_is(extract, tmp_path):
    page = base64.b64encode(b"<h1>Mill</h1><p>The flour comes from there.</p>").decode()
    status, found, _ = extract(
        Spooled(Form.MARKDOWN, "a", "# Oven\n\nIt is lit at five."),
        Spooled(Form.TEXT, "b", "Plain words.", title="Named", part=2),
        Spooled(Form.PAIR, "c", "Nobody does.", question="Who bakes on Sunday?"),
        Spooled(Form.FILE, "/x/mill.html", page),
    )
    assert status == 0
    assert [one.path for one in found] == ["a", "b", "c", "/x/mill.html"]
    assert found[0].passages[0].heading == "Oven"
    assert (found[1].title, found[1].part) == ("Named", 2)
    assert (found[2].question, found[2].passages[0].place) == (
        "Who bakes on Sunday?",
        "Who bakes on Sunday?",
    )
    assert "flour" in found[3].passages[0].text
    assert stat.S_IMODE((tmp_path / "out.jsonl").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("path", "content", "name"),
    [
        ("/x/broken.pdf", b"%PDF-1.4 nothing", "DOCUMENT_UNREADABLE"),
        ("/x/program", b"\x7fELF\0\0\0\0", "DOCUMENT_UNSUPPORTED"),
        ("/x/key.pem", b"-----BEGIN PRIVATE KEY-----", "DOCUMENT_UNSUPPORTED"),
    ],
)
def test_what_cannot_be_read_ends_it_with_its_name(extract, path: str, content: bytes, name: str):
    text = base64.b64encode(content).decode()
    status, _, out = extract(Spooled(Form.FILE, path, text))
    assert status == 1
    assert f'"name":"{name}"' in out
    assert Path(path).name in out
