"""`alvo doctor` reads what `alvod --check` prints."""

import pytest

from client.commands.doctor import findings


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("", []),
        ("ok    store: whole\n", [("ok", "store: whole", "")]),
        (
            "warn  no key\n      Put one\n      there.\nfail  bad\n",
            [("warn", "no key", "Put one there."), ("fail", "bad", "")],
        ),
        ("something else\n", [("fail", "something else", "")]),
    ],
)
def test_findings(printed, expected):
    assert findings(printed) == expected
