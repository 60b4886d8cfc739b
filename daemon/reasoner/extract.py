"""An answer without a model: the best sentences of what was found, if they cover the question."""

import math
import re
from dataclasses import dataclass
from typing import Final

from daemon.index import language
from daemon.index.language import Language
from daemon.reasoner import marks, passages, words
from daemon.reasoner.passages import Sentence
from daemon.reasoner.request import ContextPiece
from daemon.reasoner.words import Term

ENOUGH: Final = 0.7
"""How much of a question must be covered; calibrated on the sample and on mismatched questions."""
MOST_SENTENCES: Final = 3
_ALMOST_AS_GOOD: Final = 0.86
_HEADING: Final = 0.75
_AROUND: Final = 0.6
_TITLE: Final = 0.5
_NO_CUE: Final = 0.6
_WEAK_CUE: Final = 0.85
_UNFOCUSED: Final = 0.75
_ENTITY_AROUND: Final = 0.4
_ENTITY: Final = 1.6
_KIND: Final = 0.35

_NUMBER: Final = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|half|once"
    r"|twice|um|uma|dois|duas|tres|quatro|cinco|seis|sete|oito|nove|dez|onze|doze|vinte|trinta"
    r"|meia|metade|nunca|never|every|each|todo|toda|todos|todas|cada|free|gratis|no|none)\b"
)
_WHEN: Final = re.compile(
    r"\d|\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|january|february|march|april|may|june|july"
    r"|august|september|october|november|december|segundas?|tercas?|quartas?|quintas?|sextas?"
    r"|sabados?|domingos?|janeiro|fevereiro|marco|abril|maio|junho|julho|agosto|setembro|outubro"
    r"|novembro|dezembro|noon|midnight|meio-dia|meia-noite|before|after|until|antes|depois|ate"
    r"|week|month|year|semana|mes|ano|day|dia|when|quando|as soon|assim que)\b"
)
_PERSON: Final = re.compile(r"(?<!^)(?<![.!?] )\b[A-ZÀ-Ý][a-zà-ÿ]{2,}")
_ROLE: Final = re.compile(
    r"\b(?:lead|leads|head|owner|manager|colleague|team|staff|everybody|nobody|mechanic|director"
    r"|responsavel|chefe|dona|dono|gerente|colega|equipe|lideranca|lider|todos|ninguem|mecanic[oa]"
    r"|quem|who|whoever|anybody|anyone|qualquer)\b"
)
_PLACE: Final = re.compile(
    r"\b(?:beside|behind|under|next to|near|between|street|avenue|road|floor|room|shelf|drawer|cabinet"
    r"|cupboard|box|folder|building|located|stands?|hangs?|lies|kept|rua|avenida|travessa|praca|andar"
    r"|sala|prateleira|gaveta|armario|caixa|pasta|predio|ao lado|atras|embaixo|perto|entre|fica[mr]?"
    r"|guardad[oa]s?|pendurad[oa]s?)\b|/|~"
)
_SOMEWHERE: Final = re.compile(r"\b(?:in|at|on|from|into|n[oa]s?|em|d[oa]s?)\b")
# "What is the rent of the shop": what does not speak of rent answers another question.
_FOCUSED: Final = re.compile(
    r"^(?:and |e )?(?:(?:in|on|at|for|from|em|de|a|ate|por) )?(?:what|which|how (?:many|much)|qual|quais|quant[oa]s?|que)\b"
)
_MONEY: Final = re.compile(
    r"r\$|[$€£]|\breais\b|\beuros?\b|\bdollars?\b|\bfree\b|gratis|\bpercent\b|por cento|%"
)
# A number alone is no price: it may be days.
_PAYING: Final = re.compile(
    r"\b(?:costs?|prices?|pa(?:y|ys|id)|fees?|salary|rent|custa[mr]?|precos?|pag[aou]s?|pagar|valor|taxa"
    r"|salario|aluguel|diaria)\b"
)
# Who asks what a password is wants the password, not what is said about it.
_SECRET: Final = re.compile(
    r"\b(?:password|passphrase|pin|senha|token)s?\b[^.]{0,40}?(?:\bis\b|\be\b|[:=–])\s*[`\"“*]*\S*[\d`]"
)
_ASKS: Final = (
    (
        "secret",
        re.compile(
            r"^(?:what(?:'s| is)|qual(?: e)?) (?:(?:the|my|a|o|minha) )?(?:[\w-]+ )?"
            r"(?:password|passphrase|pin|senha|token)\b"
        ),
    ),
    (
        "when",
        re.compile(
            r"^(?:and )?when\b|\bwhat (?:time|day|date|year)\b|\bquando\b|\bque (?:horas|dia|ano)\b"
        ),
    ),
    (
        "money",
        re.compile(
            r"\bcosts?\b|\bcusta[mr]?\b|\bpric(?:e|es)\b|\bprecos?\b|\bpaid\b|\bpaga\b|\ballowance\b"
            r"|\bvale-|\bspend\b|\bgastar\b|\bdiaria\b|\bsalary\b|\bsalario\b|\brent\b|\baluguel\b"
        ),
    ),
    (
        "number",
        re.compile(
            r"\bhow (?:many|much|long|often|old|far|big|large|heavy|high|fast)\b|\bquant[oa]s?\b"
            r"|\bcosts?\b|\bcusta[mr]?\b|\b(?:number|limit|price|cost|amount|numero|limite|preco|valor|prazo|percentage"
            r"|temperature|temperatura|lead time|deadline|quantidade|weight|peso|pressure|pressao|phone|telefone|extension|ramal|salary|salario)\b"
        ),
    ),
    ("who", re.compile(r"\b(?:who|whom|whose|quem)\b")),
    ("where", re.compile(r"\b(?:where|onde|aonde)\b")),
)
_REFERS: Final = re.compile(
    r"^(?:it|they|this|that|these|those|he|she|there|so|then|ele|ela|eles|elas|isso|isto|esse|essa"
    r"|esses|essas|este|esta|estes|assim|nesse|nessa|neste|nesta|la|a mesma|o mesmo)\b"
)


