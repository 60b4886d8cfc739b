"""Story: an agent is trained in a page, asked, given more, and taken back to what it was."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.support.browser import Chromium
from tests.support.person import Person, a_person
from tests.support.sample import SAMPLE

OVEN = """# The oven

The oven of the bakery is lit at 05:30 every morning by whoever comes first, and not later.

# The mill

The flour of the bakery comes from the mill in Odivelas, which Marta calls on Mondays.

# The till

The till is counted at 19:15 each evening, by two people, and the sum is written into the red book.
"""
CAT = "# The cat\n\nThe cat of the bakery is called Farinha and sleeps in the flour store.\n"
TRAINED_MS = 90_000


@pytest.fixture
def patient(browser: Chromium) -> Iterator[Person]:
    with a_person(browser, ALVO_AGENTS_NICENESS="0") as made:
        yield made


def test_an_agent_is_created_followed_asked_added_to_and_rolled_back(patient: Person) -> None:
    with patient.tab("/agents") as tab:
        page = tab.page
        expect(page.locator(".empty")).to_be_visible()
        page.get_by_label("Name", exact=True).fill("baker")
        page.locator("textarea").first.fill(OVEN)
        page.get_by_role("button", name="Create an agent").click()

        expect(page.locator("h1")).to_have_text("baker")
        stages = page.locator(".stages").first
        expect(stages).to_contain_text("processing the data")
        expect(page.locator(".status.ready")).to_be_visible(timeout=TRAINED_MS)
        expect(stages.locator("li.done")).to_have_count(4)

        tab.ask("When is the oven lit?")
        expect(page.locator(".answer")).to_contain_text("05:30")
        flow = patient.rpc("flow.list", limit=1)["flows"][0]
        assert flow["agent"] == "baker"

        tab.go("/agents/baker")
        page.get_by_text("Add material").first.click()
        page.locator(".panel textarea").first.fill(CAT)
        page.get_by_role("button", name="Add material").click()
        second = page.get_by_label("version 2", exact=True)
        expect(second).to_be_visible()
        expect(second.locator(".stages li.done")).to_have_count(4, timeout=TRAINED_MS)

        served = patient.rpc("agent.get", user_id="baker")["agent"]["version"]
        other = page.get_by_label(f"version {3 - served}", exact=True)
        other.get_by_role("button", name="Go back to this version").click()
        expect(other.get_by_text("in service", exact=True)).to_be_visible()
        assert patient.rpc("agent.get", user_id="baker")["agent"]["version"] == 3 - served

        page.get_by_role("button", name="Delete this agent").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete this agent").click()
        expect(page).to_have_url(f"{tab.origin}/agents")
        assert patient.rpc("agent.list")["agents"] == []


def test_what_a_version_is_worth_is_shown_as_figures_and_said_to_who_cannot_see_them(
    patient: Person,
) -> None:
    files = "\n".join(str(path) for path in sorted((SAMPLE / "handbook" / "en").glob("*.md")))
    with patient.tab("/agents") as tab:
        page = tab.page
        page.get_by_label("Name", exact=True).fill("workshop")
        page.get_by_label("Paths of files").fill(files)
        page.get_by_role("button", name="Create an agent").click()
        report = page.locator(".report").first
        expect(report).to_be_visible(timeout=TRAINED_MS)
        expect(report).to_contain_text("training never saw")
        chart = report.get_by_role("img").first
        expect(chart).to_be_visible()
        assert re.match(r"nDCG@10: .* \d\.\d+ \(\d", chart.get_attribute("aria-label") or "")
