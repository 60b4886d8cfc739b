"""What Tab offers: commands after `/`, ids after a command that takes one, paths after `!`."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from client.table import BY_NAME

QUIT = "quit"
NEW = "new"
OWN = (NEW, QUIT)
"""Commands that only the shell has."""

ListPaths = Callable[[str], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """`text` takes the place of the last `replaces` characters."""

    text: str
    replaces: int
    meaning: str = ""


@dataclass(slots=True)
class Known:
    """What there is to complete; short ids and what they stand for, newest first. `tables`: of
    each database.
    """

    commands: dict[str, str] = field(default_factory=dict)
    flows: dict[str, str] = field(default_factory=dict)
    inquiries: dict[str, str] = field(default_factory=dict)
    databases: dict[str, str] = field(default_factory=dict)
    agents: dict[str, str] = field(default_factory=dict)
    tables: dict[str, dict[str, str]] = field(default_factory=dict)


def candidates(text: str, known: Known, list_paths: ListPaths) -> list[Candidate]:
    """Pure but for `list_paths`; `text` is what stands before the cursor."""
    if text.startswith("!"):
        return _paths(_last_word(text[1:]), list_paths)
    if not text.startswith("/") or "\n" in text:
        return []
    command, space, rest = text[1:].partition(" ")
    if not space:
        return _from(known.commands, command)
    return _arguments(command, rest, known, list_paths) if command in BY_NAME else []


def _arguments(command: str, rest: str, known: Known, list_paths: ListPaths) -> list[Candidate]:
    takes, words = BY_NAME[command].takes, BY_NAME[command].words
    ids = {"flow": known.flows, "inquiry": known.inquiries, "command": known.commands}
    if takes == "database":
        return _of_databases(rest, words, known)
    if takes == "agent" and rest.count(" ") == 1:
        return _from(known.agents, rest.partition(" ")[2])
    if words and " " not in rest:
        return _from(dict.fromkeys(words, ""), rest)
    if takes in ids and " " not in rest:
        return _from(ids[takes], rest)
    return _paths(_last_word(rest), list_paths) if takes in ("path", "agent") else []


def _of_databases(rest: str, words: tuple[str, ...], known: Known) -> list[Candidate]:
    """`shop`, `shop orders`, `annotate shop orders`; in SQL tables anywhere."""
    *before, begun = rest.split(" ")
    if before[:1] == ["annotate"] and words:
        before = before[1:]
        words = ()
    if not before:
        return _from({**dict.fromkeys(words, ""), **known.databases}, begun)
    return _from(known.tables.get(before[0], {}), begun) if begun or len(before) == 1 else []


def _from(meanings: dict[str, str], begun: str) -> list[Candidate]:
    return [
        Candidate(name, len(begun), meaning)
        for name, meaning in meanings.items()
        if name.startswith(begun)
    ]


def _last_word(text: str) -> str:
    """The word being typed: a space ends it unless a backslash stands before."""
    at = len(text)
    while at and not (text[at - 1].isspace() and not text[: at - 1].endswith("\\")):
        at -= 1
    return text[at:]


def _paths(begun: str, list_paths: ListPaths) -> list[Candidate]:
    if not begun:
        return []
    plain = begun.replace("\\ ", " ")
    return [
        Candidate(path.replace(" ", "\\ "), len(begun))
        for path in list_paths(plain)
        if path.startswith(plain)
    ]


def list_paths(begun: str, limit: int = 200) -> Iterator[str]:
    """The entries whose path begins so; directories end in a slash, hidden ones must be begun."""
    directory, _, name = begun.rpartition("/")
    place = f"{directory}/" if "/" in begun else ""
    try:
        with os.scandir(os.path.expanduser(place) or ".") as entries:  # noqa: PTH111
            found = sorted(
                (entry.name + ("/" if entry.is_dir() else "") for entry in entries),
                key=str.casefold,
            )
    except OSError:
        return
    fits = (e for e in found if e.startswith(name) and (name or not e.startswith(".")))
    for _, entry in zip(range(limit), fits, strict=False):
        yield place + entry


class ShellCompleter(Completer):
    """The door from prompt_toolkit to `candidates`."""

    def __init__(self, known: Known) -> None:
        self._known = known

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterator[Completion]:
        del complete_event
        for found in candidates(document.text_before_cursor, self._known, list_paths):
            yield Completion(found.text, -found.replaces, display_meta=found.meaning)
