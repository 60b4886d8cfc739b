"""What a bash script would run, as far as its text tells: the only door to tree-sitter."""

import glob
import itertools
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import tree_sitter
import tree_sitter_bash

_BASH: Final = tree_sitter.Language(tree_sitter_bash.language())

_GLOB: Final = re.compile(r"(?<!\\)[*?\[]")
_ESCAPED: Final = re.compile(r"\\(\n?)(.?)", re.DOTALL)
_ESCAPED_IN_QUOTES: Final = re.compile(r'\\([$`"\\])|\\\n')
_HOME: Final = re.compile(r"^~(?=/|$)|\$HOME\b|\$\{HOME\}")
_PWD: Final = re.compile(r"\$PWD\b|\$\{PWD\}")

# Programs whose arguments are programs: interpreters of files, and those that start others.
_SHELLS: Final = re.compile(r"(ba|da|a|z|k|mk|c|tc|fi)?sh|\.|source|eval")
_RUNNERS: Final = re.compile(
    r"(ba|da|a|z|k|mk|c|tc|fi)?sh|\.|source"
    r"|(python|perl|ruby|php|lua|pypy)[\d.]*|node|nodejs|deno|bun|Rscript|tclsh|expect|java"
    r"|[gm]?awk|sed|g?make"
    r"|sudo|doas|su|env|nice|ionice|chrt|taskset|nohup|setsid|time|timeout|stdbuf|xargs|parallel"
    r"|exec|command|builtin|watch|strace|ltrace|flock|find|unshare|chroot|busybox|trap"
)
_SYSTEM: Final = ("/usr/", "/bin/", "/sbin/", "/lib", "/nix/", "/snap/", "/dev/", "/proc/", "/sys/")
# Of nothing else is a script made that bash reads whatever options and aliases a session has set.
_SURE: Final = frozenset(
    {
        *("program", "command", "command_name", "word", "number", "string", "string_content"),
        *("raw_string", "concatenation", "simple_expansion", "variable_name"),
        *("special_variable_name", "list", "pipeline", "variable_assignment"),
        *("&&", "||", "|", ";", '"', "=", "$", "\n"),
    }
)
_WORDS: Final = frozenset({"command_name", "word"})
_RESERVED: Final = frozenset(
    {
        *("if", "then", "else", "elif", "fi", "case", "esac", "for", "select", "while", "until"),
        *("do", "done", "in", "function", "time", "coproc", "!"),
    }
)
_BRACES: Final = re.compile(rb"[{}]|\[\[|\]\]")
_NESTED_MAX: Final = 8
_GLOB_MAX: Final = 200
# A pattern such as `/*/*/*/*/*` would walk the whole disk, and a model may write it.
_WILD_PARTS_MAX: Final = 2
_DIRECTORIES_MAX: Final = 32


@dataclass(frozen=True, slots=True)
class Word:
    """`plain`: `text` is what bash would make of it, whatever is set and whatever files there are.

    `raw`: as it is written.
    """

    text: str
    plain: bool
    raw: str


@dataclass(frozen=True, slots=True)
class SimpleCommand:
    """A program with its arguments; `assigns`: variables are set for it, `X=1 program`."""

    words: tuple[Word, ...]
    assigns: bool


@dataclass(frozen=True, slots=True)
class Script:
    """The simple commands in order, those within functions and substitutions too.

    `read`: the files given to one of them as standard input. `understood`: all of it was parsed.
    `functions`: the names of those that it defines.
    """

    commands: tuple[SimpleCommand, ...]
    read: tuple[Word, ...]
    understood: bool
    functions: tuple[str, ...] = ()


