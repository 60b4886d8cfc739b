"""Each command word of a plan with the file that it leads to, and nothing claimed that is not sure."""

import os
from pathlib import Path

import pytest

from daemon.protocol.values import ProgramKind
from daemon.shell.resolving import resolve


def a_program(place: Path) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("#!/bin/sh\n")
    place.chmod(0o755)
    return place


def found(script: str, cwd: Path, path: str, *, used: bool = False) -> list[tuple[str, str]]:
    programs = resolve([script], str(cwd), path, used=used)
    return [(one.word, one.path or str(one.kind)) for one in programs]


@pytest.fixture
def path(tmp_path: Path) -> str:
    for name in ("git", "vi", "sudo", "timeout", "bash"):
        a_program(tmp_path / "bin" / name)
    (tmp_path / "bin/view").symlink_to("vi")
    return str(tmp_path / "bin")


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("git status", [("git", "bin/git")]),
        ("git a; git b | git c", [("git", "bin/git")]),
        ("'gi't x", [("'gi't", "bin/git")]),
        ("cd sub && ./run.sh", [("cd", "builtin"), ("./run.sh", "sub/run.sh")]),
        ("./run.sh; cd sub; ./run.sh", [("./run.sh", "missing"), ("cd", "builtin"), ("./run.sh", "sub/run.sh")]),
        ("git() { vi x; }; git", [("vi", "bin/vi"), ("git", "function")]),
        ("alias git=vi\ngit", [("alias", "builtin"), ("git", "alias")]),
        ("$EDITOR x", [("$EDITOR", "unknown")]),
        ("nope", [("nope", "missing")]),
        ("sudo git x", [("sudo", "bin/sudo"), ("git", "bin/git")]),
        ("sudo -u git vi", [("sudo", "bin/sudo")]),
        ("timeout 5s git x", [("timeout", "bin/timeout"), ("git", "bin/git")]),
        ("bash -ec 'vi x'", [("bash", "bin/bash"), ("vi", "bin/vi")]),
        ("echo $(git x)", [("echo", "builtin"), ("git", "bin/git")]),
        ("g\0it", [("g\0it", "unknown")]),
    ],
)  # fmt: skip
def test_each_word_leads_to_its_file(
    tmp_path: Path, path: str, script: str, expected: list[tuple[str, str]]
) -> None:
    a_program(tmp_path / "sub/run.sh")
    told = found(script, tmp_path, path)
    kinds = set(ProgramKind)
    assert told == [(w, p if p in kinds else str(tmp_path / p)) for w, p in expected]


def test_a_link_is_told_with_the_file_behind_it(tmp_path: Path, path: str) -> None:
    (program,) = resolve(["view x"], str(tmp_path), path, used=False)
    assert program.path == f"{path}/view"
    assert program.real == os.path.realpath(f"{path}/vi")


@pytest.mark.parametrize(
    "script",
    [
        "PATH=/x:$PATH git a",
        "export PATH=/x; git a",
        "read PATH; git a",
        ". ./setup; git a",
        'eval "$X"; git a',
        "alias g=x; git a",
        "hash -p /x git; git a",
        'cd "$X"; ./git a',
        "cd; bin/git a",
        "git a; if",
    ],
)
def test_what_may_change_its_meaning_makes_it_unsure(
    tmp_path: Path, path: str, script: str
) -> None:
    assert not all(one.sure for one in resolve([script], str(tmp_path), path, used=False))


def test_after_a_cd_to_nobody_knows_where_names_are_as_sure_as_before(
    tmp_path: Path, path: str
) -> None:
    assert all(
        one.sure for one in resolve(['cd; git a; cd "$X"; vi'], str(tmp_path), path, used=False)
    )


def test_after_earlier_commands_of_the_session_nothing_is_sure(tmp_path: Path, path: str) -> None:
    (program,) = resolve(["git a"], str(tmp_path), path, used=True)
    assert not program.sure
    (program,) = resolve(["echo $PATH ${PATH}; git a"], str(tmp_path), path, used=False)[1:]
    assert program.sure


def test_a_script_of_very_many_words_is_not_looked_up_for_ever(tmp_path: Path, path: str) -> None:
    programs = resolve(["\n".join(f"w{n}" for n in range(3000))], str(tmp_path), path, used=False)
    assert len(programs) == 3000
    assert programs[-1].kind is ProgramKind.UNKNOWN
