"""Story: an answer is read while it is written, stopped, and goes on after a daemon was killed."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.support import openai_server as wire
from tests.support.browser import Chromium
from tests.support.openai_server import MODEL, OpenAIServer
from tests.support.person import Person, a_person

ENOUGH = {"type": "answer", "enough": True, "sources": []}


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as made:
        yield made


def environ(server: OpenAIServer) -> dict[str, str]:
    return {
        "ALVO_REASONER_KIND": "openai",
        "ALVO_REASONER_BASE_URL": server.base_url,
        "ALVO_REASONER_MODEL": MODEL,
    }


@pytest.fixture
def modern(browser: Chromium, server: OpenAIServer) -> Iterator[Person]:
    """A person with a model that streams."""
    with a_person(browser, **environ(server)) as made:
        yield made


def test_an_answer_is_shown_while_it_is_written_and_can_be_stopped(
    modern: Person, server: OpenAIServer
) -> None:
    server.script(
        wire.decision(**ENOUGH, answer="x"), wire.stream("It **begins** ", finish=None, hang=True)
    )
    with modern.tab() as tab:
        tab.ask("Say something long")
        expect(tab.page.locator(".answer strong")).to_have_text("begins")
        expect(tab.page.locator("article.flow")).to_have_attribute("data-status", "running")
        tab.page.get_by_role("button", name="Stop").click()
        expect(tab.page.locator("article.flow")).to_have_attribute("data-status", "cancelled")


def test_a_daemon_killed_in_the_middle_of_a_stream_comes_back_and_the_page_goes_on(
    modern: Person, server: OpenAIServer
) -> None:
    server.script(
        wire.decision(**ENOUGH, answer="x"), wire.stream("Half of ", finish=None, hang=True)
    )
    server.otherwise = wire.stream("Half of it, and the rest.")
    with modern.tab() as tab:
        tab.forgive("Failed to load resource", "ERR_INCOMPLETE_CHUNKED_ENCODING", "EventSource")
        tab.ask("Say something long")
        page = tab.page
        expect(page.locator(".answer")).to_contain_text("Half of")
        modern.home.kill()
        expect(page.locator(".banner")).to_contain_text("Not connected")
        modern.home.start(**environ(server))
        expect(page.locator(".answer")).to_contain_text("Half of it, and the rest.")
        expect(page.locator("article.flow")).to_have_attribute("data-status", "answered")
        expect(page.locator(".banner")).to_have_text("")
        server.script(wire.decision(**ENOUGH, answer="x"), wire.stream("Here it is again."))
        tab.ask("And again")
        expect(page.locator(".answer").last).to_contain_text("Here it is again.")
        expect(page.locator("article.flow").last).to_have_attribute("data-status", "answered")


def test_a_bridge_killed_and_back_loses_nothing_either(
    modern: Person, server: OpenAIServer
) -> None:
    server.script(
        wire.decision(**ENOUGH, answer="Slow, but there."),
        wire.stream("Slow ", finish=None, hang=True),
    )
    with modern.tab() as tab:
        tab.forgive("Failed to load resource", "ERR_INCOMPLETE_CHUNKED_ENCODING")
        tab.ask("Say something long")
        expect(tab.page.locator(".answer")).to_contain_text("Slow")
        server.released.set()
        modern.restart_bridge()
        expect(tab.page.locator("article.flow")).to_have_attribute("data-status", "answered")
        expect(tab.page.locator(".answer")).to_contain_text("Slow, but there.")
