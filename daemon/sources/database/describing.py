"""What tables and columns hold, said in English from names, comments and values: a guess."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from daemon.protocol.databases import Cell, Column, DescribedBy, Table
from daemon.sources.database import naming
from daemon.sources.database.shapes import TELLING, shape_of
from daemon.sources.database.wire import SeenColumn, SeenTable

_EXAMPLES: Final = 3
_LONGEST_COMMENT: Final = 300
_LINE_COMMENT: Final = re.compile(r"--[ \t]*(.*)")
_BLOCK_COMMENT: Final = re.compile(r"/\*+\s*(.*?)\s*\*+/", re.DOTALL)
_LITERAL: Final = re.compile(r"'(?:[^']|'')*'")
_NAMED_COLUMNS: Final = 8


def tables(seen: Sequence[SeenTable], keys: Mapping[tuple[str, str], str]) -> list[Table]:
    """The survey as values that travel; `keys`: the guessed `table.column` by table and column."""
    return [_table(table, keys) for table in seen]


def _table(table: SeenTable, keys: Mapping[tuple[str, str], str]) -> Table:
    comments = _comments(table)
    columns = [_column(table, column, keys, comments) for column in table.columns]
    return Table(
        table.name,
        table.kind,
        table.rows,
        table.rows_estimated,
        comments.get("", "") or _says(table, columns),
        DescribedBy.GUESS,
        columns,
    )


def _column(
    table: SeenTable,
    column: SeenColumn,
    keys: Mapping[tuple[str, str], str],
    comments: Mapping[str, str],
) -> Column:
    guessed = None if column.references else keys.get((table.name, column.name))
    references = column.references or guessed
    values = [] if column.unique and "text" not in column.kinds else _values(column)
    return Column(
        column.name,
        column.type,
        column.nullable,
        column.primary_key,
        references,
        guessed is not None,
        comments.get(column.name.lower()) or _holds(table, column, references),
        DescribedBy.GUESS,
        column.distinct,
        column.minimum,
        column.maximum,
        values,
    )


def _values(column: SeenColumn) -> list[str]:
    """Texts, and numbers where there are few different ones."""
    few = (column.distinct or 0) <= 30
    return [
        str(value)
        for value, _ in column.frequent
        if isinstance(value, str) or (few and isinstance(value, int))
    ]


def _says(table: SeenTable, columns: list[Column]) -> str:
    named = ", ".join(naming.words(column.name) for column in columns[:_NAMED_COLUMNS])
    title = naming.words(table.name).capitalize()
    telling = [
        f"{column.name} such as {_examples(column.values)}"
        for column in columns
        if len(column.values) >= 2 and isinstance(column.minimum, str)
    ]
    refers = sorted({c.references.partition(".")[0] for c in columns if c.references})
    said = f"{title}: {named}" + (" and more" if len(columns) > _NAMED_COLUMNS else "") + "."
    if refers:
        said += " Refers to " + ", ".join(refers) + "."
    if telling:
        said += " With " + "; ".join(telling[:3]) + "."
    return said


def _holds(table: SeenTable, column: SeenColumn, references: str | None) -> str:
    """One sentence: what it is by its name, what it refers to, what its values look like."""
    owner = naming.singular(naming.words(table.name))
    name = naming.words(column.name)
    shape = shape_of(column)
    if references:
        target = naming.singular(naming.words(references.partition(".")[0]))
        what = f"{name.capitalize()}: which {target}"
    elif naming.says_nothing(column.name):
        what = shape.capitalize() or "Nothing"
    elif column.primary_key or name in ("identifier", f"{owner} identifier"):
        what = f"Identifier of the {owner}"
    else:
        what = f"{name.capitalize()} of the {owner}"
        if shape in TELLING and shape.split()[-1] not in name:
            what += f" ({shape})"
    return f"{what}{_range(column, references)}."


def _range(column: SeenColumn, references: str | None) -> str:
    if not column.seen:
        return ", empty in the rows looked at"
    texts = [str(value) for value, _ in column.frequent if isinstance(value, str)]
    if texts and not references:
        return f", for example {_examples(texts)}"
    low, high = column.minimum, column.maximum
    if _number(low) and _number(high) and not references and not column.primary_key:
        return f", from {low:g} to {high:g}" if low != high else f", always {low:g}"
    return ""


def _number(value: Cell) -> bool:
    return isinstance(value, (int, float))


def _examples(values: Sequence[str]) -> str:
    return ", ".join(" ".join(value.split()) for value in values[:_EXAMPLES])


def _comments(table: SeenTable) -> dict[str, str]:
    """By column, folded; of the table itself under the empty name.

    A comment belongs to the column that is defined on its line, or else on the next one.
    """
    found: dict[str, str] = {}
    names = {column.name.lower() for column in table.columns}
    waiting, inside = "", False
    text = _BLOCK_COMMENT.sub(lambda block: "-- " + " ".join(block[1].split()), table.sql)
    for line in text.splitlines():
        code, comment = _parted(line)
        inside = inside or "(" in code
        defined = _first_name(code.partition("(")[2] if _opens(code) else code)
        column = defined if inside and defined in names else None
        if column is not None:
            found[column] = comment or waiting
            waiting = ""
        elif comment and not _opens(code):
            waiting = f"{waiting} {comment}".strip()
        if comment and column is None and (_opens(code) or not inside):
            found[""] = f"{found.get('', '')} {comment}".strip()
            waiting = ""
    return {name: text[:_LONGEST_COMMENT] for name, text in found.items() if text}


def _parted(line: str) -> tuple[str, str]:
    """Code and comment of a line; dashes within a literal are none."""
    bare = _LITERAL.sub(lambda literal: "'" + "x" * (len(literal[0]) - 2) + "'", line)
    found = _LINE_COMMENT.search(bare)
    if found is None:
        return line, ""
    return line[: found.start()], line[found.start() :].lstrip("-").strip()


def _opens(code: str) -> bool:
    return code.lstrip().upper().startswith("CREATE")


def _first_name(code: str) -> str:
    found = re.match(r"""[\s,]*(?:"((?:[^"]|"")+)"|\[([^\]]+)\]|`([^`]+)`|(\w+))""", code)
    return next((name for name in found.groups() if name), "").lower() if found else ""
