"""A measured figure beside what it should be."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """`ratio`: figure to aim, as text; `met`: whether the aim is reached."""

    what: str
    figure: str
    aim: str
    ratio: str
    met: bool
