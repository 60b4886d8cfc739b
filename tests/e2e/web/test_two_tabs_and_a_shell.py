"""Story: two tabs and a shell look at one flow at once, and whoever answers first answers."""

from playwright.sync_api import expect

from tests.support.person import Person
from tests.support.terminal import Terminal


def test_all_three_see_the_same_and_the_first_answer_counts(somebody: Person) -> None:
    with somebody.tab() as one, somebody.tab() as other:
        one.ask("!read -p 'who? ' x; echo \"it was $x\"")
        expect(one.page.locator("section.inquiry")).to_be_visible()
        [flow] = somebody.rpc("flow.list")["flows"]
        second = one.another()
        second.go(f"/flows/{flow['id']}")
        other.go(f"/flows/{flow['id']}")
        expect(second.page.locator("[data-answer=allow]")).to_be_visible()
        expect(other.page.locator("[data-answer=allow]")).to_be_visible()
        other.answer("allow")
        for tab in (one, second, other):
            expect(tab.page.locator("[data-answer]")).to_have_count(0)
            expect(tab.page.locator("article.flow")).to_have_attribute("data-status", "executing")
        with Terminal(somebody.home, "alvo", "attach", flow["id"]) as shell:
            shell.see("who?")
            expect(one.page.locator(".xterm-rows")).to_contain_text("who?")
            one.page.locator(".xterm-screen").click()
            one.page.keyboard.type("everybody\n")
            shell.see("it was everybody")
            assert shell.end() == 0
        for tab in (one, second, other):
            expect(tab.page.locator("article.flow")).to_have_attribute("data-status", "executed")
            expect(tab.page.locator("pre.output")).to_contain_text("it was everybody")
        second.check()


def test_what_the_shell_asks_comes_up_in_the_page_and_its_answer_closes_it_there(
    somebody: Person,
) -> None:
    with somebody.tab("/waiting") as tab:
        with Terminal(somebody.home, "alvo", "run", "--", "echo from the shell") as shell:
            shell.see("Run it?")
            expect(tab.page.locator("section.inquiry")).to_contain_text("echo from the shell")
            expect(tab.page.locator(".badge")).to_have_text("1")
            shell.line("y")
            assert shell.end() == 0
        expect(tab.page.locator(".closing")).to_contain_text("allowed by shell")
        expect(tab.page.locator(".badge")).to_be_hidden()


def test_many_tabs_of_one_browser_share_what_a_browser_allows_in_connections(
    somebody: Person,
) -> None:
    with somebody.tab() as first:
        tabs = [first, *(first.another().go("/") for _ in range(7))]
        flow = somebody.waiting("echo all of you")
        for tab in tabs:
            expect(tab.page.locator(".badge")).to_have_text("1")
        somebody.rpc("flow.cancel", flow_id=flow["flow_id"])
        for tab in tabs:
            expect(tab.page.locator(".badge")).to_be_hidden()
            tab.check()
