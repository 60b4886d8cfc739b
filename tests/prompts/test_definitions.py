"""The shared words are spelled in the prompts as they are in the protocol."""

import re
from dataclasses import fields
from importlib import resources
from pathlib import Path

import pytest

import prompts
from daemon.protocol.values import (
    ReplyType,
    SourceName,
)
from daemon.reasoner.decision import SEARCHED, Decision, Missing, PlanItem
from daemon.reasoner.request import DecisionRequest

FOLDER = Path(str(resources.files("prompts")))
DEFINITIONS = (FOLDER / "definitions.md").read_text(encoding="utf-8")


def test_every_reply_type_is_defined_and_no_other() -> None:
    assert set(re.findall(r'`type: "(\w+)"`', DEFINITIONS)) == {str(type_) for type_ in ReplyType}


def test_every_source_is_defined_and_no_other() -> None:
    assert set(re.findall(r'^\s*- `"([A-Z]+)"`:', DEFINITIONS, re.MULTILINE)) == set(SourceName)


def test_every_field_of_a_decision_is_named() -> None:
    names = {field.name for type_ in (Decision, PlanItem, Missing) for field in fields(type_)} - {
        "final",
        "deferred",
    }
    assert {name for name in names if f"`{name}" not in DEFINITIONS} == set()


def test_the_sources_of_what_is_missing_are_all_but_the_documents() -> None:
    assert set(SEARCHED) == set(SourceName) - {SourceName.DOCUMENTS}


@pytest.mark.parametrize("template", ["decision.md", "answer.md", "sql.md", "describe.md"])
def test_every_prompt_includes_the_definitions(template: str) -> None:
    request = DecisionRequest(question="?", language="en")
    text = prompts.render(
        template, request=request, fence="f", language="English", insufficient="-", draft="-"
    )
    assert DEFINITIONS.strip() in text


def test_no_prompt_but_the_definitions_defines_a_word() -> None:
    for file in FOLDER.glob("*.md"):
        if file.name != "definitions.md":
            assert not re.search(
                r'`"?(type|DOCUMENTS|DATABASE|USER|INTERNET)"?[^`]*`:', file.read_text()
            )
