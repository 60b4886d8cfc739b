"""A standing permission covers the words that it names, and nothing that slips past their beginning."""

import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.protocol.values import (
    AnsweredBy,
    ConversationId,
    Digest,
    Permission,
    PermissionId,
    Scope,
    Timestamp,
)
from daemon.shell.permissions import (
    PatternRefused,
    Place,
    covering,
    find_program,
    hint,
    is_sound,
    matches,
    plain_words,
    read_pattern,
)

PATH = "/usr/local/bin:/usr/bin:/bin"
AT = Timestamp("2030-01-01T00:00:00.000Z")
TALK = ConversationId("talk")
PATTERNS = (
    *("git status *", "git diff *", "git log *", "git show *", "git grep *", "git blame *"),
    *("ls *", "cat *", "find *", "rg *", "sort *", "echo *", "grep *", "head *", "tree *"),
    *("file *", "jq *", "diff *", "mytool *", "wc *"),
)


def permitted(pattern: str, cwd: Path, **more: object) -> Permission:
    word = read_pattern(pattern).words[0]
    program = find_program(word, str(cwd), f"{cwd.parent}/bin:{PATH}")
    given = {
        "program": program.path if program else f"/usr/bin/{word}",
        "program_digest": Digest(program.digest) if program and program.digest else None,
        "scope": Scope.ALWAYS,
        "conversation": None,
        "match": [],
        "not_match": [],
        "expires_at": None,
        "revoked_at": None,
    }
    return Permission(
        id=PermissionId(pattern),
        pattern=pattern,
        cwd=str(cwd),
        created_at=AT,
        created_by=AnsweredBy("test", 1),
        **{**given, **more},  # type: ignore[arg-type]  # of one dict, for what a test changes
    )


def place(cwd: Path, path: str = PATH, at: Timestamp = AT) -> Place:
    return Place(str(cwd), path, TALK, at)


def covered(cwd: Path, *scripts: str, permissions: list[Permission] | None = None) -> bool:
    given = (
        [permitted(pattern, cwd) for pattern in PATTERNS] if permissions is None else permissions
    )
    return covering(given, scripts, place(cwd, f"{cwd.parent}/bin:{PATH}")) is not None


COVERED = (
    *("git status", "git status -s", "git status --short --branch", "git status notes"),
    *("git log --oneline -5", "git log --since=yesterday HEAD~3", "git diff --stat main..dev"),
    *("git diff HEAD^ -- a.txt", "git show HEAD:a.txt", 'git log --grep "two words"'),
    *("ls", "ls -la", "ls 'a file'", "cat a.txt b.txt", "cat './ação.md'", "find . -name '*.md'"),
    *("find . -type f -size +1M", "echo hello", "sort -k2 -n a.txt", "  ls  ", "ls\n", "wc -l a"),
    *("rg two", "tree -a", "jq -r .x a", "file -b a", "mytool x", "rg -n two", "diff -u a b"),
)

