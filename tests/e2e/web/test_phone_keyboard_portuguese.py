"""Story: the same on a phone, without a mouse, and in Portuguese."""

from playwright.sync_api import expect

from tests.support.browser import PHONE
from tests.support.person import Person, Place

PAGES = (
    "/", "/waiting", "/sources", "/agents", "/databases", "/permissions", "/sessions", "/audit",
    "/status", "/api",
)  # fmt: skip


def overflow(tab: Place) -> int:
    return int(tab.page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def test_no_page_is_wider_than_a_phone(person: Person) -> None:
    inquiry = person.waiting(f"echo {'long' * 60}; ls /{'deep/' * 40}")
    flow = f"/flows/{inquiry['flow_id']}"
    with person.tab(viewport=PHONE, has_touch=True, is_mobile=True) as tab:
        for path in (*PAGES, flow, f"/inquiries/{inquiry['id']}"):
            tab.go(path)
            assert overflow(tab) <= 0, path
            assert tab.page.locator("h1").count() == 1, path


def test_a_task_is_asked_allowed_and_read_on_a_phone(person: Person) -> None:
    with person.tab(viewport=PHONE, has_touch=True, is_mobile=True) as tab:
        page = tab.page
        page.locator("textarea.ask").tap()
        page.fill("textarea.ask", "!read -p 'name? ' x; echo \"for $x\"")
        page.locator("button.send").tap()
        yes = page.locator("[data-answer=allow]")
        expect(yes).to_be_visible()
        assert yes.bounding_box()["height"] >= 40
        tab.look()
        yes.tap()
        page.locator(".xterm-screen").tap()
        expect(page.locator(".xterm-rows")).to_contain_text("name?")
        assert overflow(tab) <= 0
        page.keyboard.type("Rui\n")
        expect(page.locator("article.flow")).to_have_attribute("data-status", "executed")
        expect(page.locator("pre.output")).to_contain_text("for Rui")


def focused(tab: Place) -> str:
    return str(
        tab.page.evaluate(
            "(document.activeElement.innerText || document.activeElement.ariaLabel || '').trim()"
        )
    )


def tab_to(tab: Place, text: str, most: int = 40) -> None:
    """Presses Tab until what is focused says so; whatever is focused must be seen to be."""
    for _ in range(most):
        tab.page.keyboard.press("Tab")
        seen = tab.page.evaluate(
            """() => { const style = getComputedStyle(document.activeElement);
               return style.outlineStyle !== "none" || style.boxShadow !== "none"
                 || document.activeElement === document.body
                 || document.activeElement.matches("textarea, input")
                 || document.activeElement.closest(".box, .terminal-screen") !== null; }"""
        )
        assert seen, f"one does not see that {focused(tab)!r} has the focus"
        if focused(tab) == text:
            return
    raise AssertionError(f"no way to {text!r} with Tab; at the end: {focused(tab)!r}")


def test_a_task_is_done_with_keys_alone(person: Person, tab: Place) -> None:
    page = tab.page
    expect(page.locator("textarea.ask")).to_be_focused()
    page.keyboard.type("!echo by keys")
    page.keyboard.press("Enter")
    expect(page.locator("[data-answer=allow]")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("k")
    tab_to(tab, "Run it")
    tab.look()
    page.keyboard.press("Enter")
    expect(page.locator("article.flow")).to_have_attribute("data-status", "executed")
    expect(page.locator("pre.output")).to_contain_text("by keys")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("g")
    page.keyboard.press("w")
    expect(page.locator("h1")).to_have_text("Waiting")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("No key answers an inquiry.")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page.locator("h1")).to_have_text("Sources")


def test_the_first_tab_leads_past_the_places(tab: Place) -> None:
    tab.go("/status")
    tab.page.evaluate("document.activeElement.blur()")
    tab.page.keyboard.press("Tab")
    expect(tab.page.locator("a.skip")).to_be_focused()
    tab.page.keyboard.press("Enter")
    expect(tab.page.locator("#main")).to_be_focused()


def test_a_terminal_is_left_with_keys_and_nobody_is_caught_in_it(tab: Place) -> None:
    tab.ask("!read -p 'caught? ' x")
    tab.answer("allow")
    page = tab.page
    expect(page.locator(".xterm-rows")).to_contain_text("caught?")
    page.locator(".xterm-helper-textarea").focus()
    page.keyboard.press("Control+]")
    expect(page.get_by_role("button", name="Leave it running")).to_be_focused()
    page.get_by_role("button", name="Interrupt").click()
    expect(page.locator("article.flow")).to_have_attribute("data-status", "failed")


def test_every_page_speaks_portuguese_to_a_portuguese_browser(person: Person) -> None:
    with person.tab(locale="pt-BR") as tab:
        for path in PAGES:
            tab.go(path)
            page = tab.page
            assert page.evaluate("document.documentElement.lang") == "pt-BR"
            shown = page.inner_text("header.top") + page.inner_text("h1")
            for english in ("Ask", "Waiting", "Sources", "Settings", "Status ", "know", "_"):
                assert english not in shown, (path, english)


def test_an_inquiry_and_an_error_are_in_portuguese_as_well(person: Person) -> None:
    with person.tab(locale="pt-BR") as tab:
        tab.ask("!echo sim")
        expect(tab.page.locator("section.inquiry")).to_contain_text("O Alvo pede para executar")
        tab.answer("deny")
        expect(tab.page.locator(".error")).to_contain_text("permissão")
