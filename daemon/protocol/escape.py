"""Shows what the eye cannot see: control, bidirectional and invisible characters as `<U+202E>`.

What a person approves is what runs (P5), so nothing is stripped: the text can be had back from
what was shown, exactly. One-shot commands import this: no `typing`, which costs 2 ms.
"""

import re
import unicodedata

_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs", "Co", "Cn", "Cs"})

# Letters and marks by category, which a screen draws as nothing: combining grapheme joiner,
# Hangul fillers, Khmer inherent vowels, Mongolian and general variation selectors, blank braille.
_INVISIBLE = frozenset(
    map(
        chr,
        (
            0x034F,
            0x115F,
            0x1160,
            0x17B4,
            0x17B5,
            *range(0x180B, 0x1810),
            0x2800,
            0x3164,
            *range(0xFE00, 0xFE10),
            0xFFA0,
            *range(0xE0100, 0xE01F0),
        ),
    )
)
# More than a text of any one script has; a hostile one that has all must not fill the memory.
_REMEMBERED = 20_000
_PLAIN = re.compile(r"[ -;=-~]*")
_ESCAPED = re.compile(r"<U\+([0-9A-F]{4,6})>")


def is_hidden(character: str) -> bool:
    """Whether a screen might show this character as nothing, or as something else."""
    if character == " ":
        return False
    return character in _INVISIBLE or unicodedata.category(character) in _HIDDEN_CATEGORIES


def escape(text: str, *, lines: bool = False) -> str:
    """`text` with every hidden character shown; `lines` keeps newline and tab as they are.

    A literal `<U+` has its first character escaped, so that `unescape` is the exact inverse.
    """
    shown = _LINES if lines else _ALL
    return "<U+003C>U+".join([part.translate(shown) for part in text.split("<U+")])


class _Shown(dict[int, "int | str"]):
    """What is shown for each code point: found out once, as output comes by the megabyte."""

    def __init__(self, kept: str) -> None:
        super().__init__({ord(c): ord(c) for c in kept})

    def __missing__(self, code: int) -> int | str:
        shown = f"<U+{code:04X}>" if is_hidden(chr(code)) else code
        if len(self) < _REMEMBERED:
            self[code] = shown
        return shown


_LINES = _Shown("\n\t")
_ALL = _Shown("")


def unescape(shown: str) -> str:
    """What `escape` was given."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), shown)


def escape_json(text: str) -> str:
    """JSON that means the same, with what cannot be seen in it as JSON's own escapes."""
    if _PLAIN.fullmatch(text):
        return text
    return "".join(c if not is_hidden(c) else _json_escape(ord(c)) for c in text)


def _json_escape(code: int) -> str:
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def numbered(script: str) -> list[tuple[int, str]]:
    """The lines of a script with their numbers from 1, escaped; only a newline ends a line."""
    lines = script.removesuffix("\n").split("\n")
    return [(n, escape(line)) for n, line in enumerate(lines, 1)]
