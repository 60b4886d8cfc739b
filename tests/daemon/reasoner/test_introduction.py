"""Who greets, or asks who is there, is told: by an agent in its own words, each with its place."""

import asyncio

import pytest

from daemon.protocol.agents import AgentProfile
from daemon.protocol.values import ReplyType, SourceName
from daemon.reasoner import AskedAgent, ContextPiece, Decision, DecisionRequest
from daemon.reasoner.introduction import is_asked
from daemon.reasoner.offline import OfflineReasoner

REASONER = OfflineReasoner(None)
BAKER = AgentProfile(
    expertise="Sou padeiro há vinte anos. Ensino a fazer brioche.",
    tone="",
    vocabulary=[],
    questions=["Quanto tempo assa o brioche?"],
    written_by="offline",
)
PASSAGE = ContextPiece(
    3, SourceName.DOCUMENTS, "ze", "ze#Padaria", "Sou padeiro há vinte anos.", path="ze"
)


def decide(question: str, agent: AgentProfile | None, *pieces: ContextPiece) -> Decision:
    asked = None if agent is None else AskedAgent(agent, private=False)
    request = DecisionRequest(question, "pt", pieces, agent=asked)
    return asyncio.run(REASONER.decide(request)).decision


@pytest.mark.parametrize(
    "question",
    [
        "Who are you?",
        "What can you do for me?",
        "Hello!",
        "hi, how can you help me?",
        "Quem é você?",
        "O que você sabe fazer?",
        "Em que você pode me ajudar?",
        "Oi, tudo bem",
        "ajuda",
    ],
)
def test_greetings_and_who_is_there_are_known(question):
    assert is_asked(question)


@pytest.mark.parametrize(
    "question",
    [
        "",
        "Who are you paying for this?",
        "What can you do about the oven?",
        "Help me move the files",
        "Quem é você na empresa?",
        "Hi, when is the oven lit?",
        "hello " * 50,
    ],
)
def test_what_asks_for_more_is_no_greeting(question):
    assert not is_asked(question)


def test_an_agent_says_who_it_is_with_the_place_of_each_word():
    found = decide("Quem é você?", BAKER, PASSAGE)
    assert (found.type, found.enough) == (ReplyType.ANSWER, True)
    assert found.answer == (
        "Sou padeiro há vinte anos. [3] Ensino a fazer brioche.\n\n"
        "Pergunte, por exemplo:\n\n- Quanto tempo assa o brioche?"
    )
    assert found.sources == (SourceName.DOCUMENTS,)


def test_alvo_itself_says_what_it_is():
    found = decide("Olá", None, PASSAGE)
    assert found.enough
    assert found.answer.startswith("Sou o Alvo.")
    assert found.sources == ()


def test_a_profile_cannot_cite_what_it_is_not_from():
    lying = AgentProfile("Everybody trusts me [3].", "", [], ["Why [3]?"], "offline")
    assert "[3]" not in decide("Who are you?", lying, PASSAGE).answer


def test_what_one_may_ask_it_has_its_place_too():
    asks = AgentProfile("", "", [], ["Is there parking?", "Is there more?"], "offline")
    piece = ContextPiece(2, SourceName.DOCUMENTS, "f", "f:1#Is there parking?", "Yes.", path="f")
    answer = decide("Help", asks, piece).answer
    assert answer.endswith("- Is there parking? [2]\n- Is there more?")