def parse(script: str) -> Script:
    """Never fails; what it could not make out is said by `understood`."""
    root = tree_sitter.Parser(_BASH).parse(script.encode("utf-8", "replace")).root_node
    commands: list[SimpleCommand] = []
    read: list[Word] = []
    functions: list[str] = []
    for node in _walk(root):
        if node.type == "command":
            commands.append(_command(node))
        elif node.type == "file_redirect" and any(child.type == "<" for child in node.children):
            read.extend(_word(child) for child in node.children if child.is_named)
        elif node.type == "function_definition" and (name := node.child_by_field_name("name")):
            functions.append((name.text or b"").decode(errors="replace"))
    understood = not root.has_error
    return Script(tuple(commands), tuple(read), understood, tuple(functions))


def plain_command(script: str) -> tuple[str, ...] | None:
    """The words of a script that is one simple command of plain words, and nothing beside it.

    None for everything else: operators, redirections, expansions, assignments, comments, a second
    line, what could not be parsed.
    """
    content = script.strip(" \t\n").encode("utf-8", "replace")
    root = tree_sitter.Parser(_BASH).parse(content).root_node
    if root.has_error or len(root.children) != 1:
        return None
    command = root.children[0]
    if command.type != "command" or command.text != content:
        return None
    parts = [
        part
        for child in command.children
        for part in (child.children if child.type == "command_name" else [child])
    ]
    words = [_word(part) for part in parts if part.type in _READERS]
    if len(words) != len(parts) or not all(word.plain for word in words):
        return None
    return tuple(word.text for word in words)


def is_surely_bash(content: bytes) -> bool:
    """Whether bash reads it for certain; False: it may or may not."""
    if _BRACES.search(content):
        return False
    root = tree_sitter.Parser(_BASH).parse(content).root_node
    return not root.has_error and all(
        node.type in _SURE and not (node.type in _WORDS and _text(node) in _RESERVED)
        for node in _walk(root)
    )


def _text(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode(errors="replace")


def _walk(root: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.children))


def _command(node: tree_sitter.Node) -> SimpleCommand:
    words: list[Word] = []
    assigns = False
    for child in node.children:
        if child.type == "command_name":
            words.extend(_word(part) for part in child.children)
        elif child.type == "variable_assignment":
            assigns = True
        elif child.is_named and not child.type.endswith("redirect"):
            words.append(_word(child))
    return SimpleCommand(tuple(words), assigns)


def _word(node: tree_sitter.Node) -> Word:
    raw = _text(node)
    text = _plain(node, raw)
    return Word(raw if text is None else text, text is not None, raw)


def _plain(node: tree_sitter.Node, raw: str) -> str | None:
    """The literal value; None where anything is expanded."""
    read = _READERS.get(node.type)
    return read(node, raw) if read else None


def _plain_word(_: tree_sitter.Node, raw: str) -> str | None:
    if _GLOB.search(raw) or raw.startswith("~") or "{" in raw or "`" in raw:
        return None
    return _ESCAPED.sub(lambda found: "" if found[1] else found[2], raw)


def _plain_string(node: tree_sitter.Node, raw: str) -> str | None:
    if any(part.is_named and part.type != "string_content" for part in node.children):
        return None
    return _ESCAPED_IN_QUOTES.sub(lambda found: found[1] or "", raw[1:-1])


def _plain_concatenation(node: tree_sitter.Node, raw: str) -> str | None:
    parts = [_word(part) for part in node.children]
    if "{" in raw or not all(part.plain for part in parts):
        return None
    return "".join(part.text for part in parts)


_READERS: Final[dict[str, Callable[[tree_sitter.Node, str], str | None]]] = {
    "word": _plain_word,
    "number": _plain_word,
    "raw_string": lambda _, raw: raw[1:-1],
    "string": _plain_string,
    "concatenation": _plain_concatenation,
}


def programs(script: str, cwd: Path, path: str, home: Path) -> tuple[Path, ...]:
    """The files of the person's that a script names as programs, for the digest (P5).

    `./deploy.sh`, `bash x.sh`, `. env.sh`, `python3 x.py`, also behind `sudo`, `xargs`, `bash -c`
    and the like; not what the system installed. `path` is the PATH to look names up in. Files that
    do not exist are given too, where it is clear that they would be run.
    """
    search = _Search(cwd, path, home)
    search.look(script)
    return tuple(search.found)


