"""Words in the names that programmers give: `ArtistId`, `order_items`, `dt_birth`."""

import re
from typing import Final

_PARTS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")
_ABBREVIATIONS: Final = {
    "addr": "address",
    "amt": "amount",
    "avg": "average",
    "cat": "category",
    "cnt": "count",
    "cust": "customer",
    "dept": "department",
    "desc": "description",
    "dob": "date of birth",
    "dt": "date",
    "emp": "employee",
    "fk": "reference",
    "fname": "first name",
    "freq": "frequency",
    "id": "identifier",
    "img": "image",
    "inv": "invoice",
    "lat": "latitude",
    "lname": "last name",
    "lng": "longitude",
    "lon": "longitude",
    "loc": "location",
    "max": "maximum",
    "min": "minimum",
    "msg": "message",
    "no": "number",
    "nr": "number",
    "num": "number",
    "ord": "order",
    "org": "organization",
    "pct": "percentage",
    "prod": "product",
    "pwd": "password",
    "qty": "quantity",
    "ref": "reference",
    "seq": "sequence",
    "tel": "telephone",
    "ts": "time",
    "txt": "text",
    "usr": "user",
    "val": "value",
    "yr": "year",
}
_PREFIXES: Final = frozenset(("tbl", "tb", "vw", "dim", "fact", "t"))
_NO_WORD: Final = re.compile(r"[a-z]{0,3}\d+|[a-z]{1,2}|col\d*|field\d*|tbl\d*|tab\d*|column\d*")


def parts(name: str) -> list[str]:
    """`ArtistId` → artist, id; `order_items` → order, items."""
    return [part.lower() for part in _PARTS.findall(name)]


def words(name: str) -> str:
    """A name as words that a person would say; what abbreviates is written out."""
    found = parts(name)
    if len(found) > 1 and found[0] in _PREFIXES:
        found = found[1:]
    return " ".join(_ABBREVIATIONS.get(part, part) for part in found) or name


def says_nothing(name: str) -> bool:
    """`t1`, `c_07`, `x`: a name that only its programmer understands."""
    joined = "".join(parts(name))
    return joined not in _ABBREVIATIONS and _NO_WORD.fullmatch(joined) is not None


def singular(word: str) -> str:
    """Of an English or a Portuguese plural, roughly: enough to see that two names are one."""
    for plural, single in (
        ("ies", "y"),
        ("oes", "ao"),
        ("sses", "ss"),
        ("xes", "x"),
        ("ches", "ch"),
    ):
        if word.endswith(plural) and len(word) > len(plural) + 1:
            return word.removesuffix(plural) + single
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        return word[:-1]
    return word


def same_thing(one: str, other: str) -> bool:
    """`Artists` and `artist`, `order_item` and `OrderItems`."""
    return _joined(one) == _joined(other)


def _joined(name: str) -> str:
    found = parts(name)
    if len(found) > 1 and found[0] in _PREFIXES:
        found = found[1:]
    return "".join([*found[:-1], singular(found[-1])]) if found else name.lower()
