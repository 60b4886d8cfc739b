"""What values look like: dates, addresses, years, codes; for columns whose name does not say it."""

import re
from collections.abc import Callable
from typing import Final

from daemon.sources.database.wire import SeenColumn

_DATE: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?(Z|[+-]\d{2}:?\d{2})?"
)
_OTHER_DATE: Final = re.compile(r"\d{1,2}[/.]\d{1,2}[/.]\d{2,4}")
_TIME: Final = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")
_MAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]+", re.IGNORECASE)
_WEB: Final = re.compile(r"(https?://|www\.)\S+", re.IGNORECASE)
_TELEPHONE: Final = re.compile(r"\+?[\d\s().-]{7,20}")
_CODE: Final = re.compile(r"[A-Z0-9][A-Z0-9._-]{1,11}")
_FLAGS: Final = frozenset(
    ("y", "n", "yes", "no", "true", "false", "t", "f", "s", "sim", "não", "nao", "0", "1")
)
_DAYS: Final = frozenset(
    [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "mon",
        "tue",
        "wed",
        "thu",
        "fri",
        "sat",
        "sun",
        "segunda",
        "terça",
        "quarta",
        "quinta",
        "sexta",
        "sábado",
        "domingo",
    ]
)
_MONTHS: Final = frozenset(
    [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "janeiro",
        "fevereiro",
        "março",
        "abril",
        "maio",
        "junho",
        "julho",
        "agosto",
        "setembro",
        "outubro",
        "novembro",
        "dezembro",
    ]
)
_COUNTRIES: Final = frozenset(
    [
        "argentina",
        "australia",
        "austria",
        "belgium",
        "brazil",
        "brasil",
        "canada",
        "chile",
        "china",
        "denmark",
        "finland",
        "france",
        "germany",
        "india",
        "ireland",
        "italy",
        "japan",
        "mexico",
        "netherlands",
        "norway",
        "poland",
        "portugal",
        "russia",
        "spain",
        "sweden",
        "switzerland",
        "uk",
        "usa",
    ]
) | {"united kingdom", "united states", "south africa", "new zealand", "czech republic"}
_SHAPES_OF_TEXT: Final[tuple[tuple[str, Callable[[str], object]], ...]] = (
    ("yes or no", lambda text: text.lower() in _FLAGS),
    ("a date", _DATE.fullmatch),
    ("a date", _OTHER_DATE.fullmatch),
    ("a time of day", _TIME.fullmatch),
    ("an e-mail address", _MAIL.fullmatch),
    ("a web address", _WEB.match),
    ("a day of the week", lambda text: text.lower() in _DAYS),
    ("a month", lambda text: text.lower() in _MONTHS),
    ("a country", lambda text: text.lower() in _COUNTRIES),
    (
        "a telephone number",
        lambda text: _TELEPHONE.fullmatch(text) and sum(map(str.isdigit, text)) > 6,
    ),
    ("a code", _CODE.fullmatch),
    ("the name of a person or a place", lambda text: text.istitle() and " " in text),
)
TELLING: Final = frozenset(
    ("yes or no", "a date", "a time of day", "an e-mail address", "a web address", "a year")
)
"""Those that say something even where there is a name."""
_MOST: Final = 0.8
"""Of the values: a few odd ones are in every table."""


def shape_of(column: SeenColumn) -> str:
    """In a few English words; empty if the column holds nothing, or nothing to tell."""
    if not column.seen:
        return ""
    texts = [value for value, _ in column.frequent if isinstance(value, str)]
    if texts:
        for words, fits in _SHAPES_OF_TEXT:
            if sum(bool(fits(text.strip())) for text in texts) >= _MOST * len(texts):
                return words
    if column.kinds.get("text"):
        return "long text" if column.longest > 120 or not texts else "text"
    if column.kinds.get("blob"):
        return "binary data"
    return _shape_of_numbers(column)


def _shape_of_numbers(column: SeenColumn) -> str:
    low, high = column.minimum, column.maximum
    if not isinstance(low, (int, float)) or not isinstance(high, (int, float)):
        return ""
    whole = not column.kinds.get("real")
    if whole and low == 0 and high == 1:
        return "yes or no"
    if whole and low >= 1500 and high <= 2200:
        return "a year"
    if whole and low >= 1_000_000_000 and high < 4_000_000_000:
        return "a moment in seconds since 1970"
    return "a whole number" if whole else "a number"
