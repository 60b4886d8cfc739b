"""A question that is written down is answered by what stands below it, and no other is."""

import asyncio

import pytest

from daemon.protocol.values import ReplyType, SourceName
from daemon.reasoner import ContextPiece, Decision, DecisionRequest
from daemon.reasoner.offline import OfflineReasoner

REASONER = OfflineReasoner(None)
LIST = {
    "Is there parking?": "Yes, behind the church.",
    "Do you ship to Portugal?": "Not yet. We hope to begin next spring.",
    "Can I bring my dog?": "Of course, if it is on a leash.",
    "What are the opening hours?": "Monday to Friday from 9 to 18, Saturday until noon.",
    "Who are you?": "The desk of the Blue House hostel.",
    "Aceita cartão?": "Sim, todos menos Amex.",
}
PIECES = tuple(
    ContextPiece(n, SourceName.DOCUMENTS, question, f"faq.jsonl:{n}#{question}", answer)
    for n, (question, answer) in enumerate(LIST.items(), 1)
)


def decide(question: str, *pieces: ContextPiece, language: str = "en") -> Decision:
    request = DecisionRequest(question, language, pieces or PIECES)
    return asyncio.run(REASONER.decide(request)).decision


@pytest.mark.parametrize("question", LIST)
def test_each_is_answered_as_it_is_written(question):
    n = list(LIST).index(question) + 1
    found = decide(question)
    assert (found.type, found.enough) == (ReplyType.ANSWER, True)
    assert found.answer == f"{LIST[question]} [{n}]"
    assert found.sources == (SourceName.DOCUMENTS,)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("When are you open?", "Monday to Friday"),
        ("Do you also ship to Portugal?", "Not yet."),
        ("May I bring my dog?", "on a leash"),
        ("is there PARKING", "behind the church"),
        ("who are you", "Blue House"),
    ],
)
def test_in_other_words_it_is_the_same_question(question, answer):
    assert answer in decide(question).answer


@pytest.mark.parametrize(
    "question",
    [
        "Do you ship to Brazil?",
        "Is there a pool?",
        "Is there parking for buses at night?",
        "How much is parking?",
        "Can I bring my horse?",
    ],
)
def test_another_question_is_not_answered_by_its_neighbour(question):
    assert not decide(question).enough


def test_a_heading_of_a_page_that_asks_is_such_a_question():
    page = ContextPiece(
        1, SourceName.DOCUMENTS, "House", "house.md#Guests › Is breakfast included?", "For members."
    )
    assert decide("Is breakfast included?", page).answer == "For members. [1]"


def test_a_long_answer_is_given_from_its_beginning():
    text = " ".join(f"Sentence number {n} says something of it." for n in range(90))
    long = ContextPiece(1, SourceName.DOCUMENTS, "H", "h.md#Is there parking?", text)
    found = decide("Is there parking?", long)
    assert found.answer.startswith("Sentence number 0 says")
    assert len(found.answer) < 200
