"""Which commands a standing permission covers: word by word, on the parsed command (P1)."""

import functools
import hashlib
import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from daemon.protocol.escape import is_hidden
from daemon.protocol.values import ConversationId, Permission, Scope, Timestamp
from daemon.shell.parse import plain_command
from daemon.shell.permission_table import (
    EXACT,
    NEVER,
    SAFE_BUILTINS,
    STARRED,
    SUBCOMMANDS,
    Flags,
)

STAR: Final = "*"
_MAX_CHARS: Final = 4096
_BARE: Final = frozenset("_-./:=@%+,^~")
_NOT_IN_DOUBLE: Final = frozenset('$`\\!"')
_SYSTEM: Final = ("/usr/", "/bin/", "/sbin/", "/lib", "/nix/", "/snap/")
_NO_FLAGS: Final = Flags()


class PatternRefused(Exception):
    """`reason`: the name of a phrase."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Pattern:
    """`words` are themselves; `star`: any further plain words that `flags` lets through."""

    words: tuple[str, ...]
    star: bool
    flags: Flags

    def __str__(self) -> str:
        return " ".join([*map(shlex.quote, self.words), *([STAR] if self.star else [])])


@dataclass(frozen=True, slots=True)
class Program:
    """What a name leads to; `digest`: of its content, where it is not the system's."""

    path: str
    digest: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where and for whom a plan would run. `path`: the PATH of sessions."""

    cwd: str
    path: str
    conversation: ConversationId
    at: Timestamp


@functools.lru_cache(maxsize=1024)
def read_pattern(text: str) -> Pattern:
    """Raises PatternRefused: what it might cover cannot be told, or must never be covered."""
    text = text.strip(" \t")
    star = text == STAR or text.endswith((f" {STAR}", f"\t{STAR}"))
    words = plain_words(text.removesuffix(STAR) if star else text)
    if words is None:
        raise PatternRefused("pattern_not_plain")
    name = os.path.basename(words[0])  # noqa: PTH119  (no path, often a bare word)
    if _is_never(words[0]):
        raise PatternRefused("pattern_never")
    if not star:
        return Pattern(words, star=False, flags=_NO_FLAGS)
    known = _starred(words)
    if known is None and (name in SUBCOMMANDS or EXACT.fullmatch(name)):
        raise PatternRefused("pattern_exact")
    flags = _NO_FLAGS if known is None else known
    # A flag that runs the words after it makes `*` a program.
    if not all(flags.covers(word) for word in words[1:]):
        raise PatternRefused("pattern_flag")
    return Pattern(words, star=True, flags=flags)


def _is_never(word: str) -> bool:
    name = os.path.basename(word)  # noqa: PTH119  (as above)
    return NEVER.fullmatch(name) is not None or "=" in word or word.startswith("-") or not name


def _starred(words: Sequence[str]) -> Flags | None:
    return STARRED.get(tuple(words[:2])) or STARRED.get(tuple(words[:1]))


@functools.lru_cache(maxsize=4096)
def plain_words(script: str) -> tuple[str, ...] | None:
    """The words of one simple command in which nothing is expanded; None where that is not sure.

    Read twice, by two readers that have nothing in common: what one of them misreads, asks.
    """
    if len(script) > _MAX_CHARS:
        return None
    words = _lexed(script)
    return words if words and plain_command(script) == words else None


def _lexed(script: str) -> tuple[str, ...] | None:
    """By a reader that knows plain characters and quotes, and gives up at anything else."""
    words, word, quote = list[str](), None, ""
    for at, character in enumerate(script := script.strip(" \t\n")):
        if quote:
            if character == quote:
                quote = ""
            elif is_hidden(character) or (quote == '"' and character in _NOT_IN_DOUBLE):
                return None
            else:
                word = (word or "") + character
        elif character in "'\"":
            quote, word = character, word or ""
        elif character in " \t":
            words += [] if word is None else [word]
            word = None
        elif not _is_bare(character, script[at - 1] if at else " "):
            return None
        else:
            word = (word or "") + character
    return None if quote else (*words, *([] if word is None else [word]))


def _is_bare(character: str, before: str) -> bool:
    if character == "~":
        return before not in " \t=:'\""
    return (character.isalnum() and not is_hidden(character)) or character in _BARE


def matches(pattern: Pattern, script: str) -> bool:
    """Whether the words fit, wherever and whoever it is."""
    words = plain_words(script)
    return words is not None and _fits(pattern, words)


def _fits(pattern: Pattern, words: tuple[str, ...]) -> bool:
    count = len(pattern.words)
    if words[:count] != pattern.words or _is_never(words[0]):
        return False
    further = words[count:]
    if not further or not pattern.star:
        return not further
    # Of git's formats this one runs gpg.
    return all(pattern.flags.covers(word) and "%G" not in word for word in further)


def hint(script: str) -> str | None:
    """The pattern that would cover it, as narrow as is of use; None: no permission may."""
    words = plain_words(script)
    if words is None or _is_never(words[0]):
        return None
    known = STARRED.get(tuple(words[:2]))
    head = words[:2] if known else words[:1]
    known = known or STARRED.get(head)
    if known is not None:
        pattern = Pattern(head, star=True, flags=known)
        return str(pattern) if _fits(pattern, words) else None
    if EXACT.fullmatch(os.path.basename(words[0])):  # noqa: PTH119  (as above)
        return None
    return str(Pattern(words, star=False, flags=_NO_FLAGS))


def find_program(word: str, cwd: str, path: str) -> Program | None:
    """What bash would run for this name; None where that is not sure or must not be covered."""
    if _is_never(word):
        return None
    if word in SAFE_BUILTINS:
        return Program(f"builtin:{word}", None)
    if "/" in word:
        found = os.path.join(cwd, word)  # noqa: PTH118  (no pathlib where each microsecond counts)
    else:
        directories = path.split(os.pathsep)
        if not all(map(os.path.isabs, directories)):
            return None
        places = (f"{directory}/{word}" for directory in directories)
        found = next((place for place in places if os.access(place, os.X_OK)), "")
    real = os.path.realpath(found)
    if not found or not os.path.isfile(real) or not os.access(real, os.X_OK):  # noqa: PTH113
        return None
    if NEVER.fullmatch(os.path.basename(real)):  # noqa: PTH119
        return None
    return Program(real, None if real.startswith(_SYSTEM) else _digest(real))


def _digest(file: str) -> str | None:
    try:
        with open(file, "rb") as opened:  # noqa: PTH123
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return "unreadable"


def is_sound(permission: Permission) -> bool:
    """Whether it can be read, and its own examples come out as they must."""
    try:
        pattern = read_pattern(permission.pattern)
    except PatternRefused:
        return False
    return all(matches(pattern, example) for example in permission.match) and not any(
        matches(pattern, example) for example in permission.not_match
    )


def covering(
    permissions: Sequence[Permission], scripts: Sequence[str], place: Place
) -> tuple[Permission, ...] | None:
    """A permission for each script of a plan, the narrowest that there is; None: a person is asked."""
    live = [one for one in permissions if _is_live(one, place) and is_sound(one)]
    found = list[Permission]()
    for script in scripts:
        words = plain_words(script)
        if words is None or _is_excepted(live, words):
            return None
        fit = [one for one in live if _covers(one, words, place)]
        if not fit:
            return None
        found.append(min(fit, key=_width))
    return tuple(found) or None


def _is_live(permission: Permission, place: Place) -> bool:
    if permission.revoked_at is not None:
        return False
    if permission.expires_at is not None and permission.expires_at <= place.at:
        return False
    if permission.scope is Scope.CONVERSATION and permission.conversation != place.conversation:
        return False
    return permission.scope is not Scope.ONCE and _within(place.cwd, permission.cwd)


def _is_excepted(live: Sequence[Permission], words: tuple[str, ...]) -> bool:
    """The strictest wins: what one permission says it must not cover, no other one covers here."""
    return any(plain_words(example) == words for one in live for example in one.not_match)


def _covers(permission: Permission, words: tuple[str, ...], place: Place) -> bool:
    pattern = read_pattern(permission.pattern)
    if not _fits(pattern, words):
        return False
    program = find_program(words[0], place.cwd, place.path)
    if program != Program(permission.program, permission.program_digest):
        return False
    further = words[len(pattern.words) :]
    return not any(_leaves(word, place.cwd, permission.cwd) for word in further)


def _leaves(word: str, cwd: str, root: str) -> bool:
    """Whether a word, or the value in it, may be a path out of the permission's directory."""
    return any(_points_out(part, cwd, root) for part in _parts(word))


def _parts(word: str) -> Iterator[str]:
    yield word
    if "=" in word:
        yield from word.split("=")
    if word.startswith("-"):
        for at in range(1, len(word)):
            if word[at] in "/.":
                yield word[at:]
                return


def _points_out(part: str, cwd: str, root: str) -> bool:
    if ".." in part.split("/"):
        return True
    return not _within(os.path.join(cwd, part), root)  # noqa: PTH118


def _within(path: str, root: str) -> bool:
    """With every link followed."""
    try:
        real, above = os.path.realpath(path), os.path.realpath(root)
    except (OSError, ValueError):
        return False
    return os.path.commonpath([real, above]) == above


def _width(permission: Permission) -> tuple[bool, bool, int, int]:
    pattern = read_pattern(permission.pattern)
    always = permission.scope is Scope.ALWAYS
    return (pattern.star, always, -len(pattern.words), -len(permission.cwd))
