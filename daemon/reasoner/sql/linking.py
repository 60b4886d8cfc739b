"""Which words of a question are tables, columns, values, numbers or operations."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from daemon.index import language, schema_words
from daemon.index.language import Language
from daemon.protocol.databases import ValueMatch
from daemon.reasoner.sql import names, tags
from daemon.reasoner.sql.items import Item
from daemon.reasoner.sql.lexicon import LONGEST_PHRASE, Lexicon, lexicon, listed
from daemon.reasoner.sql.mentions import Mentions
from daemon.reasoner.sql.names import Candidate
from daemon.reasoner.sql.schema import Schema
from daemon.reasoner.sql.tokens import Token, TokenKind, tokens

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


def link(
    found: Sequence[Token], schema: Schema, matches: Iterable[ValueMatch], lang: Language
) -> list[Item]:
    """Every token is part of one item or says nothing; what nobody understands is `UNKNOWN`."""
    words = lexicon(lang)
    spans = [
        *_values(found, matches, words),
        *_phrases(found, words),
        *Mentions(found, schema, lang).items(),
    ]
    taken: dict[int, Item] = {}
    for span in sorted(spans, key=lambda span: (-_weight(span, found), span.first)):
        if not any(at in taken for at in range(span.first, span.last)):
            taken.update(dict.fromkeys(range(span.first, span.last), span))
    taken = _without_verbs(taken, words)
    things = len({item.candidates[0].table for item in taken.values() if _is_thing(item)})
    items: list[Item] = []
    at = 0
    while at < len(found):
        item = taken.get(at) or _single(found[at], at, words, joined=things > 1)
        if item is not None:
            before = found[at - 1] if at else None
            last = taken.get(at - 1)
            # Portuguese nouns end as participles do ("pedidos"): what is a name is none.
            noun = lang == "pt" and last is not None and last.tag == tags.REFERENCE
            verb = before is not None and not noun and _is_participle(before)
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


def _without_verbs(taken: dict[int, Item], words: Lexicon) -> dict[int, Item]:
    """“customers live in Oslo”, while there is a `track.is_live`: a verb, where no track is named."""
    items = list(dict.fromkeys(taken.values()))
    tables = {item.candidates[0].table for item in items if _is_thing(item)}
    verbs = {
        item
        for item in items
        if item.tag == tags.REFERENCE
        and language.fold(item.text) in words.neutral
        and not any(one.table in tables for one in item.candidates)
    }
    return {at: item for at, item in taken.items() if item not in verbs}


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
