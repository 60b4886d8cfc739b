"""The words of a question that mean one thing together."""

from collections.abc import Sequence
from dataclasses import dataclass

from daemon.reasoner.sql.lexicon import Operation
from daemon.reasoner.sql.names import Candidate


@dataclass(frozen=True, slots=True)
class Item:
    """Some tokens that mean one thing; `tag` (see `tags.py`) says of what kind.

    `candidates`: what a reference may be, or the columns that a value is found in.
    """

    tag: str
    first: int
    last: int
    text: str
    candidates: tuple[Candidate, ...] = ()
    operation: Operation | None = None
    number: float | None = None
    quoted: bool = False
    after_verb: bool = False
    """Whether the word before it is a participle: "written by" groups nothing."""
    again: bool = False
    """Whether it was spoken of before: "that state"."""

    @property
    def sense(self) -> str:
        return self.operation.sense if self.operation else ""


def tagged(items: Sequence[Item]) -> str:
    """The items as one string of their letters."""
    return "".join(item.tag for item in items)
