"""Which words of a question name tables and columns."""

from collections.abc import Iterator, Sequence
from typing import Final

from daemon.index.language import Language
from daemon.reasoner.sql import tags
from daemon.reasoner.sql.items import Item
from daemon.reasoner.sql.lexicon import lexicon, listed
from daemon.reasoner.sql.names import Candidate, NameIndex
from daemon.reasoner.sql.schema import Schema
from daemon.reasoner.sql.tokens import Token, TokenKind

_JOINTS: Final = listed("of the de do da dos das o a os as")
"""Words that a name of several words may be said with: "type of food"."""
_LONGEST: Final = 7
_MOST_WORDS: Final = 4


class Mentions:
    """Names among the tokens of one question."""

    def __init__(self, found: Sequence[Token], schema: Schema, lang: Language) -> None:
        self._found = found
        self._lang = lang
        self._index = NameIndex(schema)
        self._lexicon = lexicon(lang)
        self._vocabulary = schema.vocabulary
        self._columns = schema.column_words
        self._exact = {
            token.folded
            for token in found
            if token.kind is TokenKind.WORD
            and any(not one.synonym for one in self._index.find([token.folded], lang))
        }

    def items(self) -> Iterator[Item]:
        """Every run of words that is a name; they may overlap."""
        for first in range(len(self._found)):
            for last in range(first + 1, min(first + _LONGEST, len(self._found)) + 1):
                part = self._found[first:last]
                if part[-1].kind is not TokenKind.WORD:
                    break
                said = _said(part)
                candidates = self._candidates(part, said) if said else ()
                if candidates:
                    text = " ".join(token.text for token in part)
                    # "per year": of a date, where no column is called so.
                    operation = self._lexicon.phrases.get(said) if len(part) == 1 else None
                    yield Item(tags.REFERENCE, first, last, text, candidates, operation)

    def _candidates(self, part: Sequence[Token], said: tuple[str, ...]) -> tuple[Candidate, ...]:
        if not self._is_name(part, said) or self._is_sum_of(said):
            return ()
        found = self._index.find(said, self._lang)
        # Words that are names each by itself are not together a name of similar meaning; and
        # "total", "most", "made" say something else unless a name has them as they are.
        literal = len(said) > 1 and self._exact.issuperset(said)
        literal = literal or any(self._does_something(word) for word in said)
        found = tuple(one for one in found if not (literal and one.synonym))
        if len(said) == 1 and said in self._lexicon.phrases:
            # "first" is half of `FirstName`, and says something by itself.
            found = tuple(one for one in found if not one.penalty)
        return found

    def _does_something(self, word: str) -> bool:
        return (word,) in self._lexicon.phrases or word in self._lexicon.neutral

    def _is_name(self, part: Sequence[Token], said: tuple[str, ...]) -> bool:
        """“supply” is no `SupplierID`, and “tracks cost” is no cost of tracks but what they do."""
        if len(said) == 1:
            return said[0] in self._vocabulary or said[0] not in self._lexicon.neutral
        if said[0] in self._columns:
            return True
        return self._lang != "en" or len(part) > len(said) or not said[0].endswith("s")

    def _is_sum_of(self, said: tuple[str, ...]) -> bool:
        """“total of the orders”, where each order has a `total`: all of them together."""
        operation = self._lexicon.phrases.get(said[:1])
        if len(said) < 2 or operation is None or operation.tag != tags.SUM:
            return False
        rest = self._index.find(said[1:], self._lang)
        return any(one.column is None and not one.synonym for one in rest)


def _said(part: Sequence[Token]) -> tuple[str, ...]:
    """The words without those that only join them; empty where they can be no name."""
    if part[0].folded in _JOINTS or part[-1].folded in _JOINTS:
        return ()
    said = tuple(token.folded for token in part if token.folded not in _JOINTS)
    if len(part) > 1 and all(token.glued for token in part[:-1]):
        said = ("".join(said),)
    return said if len(said) <= _MOST_WORDS else ()