SLIPPING = (
    # Operators, lines, groups.
    *("git status; rm -rf x", "git status && rm x", "git status || rm x", "git status | sh"),
    *("git status & rm x", "git status\nrm x", "git status &", "ls |& sh", "(git status)"),
    *("{ git status; }", "! git status", "git status;", "ls;;", "if true; then ls; fi"),
    *("for x in a; do ls; done", "ls(){ rm x; }; ls", "function ls { rm x; }", "ls # a comment"),
    *("time ls", "coproc ls", "[[ -e x ]]", "ls \\\nrm", "ls\rrm x", "case x in x) ls;; esac"),
    # Expansions of every kind.
    *("git status $(rm x)", "git status `rm x`", 'git status "$(rm x)"', 'ls "`rm x`"', "ls $X"),
    *("ls ${X}", 'ls "$X"', "ls $((1))", "ls <(rm x)", "ls >(rm x)", "ls $'a'", 'ls $"a"'),
    *("ls *", "ls a?", "ls [ab]", "ls {a,b}", "ls ~", "ls ~root", "cat ~/.ssh/id_rsa", "ls @(a|b)"),
    *("ls !(a)", "ls a\\ b", 'ls "a\\b"', "echo !!", "ls ${X@P}", "ls ${!X}", "ls =~/x"),
    # Redirections and assignments.
    *("echo x > ~/.bashrc", "git status > x", "git log >> x", "cat < x", "cat <<< x", "ls 2>x"),
    *("ls &> x", "cat << E\nx\nE", "X=1 git status", "PATH=. ls", "GIT_PAGER=sh git log", "X=1"),
    *("LD_PRELOAD=./x.so ls", "GIT_EXTERNAL_DIFF=./x git diff", "X+=1 ls", "a[0]=1 ls"),
    # Flags that run or write something.
    *("git -c core.pager=sh log", "git -C /tmp status", "git --exec-path=. status", "git -p log"),
    *("git diff --output=x", "git log --output x", "git diff --ext-diff", "git log --textconv"),
    *("git diff --outpu=x", "git grep -Osh x", "git grep --open-files-in-pager=sh x"),
    *("git grep -nOsh x", "git log --show-signature", "git log --format=%G?", "git push", "git"),
    *("git status --unknown", "find . -exec rm x", "find . -execdir sh", "find . -delete"),
    *("find . -ok rm", "find . -fprint x", "find . -fls x", "find . -fprintf x y", "find -D exec"),
    *("rg --pre sh x", "rg --pre=sh x", "rg -z x", "rg --hostname-bin=sh x", "rg --search-zip x"),
    *("sort -o x y", "sort -ro x", "sort --output=x y", "sort --compress-program=sh y"),
    *("sort -T /tmp x", "sort --outp=x y", "tree -o x", "tree -ao x", "tree -R", "file -C -m x"),
    *("file -m x y", "file -z x", "diff -l a b", "diff --paginate a b", "jq -L x y", "mytool -x"),
    *("mytool --exec rm", "rg --type-add x", "tree --fromfile"),
    # Other programs, and names that only begin alike.
    *("gitstatus", "git statuss", "git\u200bstatus", "git status\u202e", "ls\u00a0x", "lsx"),
    *("./ls", "/tmp/ls", "sudo ls", "env ls", "xargs ls", "nohup ls", "command ls", "exec ls"),
    *("builtin echo", "eval ls", "bash -c ls", "sh ls", "python3 -c x", "perl -e x", "less a"),
    *("vim a", "man ls", "ssh host ls", "awk 1", "sed -n 1p a", "make", "tar -cf x y", "curl x"),
    # Paths that lead out of the directory.
    *(
        "cat /etc/passwd",
        "cat ../x",
        "cat a/../../x",
        "ls -I/etc",
        "ls --color=/etc",
        "ls ..",
        "ls /",
    ),
    *("grep -f/etc/passwd a", "grep -f../x a", "grep --file=/etc/passwd a", "cat out"),
    # What cannot be read.
    *("", " ", "ls '", 'ls "', "ls \\", "ls )", "ls \0", "ls \x1b[2J", "ls 'a\nb'", "'ls", "&&"),
)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    # Whether this machine has them or not: what asks must not ask because they are missing.
    (tmp_path / "bin").mkdir()
    for name in ("rg", "tree", "jq", "file", "mytool"):
        (tmp_path / "bin" / name).write_text("#!/bin/sh\n")
        (tmp_path / "bin" / name).chmod(0o755)
    (folder / "out").symlink_to("/etc/passwd")
    return folder


@pytest.mark.parametrize("script", COVERED)
def test_words_that_fit_are_covered(here: Path, script: str) -> None:
    assert covered(here, script)


def test_the_table_is_as_long_as_it_should_be() -> None:
    assert len(set(SLIPPING)) >= 80


@pytest.mark.parametrize("script", SLIPPING)
def test_what_slips_past_a_naive_prefix_asks(here: Path, script: str) -> None:
    assert not covered(here, script)


@pytest.mark.parametrize("script", SLIPPING)
def test_nor_is_a_wider_permission_offered_for_it(here: Path, script: str) -> None:
    pattern = hint(script)
    if pattern is not None:
        # What fits the offered pattern: itself, where only the place was wrong.
        assert matches(read_pattern(pattern), script)


REFUSED = (
    *("", "*", "git *", "git -c x=y status *", "sudo *", "env *", "bash *", "bash -c ls", "sed *"),
    *("awk *", "python3 *", "python3.11 -c x", "xargs rm *", "find . -exec *", "tar *", "make *"),
    *("ssh *", "less *", "vim *", "git status; ls *", "git st* x", "ls * a", "$X *", "X=1 ls *"),
    *("npm *", "docker run *", "curl *", "rm *", "git push *", "ls > x", "rg --pre *", "alvo *"),
    *("./x=y", "-x *", "sort -o *", "git log --output *", "cd *", "printf *", "test *", "source *"),
)


@pytest.mark.parametrize("pattern", REFUSED)
def test_a_pattern_that_may_cover_anything_is_refused(pattern: str) -> None:
    with pytest.raises(PatternRefused):
        read_pattern(pattern)


@pytest.mark.parametrize(
    ("script", "pattern"),
    [
        ("git status -s", "git status *"),
        ("ls notes", "ls *"),
        ("rg two", "rg *"),
        ("mytool 'two words' -x", "mytool 'two words' -x"),
        ("git push", None),
        ("make test", None),
        ("echo x > y", None),
        ("rm -rf build", None),
        ("sudo ls", None),
    ],
)
def test_the_pattern_offered_is_narrow_or_none(script: str, pattern: str | None) -> None:
    assert hint(script) == pattern


