import random
import time
import tracemalloc

import pytest

from daemon.agents.child.material import AgentPassage, digest_of, groups_of
from daemon.agents.child.pairs import PairKind, make_pairs, pairs_of, split_by_passage
from daemon.agents.child.questions import definition, heading, key_sentence, rarity_in, without
from daemon.agents.child.related import related_words
from tests.support.agent import OWNER, indexed, made_up_texts
from tests.support.embedder import WordEmbedder
from tests.support.index import document


def passage(id_, text, *, language="en", heading="", title="", unique=True):
    return AgentPassage(
        id=id_,
        digest=digest_of(text),
        path=f"{id_}.md",
        title=title,
        heading=heading,
        text=text,
        language=language,
        windows=0,
        unique=unique,
    )


LONG = (
    "The pump room holds four pumps and a spare motor. Each pump is drained before the frost comes. "
    "A cracked housing is welded by the mechanic on duty, never by an apprentice. "
    "Filters are rinsed on Mondays and replaced when the pressure gauge falls below two bar."
)


def passages(count=40):
    return [passage(n, text) for n, text in enumerate(made_up_texts(count))]


def test_a_heading_asks_for_the_passage_below_it_without_that_heading():
    one = passage(1, LONG, heading="Care › Frost protection of pumps")

    assert heading(one) == "Frost protection of pumps"


@pytest.mark.parametrize(
    ("text", "unique"), [("Overview", True), ("Frost protection of pumps", False), ("", True)]
)
def test_a_heading_that_others_have_too_or_that_says_nothing_asks_nothing(text, unique):
    assert heading(passage(1, LONG, heading=text, unique=unique)) == ""


@pytest.mark.parametrize(
    ("text", "language", "question"),
    [
        ("A sluice gate is a barrier that holds water. " + LONG, "en", "What is sluice gate?"),
        ("A eclusa é uma barreira que segura a água do rio.", "pt", "O que é eclusa?"),
        (LONG, "en", ""),
        ("It is a barrier that holds water.", "en", ""),
    ],
)
def test_what_is_defined_is_asked_for(text, language, question):
    assert definition(passage(1, text, language=language)) == question


def test_a_key_sentence_has_the_rarest_words_and_leaves_something_to_be_found_by():
    several = passages()

    sentence = key_sentence(several[0], rarity_in(several))

    assert sentence in several[0].text
    assert key_sentence(passage(1, "The pump is drained in winter."), {"pump": 1.0}) == ""


def test_hidden_words_go_whatever_stands_between_them():
    text = "Start.  Drain the\n  PUMP, first! Then rest. Drain the pump first."

    assert without(text, "drain the pump first").split() == ["Start.", "!", "Then", "rest.", "."]


def test_given_questions_are_used_as_they_are_with_the_passage_that_holds_the_answer():
    several = [passage(1, LONG), *passages(5)]
    given = [
        ("Who welds a cracked housing?", "welded by the mechanic on duty"),
        ("What is nowhere?", "a unicorn in the attic"),
        ("", "Filters are rinsed"),
    ]

    asked = [p for p in make_pairs(several, [], 0, given=given) if p.kind is PairKind.ASKED]

    assert [(p.question, p.passage) for p in asked] == [
        ("Who welds a cracked housing?", digest_of(LONG))
    ]


def test_a_question_that_stands_in_its_passage_is_hidden_there():
    text = f"Who drains the pumps?\n{LONG}"

    pairs = make_pairs([passage(1, text)], [], 0, [("Who drains the pumps?", LONG[:50])])

    assert [p.hidden for p in pairs if p.kind is PairKind.ASKED] == ["Who drains the pumps?"]


def test_an_answer_that_stands_in_many_passages_belongs_to_the_one_that_speaks_of_the_question():
    two = [passage(1, "Bread rises for 40 minutes."), passage(2, "Honey rests for 40 minutes.")]

    pairs = make_pairs(two, [], 0, given=[("How long does honey rest?", "40 minutes")])

    assert [p.passage for p in pairs if p.kind is PairKind.ASKED] == [two[1].digest]


