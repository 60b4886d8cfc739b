"""The reasoner without a model: extracts from what was found, and the person's own runbooks."""

import asyncio
import re
from dataclasses import replace
from pathlib import Path
from typing import Final

import prompts
from daemon.index import language
from daemon.protocol.values import (
    ReplyType,
    SourceName,
    Usage,
)
from daemon.reasoner import extract, halves, introduction, rows, runbook, words, written_questions
from daemon.reasoner.decision import Decision, Missing
from daemon.reasoner.explain import explain
from daemon.reasoner.extract import Extract
from daemon.reasoner.intent import IntentClassifier
from daemon.reasoner.reasoner import AnswerStream, Reply
from daemon.reasoner.request import ContextPiece, DecisionRequest
from daemon.reasoner.runbook import Procedure
from daemon.reasoner.sql import asks_for_rows, write
from daemon.reasoner.sql_request import SqlReply, SqlRequest

NAME: Final = "offline"
_CERTAIN: Final = 0.9
_SAME_QUESTION: Final = 0.6
_HOW: Final = re.compile(
    r"^(?:and )?how (?:do|can|should|to|does|is|are)\b|^(?:e )?como\b|\bhow to\b|\bwhat are the steps\b"
    r"|\bquais (?:sao )?(?:os )?passos\b"
)


_LONGEST_QUESTION: Final = 2000
_LONGEST_GIVEN: Final = 100_000
"""Characters that are looked at: reading along with a person must not take longer than a moment."""


class OfflineReasoner:
    """Says plainly when what was found is not enough; never guesses."""

    name = NAME

    def __init__(self, cache_dir: Path | None) -> None:
        self._intents = IntentClassifier(cache_dir)

    async def decide(self, request: DecisionRequest) -> Reply:
        # The first call learns; every call stems some thousand words: not on the event loop.
        decision = await asyncio.to_thread(self._decided, request)
        return Reply(decision, Usage(), NAME)

    def stream_answer(self, request: DecisionRequest, decision: Decision) -> AnswerStream:  # noqa: ARG002
        return AnswerStream(decision)

    async def write_sql(self, request: SqlRequest) -> SqlReply:
        database, sql = await asyncio.to_thread(write, request)
        return SqlReply(database, sql, Usage(), NAME)

    async def close(self) -> None:
        """Nothing is open."""

    def _decided(self, request: DecisionRequest) -> Decision:
        if request.about and request.ran is not None:
            return explain(request, request.ran)
        if len(request.question) > _LONGEST_QUESTION:
            request = replace(request, question=request.question[:_LONGEST_QUESTION])
        if introduction.is_asked(request.question) and _written(request.question, request) is None:
            return introduction.introduce(request)
        likely = self._intents.probability_of_task(request.question)
        asks = asks_for_rows(request.question, language.known(request.language))
        if likely >= 0.5:
            # "List the customers": an order by its form, a question by what databases there are.
            rows_there = request.routed and asks and not _searched(request)
            task = self._task(request)
            if task is None and rows_there:
                return _deferred(request)
            return task or self._unsure_answer(request, likely)
        answer = self._answer(request)
        if asks and request.routed and not _searched(request):
            return _deferred(request)
        return answer or _missing(ReplyType.ANSWER, request)

    def _task(self, request: DecisionRequest) -> Decision | None:
        found = self._procedure(request)
        if found is None or not found.enough:
            return None
        said = prompts.phrase(
            "offline_run_from",
            request.language,
            title=found.piece.title,
            location=found.heading or found.piece.location,
        )
        return Decision(
            ReplyType.TASK,
            enough=True,
            answer=f"{said} [{found.piece.n}]",
            sources=(SourceName.DOCUMENTS,),
            plan=found.steps,
            final=True,
        )

    def _unsure_answer(self, request: DecisionRequest, likely: float) -> Decision:
        has_rows = any(piece.source is SourceName.DATABASE for piece in request.pieces)
        # “Can I bring my dog?” is an order by its form alone, if a list of questions has it.
        told = likely < _CERTAIN or has_rows or _written(request.question, request) is not None
        answer = self._answer(request) if told else None
        return answer or _missing(ReplyType.TASK, request)

    def _answer(self, request: DecisionRequest) -> Decision | None:
        if _HOW.search(language.fold(request.question)):
            found = self._procedure(request)
            if found is not None and found.enough:
                return _final(_instructions(found), (SourceName.DOCUMENTS,))
        rows_said = _rows_said(request)
        asks = asks_for_rows(request.question, language.known(request.language))
        sure = rows_said is not None and asks
        told = [_you_said(request) or self._told(request, sure=sure), rows_said]
        if asks:
            told.reverse()
        texts = [decision for decision in told if decision is not None]
        if not texts:
            return None
        sources = dict.fromkeys(source for decision in texts for source in decision.sources)
        return _final("\n\n".join(decision.answer for decision in texts), tuple(sources))

    def _told(self, request: DecisionRequest, *, sure: bool) -> Decision | None:
        """The best sentences of what is written in words.

        `sure`: only where they share all of several words with the question; rows answer it
        already, and one shared word (“customers”) makes no second answer.
        """
        written = [_said_in(one) for one in request.pieces if one.source is not SourceName.DATABASE]
        pieces = (*written, *_given(request))
        best = _best(request.question, request, pieces)
        each = None if sure else _each_half(request, pieces)
        sure_enough = best.enough and (not sure or self._is_sure(request, best.covered))
        if each is None and not sure_enough:
            return None
        text, cited = each or (best.text, best.pieces)
        used = tuple(dict.fromkeys(piece.source for piece in pieces if piece.n in cited))
        return _final(text.replace(" [0]", ""), used)

    @staticmethod
    def _is_sure(request: DecisionRequest, covered: float) -> bool:
        wanted = words.terms(request.question, language.known(request.language))
        return len(wanted) > 1 and covered >= _CERTAIN

    def _procedure(self, request: DecisionRequest) -> Procedure | None:
        return runbook.find(request.question, language.known(request.language), request.pieces)


