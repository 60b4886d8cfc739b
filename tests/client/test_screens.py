"""What is shown before a yes is all that would happen; what scripts learn is the exit status."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client import moments
from client.screens.flow import Told, citations, exit_status, flow_line, flow_screen
from client.screens.inquiry import inquiry_screen
from client.terminal import Paint, display_width
from client.words import Words
from daemon.protocol.escape import escape, is_hidden, unescape
from daemon.protocol.values import (
    FlowStatus,
    PlannedCommand,
)
from tests.support.values import a_citation, a_flow, an_error, an_inquiry

PLAIN = Paint(colour=False)
EN = Words("en")
PT = Words("pt")
_LINE = re.compile(r"^(?: *(\d+)|   ↪) │ (.*)$")


def script_of(screen: str) -> str:
    """The script back from what was shown."""
    lines: list[str] = []
    for line in screen.split("\n"):
        if found := _LINE.match(line):
            if found[1]:
                lines.append(found[2])
            else:
                lines[-1] += found[2]
    return "\n".join(map(unescape, lines))


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",)), min_size=1), st.integers(20, 96))
def test_the_script_can_be_had_back_from_the_screen_byte_for_byte(script, width):
    screen = inquiry_screen(an_inquiry(script), EN, PLAIN, width)
    assert script_of(screen) == script.removesuffix("\n")


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_nothing_hidden_is_on_the_screen(script, why, cwd):
    inquiry = an_inquiry(script, text=why, cwd=f"/{cwd}", hint=script)
    screen = inquiry_screen(inquiry, EN, PLAIN, 80)
    assert not any(is_hidden(c) and c != "\n" for c in screen)


@given(st.text(alphabet="x \t日é", min_size=1, max_size=300), st.integers(20, 96))
def test_no_line_of_a_script_runs_off_the_screen(script, width):
    screen = inquiry_screen(an_inquiry(script), EN, PLAIN, width)
    shown = [line for line in screen.split("\n") if "│" in line]
    assert all(display_width(line) <= width for line in shown)


def test_padding_cannot_push_anything_out_of_sight():
    screen = inquiry_screen(an_inquiry("ls" + " " * 400 + "; rm -rf ~"), EN, PLAIN, 80)
    assert "; rm -rf ~" in screen
    assert "lines: 1 · characters: 412" in screen


def test_the_rest_of_a_folded_line_cannot_pass_for_a_line_of_its_own():
    forged = "x" * 73 + "   2 │ ls"
    screen = inquiry_screen(an_inquiry(forged), EN, PLAIN, 80)
    assert "\n   ↪ │    2 │ ls" in screen


def test_a_plan_is_shown_whole_step_by_step():
    plan = [PlannedCommand("Packs it.", "tar c x"), PlannedCommand("Removes it.", "rm -r x")]
    screen = inquiry_screen(an_inquiry("tar c x\nrm -r x", plan=plan), EN, PLAIN, 80)
    assert "Step 1 of 2: Packs it.\n   1 │ tar c x\n" in screen
    assert "Step 2 of 2: Removes it.\n   1 │ rm -r x\n" in screen


def test_every_url_of_a_fetch_is_shown():
    inquiry = an_inquiry(
        None, kind="fetch", urls=["https://a.example/\u202ex", "https://b.example"]
    )
    screen = inquiry_screen(inquiry, EN, PLAIN, 80)
    assert "1 │ https://a.example/<U+202E>x" in screen
    assert "2 │ https://b.example" in screen


def test_the_screen_names_directory_variables_and_expiry():
    screen = inquiry_screen(an_inquiry("ls", hint="ls *"), PT, PLAIN, 80)
    for part in ("em         /srv", "variáveis  HOME, PATH", "padrão     ls *", "expira     em "):
        assert part in screen


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        ("answered", None, 0),
        ("executed", None, 0),
        ("failed", "REASONER_QUOTA", 1),
        ("failed", "COMMAND_FAILED", 1),
        ("failed", "INSUFFICIENT_INFORMATION", 3),
        ("failed", "INQUIRY_EXPIRED", 1),
        ("denied", "PERMISSION_DENIED", 3),
        ("waiting", None, 4),
        ("cancelled", None, 1),
        ("interrupted", "COMMAND_INTERRUPTED", 1),
    ],
)
def test_the_exit_status_says_how_a_flow_ended(status, error, expected):
    flow = a_flow(status=FlowStatus(status), error=error and an_error(error))
    assert exit_status(flow) == expected


def test_an_answer_tells_its_sources_and_how_fresh_they_are():
    shown = citations([a_citation()], EN, PLAIN)
    assert shown == "\nSources\n[1] Leave  handbook/leave.md#Vacation  2026-02-03\n"


def test_a_flow_is_one_line_of_a_list_whatever_was_asked():
    flow = a_flow(question="first line\nsecond \x1b[2J" + "x" * 200)
    line = flow_line(flow, EN, PLAIN, 80)
    assert "\n" not in line
    assert "\x1b" not in line
    assert display_width(line) <= 80


def test_show_tells_every_command_with_its_output_and_end():
    plan = [PlannedCommand("", "echo hi\nfalse", exit_status=1, took_ms=12.0, status="failed")]
    flow = a_flow(status=FlowStatus.FAILED, plan=plan, error=an_error("COMMAND_FAILED"))
    told = Told()
    told.outputs[0] = "hi\n"
    told.looks.append(
        {"source": "DATABASE", "where": "shop: SELECT \x1b[31m1", "summary": "1 rows"}
    )
    screen = flow_screen(flow, told, EN, PLAIN, 80)
    assert "database  shop: SELECT <U+001B>[31m1\n    1 rows" in screen
    assert "$ echo hi\n  false\n" in screen
    assert "hi\n" in screen
    assert "✗ 1 · 0.0 s" in screen
    assert "What is wrong." in screen
    assert "What to do." in screen


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.34, "0.3 s"),
        (12.7, "12 s"),
        (61, "1 min"),
        (3600, "1 h"),
        (3660, "1 h 1 min"),
        (82800 + 540, "23 h"),
        (86400 * 3, "3 d"),
    ],
)
def test_spans_of_time(seconds, shown):
    assert moments.span(seconds) == shown


def test_an_expiry_is_told_as_what_is_left():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert moments.left("2026-01-01T23:30:00.000Z", EN, now) == "in 23 h"
    assert moments.left("2025-12-31T23:59:00.000Z", PT, now) == "vencida"


def test_escape_is_what_the_screen_uses():
    assert escape("a\u202eb") in inquiry_screen(an_inquiry("a\u202eb"), EN, PLAIN, 80)