def test_an_answer_that_stands_in_all_passages_costs_no_more_however_often_it_is_given():
    several = [passage(n, f"Yes, it is so. {text}") for n, text in enumerate(made_up_texts(300))]

    def took(count: int) -> float:
        given = ((f"Is it so at place {n}?", "Yes, it is so.") for n in range(count))
        begun = time.process_time()
        assert make_pairs(several, [], 0, given)
        return time.process_time() - begun

    once = min(took(400) for _ in range(2))
    assert took(16_000) < 8 * once


def test_a_sentence_asks_for_its_translation_and_its_own_passage_is_left_aside():
    portuguese = passage(90, made_up_texts(1, "pt")[0], language="pt")
    again = passage(91, made_up_texts(9, "pt")[8], language="pt")
    english, *others = passages()
    several = [english, portuguese, again, *others]

    across = [p for p in make_pairs(several, [(90, 0)], 0) if p.kind is PairKind.TRANSLATION]

    sides = {(english.digest, portuguese.digest), (portuguese.digest, english.digest)}
    assert across
    assert {(p.passage, p.aside) for p in across} <= sides


@pytest.mark.parametrize("seed", range(25))
def test_a_split_never_puts_what_is_alike_on_both_sides(seed):
    chance = random.Random(seed)
    several = passages(60)
    for n, one in enumerate(chance.sample(several, 15)):
        words = one.text.split()
        words[chance.randrange(len(words))] = "changed"
        several.append(passage(100 + n, " ".join(words)))
    chance.shuffle(several)
    groups = groups_of(several, [])

    split = split_by_passage(make_pairs(several, [], seed), seed)

    of = {one.digest: groups[one.id] for one in several}
    assert split.training
    assert split.held_out
    assert {of[p.passage] for p in split.training}.isdisjoint(of[p.passage] for p in split.held_out)


def test_near_duplicates_and_translations_are_of_one_group():
    several = [passage(1, LONG), passage(2, LONG.replace("four", "five")), *passages(10)[3:]]

    groups = groups_of(several, [(1, 9)])

    assert groups[1] == groups[2] == groups[9]
    assert len({groups[n] for n in (3, 4, 5, 6)}) == 4


def test_finding_what_is_alike_takes_little_more_memory_than_the_words_themselves():
    chance = random.Random(1)
    texts = [" ".join(f"w{chance.randrange(50_000)}" for _ in range(1_000)) for _ in range(200)]
    several = [passage(n, text) for n, text in enumerate(texts)]
    assert all(one.words for one in several)

    tracemalloc.start()
    groups_of(several, [])
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < 30 * 1024**2


def test_the_same_data_and_seed_give_the_same_pairs_and_another_seed_others(tmp_path):
    documents = [document(f"{n}.txt", text) for n, text in enumerate(made_up_texts(80))]
    with indexed(tmp_path, documents, WordEmbedder()) as index:
        once, again = (pairs_of(index, OWNER, 5) for _ in range(2))
        other = pairs_of(index, OWNER, 6)

    assert once == again
    assert split_by_passage(once, 5) == split_by_passage(again, 5)
    assert once != other


def test_of_another_owner_there_are_no_pairs(tmp_path):
    documents = [document(f"{n}.txt", text) for n, text in enumerate(made_up_texts(8))]
    with indexed(tmp_path, documents, WordEmbedder()) as index:
        assert pairs_of(index, "bob@1", 0) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "We use natural language processing (NLP) here.",
            {"nlp": ("natural", "language", "processing"), "natural language processing": ("nlp",)},
        ),
        (
            "O IBGE (Instituto Brasileiro de Geografia e Estatística) conta.",
            {
                "ibge": ("instituto", "brasileiro", "de", "geografia", "e", "estatistica"),
                "instituto brasileiro de geografia e estatistica": ("ibge",),
            },
        ),
        ("A figure (Fig) and a note (see below) and (A) or (2020).", {}),
        ("Some unrelated words before it (XYZ).", {}),
    ],
)
def test_abbreviations_that_the_data_explains_are_learned(text, found):
    assert related_words([passage(1, text)]) == found
