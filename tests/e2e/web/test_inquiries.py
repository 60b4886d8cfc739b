"""Story: what would run is shown whole, and only a person's deliberate yes lets it."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.person import Person, Place

HIDDEN = "echo 'a\u202eb\u200bc'; echo \u00a0d > made.txt"


def test_what_waits_is_counted_in_the_badge_and_the_title_and_has_an_address(
    somebody: Person,
) -> None:
    with somebody.tab() as tab:
        page = tab.page
        expect(page.locator(".badge")).to_be_hidden()
        inquiry = somebody.waiting("echo one")
        expect(page.locator(".badge")).to_have_text("1")
        expect(page).to_have_title(re.compile(r"^\(1\) "))
        tab.go("/waiting")
        expect(page.locator("section.inquiry")).to_have_count(1)
        somebody.waiting("echo two")
        expect(page.locator("section.inquiry")).to_have_count(2)
        expect(page.locator(".badge")).to_have_text("2")
        tab.go(f"/inquiries/{inquiry['id']}")
        expect(page.locator("h1")).to_contain_text("Alvo asks to run this")
        expect(page.locator("pre.numbered")).to_contain_text("echo one")


def test_a_command_is_shown_with_line_numbers_and_everything_invisible_escaped(
    person: Person, tab: Place
) -> None:
    inquiry = person.waiting(f"{HIDDEN}\n\necho three")
    tab.go(f"/inquiries/{inquiry['id']}")
    shown = tab.page.locator("pre.numbered")
    expect(shown).to_contain_text("a<U+202E>b<U+200B>c")
    expect(shown).to_contain_text("echo <U+00A0>d")
    lines = shown.locator(".line")
    expect(lines).to_have_count(3)
    assert [line.get_attribute("data-n") for line in lines.all()] == ["1", "2", "3"]
    assert inquiry["script"] == f"{HIDDEN}\n\necho three"


def test_a_yes_runs_it_and_what_it_printed_is_shown(person: Person, tab: Place) -> None:
    tab.ask("!echo it ran; touch ran.txt")
    tab.answer("allow")
    page = tab.page
    expect(page.locator("article.flow")).to_have_attribute("data-status", "executed")
    expect(page.locator("pre.output")).to_contain_text("it ran")
    expect(page.locator(".ending")).to_contain_text("exit status 0")
    assert (person.home.home / "ran.txt").exists()


def test_a_no_leaves_everything_as_it_is(person: Person, tab: Place) -> None:
    tab.ask("!touch denied.txt")
    tab.answer("deny")
    expect(tab.page.locator("article.flow")).to_have_attribute("data-status", "denied")
    assert not (person.home.home / "denied.txt").exists()


def test_a_preview_lists_files_and_shows_what_would_change_and_apply_writes_just_that(
    person: Person, tab: Place
) -> None:
    (person.home.home / "notes.txt").write_text("old\n")
    inquiry = person.waiting("echo new > notes.txt; echo more > more.txt")
    tab.go(f"/flows/{inquiry['flow_id']}")
    page = tab.page
    page.get_by_role("button", name="Preview").click()
    preview = page.locator(".preview, .inquiry .error").first
    expect(preview).to_be_visible(timeout=30_000)
    if page.locator(".preview").count() == 0:
        pytest.skip(f"no previews here: {preview.inner_text()}")
    expect(preview).to_contain_text("~/notes.txt")
    expect(preview.locator(".diff .removed")).to_have_text("-old")
    expect(preview.locator(".diff .added")).to_have_text(["+more", "+new"])
    assert (person.home.home / "notes.txt").read_text() == "old\n"
    tab.answer("apply")
    expect(page.locator("article.flow")).to_have_attribute("data-status", "executed")
    assert (person.home.home / "notes.txt").read_text() == "new\n"
    assert (person.home.home / "more.txt").read_text() == "more\n"


def test_an_edited_command_runs_as_the_person_wrote_it(person: Person, tab: Place) -> None:
    tab.ask("!echo theirs")
    page = tab.page
    page.get_by_role("button", name="Edit…").click()
    page.fill("textarea.code", "echo mine\necho \u200bhidden")
    shown = page.locator(".extra pre.numbered")
    expect(shown).to_contain_text("echo <U+200B>hidden")
    page.fill("textarea.code", "echo mine > mine.txt; cat mine.txt")
    tab.answer("allow", ".extra")
    expect(page.locator("article.flow")).to_have_attribute("data-status", "executed")
    expect(page.locator("pre.output")).to_contain_text("mine")
    assert (person.home.home / "mine.txt").read_text() == "mine\n"


def test_a_standing_permission_is_shown_whole_before_it_is_given(
    somebody: Person,
) -> None:
    with somebody.tab() as tab:
        page = tab.page
        tab.ask("!ls -l")
        page.get_by_role("button", name="Allow from now on…").click()
        offer = page.locator("fieldset.offer")
        expect(offer).to_contain_text("and below")
        expect(offer).to_contain_text("this conversation only")
        offer.get_by_label("every conversation").check()
        expect(offer).to_contain_text("it is revoked")
        tab.answer("allow", ".extra")
        expect(page.locator("article.flow")).to_have_attribute("data-status", "executed")
        [permission] = somebody.rpc("permission.list")["permissions"]
        assert permission["scope"] == "always"
        tab.ask("!ls -l")
        expect(page.locator("article.flow").last).to_have_attribute("data-status", "executed")
        expect(page.locator("section.inquiry")).to_have_count(0)


def test_one_that_is_answered_elsewhere_closes_at_once_and_says_who(
    person: Person, tab: Place
) -> None:
    inquiry = person.waiting("echo elsewhere")
    tab.go(f"/inquiries/{inquiry['id']}")
    page = tab.page
    expect(page.locator("[data-answer=allow]")).to_be_visible()
    person.rpc("inquiry.answer", inquiry_id=inquiry["id"], decision="deny")
    expect(page.locator(".closing")).to_contain_text("denied by test (process ")
    expect(page.locator("[data-answer]")).to_have_count(0)


def test_a_stale_yes_says_who_was_first(person: Person, tab: Place) -> None:
    inquiry = person.waiting("touch stale.txt")
    tab.go(f"/inquiries/{inquiry['id']}")
    page = tab.page
    # The news that it is closed does not get through, as over a bad line.
    page.route("**/rpc", lambda route: route.abort() if "inquiry.get" in (route.request.post_data or "") else route.continue_())  # fmt: skip
    tab.forgive("Failed to load resource")
    person.rpc("inquiry.answer", inquiry_id=inquiry["id"], decision="deny")
    tab.answer("allow")
    expect(page.locator(".error")).to_contain_text("is closed: denied by test")
    assert not (person.home.home / "stale.txt").exists()


def test_keys_and_clicks_that_came_too_early_answer_nothing(person: Person, tab: Place) -> None:
    page = tab.page
    page.add_init_script(
        # Presses wherever the yes is, in the very moment in which it appears.
        """new MutationObserver(() => document.querySelector("[data-answer=allow]")?.focus())
           .observe(document, {subtree: true, childList: true});"""
    )
    inquiry = person.waiting("touch early.txt")
    tab.go(f"/inquiries/{inquiry['id']}")
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    page.locator("[data-answer=allow]").click(no_wait_after=True)
    page.evaluate("document.querySelector('[data-answer=allow]').click()")
    tab.look()
    page.evaluate("document.querySelector('[data-answer=allow]').click()")
    assert person.rpc("inquiry.get", inquiry_id=inquiry["id"])["status"] == "waiting"
    assert not (person.home.home / "early.txt").exists()


def test_nothing_is_chosen_beforehand_and_enter_on_a_new_inquiry_does_nothing(
    person: Person, tab: Place
) -> None:
    tab.ask("!touch entered.txt")
    page = tab.page
    expect(page.locator("[data-answer=allow]")).to_be_visible()
    tab.look()
    assert page.evaluate("document.activeElement.closest('[data-answer]')") is None
    page.keyboard.press("Enter")
    [waiting] = [
        one for one in person.rpc("inquiry.list", status="waiting")["inquiries"]
        if "entered" in one["script"]
    ]  # fmt: skip
    assert waiting["status"] == "waiting"


def test_a_secret_answer_is_typed_unseen(person: Person, tab: Place) -> None:
    inquiry = person.waiting("read -s -p 'Key: ' key; echo; echo ${#key} letters")
    tab.go(f"/flows/{inquiry['flow_id']}")
    tab.answer("allow")
    page = tab.page
    field = page.locator("input[type=password]")
    field.fill("canary-41ac")
    field.press("Enter")
    expect(page.locator("article.flow")).to_have_attribute("data-status", "executed")
    expect(page.locator("pre.output")).to_contain_text("11 letters")
    assert "canary-41ac" not in page.content()
    assert "canary-41ac" not in str(person.rpc.events(inquiry["flow_id"]))


def test_a_notification_says_that_something_waits_and_not_what(person: Person) -> None:
    hidden_and_noted = """
      Object.defineProperty(document, "hidden", { get: () => true });
      window.told = [];
      window.Notification = class {
        static permission = "default";
        static async requestPermission() { return (this.permission = "granted"); }
        constructor(title, options) { window.told.push(title + " " + JSON.stringify(options)); }
        addEventListener() {}
      };"""
    with person.tab("/waiting", before=hidden_and_noted) as tab:
        person.waiting("echo before it was wanted")
        expect(tab.page.locator("section.inquiry", has_text="before it was wanted")).to_be_visible()
        tab.page.get_by_role("button", name="Notify me in this browser").click()
        person.waiting("echo canary-5e1f")
        tab.page.wait_for_function("told.length > 0")
        [told] = tab.page.evaluate("told")
        assert told.startswith("Alvo asks to run this")
        assert "canary" not in told
