"""A model's reply becomes a decision or an error of ours, whatever it is."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.protocol import errors
from daemon.protocol.errors import AlvoError
from daemon.protocol.values import (
    ReplyType,
    SourceName,
)
from daemon.reasoner.decision import (
    MOST_STEPS,
    Decision,
    Missing,
    PlanItem,
    decision_schema,
    decode_decision,
    usable_name,
)

ANSWER = {"type": "answer", "enough": True, "answer": "Thirty days [1].", "sources": ["DOCUMENTS"]}
TASK = {"type": "task", "enough": True, "plan": [{"explanation": "Look.", "script": "ls -l"}]}


def decoded(**fields: Any) -> Decision:
    return decode_decision(json.dumps(fields), "gemini:x")


def refused(text: str) -> str:
    with pytest.raises(AlvoError) as caught:
        decode_decision(text, "gemini:x")
    assert caught.value.type is errors.REASONER_INVALID_REPLY
    reason: str = caught.value.blanks["reason"]
    assert len(reason) <= 300
    return reason


def test_an_answer_a_task_and_what_is_missing() -> None:
    assert decoded(**ANSWER) == Decision(
        ReplyType.ANSWER, True, "Thirty days [1].", (SourceName.DOCUMENTS,)
    )
    assert decoded(**TASK).plan == (PlanItem("Look.", "ls -l"),)
    missing = {"information": "the name", "source": "USER", "question": "Whose?", "secret": False}
    assert decoded(type="answer", enough=False, missing=[missing]).missing == (
        Missing("the name", SourceName.USER, "Whose?"),
    )


def test_the_two_required_fields_are_enough_for_not_enough() -> None:
    assert decoded(type="task", enough=False) == Decision(ReplyType.TASK, False)


@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "```json\n{}\n```",
        "```\n{}\n```",
        "\ufeff {}\n",
        "Here it is:\n```json\n{}\n```\nDone.",
    ],
)
def test_fences_around_it_more_fields_and_nulls_are_let_pass(around: str) -> None:
    text = json.dumps(ANSWER | {"mood": {"deep": [1]}, "plan": None, "missing": None})
    assert decode_decision(around.format(text), "x").answer == "Thirty days [1]."


def test_a_fence_inside_an_answer_stays() -> None:
    answer = "Run this [1]:\n```bash\nls\n```"
    assert decoded(**ANSWER | {"answer": answer}).answer == answer
    fenced = "```json\n" + json.dumps(ANSWER | {"answer": answer}) + "\n```"
    assert decode_decision(fenced, "x").answer == answer


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "7",
        '"answer"',
        "I will not.",
        "{",
        '{"type": "answer"}',
        '{"enough": true}',
        '{"type": "Answer", "enough": false}',
        '{"type": "answer", "enough": "yes"}',
        '{"type": "answer", "enough": true}',
        '{"type": "answer", "enough": true, "answer": "  "}',
        '{"type": "answer", "enough": true, "answer": 7}',
        '{"type": "task", "enough": true, "plan": []}',
        '{"type": "task", "enough": true, "plan": ["ls"]}',
        '{"type": "task", "enough": true, "plan": [{"explanation": "", "script": " \\n"}]}',
        '{"type": "task", "enough": true, "plan": [{"script": "ls\\u0000"}]}',
        '{"type": "answer", "enough": true, "answer": "a", "sources": ["WEB"]}',
        '{"type": "answer", "enough": false, "missing": [{"information": "x"}]}',
        '{"type": "answer", "enough": false, "missing": [{"information": "x", "source": "DOCUMENTS"}]}',
        '{"type": "answer", "enough": true, "answer": "\\ud800"}',
        "[" * 100_000,
        '{"a":' * 100_000,
        "x" * 1_000_001,
        "\ud800",
        '```json\n{"type": \n```',
    ],
)
def test_everything_else_is_one_error(text: str) -> None:
    refused(text)


def test_the_error_says_where() -> None:
    assert "plan[0].script" in refused('{"type": "task", "enough": true, "plan": [{"script": 7}]}')


def test_a_plan_comes_only_with_a_task_that_is_enough() -> None:
    plan = TASK["plan"]
    assert decoded(**ANSWER | {"plan": plan}).plan == ()
    assert decoded(type="task", enough=False, plan=plan).plan == ()


def test_a_plan_has_an_end() -> None:
    step = {"explanation": "", "script": "ls"}
    assert len(decoded(type="task", enough=True, plan=[step] * MOST_STEPS).plan) == MOST_STEPS
    refused(json.dumps(TASK | {"plan": [step] * (MOST_STEPS + 1)}))
    refused(json.dumps(TASK | {"plan": [{"script": "x" * 70_000}]}))
    refused(json.dumps(TASK | {"plan": [{"script": "x" * 60_000}] * 5}))
    # A control character takes six bytes on its way, and an explanation is part of it too.
    refused(json.dumps(TASK | {"plan": [{"script": "\x01" * 60_000}]}))
    refused(json.dumps(TASK | {"plan": [{"script": "ls", "explanation": "x" * 300_000}]}))


def test_what_a_person_has_to_read_has_an_end() -> None:
    for field in ("information", "question"):
        missing = {"information": "x", "source": "USER", field: "x" * 5_000}
        refused(json.dumps({"type": "answer", "enough": False, "missing": [missing]}))
    refused(json.dumps(TASK | {"plan": [{"script": "ls", "explanation": "x" * 5_000}]}))


def test_a_secret_has_a_name_that_a_command_can_be_given_it_under() -> None:
    from daemon.shell.environment import check_variables

    def asks(name: str) -> str:
        missing = {"information": "x", "source": "USER", "secret": True, "name": name}
        return json.dumps({"type": "task", "enough": False, "missing": [missing]})

    refused(asks(""))
    for name in ("WEATHER_API_KEY", "DB_PASSWORD", "pin", "TOKEN_2"):
        assert usable_name(name)
        check_variables({name: "x"})
    for name in (
        *("UID", "EUID", "PPID", "_", "REPLY", "SECONDS", "TMOUT", "HISTFILE", "PYTHONPATH"),
        *("LISTEN_FDS", "NOTIFY_SOCKET", "GLIBC_TUNABLES", "JAVA_TOOL_OPTIONS", "MAKEFLAGS"),
    ):
        refused(asks(name))


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "javascript:x",
        "http://",
        "example.org",
        "https://a b",
        "http://[",
        "https://x\u202ey/",
    ],
)
def test_only_web_addresses_are_addresses(url: str) -> None:
    missing = {"information": "x", "source": "INTERNET", "urls": [url]}
    refused(json.dumps({"type": "answer", "enough": False, "missing": [missing]}))


@pytest.mark.parametrize(
    "name",
    [
        "PATH",
        "path",
        "LD_PRELOAD",
        "BASH_ENV",
        "PS4",
        "IFS",
        "https_proxy",
        "A B",
        "1A",
        "A=B",
        "É",
        "A" * 65,
        "GIT_SSH_COMMAND",
        "PYTHONPATH",
    ],
)
def test_a_secret_cannot_take_the_name_of_a_variable_that_steers_commands(name: str) -> None:
    assert not usable_name(name)
    missing = {"information": "x", "source": "USER", "secret": True, "name": name}
    refused(json.dumps({"type": "task", "enough": False, "missing": [missing]}))


def test_the_schema_names_what_is_decoded() -> None:
    schema = decision_schema()
    assert schema["required"] == ["type", "enough"]
    assert set(schema["properties"]) == {"type", "enough", "answer", "sources", "plan", "missing"}
    assert schema["properties"]["missing"]["items"]["properties"]["source"]["enum"] == [
        "DATABASE",
        "USER",
        "INTERNET",
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["answer", "task", "other"]) | JSON,
        "enough": st.booleans() | JSON,
        "answer": st.text() | JSON,
        "sources": st.lists(st.sampled_from(["DOCUMENTS", "USER", "x"])) | JSON,
        "plan": st.lists(st.fixed_dictionaries({"script": st.text()}) | JSON) | JSON,
        "missing": st.lists(
            st.fixed_dictionaries(
                {"information": st.text(), "source": st.sampled_from(["USER", "DATABASE"])},
                optional={"urls": st.lists(st.text()), "name": st.text(), "secret": JSON},
            )
        )
        | JSON,
    },
)


@given(FIELDS.map(json.dumps) | JSON.map(json.dumps) | st.text() | st.binary().map(repr))
def test_a_hostile_reply_raises_nothing_but_an_error_of_ours(text: str) -> None:
    try:
        decision = decode_decision(text, "gemini:x")
    except AlvoError as error:
        assert error.type is errors.REASONER_INVALID_REPLY  # noqa: PT017
        return
    assert not decision.plan or (decision.type is ReplyType.TASK and decision.enough)
    assert all(step.script.strip() for step in decision.plan)
    assert not (decision.enough and decision.type is ReplyType.ANSWER and not decision.answer)
