"""What a command printed is private where it ran in, or names, what a private source holds."""

from pathlib import Path

import pytest

from daemon.blocks.private import PrivatePlaces
from daemon.protocol.values import Source, SourceId, SourceKind, SourceState
from daemon.reasoner import RanCommand

HOME = "/home/ana"


def source(location: str, *, private: bool) -> Source:
    id_, name = SourceId(location), location.rpartition("/")[2]
    ready = SourceState.READY
    return Source(id_, SourceKind.DOCUMENTS, location, name, private, ready, 0, 0, [], None, None)


SOURCES = [source(f"{HOME}/papers", private=True), source(f"{HOME}/open", private=False)]
SCRIPTS = [
    ("cat papers/x.md", True),
    ("cat ~/papers/x.md", True),
    ('cat "$HOME/papers/x.md"', True),
    ("cat ./papers/../papers/x", True),
    ("cat < papers/x", True),
    ("grep -r salary .", True),
    ("grep -r salary ~", True),
    ("grep -r salary /home/*", True),
    ("cat pap*/x", True),
    ("head --lines=3 --file=papers/x", True),
    ("tar cz / | wc", True),
    ("cat open/x", False),
    ("git status", False),
    ("ls", False),
    ("cat papers2/x", False),
]


@pytest.mark.parametrize(("script", "private"), SCRIPTS)
def test_a_command_that_names_a_private_place_is_private(script: str, private: bool) -> None:
    places = PrivatePlaces(lambda: SOURCES, Path(HOME))
    assert places.mark(RanCommand(script, 0, "", cwd=HOME)).private is private


def test_a_command_that_ran_in_a_private_place_is_private() -> None:
    places = PrivatePlaces(lambda: SOURCES, Path(HOME))
    assert places.mark(RanCommand("ls", 0, "", cwd=f"{HOME}/papers/old")).private
