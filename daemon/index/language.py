"""English or Portuguese: telling them apart, and words as the index knows them."""

import re
import threading
import unicodedata
from collections.abc import Iterable
from typing import Any, Final, Literal, cast

Language = Literal["en", "pt"]

_SNOWBALL: Final[dict[Language, str]] = {"en": "english", "pt": "portuguese"}

# Written without accents: words are folded before they are looked up here.
STOP_WORDS: Final[dict[Language, frozenset[str]]] = {
    "en": frozenset(
        """
        a about above after again against all also am an and any are aren as at be because been
        before being below between both but by can cannot could couldn d did didn do does doesn
        doing don down during each either few for from further get give given gives had hadn has
        hasn have haven having he her here hers herself him himself his how however i if in into is
        isn it its itself just let ll m may me might more most much must my myself no nor not now
        of off on once one only or other ought our ours ourselves out over own please re s same
        shall shan she should shouldn so some such t than that the their theirs them themselves
        then there these they this those through to too under until up upon us ve very was wasn we
        were weren what when where whether which while who whom whose why will with won would
        wouldn you your yours yourself yourselves
        """.split()
    ),
    "pt": frozenset(
        """
        a ainda algo alguem algum alguma algumas alguns ante antes ao aos apenas apos aquela aquelas
        aquele aqueles aquilo as assim ate cada com como contra cujo cuja cujos cujas da das de dela
        delas dele deles depois desde dessa dessas desse desses desta destas deste destes deve devem
        do dos durante e ela elas ele eles em enquanto entao entre era eram essa essas esse esses
        esta estao estar estas estava estavam este estes estou eu fazer faz foi for fora foram forem
        fosse fossem ha havia isso isto ja la lhe lhes logo mais mas me mediante mesma mesmas mesmo
        mesmos meu meus mim minha minhas muita muitas muito muitos na nas nao nem nenhum nenhuma no
        nos nossa nossas nosso nossos num numa o onde os ou para pela pelas pelo pelos perante pode
        podem poderia pois por porque portanto possa possui pouca pouco poucos qual quais qualquer
        quando quanta quantas quanto quantos que quem quer se seja sejam sem sendo ser sera serao
        seu seus si sido so sob sobre sua suas tal tambem tampouco tem ter teu teus teve tinha
        tinham toda todas todo todos tu tua tuas tudo ultimo um uma umas uns vai voce voces vos
        """.split()
    ),
}

# What both languages have, or what is a common word in the other, tells nothing.
_SHARED: Final = frozenset("a as do dos e me no nos o os for so si tu um am he era eram s t".split())
_TELLING: Final[dict[Language, frozenset[str]]] = {
    "en": STOP_WORDS["en"] - STOP_WORDS["pt"] - _SHARED,
    "pt": (STOP_WORDS["pt"] - STOP_WORDS["en"] - _SHARED) | {"e", "o", "os"},
}
_ENOUGH_TO_TELL: Final = 4000
"""Characters: the beginning of a document is enough, and all of a question."""

_WORD: Final = re.compile(r"[^\W_]+")
_stemmers = threading.local()


def detect(text: str, default: Language = "en") -> Language:
    """By counting the words that only one of the two has; `default` where that is a draw."""
    found = words(text[:_ENOUGH_TO_TELL])
    counts = {language: sum(word in telling for word in found) for language, telling in _TELLING.items()}
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
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


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
    return cast(list[str], _stemmer(language).stemWords(list(found)))


def _stemmer(language: Language) -> Any:
    """One for each thread: a stemmer keeps a cache that two may not write at once."""
    by_language: dict[Language, Any] = _stemmers.__dict__
    if language not in by_language:
        import Stemmer

        by_language[language] = Stemmer.Stemmer(_SNOWBALL[language])
    return by_language[language]
