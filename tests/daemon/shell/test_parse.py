"""What a script names as its programs is found by its syntax, not by its text."""

from pathlib import Path

import pytest

from daemon.shell.parse import parse, programs

PATH = "/usr/local/bin:/usr/bin:/bin"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in (
        "deploy.sh", "x.sh", "env.sh", "x.py", "a b.sh", "notes.txt", "sub/inner.sh",
        "bin/mine", "bin/python3",
    ):  # fmt: skip
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("echo\n")
    (tmp_path / "bin/mine").chmod(0o755)
    return tmp_path


NAMED = [
    ("./deploy.sh", ["deploy.sh"]),
    ("bash x.sh", ["x.sh"]),
    ("bash -x x.sh one two", ["x.sh"]),
    (". env.sh", ["env.sh"]),
    ("source ./env.sh", ["env.sh"]),
    ("python3 x.py --flag", ["x.py"]),
    ("A=1 ./deploy.sh", ["deploy.sh"]),
    ("./'a b.sh'", ["a b.sh"]),
    (r"./a\ b.sh", ["a b.sh"]),
    ('"./deploy.sh"', ["deploy.sh"]),
    ("./de'pl'oy.sh", ["deploy.sh"]),
    ("~/deploy.sh", ["deploy.sh"]),
    ('"$HOME"/deploy.sh', ["deploy.sh"]),
    ('bash "${HOME}/x.sh"', ["x.sh"]),
    ("$PWD/deploy.sh", ["deploy.sh"]),
    ("true && ./deploy.sh || bash x.sh", ["deploy.sh", "x.sh"]),
    ("v=$(./deploy.sh)", ["deploy.sh"]),
    ("echo `./deploy.sh`", ["deploy.sh"]),
    ('echo "$(./deploy.sh)"', ["deploy.sh"]),
    ("f() { ./deploy.sh; }; f", ["deploy.sh"]),
    ("if ./deploy.sh; then bash x.sh; fi", ["deploy.sh", "x.sh"]),
    ("for i in 1; do ./deploy.sh $i; done", ["deploy.sh"]),
    ("(cd sub && ./inner.sh)", ["sub/inner.sh"]),
    ("cd sub; bash inner.sh", ["sub/inner.sh"]),
    ("sudo ./deploy.sh", ["deploy.sh"]),
    ("env X=1 nice ./deploy.sh", ["deploy.sh"]),
    ("nohup ./deploy.sh &", ["deploy.sh"]),
    ("ls | xargs ./deploy.sh", ["deploy.sh"]),
    ("find . -exec ./deploy.sh {} +", ["deploy.sh"]),
    ("bash -c './deploy.sh && ./x.sh'", ["deploy.sh", "x.sh"]),
    ("eval './deploy.sh one'", ["deploy.sh"]),
    ("bash < x.sh", ["x.sh"]),
    ("bash ./*.sh", ["a b.sh", "deploy.sh", "env.sh", "x.sh"]),
    ("mine", ["bin/mine"]),
    ("cat <<E\n$(./deploy.sh)\nE", ["deploy.sh"]),
    ("./missing.sh", ["missing.sh"]),
]


@pytest.mark.parametrize(("script", "named"), NAMED)
def test_a_script_of_the_persons_that_is_run_is_named(
    home: Path, script: str, named: list[str]
) -> None:
    found = programs(script, home, f"{home}/bin:{PATH}", home)
    assert [str(f) for f in sorted(found)] == sorted(str(home / name) for name in named)


@pytest.mark.parametrize(
    "script",
    [
        "ls -l",
        "echo ./deploy.sh",
        "cat deploy.sh",
        "echo 'bash x.sh'",
        "# ./deploy.sh",
        "/usr/bin/env true",
        "git status",
        "cat <<'E'\n./deploy.sh\nE",
        "",
    ],
)
def test_what_is_only_mentioned_is_not_named(home: Path, script: str) -> None:
    assert programs(script, home, PATH, home) == ()


@pytest.mark.parametrize("script", ["echo 'unclosed", "if true", "a |", "((", "\ud800", "x\0y"])
def test_what_cannot_be_parsed_is_said_and_harms_nobody(home: Path, script: str) -> None:
    parse(script)
    programs(script, home, PATH, home)
    if "\0" not in script and "\ud800" not in script:
        assert not parse(script).understood


def test_a_deep_nest_is_looked_at_without_an_overflow(home: Path) -> None:
    programs("echo $(" * 2000 + "./deploy.sh" + ")" * 2000, home, PATH, home)


def test_a_word_is_plain_only_if_nothing_in_it_is_expanded() -> None:
    words = parse(r"""p plain 'raw $x' "str" a\ b 12 $v "a$v" $(c) *.txt ~/x {1,2} a"b"'c'""")
    command = words.commands[0]
    plain = {word.raw: word.text for word in command.words if word.plain}
    assert plain == {
        "p": "p", "plain": "plain", "'raw $x'": "raw $x", '"str"': "str", r"a\ b": "a b",
        "12": "12", "a\"b\"'c'": "abc",
    }  # fmt: skip


def test_an_assignment_before_a_program_is_told() -> None:
    assert [command.assigns for command in parse("A=1 x; x").commands] == [True, False]


@pytest.mark.timeout(20)
def test_a_script_made_to_be_searched_for_long_is_not(home: Path) -> None:
    """What a model proposes is looked at before anyone sees it: it must not hold a flow up."""
    for n in range(300):
        (home / f"d{n}").mkdir()
    wander = "".join(f"cd d{n}; " for n in range(300)) + "./deploy.sh; " * 3000
    for script in (wander, "sh /*/*/*/*/*/*/*/*", "sh $HOME/*/*/*/*/x.sh"):
        programs(script, home, PATH, home)
    assert home / "deploy.sh" in programs(wander, home, PATH, home)
