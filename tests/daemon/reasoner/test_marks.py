"""A mark in an answer is one of the answer's own: never one of a document, nor a place in a list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.reasoner.marks import cited, quoted, without_others

TEXTS = st.text(st.sampled_from("a1[],` ~\n>"), max_size=60)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Thirty days [1, 3], or twenty [2].", (1, 3, 2)),
        ("Take `files[0]` of the list [2].", (2,)),
        ("So:\n\n```bash\necho ${files[1]}\n```\n\n[2]", (2,)),
        ("> ```\n> a[1]\n> ```\n[2]", (2,)),
        ("An open ` stays text [1].", (1,)),
    ],
)
def test_what_is_cited_stands_outside_of_code(text, numbers):
    assert cited(text) == numbers


def test_marks_of_other_numbers_go_but_code_stays_as_it_is():
    text = "Half [2, 9], none [9]: `files[9]`\n\n```\nx[9]\n```"
    assert without_others(text, {2}) == "Half [2], none: `files[9]`\n\n```\nx[9]\n```"


def test_what_a_document_cites_is_not_cited_by_who_quotes_it():
    assert quoted("As shown in [3], and `a[1]`.") == "As shown in ［3］, and `a[1]`."


def test_what_a_document_leaves_open_hides_no_mark_after_it():
    assert cited(f"{quoted('It is called `ls.')} [1] {quoted('Or `dir.')} [2]") == (1, 2)


@given(TEXTS, TEXTS)
def test_no_quotation_cites_or_hides(one, other):
    text = f"{quoted(one)} [7] {quoted(other)} [8]" if "\n" not in one + other else "[7] [8]"
    assert cited(text) == (7, 8)


@given(TEXTS, st.sets(st.integers(0, 20)))
def test_what_is_left_cites_only_what_is_known(text, known):
    assert set(cited(without_others(text, known))) <= known
