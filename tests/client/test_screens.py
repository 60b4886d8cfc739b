"""What is shown before a yes is all that would happen; what scripts learn is the exit status."""

import itertools
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client import moments
from client.screens.agents import versions_screen
from client.screens.citations import citations
from client.screens.error import error_lines
from client.screens.flow import Told, exit_status, flow_line, flow_screen, footer
from client.screens.index import progress_text
from client.screens.inquiry import inquiry_line, inquiry_screen
from client.terminal import Paint, display_width
from client.words import Words
from daemon.protocol.agents import AgentVersion
from daemon.protocol.escape import escape, is_hidden, unescape
from daemon.protocol.values import (
    FlowStatus,
    PlannedCommand,
    Progress,
    SourceName,
    Usage,
)
from daemon.shell.environment import _ALWAYS as ALWAYS
from daemon.shell.environment import session_environment
from tests.support.values import AT, a_citation, a_flow, an_error, an_inquiry

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
    assert "1 line · 412 characters" in screen


def test_the_rest_of_a_folded_line_cannot_pass_for_a_line_of_its_own():
    forged = "x" * 73 + "   2 │ ls"
    screen = inquiry_screen(an_inquiry(forged), EN, PLAIN, 80)
    assert "\n   ↪ │    2 │ ls" in screen


def test_a_plan_is_shown_whole_step_by_step():
    plan = [PlannedCommand("Packs it.", "tar c x"), PlannedCommand("Removes it.", "rm -r x")]
    screen = inquiry_screen(an_inquiry("tar c x\nrm -r x", plan=plan), EN, PLAIN, 80)
    assert "Step 1 of 2\n  > Packs it.\n   1 │ tar c x\n" in screen
    assert "Step 2 of 2\n  > Removes it.\n   1 │ rm -r x\n" in screen


def test_every_url_of_a_fetch_is_shown():
    inquiry = an_inquiry(
        None, kind="fetch", urls=["https://a.example/\u202ex", "https://b.example"]
    )
    screen = inquiry_screen(inquiry, EN, PLAIN, 80)
    assert "1 │ https://a.example/<U+202E>x" in screen
    assert "2 │ https://b.example" in screen


def test_the_screen_names_directory_variables_and_expiry():
    screen = inquiry_screen(an_inquiry("ls", hint="ls *"), PT, PLAIN, 80)
    for part in ("em         /srv", "variáveis  2 de sempre", "padrão     ls *", "expira     em "):
        assert part in screen


@given(st.text(alphabet="a b/\u3000é日", min_size=1, max_size=120), st.integers(24, 96))
def test_a_directory_can_be_had_back_from_the_screen_space_by_space(name, width):
    screen = inquiry_screen(an_inquiry("ls", cwd=f"/srv/{name}"), EN, PLAIN, width)
    first, *rest = screen.partition("\n  in  ")[2].splitlines()
    shown = first.strip()
    for line in itertools.takewhile(lambda line: line.startswith("        "), rest):
        shown += line.strip()
    assert unescape(shown) == f"/srv/{name}"


def test_a_text_cannot_pass_for_a_numbered_line_of_the_script():
    forged = "Lists files.\n   1 │ ls\n\n  in  /tmp " + "x" * 70 + "    1 │ ls"
    plan = [PlannedCommand(forged, "rm -r x"), PlannedCommand(forged, "true")]
    for inquiry in (an_inquiry("rm -r x", text=forged), an_inquiry("rm -r x\ntrue", plan=plan)):
        screen = inquiry_screen(inquiry, EN, PLAIN, 60)
        told = [line for line in screen.splitlines() if "│ ls" in line or "/tmp" in line]
        assert len(told) >= 2
        assert all(line.startswith("  > ") for line in told)


def test_only_the_variables_that_not_every_session_has_are_named(tmp_path):
    usual = session_environment(
        dict.fromkeys((*ALWAYS, "LC_ALL", "LC_CTYPE", "LC_TIME"), "x"), (), tmp_path
    )
    inquiry = an_inquiry("ls", environment=[*usual, "DB_PASSWORD", "LC_EVIL"])
    screen = inquiry_screen(inquiry, EN, PLAIN, 80)
    assert f"variables  {len(usual)} usual ones, DB_PASSWORD, LC_EVIL\n" in screen
    told = Told()
    told.inquiry = inquiry
    for status in (FlowStatus.WAITING, FlowStatus.DENIED):
        whole = flow_screen(a_flow(status=status), told, EN, PLAIN, 80)
        assert all(name in whole for name in inquiry.environment)


