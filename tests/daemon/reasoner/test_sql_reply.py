"""What a model replies when it is asked for SQL, however it writes it."""

import pytest

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.reasoner.sql_reply import LONGEST_SQL, decode_sql

SHOP = ("shop", "oficina")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"database": "shop", "sql": "SELECT 1"}', ("shop", "SELECT 1")),
        ('```json\n{"database": "shop", "sql": "SELECT 1"}\n```', ("shop", "SELECT 1")),
        ('Here it is:\n```\n{"database": "shop", "sql": "SELECT 1"}\n```', ("shop", "SELECT 1")),
        ('{"database": "SHOP", "sql": "SELECT 1;", "why": [1]}', ("shop", "SELECT 1")),
        ('{"database": "shop", "sql": "```sql\\nSELECT 1;\\n```"}', ("shop", "SELECT 1")),
        ('{"database": "", "sql": ""}', ("", "")),
        ('{"database": "elsewhere", "sql": "  "}', ("", "")),
        ('{"database": null, "sql": null}', ("", "")),
    ],
)
def test_sql_is_read_from(text: str, found: tuple[str, str]) -> None:
    assert decode_sql(text, SHOP, "m") == found


def test_of_one_database_the_name_may_be_left_out() -> None:
    assert decode_sql('{"sql": "SELECT 1"}', ("shop",), "m") == ("shop", "SELECT 1")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("SELECT 1", "not JSON"),
        ('{"database": "shop", "sql": "SELECT', "not JSON"),
        ('{"database": "shop"}', "missing required field `sql`"),
        ('{"database": "shop", "sql": ["SELECT 1"]}', "Expected `str | null`"),
        ('{"database": "elsewhere", "sql": "SELECT 1"}', "none of: shop, oficina"),
        ('{"sql": "SELECT 1"}', "none of: shop, oficina"),
        ('{"database": "shop", "sql": "SELECT \\u0000"}', "NUL"),
        (f'{{"database": "shop", "sql": "{"x" * (LONGEST_SQL + 1)}"}}', "longer than"),
    ],
)
def test_anything_else_is_an_invalid_reply_that_says_what_is_wrong(text: str, reason: str) -> None:
    with pytest.raises(AlvoError) as caught:
        decode_sql(text, SHOP, "m")
    assert caught.value.type is errors.REASONER_INVALID_REPLY
    assert reason in caught.value.blanks["reason"]
