"""Where passages begin and end, and what they say of their place."""

import pytest

from embed_tool.blocks import Kind
from embed_tool.cut import LIMIT, WHOLE, Passage, passages, split_long
from embed_tool.formats import extract


def cut(source: str, kind: Kind = Kind.MARKDOWN) -> list[Passage]:
    return passages(extract(kind, source.encode()))


def words(n: int, word: str = "word") -> str:
    return " ".join(f"{word}{i}." for i in range(n))


def test_the_place_is_the_heading_path_without_the_title_of_the_document():
    found = cut(
        f"# Handbook\n\n{words(60)}\n\n## Leave\n\n{words(60)}\n\n### Sick\n\n{words(60)}\n"
    )
    assert [passage.place for passage in found] == ["Handbook", "Leave", "Leave › Sick"]


def test_a_passage_does_not_go_on_past_a_heading_of_its_level():
    found = cut("# T\n\n## A\n\nshort a\n\n## B\n\nshort b\n")
    assert [(passage.place, passage.text) for passage in found] == [
        ("A", "short a"),
        ("B", "short b"),
    ]


def test_a_few_words_before_the_first_sub_heading_go_with_it():
    found = cut(
        "# T\n\n## A\n\nOf three kinds:\n\n### Details\n\nThe details.\n\n### More\n\nMore.\n"
    )
    assert [(passage.place, passage.text) for passage in found] == [
        ("A › Details", "Of three kinds:\n\nThe details."),
        ("A › More", "More."),
    ]


def test_what_says_something_before_the_first_sub_heading_is_cited_by_its_own_heading():
    found = cut("# Car\n\nThe insurance runs out in March.\n\n## Maintenance\n\nOil in June.\n")
    assert [(passage.place, passage.text) for passage in found] == [
        ("Car", "The insurance runs out in March."),
        ("Maintenance", "Oil in June."),
    ]


def test_paragraphs_are_gathered_up_to_about_a_thousand_characters():
    source = "\n\n".join(words(15, f"p{n}x") for n in range(40))
    found = cut(source)
    assert all(len(passage.text) <= LIMIT + 250 for passage in found)
    assert all(len(passage.text) >= 600 for passage in found[:-1])
    assert "\n\n".join(passage.text for passage in found) == source


def test_without_headings_the_place_is_the_lines():
    found = cut("one\n\ntwo\n", Kind.TEXT)
    assert [(passage.place, passage.heading) for passage in found] == [("lines 1–3", "")]


def test_a_single_line_is_named_as_one():
    assert cut("only\n", Kind.TEXT)[0].place == "line 1"


def test_a_code_block_stays_with_the_paragraph_that_introduces_it():
    code = "```bash\n" + "\n".join(f"echo step {n} {'x' * 40}" for n in range(60)) + "\n```"
    assert LIMIT < len(code) < WHOLE
    found = cut(f"# R\n\n{words(120)}\n\nTo restart the shop:\n\n{code}\n\n{words(120)}\n")
    holding = [passage.text for passage in found if "```" in passage.text]
    assert holding == [f"To restart the shop:\n\n{code}"]


def test_code_inside_a_list_item_is_not_torn():
    items = "".join(
        f"{n}. Do step {n}:\n\n   ```bash\n   run {n} {'x' * 300}\n   ```\n\n" for n in range(1, 8)
    )
    for passage in cut(f"# R\n\n{items}"):
        assert passage.text.count("```") % 2 == 0


def test_long_source_code_is_cut_at_lines_and_says_which():
    source = "\n".join(f"value_{n} = compute({n})" for n in range(300))
    found = cut(source, Kind.CODE)
    assert found[0].place.startswith("lines 1–")
    assert found[-1].place.endswith("–300")
    assert "\n".join(passage.text for passage in found) == source


def test_a_heading_with_nothing_under_it_is_still_found():
    found = cut("# T\n\n## Empty\n\n## Full\n\ntext\n")
    assert [(passage.place, passage.text) for passage in found] == [
        ("Empty", "Empty"),
        ("Full", "text"),
    ]


def test_a_document_of_headings_alone_is_found():
    assert [passage.text for passage in cut("# One\n\n# Two\n")] == ["One", "Two"]


@pytest.mark.parametrize("text", ["x" * 100_000, "word " * 20_000, "Sentence here. " * 8_000])
def test_one_huge_line_is_cut_into_bounded_pieces_with_nothing_lost(text):
    pieces = split_long(text)
    assert max(map(len, pieces)) <= LIMIT
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")


def test_nothing_gives_no_passages():
    assert cut("") == []
    assert cut("\n\n  \n") == []
