"""CSV and TSV files as databases."""

from pathlib import Path

import pytest

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.sources.database import collect, import_table_file, kind_of
from tests.support.databases import LIMITS, asked


def imported(tmp_path: Path, content: bytes | str, name: str = "sales.csv") -> Path:
    source = tmp_path / name
    source.write_bytes(content.encode() if isinstance(content, str) else content)
    into = tmp_path / "ours.db"
    import_table_file(source, into)
    return into


def test_names_and_types_are_found(tmp_path):
    into = imported(
        tmp_path, 'Name,Age,Height,Code\nAna,31,1.70,007\nBob,,1.85,\n"Céu, a 3ª",22,,012\n'
    )
    assert asked(into, "SELECT * FROM sales").rows == [
        ["Ana", 31, 1.7, "007"],
        ["Bob", None, 1.85, None],
        ["Céu, a 3ª", 22, None, "012"],
    ]
    table = collect(str(into), "sales", LIMITS)[0]
    assert [(column.name, column.type) for column in table.columns] == [
        ("Name", "TEXT"),
        ("Age", "INTEGER"),
        ("Height", "REAL"),
        ("Code", "TEXT"),
    ]


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("a;b\nx;1\ny;2\n", [["x", 1], ["y", 2]]),
        ("a\tb\nx\t1\n", [["x", 1]]),
        ("a|b\nx, y|1\nz|2", [["x, y", 1], ["z", 2]]),
        ("cidade;valor\nRecife;1.234,50\nNatal;7,25\n", [["Recife", 1234.5], ["Natal", 7.25]]),
        ("a,b\r\nx,1\r\n\r\ny,2\r\n", [["x", 1], ["y", 2]]),
        ('a,b\n"x\ny",1\n', [["x\ny", 1]]),
        ("a,b\nx\ny,2,3\n", [["x", None, None], ["y", 2, 3]]),
        ("x,1\ny,2\n", [["x", 1], ["y", 2]]),
        ("name,city\nAna,Recife\nBob,Natal\n", [["Ana", "Recife"], ["Bob", "Natal"]]),
        ("a,b\nx,1\ny,n/a\n", [["x", "1"], ["y", "n/a"]]),
    ],
)
def test_delimiters_quotes_and_headers_are_found_out(tmp_path, content, rows):
    assert asked(imported(tmp_path, content), "SELECT * FROM sales").rows == rows


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_encodings_are_found_out(tmp_path, encoding):
    into = imported(tmp_path, "nome,cidade\nJosé,São Luís\nÂngela,Maceió\n".encode(encoding))
    assert asked(into, 'SELECT "nome", cidade FROM sales').rows == [
        ["José", "São Luís"],
        ["Ângela", "Maceió"],
    ]


def test_a_tsv_file_is_parted_by_tabs_whatever_else_is_in_it(tmp_path):
    into = imported(tmp_path, "a,1\tb\nx,2\t3\n", "list of things.tsv")
    assert asked(into, "SELECT * FROM list_of_things").rows == [["x,2", 3]]


def test_names_twice_and_no_names_at_all(tmp_path):
    assert asked(imported(tmp_path, "a,,a\nx,1,2\n"), "SELECT * FROM sales").columns == [
        "column_1",
        "column_2",
        "column_3",
    ]
    assert asked(imported(tmp_path, "1,2\n3,4\n"), "SELECT column_2 FROM sales").rows == [[2], [4]]


def test_many_rows_are_read_and_kinds_that_change_later_lose_nothing(tmp_path):
    lines = [f"{n},{n * 2}" for n in range(20_000)] + ["20000,none"]
    into = imported(tmp_path, "id,twice\n" + "\n".join(lines))
    assert asked(into, "SELECT count(*), max(id) FROM sales").rows == [[20_001, 20_000]]
    assert asked(into, "SELECT twice FROM sales WHERE id = 20000").rows == [["none"]]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", errors.DATABASE_EMPTY),
        ("\n \n", errors.DATABASE_EMPTY),
        (b"a,b\0\x01\x02\nx,1", errors.DATABASE_NOT_READABLE),
        (b"\x00\x01\x02\x03", errors.DATABASE_NOT_READABLE),
        ("," * 2000, errors.DATABASE_EMPTY),
        (("x," * 2000) + "\n", errors.DATABASE_NOT_READABLE),
    ],
)
def test_what_is_no_table_says_why_and_leaves_the_old_one(tmp_path, content, expected):
    into = imported(tmp_path, "a,b\nx,1\n")
    before = into.read_bytes()
    with pytest.raises(AlvoError) as raised:
        imported(tmp_path, content)
    assert raised.value.type is expected
    assert into.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ours.db", "sales.csv"]


def test_what_is_not_there_says_so(tmp_path):
    with pytest.raises(AlvoError) as raised:
        import_table_file(tmp_path / "none.csv", tmp_path / "ours.db")
    assert raised.value.type is errors.DATABASE_GONE
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(AlvoError) as raised:
        import_table_file(tmp_path / "folder.csv", tmp_path / "ours.db")
    assert raised.value.type is errors.DATABASE_NOT_READABLE


def test_the_kind_of_a_file_is_seen_by_its_bytes_and_else_by_its_name(tmp_path):
    into = imported(tmp_path, "a,b\nx,1\n")
    odd = into.rename(tmp_path / "no suffix")
    (tmp_path / "empty.sqlite").touch()
    (tmp_path / "notes.txt").write_text("a,b")
    (tmp_path / "f.db").mkdir()
    kinds = {path.name: kind_of(str(path)) for path in tmp_path.iterdir()}
    assert kinds == {
        odd.name: "sqlite",
        "sales.csv": "csv",
        "empty.sqlite": "sqlite",
        "notes.txt": None,
        "f.db": None,
    }
    assert kind_of(str(tmp_path / "none.db")) is None
