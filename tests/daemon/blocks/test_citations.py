"""A claim's mark stands for its source, and for nothing else."""

import pytest

from daemon.blocks.citations import citations_of, without_unknown_marks
from daemon.protocol.values import SourceName
from daemon.reasoner import ContextPiece

PIECES = tuple(
    ContextPiece(n, SourceName.DOCUMENTS, f"T{n}", f"/doc{n}.md#A", f"text  of\n{n}")
    for n in (1, 2, 3)
)


@pytest.mark.parametrize(
    ("answer", "numbers"),
    [
        ("Thirty days [1].", [1]),
        ("First [3], then [1].", [1, 3]),
        ("Both [1, 2].", [1, 2]),
        ("Nothing.", []),
        ("A list like [x] or [99].", []),
    ],
)
def test_each_piece_that_is_named_is_cited_once(answer: str, numbers: list[int]) -> None:
    assert [citation.n for citation in citations_of(answer, PIECES)] == numbers


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("True [1], made up [9].", "True [1], made up."),
        ("Half [2, 9].", "Half [2]."),
        ("All [1, 2, 3]", "All [1, 2, 3]"),
        ("A link [text](x) stays", "A link [text](x) stays"),
    ],
)
def test_a_mark_that_stands_for_nothing_is_taken_out(answer: str, kept: str) -> None:
    assert without_unknown_marks(answer, PIECES) == kept


def test_a_long_excerpt_says_that_it_goes_on() -> None:
    piece = ContextPiece(1, SourceName.DOCUMENTS, "T", "/d", "word " * 500)
    (citation,) = citations_of("[1]", [piece])
    assert len(citation.excerpt) == 400
    assert citation.excerpt.endswith("…")
