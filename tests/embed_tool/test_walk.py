"""Which files of a folder are found, and which never."""

import os
import socket
from pathlib import Path

import pytest

from daemon.protocol.errors import AlvoError
from embed_tool.blocks import Kind
from embed_tool.walk import Found, Unread, WalkRules, walk


def put(folder: Path, *names: str, text: str = "text\n") -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def walked(folder: Path, **rules) -> list[Found | Unread]:
    return list(walk(str(folder), WalkRules(rules.pop("max_file_bytes", 1 << 20), **rules)))


def names(folder: Path, **rules) -> list[str]:
    return [
        os.path.relpath(item.path, folder)
        for item in walked(folder, **rules)
        if isinstance(item, Found)
    ]


def test_documents_are_found_in_every_folder_and_told_by_name(tmp_path):
    put(tmp_path, "b.md", "a/x.py", "a/deep/y.pdf", "Makefile")
    found = {Path(item.path).name: item.kind for item in walked(tmp_path)}
    assert found == {"b.md": Kind.MARKDOWN, "x.py": Kind.CODE, "y.pdf": Kind.PDF, "Makefile": None}


def test_hidden_things_and_what_programs_fill_are_left_out(tmp_path):
    put(tmp_path, ".env", ".git/config.md", "node_modules/x/readme.md", ".venv/a.py", "keep.md")
    put(tmp_path, "env/pyvenv.cfg", "env/lib/a.py", "target/CACHEDIR.TAG", "target/a.md")
    assert names(tmp_path) == ["keep.md"]


def test_keys_pictures_and_archives_are_not_candidates(tmp_path):
    put(tmp_path, "server.key", "id_ed25519", "cert.pem", "a.jpg", "b.zip", "c.sqlite", "d.md")
    assert names(tmp_path) == ["d.md"]


def test_gitignore_is_kept_as_git_keeps_it(tmp_path):
    put(tmp_path, "a.log", "keep.log", "sub/a.log", "sub/b.log", "build/x.md", "docs/build/x.md")
    put(tmp_path, ".gitignore", text="*.log\n!keep.log\n/build/\n# comment\n[\n")
    put(tmp_path, "sub/.gitignore", text="!b.log\n")
    assert names(tmp_path) == ["keep.log", "docs/build/x.md", "sub/b.log"]


def test_alvoignore_has_the_last_word_over_gitignore(tmp_path):
    put(tmp_path, "a.md", "notes.txt", "private.md")
    put(tmp_path, ".gitignore", text="notes.txt\n")
    put(tmp_path, ".alvoignore", text="!notes.txt\nprivate.md\n")
    assert names(tmp_path) == ["a.md", "notes.txt"]


def test_a_folder_inside_a_repository_keeps_the_rules_above_it(tmp_path):
    put(tmp_path, ".git/HEAD", "docs/a.md", "docs/drafts/b.md")
    put(tmp_path, ".gitignore", text="drafts/\n")
    assert names(tmp_path / "docs") == ["a.md"]


def test_patterns_of_the_configuration_are_kept_too(tmp_path):
    put(tmp_path, "a.md", "b.csv", "old/c.md")
    assert names(tmp_path, patterns=("*.csv", "old/")) == ["a.md"]


def test_links_are_not_followed(tmp_path):
    outside = tmp_path / "outside"
    put(outside, "secret.md")
    inside = tmp_path / "inside"
    put(inside, "a.md")
    (inside / "link.md").symlink_to(outside / "secret.md")
    (inside / "folder").symlink_to(outside)
    (inside / "loop").symlink_to(inside)
    assert names(inside) == ["a.md"]


def test_pipes_sockets_and_devices_are_never_candidates(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo(tmp_path / "pipe.md")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket.md")
        assert walked(tmp_path) == []
    assert [type(item) for item in walked(tmp_path / "pipe.md")] == [Unread]


def test_what_belongs_to_another_source_is_left_to_it(tmp_path):
    put(tmp_path, "a.md", "private/b.md", "single.md")
    elsewhere = frozenset({str(tmp_path / "private"), str(tmp_path / "single.md")})
    assert names(tmp_path, elsewhere=elsewhere) == ["a.md"]


def test_a_document_that_is_too_large_is_reported(tmp_path):
    put(tmp_path, "big.md", text="x" * 2000)
    put(tmp_path, "big.unknown", text="x" * 2000)
    (item,) = walked(tmp_path, max_file_bytes=1000)
    assert isinstance(item, Unread)
    assert item.error.type.name == "DOCUMENT_TOO_LARGE"


def test_names_with_newlines_and_control_characters_are_found(tmp_path):
    strange = ["new\nline.md", "esc\x1b[31m.md", "bidi\u202egnp.md", "-rf.md", "$(reboot).md"]
    put(tmp_path, *strange)
    assert sorted(names(tmp_path)) == sorted(strange)


def test_a_name_that_is_not_utf8_is_reported(tmp_path):
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.md")).write_text("x")
    (item,) = walked(tmp_path)
    assert isinstance(item, Unread)
    assert item.error.blanks["path"].endswith("caf\\xe9.md")


def test_a_source_that_is_not_there_is_an_error_not_an_empty_source(tmp_path):
    with pytest.raises(AlvoError) as caught:
        walked(tmp_path / "gone")
    assert caught.value.type.name == "SOURCE_UNREADABLE"


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable to root")
def test_a_folder_that_cannot_be_read_is_reported(tmp_path):
    put(tmp_path, "a.md", "shut/b.md")
    (tmp_path / "shut").chmod(0)
    kinds = [type(item) for item in walked(tmp_path)]
    (tmp_path / "shut").chmod(0o700)
    assert kinds == [Found, Unread]
