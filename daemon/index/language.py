"""English or Portuguese: telling them apart, and words as the index knows them."""

import re
import threading
import tomllib
import unicodedata
from collections.abc import Iterable
from importlib import resources
from typing import Any, Final, Literal

Language = Literal["en", "pt"]

_SNOWBALL: Final[dict[Language, str]] = {"en": "english", "pt": "portuguese"}


def _word_lists() -> dict[str, frozenset[str]]:
    text = resources.files(__package__).joinpath("stop_words.toml").read_text(encoding="utf-8")
    return {name: frozenset(words.split()) for name, words in tomllib.loads(text).items()}


_LISTS: Final = _word_lists()
STOP_WORDS: Final[dict[Language, frozenset[str]]] = {"en": _LISTS["en"], "pt": _LISTS["pt"]}
_TELLING: Final[dict[Language, frozenset[str]]] = {
    "en": _LISTS["en"] - _LISTS["pt"] - _LISTS["shared"],
    "pt": _LISTS["pt"] - _LISTS["en"] - _LISTS["shared"],
}
_ENOUGH_TO_TELL: Final = 4000
"""Characters: the beginning of a document is enough, and all of a question."""

# Accents on their own, as decomposing leaves them; with the points of Hebrew and Arabic.
_ACCENTS: Final = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]+"
)
_WORD: Final = re.compile(r"[^\W_]+")
_stemmers = threading.local()


def detect(text: str, default: Language = "en") -> Language:
    """By counting the words that only one of the two has; `default` where that is a draw."""
    found = words(text[:_ENOUGH_TO_TELL])
    counts = {
        language: sum(word in telling for word in found) for language, telling in _TELLING.items()
    }
    if counts["en"] == counts["pt"]:
        return default
    return "en" if counts["en"] > counts["pt"] else "pt"


def known(language: str) -> Language:
    """Of the two, the one that a tag such as `pt-BR` stands for."""
    return "pt" if language.lower().startswith("pt") else "en"


def fold(text: str) -> str:
    """Lower case without accents: people type both ways."""
    if text.isascii():
        return text.lower()
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold()))


def words(text: str) -> list[str]:
    """The words of a text, folded."""
    return _WORD.findall(fold(text))


def without_stop_words(found: Iterable[str], language: Language) -> list[str]:
    """Repeated words stay repeated; a text of stop words alone stays as it is."""
    found = list(found)
    stop = STOP_WORDS[language]
    return [word for word in found if word not in stop] or found


def stem(found: Iterable[str], language: Language) -> list[str]:
    """Snowball's stems of folded words."""
    stems: list[str] = _stemmer(language).stemWords(list(found))
    return stems


def _stemmer(language: Language) -> Any:
    """One for each thread: a stemmer keeps a cache that two may not write at once."""
    by_language: dict[str, Any] = _stemmers.__dict__
    if language not in by_language:
        import Stemmer

        by_language[language] = Stemmer.Stemmer(_SNOWBALL[language])
    return by_language[language]