@dataclass(frozen=True, slots=True)
class Extract:
    """`covered`: how much of the question the best sentence covers, 0 to 1; `text` cites as `[n]`."""

    text: str
    covered: float
    pieces: tuple[int, ...]

    @property
    def enough(self) -> bool:
        return self.covered >= ENOUGH


@dataclass(frozen=True, slots=True)
class _Candidate:
    piece: ContextPiece
    sentence: Sentence
    order: int
    score: float
    spoken: float
    """How much of the question the sentence has by itself, without its heading."""


def answer(question: str, asked: Language, pieces: tuple[ContextPiece, ...]) -> Extract:
    """From pieces in the question's language where they answer it, else from the others."""
    by_language: dict[bool, list[ContextPiece]] = {True: [], False: []}
    for piece in pieces:
        by_language[language.detect(piece.text, asked) == asked].append(piece)
    own = _answer(question, asked, by_language[True])
    if own.enough or not by_language[False]:
        return own
    other: Language = "en" if asked == "pt" else "pt"
    foreign = _answer(question, other, by_language[False])
    return foreign if foreign.enough else max(own, foreign, key=lambda extract: extract.covered)


def _answer(question: str, lang: Language, pieces: list[ContextPiece]) -> Extract:
    wanted = words.terms(question, language.detect(question, lang))
    if not wanted or not pieces:
        return Extract("", 0.0, ())
    candidates = _candidates(question, wanted, lang, pieces)
    if not candidates:
        return Extract("", 0.0, ())
    candidates.sort(key=lambda found: (-found.score, found.piece.n, found.order))
    chosen = _chosen(candidates, lang)
    text = " ".join(f"{_written(found, wanted, lang)} [{found.piece.n}]" for found in chosen)
    numbers = dict.fromkeys(found.piece.n for found in chosen)
    return Extract(text, min(1.0, candidates[0].score), tuple(numbers))


