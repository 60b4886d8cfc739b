"""Sentences and blocks of code out of the Markdown of a passage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.reasoner.passages import code_blocks, sentences


def texts(markdown: str) -> list[str]:
    return [sentence.text for sentence in sentences(markdown)]


def test_prose_is_cut_at_the_ends_of_sentences() -> None:
    assert texts("It costs R$ 1.35 a day. Ask Dr. Lima, e.g. by mail! \nShe is in.") == [
        "It costs R$ 1.35 a day.",
        "Ask Dr. Lima, e.g. by mail!",
        "She is in.",
    ]


def test_a_row_of_a_table_is_a_sentence_with_its_headings() -> None:
    table = "| reason | paid days |\n|---|---|\n| marriage | 5 |\n| moving | 1, once |"
    assert texts(table) == ["marriage – paid days: 5", "moving – paid days: 1, once"]


def test_an_item_of_a_list_is_a_sentence_that_knows_what_leads_to_it() -> None:
    (first, second, third) = sentences("Bring these:\n\n- gloves\n- a\n  helmet")
    assert [first.text, second.text, third.text] == ["Bring these:", "gloves", "a helmet"]
    assert "Bring these" in third.around


def test_code_is_no_sentence() -> None:
    assert texts("Look:\n\n```bash\nls -l. Then this.\n```\n\nDone.") == ["Look:", "Done."]


def test_a_block_comes_with_its_language_and_what_is_above_it() -> None:
    (block,) = code_blocks("## Back up\n\nOld words.\n\nUse it\ndaily.\n\n```bash\na\n\n  b\n```\n")
    assert (block.language, block.code) == ("bash", "a\n\n  b")
    assert (block.heading, block.before) == ("Back up", "Use it daily.")


@pytest.mark.parametrize(
    ("markdown", "code"),
    [
        ("~~~sh\na\n~~~", ["a"]),
        ("````bash\n```\na\n```\n````", ["```\na\n```"]),
        ("  ```bash\n  a\n    b\n  ```", ["a\n  b"]),
        ("```bash title=x\na\n```", ["a"]),
        ("```\na\n```", ["a"]),
        ("```bash\nnever closed", []),
        ("text ```bash\na\n``` text", []),
        ("```bash\na\n```\n```sh\nb\n```", ["a", "b"]),
    ],
)
def test_only_closed_fences_are_code(markdown: str, code: list[str]) -> None:
    assert [block.code for block in code_blocks(markdown)] == code


@given(st.text(alphabet="ab .!|-`~#\n*1)[]:", max_size=200))
def test_any_text_can_be_read(markdown: str) -> None:
    sentences(markdown)
    code_blocks(markdown)