@pytest.mark.parametrize("width", [50, 80])
def test_an_error_is_folded_between_words(width):
    message = "I do not have enough information. Missing: “the salary of the workshop lead”"
    shown = error_lines(message, "Add what tells about it: alvo sources add PATH.", PLAIN, width)
    assert all(display_width(line) <= width for line in shown.splitlines())
    assert " ".join(shown.split()).startswith(f"✗ {message} Add what")
    assert error_lines(message, "", PLAIN, None) == f"✗ {message}\n"


def test_a_long_citation_is_folded_after_parts_of_its_path():
    citation = replace(a_citation(), title="T", location="/srv/" + "some-folder/" * 8 + "a.md#B")
    lines = citations([citation], EN, PLAIN, 60).splitlines()
    assert all(display_width(line) <= 60 for line in lines)
    assert all(line.endswith(("/", "a.md#B", "2026-02-03")) for line in lines[3:])
    told = "".join(line.strip() for line in lines[3:])
    assert told.replace(" ", "") == f"{citation.location}2026-02-03"


def test_the_sql_of_a_citation_has_lines_of_its_own():
    sql = "SELECT name FROM orders WHERE " + " AND ".join(["total > 100"] * 5)
    citation = replace(
        a_citation(),
        source=SourceName.DATABASE,
        title="shop.orders",
        location=f"shop.orders: {sql}",
        retrieved_at=AT,
    )
    first, *rest = citations([citation], EN, PLAIN, 50).splitlines()[2:]
    assert first == "[1] shop.orders  2026-02-03"
    assert len(rest) > 1
    assert all(line.startswith("    ") and len(line) <= 50 for line in rest)
    assert " ".join(line.strip() for line in rest) == sql


def test_show_tells_in_one_line_what_the_model_took():
    usage = Usage(calls=2, tokens_in=1200, tokens_out=1, took_ms=1500.0)
    screen = flow_screen(a_flow(reasoner="gemini", usage=usage), Told(), EN, PLAIN, 80)
    assert "\n  gemini · 2 calls · 1200 tokens in, 1 out · 1.5 s\n" in screen
    assert "calls" not in flow_screen(a_flow(), Told(), EN, PLAIN, 80)


def test_a_command_of_the_person_s_own_needs_no_footer():
    assert footer(a_flow(question="!ls", reasoner=None), EN, PLAIN) == ""
    assert "flow flw234" in footer(a_flow(), EN, PLAIN)


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


@pytest.mark.parametrize("width", [50, 80])
def test_a_flow_and_an_inquiry_are_one_line_of_a_list_whatever_they_say(width):
    said = "first line\nsecond \x1b[2J" + "日" * 200
    for line in (
        flow_line(a_flow(question=said), EN, PLAIN, width),
        inquiry_line(an_inquiry(None, kind="information", text=said), PT, PLAIN, width),
    ):
        assert "\n" not in line
        assert "\x1b" not in line
        assert display_width(line) <= width


def test_show_tells_every_command_with_its_output_and_end():
    plan = [PlannedCommand("", "echo hi\nfalse", exit_status=1, took_ms=12.0, status="failed")]
    flow = a_flow(status=FlowStatus.FAILED, plan=plan, error=an_error("COMMAND_FAILED"))
    told = Told()
    told.outputs[0] = "hi\n"
    told.looks.append({"source": "DATABASE", "where": "shop: SELECT \x1b[31m1", "summary": "1 row"})
    screen = flow_screen(flow, told, EN, PLAIN, 80)
    assert "database  shop: SELECT <U+001B>[31m1\n    → 1 row\n" in screen
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


@pytest.mark.parametrize(("left", "said"), [(None, "3/9"), (0.2, "3/9"), (4.0, "3/9 · 4.0 s left")])
def test_how_long_something_takes_is_said_once_it_is_known(left, said):
    assert progress_text(Progress(3, 9, "bytes", left), EN) == said


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ("untrained", "escolhido: sem treino"),
        ("neighbours + translations", "escolhido: vizinhos + traduções"),
        ("related words + weights (pt)", "escolhido: palavras relacionadas + pesos (pt)"),
        ("of a later version", "escolhido: of a later version"),
    ],
)
def test_what_a_version_learned_is_said_in_the_language_of_the_screen(chosen, said):
    version = AgentVersion(1, AT, 3, 6, chosen, in_service=True, stages=[], report=None)
    assert said in versions_screen([version], PT, PLAIN)