def test_a_whole_command_may_be_permitted_word_by_word(here: Path) -> None:
    only = [permitted("git push origin main", here)]
    assert covered(here, "git push origin main", permissions=only)
    assert not covered(here, "git push origin main --force", permissions=only)
    assert not covered(here, "git push origin", permissions=only)


def test_a_star_that_is_quoted_is_a_word(here: Path) -> None:
    only = [permitted("ls '*'", here)]
    assert covered(here, "ls '*'", permissions=only)
    assert not covered(here, "ls a", permissions=only)


def test_every_command_of_a_plan_must_be_covered(here: Path) -> None:
    assert covered(here, "ls", "git status")
    assert not covered(here, "ls", "rm x")
    assert not covered(here)


def test_a_permission_holds_in_its_directory_and_below_alone(here: Path) -> None:
    only = [permitted("ls *", here)]
    below, beside = here / "below", here.parent / "work2"
    below.mkdir()
    beside.mkdir()
    (here / "link").symlink_to(beside)
    for cwd, expected in ((here, True), (below, True), (beside, False), (here / "link", False)):
        assert (covering(only, ("ls",), place(cwd)) is not None) is expected
    assert covering(only, ("ls",), place(here.parent)) is None


def test_another_program_of_that_name_is_not_covered(here: Path) -> None:
    only = [permitted("ls *", here)]
    other = here / "bin"
    other.mkdir()
    (other / "ls").write_text("#!/bin/sh\n")
    assert covering(only, ("ls",), place(here, f"{other}:{PATH}")) is not None
    (other / "ls").chmod(0o755)
    assert covering(only, ("ls",), place(here, f"{other}:{PATH}")) is None
    assert covering(only, ("ls",), place(here, f":{PATH}")) is None


def test_a_program_of_the_persons_that_was_changed_is_not_covered(here: Path) -> None:
    tool = here / "tool"
    tool.write_text("#!/bin/sh\necho harmless\n")
    tool.chmod(0o755)
    only = [permitted("./tool *", here)]
    assert covered(here, "./tool x", permissions=only)
    tool.write_text("#!/bin/sh\necho harmful\n")
    assert not covered(here, "./tool x", permissions=only)


def test_a_link_to_a_shell_is_never_covered(here: Path) -> None:
    (here / "harmless").symlink_to("/bin/bash")
    assert find_program("./harmless", str(here), PATH) is None


def test_scope_expiry_and_revocation_count(here: Path) -> None:
    def one(**more: object) -> bool:
        return covered(here, "ls", permissions=[permitted("ls *", here, **more)])

    assert one(scope=Scope.CONVERSATION, conversation=TALK)
    assert not one(scope=Scope.CONVERSATION, conversation=ConversationId("other"))
    assert not one(scope=Scope.ONCE)
    assert not one(revoked_at=AT)
    assert not one(expires_at=AT)
    assert one(expires_at=Timestamp("2030-01-01T00:00:00.001Z"))


def test_a_permission_whose_own_examples_fail_covers_nothing(here: Path) -> None:
    for examples in ({"match": ["rm x"]}, {"not_match": ["ls -l"]}):
        wrong = permitted("ls *", here, **examples)
        assert not is_sound(wrong)
        assert not covered(here, "ls", permissions=[wrong])


def test_the_strictest_wins(here: Path) -> None:
    wide = permitted("git log *", here)
    strict = permitted("git status *", here, not_match=["git log secret"])
    assert covered(here, "git log x", permissions=[wide, strict])
    assert not covered(here, "git log secret", permissions=[wide, strict])
    assert not covered(here, "git log 'secret'", permissions=[strict, wide])


def test_the_narrowest_is_the_one_that_is_used(here: Path) -> None:
    talk = permitted("ls *", here, scope=Scope.CONVERSATION, conversation=TALK)
    exact, wide = permitted("ls -l", here), permitted("ls *", here)
    found = covering([wide, talk, exact], ("ls -l", "ls"), place(here))
    assert found == (exact, talk)


WORDS = st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1), min_size=1)


@given(WORDS)
def test_words_that_are_quoted_are_read_as_they_are_or_not_at_all(words: list[str]) -> None:
    assert plain_words(shlex.join(words)) in (None, tuple(words))


@given(st.text(alphabet="abl s-=~'\"\\$`;&|<>(){}*?[]!#\n\t\0x/.%^,:@+é\u202e", max_size=30))
def test_whatever_follows_is_covered_only_if_bash_reads_the_same_words(tail: str) -> None:
    import subprocess

    words = plain_words(f"ls {tail}")
    if words is None:
        return
    read = subprocess.run(
        ["/bin/bash", "--norc", "-c", f"printf '%s\\0' {tail.strip()}"],
        capture_output=True,
        check=True,
        cwd="/usr/bin",
    ).stdout.decode()
    expected = read.split("\0")[:-1] if tail.strip() else []
    assert list(words[1:]) == expected