def _candidates(
    question: str, wanted: tuple[Term, ...], lang: Language, pieces: list[ContextPiece]
) -> list[_Candidate]:
    asks, focus = asked_for(question), _focus(question, wanted)
    split = [(piece, passages.sentences(piece.text)) for piece in pieces]
    spoken = {
        sentence.text: words.stems(sentence.text, lang)
        for _, sentences in split
        for sentence in sentences
    }
    weights = _weights(wanted, list(spoken.values()))
    best = max((piece.score for piece in pieces), default=0.0) or 1.0
    found: list[_Candidate] = []
    for piece, sentences in split:
        place = words.stems(
            piece.location.rpartition("#")[2] if "#" in piece.location else "", lang
        )
        title = words.stems(piece.title, lang)
        # "The temperature stays under 32": where the kind is named, it tells the sentences apart.
        named = [
            term.kind and any(words.match(term.stem, spoken[one.text]) for one in sentences)
            for term in wanted
        ]
        for order, sentence in enumerate(sentences):
            own = spoken[sentence.text]
            around = words.stems(f"{sentence.around} {sentence.before}", lang)
            score = own_score = total = 0.0
            unfocused = False
            for term, usual, told in zip(wanted, weights, named, strict=True):
                weight = usual / _KIND if told else usual
                by_itself = words.match(term.stem, own)
                near = _ENTITY_AROUND if term.entity else _AROUND
                there = max(
                    by_itself,
                    _HEADING * words.match(term.stem, place),
                    near * words.match(term.stem, around),
                    _TITLE * words.match(term.stem, title),
                )
                unfocused = unfocused or (term is focus and not there)
                score += weight * there
                own_score += weight * by_itself
                total += weight
            score = score / total * cue(asks, sentence.text)
            score *= _UNFOCUSED if unfocused else 1.0
            # Of two that cover the same, the one that speaks of it itself, from the better hit.
            score += 0.08 * own_score / total + 0.04 * piece.score / best - 0.03
            found.append(_Candidate(piece, sentence, order, score, own_score / total))
    return [candidate for candidate in found if candidate.spoken > 0]


def _weights(wanted: tuple[Term, ...], spoken: list[frozenset[str]]) -> list[float]:
    """Rare words count more, a word that is nowhere the most; names and numbers more again."""
    many = len(spoken)
    found: list[float] = []
    for term in wanted:
        having = sum(1 for stems in spoken if words.match(term.stem, stems) > 0)
        rarity = math.log((many + 1) / (having + 0.5)) / math.log(2 * many + 2)
        weight = 1.0 + rarity
        if term.entity:
            weight *= _ENTITY
        found.append(weight * _KIND if term.kind else weight)
    return found


def asked_for(question: str) -> str:
    """What kind of thing the answer should name, as far as the question says that; else empty."""
    folded = language.fold(question)
    return next((kind for kind, pattern in _ASKS if pattern.search(folded)), "")


def _focus(question: str, wanted: tuple[Term, ...]) -> Term | None:
    if not _FOCUSED.search(language.fold(question)):
        return None
    return next((term for term in wanted if not term.kind), None)


def cue(asks: str, text: str) -> float:
    """1 where the text names a thing of the kind that is asked for, or nothing certain is; else less."""
    folded = language.fold(text)
    match asks:
        case "money":
            if not _MONEY.search(folded):
                paying = _PAYING.search(folded) and _NUMBER.search(folded)
                return _WEAK_CUE if paying else _NO_CUE
            return 1.0
        case "secret":
            there = _SECRET.search(folded)
        case "number":
            there = _NUMBER.search(folded)
        case "when":
            there = _WHEN.search(folded)
        case "who":
            there = _PERSON.search(text) or _ROLE.search(folded)
        case "where":
            if not _PLACE.search(folded):
                return _WEAK_CUE if _SOMEWHERE.search(folded) else _NO_CUE
            return 1.0
        case _:
            return 1.0
    return 1.0 if there else _NO_CUE


def _chosen(candidates: list[_Candidate], lang: Language) -> list[_Candidate]:
    """The best, and what is almost as good and not the same again; in the order of the text."""
    best = candidates[0]
    chosen = [best]
    for found in candidates[1:]:
        if len(chosen) == MOST_SENTENCES or found.score < _ALMOST_AS_GOOD * best.score:
            break
        if found.piece.n == best.piece.n and not any(
            _same(found.sentence.text, other.sentence.text, lang) for other in chosen
        ):
            chosen.append(found)
    return sorted(chosen, key=lambda found: (found.piece.n != best.piece.n, found.order))


def _same(one: str, other: str, lang: Language) -> bool:
    first, second = words.stems(one, lang), words.stems(other, lang)
    return len(first & second) > 0.7 * min(len(first), len(second))


def _written(found: _Candidate, wanted: tuple[Term, ...], lang: Language) -> str:
    """The sentence, with what it speaks of where it does not say that itself."""
    text = marks.quoted(found.sentence.text)
    if found.sentence.before and _REFERS.match(language.fold(text)):
        text = f"{marks.quoted(found.sentence.before)} {text}"
    place = found.piece.location.rpartition("#")[2] if "#" in found.piece.location else ""
    heading = place.rpartition("›")[2].strip()
    said = words.stems(text, lang)
    named = words.stems(heading, lang)
    if any(words.match(t.stem, named) and not words.match(t.stem, said) for t in wanted):
        return f"**{marks.quoted(heading)}:** {text}"
    return text
