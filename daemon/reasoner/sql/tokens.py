"""A question as tokens: words, numbers, quoted text, signs."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from daemon.index import language

_TOKEN: Final = re.compile(
    r"""
    "(?P<double>[^"]+)" | “(?P<curly>[^”]+)” | (?<!\w)'(?P<single>[^']+)'(?!\w)
    | (?P<number>(?<![\w])\d+(?:[.,]\d+)*(?!\w))
    | (?P<sign>>=|<=|[<>=])
    | (?P<stop>[?!;]|\.(?=\s|$)) | (?P<comma>,)
    | (?P<word>[^\W_]+)(?:['’](?P<after>[^\W_]+))?
    """,
    re.VERBOSE,
)
_GROUPED: Final = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
_DECIMAL_COMMA: Final = re.compile(r"\d+,\d{1,2}")
_HYPHENS: Final = ("-", "\u2010", "\u2011")
_SCALES: Final = {
    **dict.fromkeys(("hundred", "cem"), 100),
    **dict.fromkeys(("thousand", "mil"), 1000),
    **dict.fromkeys(("million", "millions", "milhao", "milhoes"), 1_000_000),
    **dict.fromkeys(("billion", "billions", "bilhao", "bilhoes"), 1_000_000_000),
}
_NUMBERS: Final = {
    **{
        word: n
        for n, word in enumerate(
            ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"], 2
        )
    },
    **{
        word: n
        for n, word in enumerate(
            ["dois", "tres", "quatro", "cinco", "seis", "sete", "oito", "nove", "dez"], 2
        )
    },
    "one": 1,
    "duas": 2,
    "twelve": 12,
    "doze": 12,
    "twenty": 20,
    "vinte": 20,
}


class TokenKind(StrEnum):
    WORD = "word"
    NUMBER = "number"
    QUOTED = "quoted"
    SIGN = "sign"
    COMMA = "comma"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Token:
    """`start`, `end`: where it stands in the question. `glued`: a hyphen joins it to the next."""

    kind: TokenKind
    text: str
    folded: str
    start: int
    end: int
    number: float | None = None
    glued: bool = False

    @property
    def capital(self) -> bool:
        """A name, perhaps."""
        return self.text[:1].isupper()


def tokens(question: str) -> list[Token]:
    """In their order; white space and other signs are left out."""
    found = [
        replace(_token(match), glued=question[match.end() : match.end() + 1] in _HYPHENS)
        for match in _TOKEN.finditer(question)
        if match[0].strip()
    ]
    return _scaled([token for token in found if token.folded])


def _token(match: re.Match[str]) -> Token:
    start, end = match.span()
    quoted = match["double"] or match["curly"] or match["single"]
    if quoted:
        return Token(TokenKind.QUOTED, quoted, language.fold(quoted), start, end)
    text = match[0]
    if match["number"]:
        return Token(TokenKind.NUMBER, text, text, start, end, _value(text))
    if match["word"]:
        # "what's", "author's", "don't": what follows the apostrophe says nothing but "not".
        negated = language.fold(match["after"] or "") == "t" and match["word"][-1:] in "nN"
        word = "not" if negated else match["word"]
        folded = language.fold(word)
        return Token(TokenKind.WORD, word, folded, start, end, _number_word(folded))
    kind = next(TokenKind(name) for name in ("sign", "stop", "comma") if match[name])
    return Token(kind, text, text, start, end)


def _number_word(folded: str) -> float | None:
    # "one" and "um" stand for too much else.
    return None if folded == "one" else _NUMBERS.get(folded)


def _value(text: str) -> float:
    if _GROUPED.fullmatch(text):
        return float(re.sub(r"[.,]", "", text))
    if _DECIMAL_COMMA.fullmatch(text):
        return float(text.replace(",", "."))
    return (
        float(re.sub(r",", "", text))
        if text.count(".") < 2
        else float(text.split(".", maxsplit=1)[0])
    )


def _scaled(found: list[Token]) -> list[Token]:
    """`2 million`, `a hundred thousand` as one number."""
    kept: list[Token] = []
    for token in found:
        scale = _SCALES.get(token.folded) if token.kind is TokenKind.WORD else None
        last = kept[-1] if kept else None
        if scale is None:
            kept.append(token)
        elif last is not None and last.number is not None:
            start, number = last.start, last.number * scale
            kept[-1] = Token(TokenKind.NUMBER, f"{number:g}", last.folded, start, token.end, number)
        else:
            number = float(scale)
            kept.append(
                Token(TokenKind.NUMBER, token.text, token.folded, token.start, token.end, number)
            )
    return kept


def as_sql(number: float) -> str:
    """Without a fraction where there is none."""
    return str(int(number)) if number == int(number) else repr(number)
