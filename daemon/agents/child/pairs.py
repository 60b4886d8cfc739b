"""Questions with the passage that answers each: what training learns from, and is judged by."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Final

from daemon.agents.child import questions
from daemon.agents.child.material import AgentPassage, chance, groups_of, passages_of
from daemon.agents.child.translations import aligned
from daemon.index import Index, language
from daemon.index.language import Language
from daemon.protocol.values import Digest

LONGEST_QUESTION: Final = 500
FEWEST, MOST = 60, 240
"""How many pairs are used: of 100 KB of text the first, of much more the second."""
_HELD_OUT: Final = 0.3
_ENOUGH: Final = 40
"""Words of an answer by which its passage is known: of a long one the end may be cut off."""


class PairKind(StrEnum):
    """`asked`: given with the data, or by a model. The others are made from the text itself."""

    ASKED = "asked"
    HEADING = "heading"
    DEFINITION = "definition"
    SENTENCE = "sentence"
    TRANSLATION = "translation"


@dataclass(frozen=True, slots=True)
class Pair:
    """`passage`: the digest of the text that answers, `also`: of its translation. `hidden`: words of
    that passage which are taken away when the pair is used, as the question is made of them.
    `aside`: a passage left out then, as the question is a sentence of it. `group`: pairs of near
    duplicates share it.
    """

    question: str
    passage: Digest
    kind: PairKind
    language: Language
    group: Digest
    hidden: str = ""
    aside: Digest | None = None
    also: Digest | None = None


@dataclass(frozen=True, slots=True)
class Split:
    training: tuple[Pair, ...]
    held_out: tuple[Pair, ...]


def split_by_passage(pairs: Sequence[Pair], seed: int) -> Split:
    """What is alike, or says the same in two languages, is on one side."""
    size = Counter(pair.group for pair in pairs)
    held: set[Digest] = set()
    count = 0
    for group in sorted(size, key=lambda group: chance(seed, group)):
        if count + size[group] <= _HELD_OUT * len(pairs):
            held.add(group)
            count += size[group]
    return Split(
        tuple(pair for pair in pairs if pair.group not in held),
        tuple(pair for pair in pairs if pair.group in held),
    )


def pairs_of(
    index: Index,
    owner: str,
    seed: int,
    given: Iterable[tuple[str, str]] = (),
) -> list[Pair]:
    """Of an agent's passages in the index, the same each time. `given`: questions with their
    answers.
    """
    passages = passages_of(index, owner, seed)
    return make_pairs(passages, aligned(index, passages), seed, given)


def make_pairs(
    passages: Sequence[AgentPassage],
    translated: Sequence[tuple[int, int]],
    seed: int,
    given: Iterable[tuple[str, str]] = (),
) -> list[Pair]:
    """Those that were asked, as many as are used; where they are too few, further ones from
    headings, definitions and key sentences. `translated`: ids of passages that say the same in two
    languages.
    """
    most = max(FEWEST, min(MOST, len(passages) // 3))
    maker = _Maker(passages, translated, seed)
    # Drawn before their passages are looked for, and no more of those than are used: it takes long
    # where an answer stands in all of them.
    drawn = sorted(given, key=lambda one: chance(seed, _asked(one[0])))
    pairs = list(islice(_once(maker.given(drawn)), most))
    # Half of the others across languages, where there is what can be asked so.
    across = list(islice(maker.across(), (most - len(pairs)) // 2))
    return [*pairs, *across, *islice(maker.made(), most - len(pairs) - len(across))]


class _Maker:
    def __init__(
        self,
        passages: Sequence[AgentPassage],
        translated: Sequence[tuple[int, int]],
        seed: int,
    ) -> None:
        self._passages = sorted(passages, key=lambda one: chance(seed, one.digest))
        self._groups = groups_of(passages, translated)
        self._rarity = questions.rarity_in(passages)
        self._seed = seed
        by_id = {one.id: one for one in passages}
        both = [(by_id[one], by_id[other]) for one, other in translated]
        self._other = {one.id: other for one, other in both} | {b.id: a for a, b in both}

    def given(self, given: Iterable[tuple[str, str]]) -> Iterator[Pair]:
        holders = _Holders(self._passages)
        for question, answer in given:
            one = holders.of(question, answer)
            if one is not None:
                yield from self._asked(one, question)

    def _asked(self, one: AgentPassage, whole: str) -> Iterator[Pair]:
        question = _asked(whole)
        words = language.words(question)
        told = language.words(f"{one.title} {one.heading} {one.text}")
        if words:
            hidden = question if _run(words) in _run(told) else ""
            yield self._pair(one, PairKind.ASKED, question, hidden)

    def across(self) -> Iterator[Pair]:
        """A sentence of a passage asks for its translation."""
        for one in self._passages:
            other = self._other.get(one.id)
            sentence = questions.key_sentence(one, self._rarity) if other else ""
            if other and sentence:
                kind, of, group = PairKind.TRANSLATION, one.language, self._group(one)
                yield Pair(sentence, other.digest, kind, of, group, aside=one.digest)

    def made(self) -> Iterator[Pair]:
        """One of each passage, of a kind that the seed decides."""
        for one in self._passages:
            heading, definition = questions.heading(one), questions.definition(one)
            sentence = questions.key_sentence(one, self._rarity)
            found = [
                self._pair(one, kind, question, hidden)
                for kind, question, hidden in (
                    (PairKind.HEADING, heading, heading),
                    (PairKind.DEFINITION, definition, ""),
                    (PairKind.SENTENCE, sentence, sentence),
                )
                if question
            ]
            if found:
                yield min(found, key=lambda pair: chance(self._seed, pair.kind + pair.passage))

    def _pair(self, one: AgentPassage, kind: PairKind, question: str, hidden: str) -> Pair:
        other = self._other.get(one.id)
        also = None if other is None else other.digest
        of = language.detect(question, one.language)
        return Pair(question, one.digest, kind, of, self._group(one), hidden, also=also)

    def _group(self, one: AgentPassage) -> Digest:
        return self._groups[one.id]


class _Holders:
    """Which passage holds an answer: the one that has its words in their order."""

    def __init__(self, passages: Sequence[AgentPassage]) -> None:
        self._passages = passages
        self._runs = [_run(one.words) for one in passages]
        self._having: dict[str, list[int]] = {}
        for at, one in enumerate(passages):
            for word in set(one.words):
                self._having.setdefault(word, []).append(at)

    def of(self, question: str, answer: str) -> AgentPassage | None:
        wanted = language.words(answer)[:_ENOUGH]
        if not wanted or any(word not in self._having for word in wanted):
            return None
        rarest = min(wanted, key=lambda word: len(self._having[word]))
        run = _run(wanted)
        holding = {at for at in self._having[rarest] if run in self._runs[at]}
        if not holding:
            return None
        # A short answer stands in many: then the one that speaks of what was asked.
        speaking = Counter(
            at
            for word in set(language.words(_asked(question)))
            for at in self._having.get(word, ())
            if at in holding
        )
        best = max(holding, key=lambda at: (speaking[at], -self._passages[at].id))
        return self._passages[best]


def _asked(whole: str) -> str:
    return whole[:LONGEST_QUESTION].strip()


def _once(pairs: Iterable[Pair]) -> Iterator[Pair]:
    before = set[Pair]()
    for pair in pairs:
        if pair not in before:
            before.add(pair)
            yield pair


def _run(words: Sequence[str]) -> str:
    """Words in their order, to be looked for in those of others."""
    return f" {' '.join(words)} "
