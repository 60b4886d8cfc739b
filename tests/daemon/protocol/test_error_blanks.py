"""No person reads a sentence with a blank that nobody filled: held by reading each `AlvoError(…)`."""

import ast
import string
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from daemon.protocol import errors

ROOT = Path(__file__).parents[3]
PACKAGES = ("daemon", "client", "webui", "embed_tool")
SENTENCES = tomllib.loads((ROOT / "prompts/errors.toml").read_text(encoding="utf-8"))

# Their errors end in a flow, whose id `flow/sentences` fills in.
OF_A_FLOW = ("blocks", "reasoner", "models", "shell")
IN_A_FLOW = ("daemon/flow/execution.py", "daemon/flow/recovery.py", "daemon/flow/answering.py")


class Raised(NamedTuple):
    where: str
    type_: errors.ErrorType
    blanks: frozenset[str]


def blanks_of(name: str) -> set[str]:
    texts = SENTENCES[name].values()
    return {blank for text in texts for _, blank, _, _ in string.Formatter().parse(text) if blank}


def raised_in(file: Path) -> Iterator[Raised]:
    """Every error that is made there with its type by name and all of its blanks in sight."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    dicts = {
        target.id: keys
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and (keys := _keys(node.value)) is not None
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            type_ = _type(node.args[0])
            blanks = _blanks(node, dicts)
            if node.func.id == "AlvoError" and type_ is not None and blanks is not None:
                yield Raised(f"{file.relative_to(ROOT)}:{node.lineno}", type_, blanks)


def _type(node: ast.expr) -> errors.ErrorType | None:
    match node:
        case ast.Attribute(value=ast.Name(id="errors"), attr=name) | ast.Name(id=name):
            return errors.ALL.get(name)
    return None


def _keys(node: ast.expr) -> frozenset[str] | None:
    if isinstance(node, ast.Dict) and all(isinstance(key, ast.Constant) for key in node.keys):
        return frozenset(str(key.value) for key in node.keys if isinstance(key, ast.Constant))
    return None


def _blanks(node: ast.Call, dicts: dict[str, frozenset[str]]) -> frozenset[str] | None:
    found = set[str]()
    for keyword in node.keywords:
        if keyword.arg is not None:
            found.add(keyword.arg)
        elif isinstance(keyword.value, ast.Name) and keyword.value.id in dicts:
            found |= dicts[keyword.value.id]
        else:
            return None
    return frozenset(found)


ALL_RAISED = [
    raised
    for package in PACKAGES
    for file in sorted((ROOT / package).rglob("*.py"))
    for raised in raised_in(file)
]


def test_reading_the_code_finds_them() -> None:
    assert len(ALL_RAISED) > 100


@pytest.mark.parametrize("raised", ALL_RAISED, ids=lambda raised: raised.where)
def test_every_blank_is_filled_where_the_error_is_raised(raised: Raised) -> None:
    missing = blanks_of(raised.type_.name) - raised.blanks
    room = Path(raised.where).parts[1]
    if room in OF_A_FLOW or raised.where.startswith(IN_A_FLOW):
        missing -= {"flow"}
    assert not missing, f"{raised.type_.name} at {raised.where} leaves {missing} open"


@pytest.mark.parametrize("name", sorted(errors.ALL))
def test_both_languages_tell_the_same(name: str) -> None:
    entry = SENTENCES[name]
    for one, other in (("en", "pt"), ("action_en", "action_pt")):
        blanks = [
            {blank for _, blank, _, _ in string.Formatter().parse(entry[key]) if blank}
            for key in (one, other)
        ]
        assert blanks[0] == blanks[1]


def test_no_blank_hides_what_the_error_itself_says_of_itself() -> None:
    hidden = {name for name in errors.ALL if blanks_of(name) & {"name", "action"}}
    assert not hidden
