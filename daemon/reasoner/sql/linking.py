"""Which words of a question are tables, columns, values, numbers or operations."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from daemon.index import language, schema_words
from daemon.index.language import Language
from daemon.protocol.values import ValueMatch
from daemon.reasoner.sql import names, tags
from daemon.reasoner.sql.lexicon import LONGEST_PHRASE, Lexicon, Operation, lexicon, listed
from daemon.reasoner.sql.names import Candidate
from daemon.reasoner.sql.schema import Schema
from daemon.reasoner.sql.tokens import Token, TokenKind, tokens

_JOINTS: Final = frozenset(["of", "the", "de", "do", "da", "dos", "das", "o", "a", "os", "as"])
"""Words that a name of several words may be said with: "type of food"."""
_LONGEST_NAME: Final = 7
_PARTICIPLES: Final = tuple(
    sorted(
        listed("ed en wn ght made sold held ado ada ados adas ido ida idos idas ito ita itos itas")
    )
)
_AFTERWARDS: Final = listed("medio media medios medias total totais maximo maxima minimo minima")
_NUMBER_WORDS: Final = ("number", "numero", "count")
_OF_ROWS: Final = (tags.COUNT, tags.AVERAGE, tags.SUM, tags.HIGH, tags.LOW, tags.TOP, tags.EACH)
_LISTING: Final = listed("list show display enumerate liste listar mostre exiba")
_RELATIVE: Final = listed("who which that whose whom que quem")
_AGAIN: Final = listed("""
    that this these those such same corresponding respective esse essa esses essas desse dessa
    desses dessas nesse nessa este esta deste desta neste nesta
    """)


@dataclass(frozen=True, slots=True)
class Item:
    """Some tokens that mean one thing; `tag` (see `tags.py`) says of what kind.

    `candidates`: what a reference may be, or the columns that a value is found in.
    """

    tag: str
    first: int
    last: int
    text: str
    candidates: tuple[Candidate, ...] = ()
    operation: Operation | None = None
    number: float | None = None
    quoted: bool = False
    after_verb: bool = False
    """Whether the word before it is a participle: "written by" groups nothing."""
    again: bool = False
    """Whether it was spoken of before: "that state"."""

    @property
    def sense(self) -> str:
        return self.operation.sense if self.operation else ""


def link(
    found: Sequence[Token], schema: Schema, matches: Iterable[ValueMatch], lang: Language
) -> list[Item]:
    """Every token is part of one item or says nothing; what nobody understands is `UNKNOWN`."""
    words = lexicon(lang)
    spans = [
        *_values(found, matches, words),
        *_phrases(found, words),
        *_names(found, schema, lang),
    ]
    taken: dict[int, Item] = {}
    for span in sorted(spans, key=lambda span: (-_weight(span, found), span.first)):
        if not any(at in taken for at in range(span.first, span.last)):
            taken.update(dict.fromkeys(range(span.first, span.last), span))
    things = len({item.candidates[0].table for item in taken.values() if _is_thing(item)})
    items: list[Item] = []
    at = 0
    while at < len(found):
        item = taken.get(at) or _single(found[at], at, words, joined=things > 1)
        if item is not None:
            before = found[at - 1] if at else None
            last = taken.get(at - 1)
            # Portuguese nouns end as participles do ("pedidos").
            single = last is not None and (last.last - last.first == 1 or lang == "pt")
            named = last is not None and last.tag == tags.REFERENCE and single
            verb = before is not None and not named and _is_participle(before)
            again = before is not None and before.folded in _AGAIN
            items.append(replace(item, after_verb=verb, again=again))
        at = item.last if item is not None else at + 1
    return _arranged(items)


def asks_for_rows(question: str, lang: Language) -> bool:
    """Whether it counts, adds up, ranks or lists: what rows say better than sentences."""
    found = tokens(question)
    said = [item for item in _phrases(found, lexicon(lang)) if item.tag in _OF_ROWS]
    lists = bool(found) and (found[0].folded,) in lexicon(lang).phrases
    listing = lists and found[0].folded in _LISTING
    return bool(said) or listing


def _arranged(items: Sequence[Item]) -> list[Item]:
    """Functions before what they are of: "preço médio" as "average price"; "phone number" plain."""
    arranged: list[Item] = []
    for item in items:
        last = arranged[-1] if arranged else None
        beside = last is not None and last.tag == tags.REFERENCE and last.last == item.first
        if item.tag == tags.ASK and item.text in _RELATIVE and not _opens(last):
            # "the authors who wrote …": a relation, no second question.
            arranged.append(replace(item, tag=tags.WITH))
        elif beside and last is not None and item.text in _AFTERWARDS:
            arranged[-1:] = [item, last]
        elif not (beside and item.tag == tags.COUNT and item.text.split()[0] in _NUMBER_WORDS):
            arranged.append(item)
    return arranged


def _opens(last: Item | None) -> bool:
    return last is None or last.tag in (tags.AND, tags.COMMA, tags.STOP, tags.ASK)


def _weight(item: Item, found: Sequence[Token]) -> float:
    """Longer is better understood; quoted text is a value, and a name of the schema beats a phrase."""
    length = item.last - item.first
    if item.quoted:
        return 100.0
    if item.tag == tags.VALUE:
        # A word in small letters that is also a name of the schema means the name.
        capital = any(found[at].capital for at in range(max(item.first, 1), item.last))
        return length + (0.8 if capital else 0.2)
    if item.tag == tags.REFERENCE:
        worst = min(candidate.penalty for candidate in item.candidates)
        return length + (0.5 if worst < names.SYNONYM else 0.15) - worst * 0.5
    return length + 0.3


def _values(
    found: Sequence[Token], matches: Iterable[ValueMatch], words: Lexicon
) -> Iterator[Item]:
    by_span: dict[tuple[int, int], list[Candidate]] = {}
    for match in matches:
        for span in _places(found, match.phrase):
            if _may_be_value(found, span, words):
                exact = language.fold(match.value) == language.fold(match.phrase)
                candidate = Candidate(match.table, match.column, 0.0 if exact else 0.3, match.value)
                by_span.setdefault(span, []).append(candidate)
    for (first, last), candidates in by_span.items():
        quoted = found[first].kind is TokenKind.QUOTED
        text = " ".join(token.text for token in found[first:last])
        kept = tuple(dict.fromkeys(candidates))
        yield Item(tags.VALUE, first, last, text, kept, quoted=quoted)
    for at, token in enumerate(found):
        if token.kind is TokenKind.QUOTED and (at, at + 1) not in by_span:
            yield Item(tags.VALUE, at, at + 1, token.text, quoted=True)


def _places(found: Sequence[Token], phrase: str) -> Iterator[tuple[int, int]]:
    wanted = language.words(phrase)
    for first, token in enumerate(found):
        if token.kind is TokenKind.QUOTED:
            if language.words(token.text) == wanted:
                yield first, first + 1
            continue
        said: list[str] = []
        for last in range(first, min(first + len(wanted) + 1, len(found))):
            said += language.words(found[last].text)
            if len(said) >= len(wanted):
                if said == wanted and wanted:
                    yield first, last + 1
                break


def _may_be_value(found: Sequence[Token], span: tuple[int, int], words: Lexicon) -> bool:
    """A single word that a question is made of is a value only where it is quoted or in capitals."""
    first, last = span
    token = found[first]
    if last - first > 1 or token.kind is TokenKind.QUOTED:
        return True
    if token.kind is TokenKind.NUMBER:
        return False
    common = token.folded in words.neutral or (token.folded,) in words.phrases
    return not common or (token.text.isupper() and first > 0 and token.folded != "i")


def _phrases(found: Sequence[Token], words: Lexicon) -> Iterator[Item]:
    for first in range(len(found)):
        for last in range(first + 1, min(first + LONGEST_PHRASE, len(found)) + 1):
            part = tuple(token.folded for token in found[first:last])
            operation = words.phrases.get(part)
            if operation is not None and _plain(found[first:last]):
                yield Item(operation.tag, first, last, " ".join(part), operation=operation)


def _plain(found: Sequence[Token]) -> bool:
    return all(token.kind in (TokenKind.WORD, TokenKind.SIGN) for token in found)


def _names(found: Sequence[Token], schema: Schema, lang: Language) -> Iterator[Item]:
    index = names.NameIndex(schema)
    words = lexicon(lang)
    operations = words.phrases
    vocabulary = schema.vocabulary
    exact = {
        token.folded
        for token in found
        if token.kind is TokenKind.WORD
        and any(not one.synonym for one in index.find([token.folded], lang))
    }
    for first in range(len(found)):
        for last in range(first + 1, min(first + _LONGEST_NAME, len(found)) + 1):
            part = found[first:last]
            if part[-1].kind is not TokenKind.WORD:
                break
            said = [token.folded for token in part if token.folded not in _JOINTS]
            if len(part) > 1 and all(token.glued for token in part[:-1]):
                said = ["".join(said)]
            if part[0].folded in _JOINTS or part[-1].folded in _JOINTS or len(said) > 4:
                continue
            if not _is_name(part, said, words, vocabulary, lang):
                continue
            candidates = index.find(said, lang)
            if len(said) > 1 and exact.issuperset(said):
                # Words that are names each by itself are not together a name of similar meaning.
                candidates = tuple(one for one in candidates if not one.synonym)
            if any((word,) in operations or word in words.neutral for word in said):
                # "total", "most", "made": they say something else unless a name has them as they are.
                candidates = tuple(one for one in candidates if not one.synonym)
            if candidates:
                text = " ".join(token.text for token in part)
                yield Item(tags.REFERENCE, first, last, text, candidates)


def _is_name(
    part: Sequence[Token],
    said: Sequence[str],
    words: Lexicon,
    vocabulary: frozenset[str],
    lang: Language,
) -> bool:
    """“supply” is no `SupplierID`, and "tracks cost" is no cost of tracks but what they do."""
    if said[0] in vocabulary:
        return True
    if len(said) == 1:
        return said[0] not in words.neutral
    return lang != "en" or len(part) > len(said) or not said[0].endswith("s")


def _is_thing(item: Item) -> bool:
    return item.tag == tags.REFERENCE and item.candidates[0].column is None


def _single(token: Token, at: int, words: Lexicon, *, joined: bool) -> Item | None:
    if token.kind is TokenKind.COMMA:
        return Item(tags.COMMA, at, at + 1, ",")
    if token.kind is TokenKind.STOP:
        return Item(tags.STOP, at, at + 1, ".")
    if token.number is not None:
        # Of four digits without anything else: a year, where one makes sense.
        year = token.text.isdigit() and len(token.text) == 4 and 1500 <= token.number <= 2200
        tag = tags.YEAR if year else tags.NUMBER
        return Item(tag, at, at + 1, token.text, number=token.number)
    if token.folded in words.refused or (token.folded in words.deeds and not joined):
        return Item(tags.UNKNOWN, at, at + 1, token.text)
    if token.folded in words.neutral | words.deeds or token.folded in schema_words.asking():
        return None
    return Item(tags.UNKNOWN, at, at + 1, token.text)


def _is_participle(token: Token) -> bool:
    return token.kind is TokenKind.WORD and token.folded.endswith(_PARTICIPLES)
