"""The words of a question that matter, and how much of them a text has."""

import functools
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from daemon.index import language
from daemon.index.language import Language


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words that ask, and words about asking: they tell nothing of what the answer is about.
_ASKING: Final[dict[Language, frozenset[str]]] = {
    "en": _set(
        """
        tell know explain say mean means happen happens happened find get give show want like
        many much long often far old kind type sort thing things way something anything somebody
        anybody everybody everyone people person one use used need needed must may shall allowed
        possible exist exists please alvo there go called within case
        """
    ),
    "pt": _set(
        """
        diga diz dizer explique explicar saber sabe significa acontece achar encontro encontrar
        existe existem precisa preciso posso pode podem devo deve tipo coisa coisas jeito gente
        caso pessoa pessoas alguem alguma mostre quero gostaria alvo favor tenho temos tem ha fica ficam
        custa custam vale e chama durar dura feito feita faco usar uso usa dar dou leva
        """
    ),
}
# The answer names the month, the price or the number itself, not the word that asks for it; and
# that it is about the company goes without saying in a company's papers.
_KIND: Final[dict[Language, frozenset[str]]] = {
    "en": _set(
        """
        number amount date day days time hour hours cost costs price name company weight limit
        temperature pressure speed size length height distance percentage deadline carry period
        """
    ),
    "pt": _set(
        """
        numero quantidade data dia dias hora horas horario preco valor nome tempo empresa peso
        temperatura pressao velocidade tamanho altura distancia porcentagem limite prazo periodo
        """
    ),
}
_NAME: Final = re.compile(r"(?<![.!?:]\s)(?<!^)\b[A-ZÀ-Ý][\w-]*[\w]")
_CLOSE: Final = 5
_NEAR_MATCH: Final = 0.8


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a question, stemmed. `entity`: a name or number, without which it is another question."""

    stem: str
    entity: bool = False
    kind: bool = False


def terms(question: str, lang: Language) -> tuple[Term, ...]:
    """The words that an answer should share, each once; those of all, if none is left."""
    names = {word for found in _NAME.findall(question) for word in language.words(found)}
    kept: dict[str, Term] = {}
    found = language.words(question)
    stop = language.STOP_WORDS[lang] | _ASKING[lang]
    for word in found:
        if word in stop or (len(word) < 2 and not word.isdigit()):
            continue
        (stem,) = language.stem([word], lang)
        kept.setdefault(stem, Term(stem, word in names or word.isdigit(), word in _KIND[lang]))
    return tuple(kept.values())


def stems(text: str, lang: Language) -> frozenset[str]:
    """The stems of all words of a text."""
    return frozenset(language.stem(language.words(text), lang))


def match(term: str, among: Collection[str]) -> float:
    """1 for the same stem, less for one of the same family, 0 for none."""
    if term in among:
        return 1.0
    if len(term) < _CLOSE:
        return 0.0
    return max((_likeness(term, other) for other in among), default=0.0)


@functools.lru_cache(maxsize=65_536)
def _likeness(one: str, other: str) -> float:
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) < _CLOSE - 1 or one[0] != other[0]:
        return 0.0
    common = 0
    for first, second in zip(shorter, longer, strict=False):
        if first != second:
            break
        common += 1
    return _NEAR_MATCH if common >= _CLOSE - 1 and common >= 0.7 * len(longer) else 0.0


def covered(wanted: Iterable[Term], among: Collection[str]) -> float:
    """How much of the wanted words is there, 0 to 1."""
    found = [match(term.stem, among) for term in wanted]
    return sum(found) / len(found) if found else 0.0
