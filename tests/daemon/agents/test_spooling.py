"""What is given to an agent to learn from is taken whole, or refused with what is needed."""

import os
import resource
import stat
from pathlib import Path
from typing import Any

import pytest

import prompts
from daemon.agents import spooling
from daemon.agents.spooling import GivenFile, spool
from daemon.index.materials import Form, Spooled
from daemon.protocol import codec
from daemon.protocol.errors import AlvoError

LIMIT = 10_000


def spooled(tmp_path: Path, data: Any = None, files: list[str] | None = None) -> list[Spooled]:
    target = tmp_path / "agents" / "a" / "data.jsonl"
    spool(target, "a", data, [GivenFile(file, file) for file in files or []], LIMIT)
    return [codec.decode(line, Spooled) for line in target.read_bytes().splitlines()]


def refused(tmp_path: Path, data: Any = None, files: list[str] | None = None) -> tuple[str, str]:
    """The error's name and sentence; nothing may be left behind."""
    with pytest.raises(AlvoError) as caught:
        spooled(tmp_path, data, files)
    assert list((tmp_path / "agents" / "a").iterdir()) == []
    error = caught.value
    return error.type.name, prompts.sentence(error.type.name, "en", **error.blanks)[0]


def test_plain_text_and_markdown_are_told_apart(tmp_path):
    (plain,) = spooled(tmp_path, "I am an expert in Python.")
    assert (plain.form, plain.path) == (Form.TEXT, "a")
    (marked,) = spooled(tmp_path, "# Python\n\nI am an expert.")
    assert marked.form is Form.MARKDOWN


def test_lines_of_questions_and_answers_become_pairs(tmp_path):
    lines = '{"question": "What is pip?", "answer": "An installer."}\n\n{"text": "More to know"}\n'
    pair, text = spooled(tmp_path, lines)
    assert (pair.form, pair.question, pair.text) == (Form.PAIR, "What is pip?", "An installer.")
    assert (text.form, text.text) == (Form.TEXT, "More to know")


def test_a_list_of_documents_may_mix_texts_objects_and_pairs(tmp_path):
    given = [
        "A text of some words",
        {"title": "Named", "text": "Another text"},
        {"question": "Why?", "answer": "Because."},
    ]
    found = spooled(tmp_path, given)
    assert [one.path for one in found] == ["a/1", "a/2", "a/3"]
    assert [one.form for one in found] == [Form.TEXT, Form.TEXT, Form.PAIR]
    assert found[1].title == "Named"


def test_a_text_of_a_list_may_hold_lines_of_questions_and_answers(tmp_path):
    found = spooled(tmp_path, ["A text of some words", '{"question": "Why?", "answer": "So."}\n'])
    assert [(one.form, one.path) for one in found] == [(Form.TEXT, "a/1"), (Form.PAIR, "a/2:1")]
    wrong = [*['{"question": "Why?", "answer": "So."}'] * 2, '{"question": "Why?"}\n']
    assert "training_data[2], line 1" in refused(tmp_path / "x", wrong)[1]


def test_files_are_read_by_their_name_and_others_are_left_to_the_parsers(tmp_path):
    (tmp_path / "a.md").write_text("# One\n\ntwo three")
    (tmp_path / "b.jsonl").write_text('{"question": "q", "answer": "a b c"}\n')
    (tmp_path / "c.pdf").write_bytes(b"%PDF-1.4\0\1")
    files = [str(tmp_path / name) for name in ("a.md", "b.jsonl", "c.pdf")]
    found = spooled(tmp_path, None, files)
    assert [one.form for one in found] == [Form.MARKDOWN, Form.PAIR, Form.FILE]
    assert found[0].path == files[0]


def test_a_document_is_as_old_as_its_file_and_text_as_old_as_the_call(tmp_path):
    (tmp_path / "a.md").write_text("# One\n\ntwo three")
    os.utime(tmp_path / "a.md", (0, 1_000_000_000))
    text, file = spooled(tmp_path, "some words here", [str(tmp_path / "a.md")])
    assert file.modified_at == "2001-09-09T01:46:40.000Z"
    assert text.modified_at is not None
    assert text.modified_at > "2026"


def test_a_file_is_called_as_it_was_where_it_came_from(tmp_path):
    (tmp_path / "a.md").write_text("# One\n\ntwo three")
    (tmp_path / "b.txt").write_text("four five six")
    (tmp_path / "c.txt").write_text("seven eight nine")
    names = {"a.md": "notes.md", "b.txt": "", "c.txt": ""}
    files = [GivenFile(str(tmp_path / file), called) for file, called in names.items()]
    target = tmp_path / "data.jsonl"
    spool(target, "a", None, files, LIMIT)
    found = [codec.decode(line, Spooled) for line in target.read_bytes().splitlines()]
    assert [one.path for one in found] == ["notes.md", "a", "a, 2"]
    (tmp_path / "c.txt").write_bytes(b"\0" * 9)
    with pytest.raises(AlvoError) as caught:
        spool(target, "a", None, files, LIMIT)
    assert caught.value.blanks["where"] == "training_data"


