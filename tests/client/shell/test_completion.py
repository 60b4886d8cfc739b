"""Tab offers what fits where the cursor is, and nothing else."""

import pytest

from client.shell.completion import Known, candidates, list_paths

KNOWN = Known(
    commands={"flows": "lists", "show": "shows", "sources": "folders", "allow": "yes", "help": "?"},
    flows={"abc123": "How many days?", "abd456": "Clean up"},
    inquiries={"xyz789": "rm -r old"},
)
PATHS = ["docs/", "docs/a b.md", "draft.txt"]


def offered(text: str) -> list[str]:
    return [found.text for found in candidates(text, KNOWN, lambda _begun: PATHS)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("how man", []),
        ("ask /s", []),
        ("/", ["flows", "show", "sources", "allow", "help"]),
        ("/s", ["show", "sources"]),
        ("/show", ["show"]),
        ("/zzz", []),
        ("/show ", ["abc123", "abd456"]),
        ("/show abd", ["abd456"]),
        ("/show abd456 ", []),
        ("/attach a", ["abc123", "abd456"]),
        ("/allow ", ["xyz789"]),
        ("/deny x", ["xyz789"]),
        ("/help al", ["allow"]),
        ("/flows ", []),
        ("/sources ", ["add", "remove", "refresh"]),
        ("/sources re", ["remove", "refresh"]),
        ("/sources add d", ["docs/", "docs/a\\ b.md", "draft.txt"]),
        ("/unknown x", []),
        ("!", []),
        ("!cat d", ["docs/", "docs/a\\ b.md", "draft.txt"]),
        ("!cat docs/", ["docs/", "docs/a\\ b.md"]),
        ("!cat docs/a\\ b", ["docs/a\\ b.md"]),
        ("!ls\ncat dr", ["draft.txt"]),
        ("!cat ", []),
        ("/show a\nb", []),
    ],
)
def test_what_is_offered(text, expected):
    assert offered(text) == expected


def test_a_candidate_takes_the_place_of_what_was_begun():
    (found,) = candidates("/show abd", KNOWN, lambda _begun: [])
    assert (found.replaces, found.meaning) == (3, "Clean up")


def test_paths_come_from_the_disk(tmp_path, monkeypatch):
    (tmp_path / "Docs").mkdir()
    (tmp_path / "Docs" / "a.md").touch()
    (tmp_path / "dust.txt").touch()
    (tmp_path / ".hidden").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert list(list_paths("")) == ["Docs/", "dust.txt"]
    assert list(list_paths("D")) == ["Docs/"]
    assert list(list_paths("Docs/")) == ["Docs/a.md"]
    assert list(list_paths("~/d")) == ["~/dust.txt"]
    assert list(list_paths(".h")) == [".hidden"]
    assert list(list_paths("nowhere/")) == []