def _written(question: str, request: DecisionRequest) -> Extract | None:
    documents = tuple(one for one in request.pieces if one.source is SourceName.DOCUMENTS)
    return written_questions.answer(question, language.known(request.language), documents)


def _best(question: str, request: DecisionRequest, among: tuple[ContextPiece, ...]) -> Extract:
    asked = language.known(request.language)
    return _written(question, request) or extract.answer(question, asked, among)


def _each_half(
    request: DecisionRequest, pieces: tuple[ContextPiece, ...]
) -> tuple[str, tuple[int, ...]] | None:
    """Of several questions in one what is known of each, and which of them nothing answers; with the
    numbers of the pieces. None where it is one question, or where nothing answers any of them.
    """
    parts = halves.of(request.question)
    lang = language.known(request.language)
    if len(parts) == 1 or not all(words.terms(part, lang) for part in parts):
        return None
    told: dict[str, None] = {}
    cited: list[int] = []
    for part in parts:
        # "… and when does it begin?" is about what was spoken of before.
        alone = not cited or len(words.terms(part, lang)) > 1 or halves.names_its_own(part)
        among = pieces if alone else tuple(piece for piece in pieces if piece.n in cited)
        best = _best(part, request, among)
        told[best.text if best.enough else _unknown(part, request.language)] = None
        cited += best.pieces if best.enough else ()
    return (" ".join(told), tuple(cited)) if cited else None


def _unknown(part: str, speaks: str) -> str:
    return prompts.phrase("offline_half_unknown", speaks, part=part.strip().rstrip("?"))


def _given(request: DecisionRequest) -> tuple[ContextPiece, ...]:
    if not request.given:
        return ()
    return (ContextPiece(0, SourceName.USER, "", "", request.given[:_LONGEST_GIVEN]),)


def _said_in(piece: ContextPiece) -> ContextPiece:
    """Of what a person was asked, only what they said: the question is no answer to itself."""
    if piece.source is not SourceName.USER:
        return piece
    return replace(piece, text=piece.text.partition("\n")[2])


def _rows_said(request: DecisionRequest) -> Decision | None:
    """Every result that has rows, or that there are none where no query found any."""
    pieces = rows.of([one for one in request.pieces if one.source is SourceName.DATABASE])
    filled = [piece for piece in pieces if not rows.is_empty(piece)] or pieces[:1]
    said = [text for piece in filled if (text := rows.answer(piece, request.language))]
    return _final("\n\n".join(said), (SourceName.DATABASE,)) if said else None


def _you_said(request: DecisionRequest) -> Decision | None:
    """What the person was asked for this very question, in their own words."""
    lang = language.known(request.language)
    wanted = words.terms(request.question, lang)
    for piece in request.pieces:
        asked, _, said = piece.text.partition("\n")
        fits = words.covered(wanted, words.stems(asked, lang)) >= _SAME_QUESTION
        if piece.source is SourceName.USER and said.strip() and fits:
            text = prompts.phrase(
                "offline_you_said", request.language, said=said.strip(), n=piece.n
            )
            return _final(text, (SourceName.USER,))
    return None


def _searched(request: DecisionRequest) -> bool:
    return bool(request.found) or any(p.source is SourceName.DATABASE for p in request.pieces)


def _deferred(request: DecisionRequest) -> Decision:
    """What the rows say comes first; what is written in words is told beside it."""
    piece = Missing(request.question.strip(), SourceName.DATABASE)
    return Decision(ReplyType.ANSWER, enough=False, missing=(piece,), final=True, deferred=True)


def _final(text: str, sources: tuple[SourceName, ...]) -> Decision:
    return Decision(ReplyType.ANSWER, enough=True, answer=text, sources=sources, final=True)


def _instructions(found: Procedure) -> str:
    parts = [f"**{found.heading}**"] if found.heading else []
    for step in found.steps:
        parts.append(step.explanation)
        # Longer than any fence inside, so that none of them ends it.
        ticks = "`" * max(3, *(len(run) + 1 for run in ["", *re.findall(r"`+", step.script)]))
        parts.append(f"{ticks}bash\n{step.script}\n{ticks}")
    return "\n\n".join(parts)


def _missing(type_: ReplyType, request: DecisionRequest) -> Decision:
    information = request.question.strip()
    if type_ is ReplyType.TASK:
        information = prompts.phrase("offline_no_runbook", request.language, question=information)
    database = request.routed and not _searched(request) and type_ is ReplyType.ANSWER
    piece = Missing(information, SourceName.DATABASE if database else SourceName.INTERNET)
    return replace(Decision(type_, enough=False, final=True), missing=(piece,))
