"""Story: an agent is trained in a page, asked, given more, and taken back to what it was."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.support.browser import Chromium
from tests.support.documents import pdf
from tests.support.person import Person, a_person
from tests.support.sample import SAMPLE
from tests.support.waiting import wait_until

OVEN = """# The oven

The oven of the bakery is lit at 05:30 every morning by whoever comes first, and not later.

# The mill

The flour of the bakery comes from the mill in Odivelas, which Marta calls on Mondays.

# The till

The till is counted at 19:15 each evening, by two people, and the sum is written into the red book.
"""
MILL = ["The mill of the bakery stands in Odivelas.", "Its wheel turns since the spring."]
ASKED = {"question": "Since when is there a mill?", "answer": "The mill is there since 1911."}
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
        expect(page.get_by_text(f"version {3 - served} answers")).to_be_visible()
        assert patient.rpc("agent.get", user_id="baker")["agent"]["version"] == 3 - served

        page.get_by_role("button", name="Delete this agent").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("2 versions with")
        expect(dialog.get_by_role("button", name="No, leave it")).to_be_focused()
        dialog.get_by_role("button", name="Delete this agent").click()
        expect(page).to_have_url(f"{tab.origin}/agents")
        expect(page.locator("#live")).to_contain_text("“baker” is gone: 2 versions")
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


def trained(person: Person, name: str, text: str) -> None:
    person.rpc("agent.create", user_id=name, training_data=text)
    wait_until(lambda: person.rpc("agent.status", user_id=name)["training"] is None, within=90)


def test_files_of_any_kind_are_sent_from_the_browser(patient: Person) -> None:
    files = [
        {"name": "mill.pdf", "mimeType": "application/pdf", "buffer": pdf([MILL], "The mill")},
        {"name": "faq.jsonl", "mimeType": "", "buffer": json.dumps(ASKED).encode()},
    ]
    with patient.tab("/agents") as tab:
        page = tab.page
        page.get_by_label("Name", exact=True).fill("miller")
        page.get_by_label("Language of the material").select_option("English")
        page.get_by_label("Text", exact=True).fill(CAT)
        page.get_by_label("Files from here").set_input_files(files)
        page.get_by_role("button", name="Create an agent").click()
        expect(page.locator(".status.ready")).to_be_visible(timeout=TRAINED_MS)
        expect(page.get_by_text("version 1 answers")).to_contain_text("3 documents")
        for question, answer in (
            (ASKED["question"], "1911"),
            ("What is the cat called?", "Farinha"),
        ):
            tab.go("/agents/miller").ask(question)
            expect(page.locator(".answer")).to_contain_text(answer)
            expect(page.locator(".cost a.agent")).to_have_text("miller")


def test_who_is_asked_is_chosen_and_seen_and_who_answered_is_told(patient: Person) -> None:
    trained(patient, "baker", OVEN)
    trained(patient, "cat", CAT)
    with patient.tab("/agents") as tab:
        page = tab.page
        page.get_by_label("cat", exact=True).get_by_role("link", name="Ask this agent").press(
            "Enter"
        )
        question = page.locator("textarea.ask")
        expect(question).to_be_focused()
        expect(question).to_have_attribute("placeholder", "Ask cat")
        tab.ask("What is the cat called?")
        expect(page.locator(".answer")).to_contain_text("Farinha")
        expect(page.locator(".cost a.agent")).to_have_text("cat")

        # The next question is for the same one, unless another is chosen.
        expect(question).to_have_attribute("placeholder", "Ask cat")
        page.get_by_text("Directory and agent").click()
        page.get_by_label("Agent", exact=True).select_option("baker")
        expect(question).to_have_attribute("placeholder", "Ask baker")
        tab.ask("When is the oven lit?")
        expect(page.locator(".answer").last).to_contain_text("05:30")
        expect(page.locator(".cost a.agent").last).to_have_text("baker")
        page.get_by_label("Agent", exact=True).select_option("none")
        expect(question).to_have_attribute("placeholder", "Ask further")
        page.locator(".cost a.agent").last.click()
        expect(page.locator("h1")).to_have_text("baker")


def test_an_agent_is_written_to_a_file_and_made_anew_from_it(patient: Person) -> None:
    trained(patient, "cat", CAT)
    file = patient.home.home / "cat.alvo-agent"
    with patient.tab("/agents/cat") as tab:
        page = tab.page
        page.get_by_text("Export").first.click()
        panel = page.locator(".panel", has_text="Path of a new file")
        panel.get_by_label("Path of a new file").fill(str(file))
        panel.get_by_role("button", name="Export").click()
        expect(panel.get_by_role("alert")).to_contain_text(f"written to {file}")
        # Where there is a file already, none is written, and that is said beside the button.
        panel.get_by_role("button", name="Export").click()
        expect(panel.get_by_role("alert").locator(".error")).to_be_visible()

        tab.go("/agents")
        page.get_by_text("Import an agent").first.click()
        page.get_by_label("Path of its file").fill(str(file))
        page.get_by_label("Name (the one it had, if empty)").fill("tom")
        page.get_by_role("button", name="Import an agent").click()
        expect(page.locator("h1")).to_have_text("tom")
        expect(page.get_by_text("version 1 answers")).to_be_visible(timeout=TRAINED_MS)


def test_lines_of_questions_that_are_read_here_beside_paths_are_questions(patient: Person) -> None:
    lines = (
        '{"question": "Who orders the flour?", "answer": "Marta orders the flour on Mondays."}\n'
    )
    note = patient.home.home / "oven.md"
    note.write_text(OVEN)
    with patient.tab("/agents") as tab:
        page = tab.page
        page.get_by_label("Name", exact=True).fill("baker")
        page.get_by_label("Paths of files").fill(str(note))
        faq = {"name": "faq.jsonl", "mimeType": "application/jsonl", "buffer": lines.encode()}
        page.locator("input[type=file]").first.set_input_files(faq)
        page.get_by_role("button", name="Create an agent").click()
        expect(page.locator(".status.ready")).to_be_visible(timeout=TRAINED_MS)
    (hit,) = patient.rpc("index.search", query="Marta orders Mondays", agent="baker", k=1)["hits"]
    assert (hit["place"], hit["text"]) == (
        "Who orders the flour?",
        "Marta orders the flour on Mondays.",
    )


def test_an_agent_whose_training_failed_stands_in_the_list_as_the_others_do(
    patient: Person,
) -> None:
    (patient.home.home / "photo.jpg").write_bytes(b"\xff\xd8\xff" * 100)
    with patient.tab("/agents") as tab:
        page = tab.page
        page.get_by_label("Name", exact=True).fill("photo")
        page.get_by_label("Paths of files").fill(str(patient.home.home / "photo.jpg"))
        page.get_by_role("button", name="Create an agent").click()
        expect(page.locator(".status.error")).to_be_visible(timeout=TRAINED_MS)
        tab.go("/agents")
        status = page.locator(".card .status.error")
        assert status.evaluate("one => getComputedStyle(one).padding") == "0px"