class _Search:
    def __init__(self, cwd: Path, path: str, home: Path) -> None:
        self._directories = [str(cwd)]
        self._path = [directory for directory in path.split(os.pathsep) if directory]
        self._home = str(home)
        self.found: dict[Path, None] = {}

    def look(self, script: str, depth: int = 0) -> None:
        parsed = parse(script)
        for command in parsed.commands:
            self._look_at(command, depth)
        for word in parsed.read:
            self._add(word, even_missing=False)

    def _look_at(self, command: SimpleCommand, depth: int) -> None:
        if not command.words:
            return
        program, *arguments = command.words
        name = os.path.basename(program.text)  # noqa: PTH119 (no path, often a bare word)
        if name in ("cd", "pushd"):
            self._follow(arguments)
            return
        if "/" in program.raw:
            self._add(program, even_missing=True)
        else:
            self._add_from_path(program.text)
        if _RUNNERS.fullmatch(name) or _SHELLS.fullmatch(name):
            self._look_at_arguments(arguments, depth)

    def _look_at_arguments(self, arguments: list[Word], depth: int) -> None:
        first = True
        for word in arguments:
            if word.text.startswith("-"):
                continue
            a_script = re.search(r"[\s;&|]", word.text) is not None
            self._add(word, even_missing=first and "/" in word.raw and not a_script)
            first = False
            if not self._exists(word):
                self._add_from_path(word.text)
            # `bash -c '…'`, `eval '…'`: a script in a word.
            if a_script and depth < _NESTED_MAX:
                self.look(word.text, depth + 1)

    def _follow(self, arguments: list[Word]) -> None:
        """After `cd` names may be meant from there, or, if it fails, from where it was before."""
        for word in arguments[:1]:
            for place in self._places(word):
                room = len(self._directories) < _DIRECTORIES_MAX
                if room and place not in self._directories and os.path.isdir(place):  # noqa: PTH112
                    self._directories.append(place)

    def _add(self, word: Word, *, even_missing: bool) -> None:
        places = self._places(word)
        here = [place for place in places if os.path.isfile(place)]  # noqa: PTH113
        for place in here or (places[-1:] if even_missing else []):
            if not place.startswith(_SYSTEM):
                self.found.setdefault(Path(place))

    def _add_from_path(self, name: str) -> None:
        if not name or "/" in name or "\0" in name:
            return
        for directory in self._path:
            place = os.path.join(directory, name)  # noqa: PTH118
            if os.access(place, os.X_OK) and os.path.isfile(place):  # noqa: PTH113
                if os.path.isabs(place) and not place.startswith(_SYSTEM):  # noqa: PTH117
                    self.found.setdefault(Path(place))
                return

    def _exists(self, word: Word) -> bool:
        return any(os.path.exists(place) for place in self._places(word))  # noqa: PTH110

    def _places(self, word: Word) -> list[str]:
        """Where a word may point; expansions other than HOME and PWD are not followed."""
        text = word.text
        if "\0" in text or len(text) > 4096:
            return []
        if not word.plain:
            text = word.raw.replace('"', "").replace("'", "")
            text = _HOME.sub(lambda _: self._home, text)
            text = _PWD.sub(lambda _: self._directories[-1], text)
            if "$" in text or "`" in text:
                return []
        names = [os.path.join(d, text) for d in dict.fromkeys(self._directories)]  # noqa: PTH118
        if not word.plain and _GLOB.search(text):
            names = [name for pattern in names for name in _matches(pattern)]
        return [os.path.normpath(name) for name in names]


def _matches(pattern: str) -> Iterator[str]:
    if sum(bool(_GLOB.search(part)) for part in pattern.split("/")) > _WILD_PARTS_MAX:
        return iter(())
    return itertools.islice(glob.iglob(pattern), _GLOB_MAX)  # noqa: PTH207
