"""What the words of a question do, each as one letter: a question then is a string to match."""

from typing import Final

COUNT: Final = "c"
AVERAGE: Final = "a"
SUM: Final = "s"
HIGH: Final = "x"
LOW: Final = "n"
TOP: Final = "t"
BOTTOM: Final = "T"
EACH: Final = "e"
BY: Final = "b"
ASK: Final = "q"
ORDER: Final = "o"
DESCENDING: Final = "d"
ASCENDING: Final = "u"
COMPARE: Final = ">"
BETWEEN: Final = "B"
NOT: Final = "!"
WITH: Final = "w"
AND: Final = "&"
OR: Final = "|"
BOTH: Final = "2"
COMMA: Final = ","
STOP: Final = "."
RATIO: Final = "%"
TO: Final = "/"
LIKE: Final = "l"
DISTINCT: Final = "k"
OF: Final = "f"
NULL: Final = "0"
TIME: Final = "m"
REFERENCE: Final = "r"
VALUE: Final = "v"
NUMBER: Final = "#"
YEAR: Final = "y"
UNKNOWN: Final = "?"

OF_PHRASE: Final = {
    "count": COUNT,
    "average": AVERAGE,
    "sum": SUM,
    "each": EACH,
    "by": BY,
    "ask": ASK,
    "order": ORDER,
    "descending": DESCENDING,
    "ascending": ASCENDING,
    "top": TOP,
    "bottom": BOTTOM,
    "more": COMPARE,
    "least": COMPARE,
    "less": COMPARE,
    "most": COMPARE,
    "equal": COMPARE,
    "between": BETWEEN,
    "not": NOT,
    "with": WITH,
    "and": AND,
    "or": OR,
    "both": BOTH,
    "ratio": RATIO,
    "share": RATIO,
    "to": TO,
    "starts": LIKE,
    "ends": LIKE,
    "contains": LIKE,
    "distinct": DISTINCT,
    "of": OF,
    "year": TIME,
    "month": TIME,
    "day": TIME,
    "weekday": TIME,
    "null": NULL,
    "high": HIGH,
    "low": LOW,
}
"""The lists of `lexicon.toml`, and the letter of each."""