@pytest.mark.parametrize("called", ["a", "a, 2", "a/1"])
def test_a_file_that_is_called_as_the_agent_s_own_text_takes_no_place_of_it(tmp_path, called):
    file = tmp_path / "3f2a"
    file.write_text("Some more words to know.")
    target = tmp_path / "agents" / "a" / "data.jsonl"
    spool(target, "a", "Some words to know.", [GivenFile(str(file), called)], LIMIT)
    found = [codec.decode(line, Spooled).path for line in target.read_bytes().splitlines()]
    assert found == ["a", f"./{called}"]


def test_a_long_text_comes_in_parts_that_lose_nothing(tmp_path):
    text = "\n\n".join(f"Paragraph {n} says something of its own." for n in range(20_000))
    target = tmp_path / "data.jsonl"
    spool(target, "a", text, [], 10_000_000)
    found = [codec.decode(line, Spooled) for line in target.read_bytes().splitlines()]
    assert len(found) > 1
    assert "".join(one.text for one in found) == text
    assert [one.part for one in found] == list(range(1, len(found) + 1))


def test_what_is_spooled_is_for_this_user_alone(tmp_path):
    spooled(tmp_path, "Some words to keep private.")
    file = tmp_path / "agents" / "a" / "data.jsonl"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("", "AGENT_DATA_EMPTY"),
        (" \n\t ", "AGENT_DATA_EMPTY"),
        (None, "AGENT_DATA_EMPTY"),
        ([], "AGENT_DATA_EMPTY"),
        ("Hello there", "AGENT_DATA_TOO_SHORT"),
        ("\0\1\2 binary it is", "AGENT_DATA_BINARY"),
        ("\x01\x02\x03\x04 words words words", "AGENT_DATA_BINARY"),
        ("word " * 3000, "AGENT_DATA_TOO_LARGE"),
        ([{"title": "no text"}], "AGENT_DATA_INVALID"),
        ([{"question": "Why?", "answer": "  "}], "AGENT_DATA_INVALID"),
        ([{"text": 3}], "AGENT_DATA_INVALID"),
    ],
)
def test_data_that_teaches_nothing_is_refused_with_what_is_needed(tmp_path, data, name):
    assert refused(tmp_path, data)[0] == name


def test_too_many_documents_are_counted_and_not_called_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(spooling, "MAX_DOCUMENTS", 3)
    name, sentence = refused(tmp_path, ["One of the documents."] * 4)
    assert name == "AGENT_DATA_TOO_MANY"
    assert "more than 3 documents" in sentence


def test_a_line_that_is_no_json_is_named(tmp_path):
    lines = '{"question": "q", "answer": "a"}\n{"question": "q", "answer": }\n'
    name, sentence = refused(tmp_path, lines)
    assert name == "AGENT_DATA_INVALID"
    assert "line 2" in sentence
    name, sentence = refused(tmp_path, '{"question": "q", "answer": "a"}\n{"question": "q"}')
    assert "line 2" in sentence
    assert "“answer”" in sentence


def test_a_line_that_is_nested_too_deep_is_named(tmp_path):
    # Python 3.13 bears some thousands.
    line = f'{{"text": "Some words to know", "more": {"[" * 200_000 + "]" * 200_000}}}'
    with pytest.raises(AlvoError) as caught:
        spool(tmp_path / "agents" / "a" / "data.jsonl", "a", line, [], 10_000_000)
    assert caught.value.type.name == "AGENT_DATA_INVALID"
    assert "line 1" in str(caught.value.blanks["where"])


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        assert refused(tmp_path, "word " * 1500)[0] == "STORE_FULL"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_files_that_are_none_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "binary.txt").write_bytes(bytes(range(256)) * 4)
    for file, name in {
        "relative.txt": "AGENT_FILE_UNREADABLE",
        str(tmp_path / "missing.txt"): "AGENT_FILE_UNREADABLE",
        str(tmp_path): "AGENT_FILE_UNREADABLE",
        str(tmp_path / "pipe.txt"): "AGENT_FILE_UNREADABLE",
        str(tmp_path / "empty.txt"): "AGENT_DATA_EMPTY",
        str(tmp_path / "binary.txt"): "AGENT_DATA_BINARY",
    }.items():
        assert refused(tmp_path, None, [file])[0] == name, file


def test_why_a_file_is_not_read_is_said_in_the_persons_language(tmp_path):
    for file, said in {tmp_path: "é uma pasta", tmp_path / "none.md": "não existe"}.items():
        with pytest.raises(AlvoError) as caught:
            spooled(tmp_path, None, [str(file)])
        message, _ = prompts.sentence("AGENT_FILE_UNREADABLE", "pt", **caught.value.blanks)
        assert said in message
