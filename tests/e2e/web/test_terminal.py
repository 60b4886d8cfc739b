"""Story: a running command is typed to in the page: lines, passwords, full screens, signals."""

import shutil
import sys

import pytest
from playwright.sync_api import expect

from tests.support.person import Person, Place
from tests.support.waiting import wait_until

CANARY = "canary-7c2d91"
PASSWORD = f'{sys.executable} -c \'import getpass; p = getpass.getpass("Key: "); print(len(p), "letters")\''
# A terminal answers these by typing; or they change titles, links, the clipboard; or count long.
HOSTILE = (
    r"\033[c\033[>c\033[=c\033[5n\033[6n\033[?6n\033[14t\033[16t\033[18t\033[21t\033[?2026$p"
    r"\033[4$p\033P$qm\033\\\033P+q544e\033\\\033]4;1;?\007\033]10;?\007\033]11;?\007\033]12;?\007"
    r"\033[?1004h\005\033[x\033[>q\033[?u"
    r"\033]0;EVIL\007\033]2;EVIL\007\033]52;c;RVZJTA==\007\033]8;;http://evil.example\007link"
    r"\033]8;;\007\033]11;#ff0000\007\033]777;notify;EVIL;x\007\033]1337;File=inline=1:AAAA\007"
    r"\033[2147483647b\033[2147483647S\033[2147483647T\033[2147483647Z\033[2147483647I"
    r"\033[2147483647@\033[2147483647P\033[2147483647L\033[2147483647M"
)


def running(tab: Place, script: str) -> Place:
    """A command that a person set and allowed in the page."""
    tab.ask(f"!{script}")
    tab.answer("allow")
    return tab


def screen(tab: Place) -> str:
    return str(tab.page.locator(".xterm-rows").inner_text())


def sees(tab: Place, *texts: str) -> None:
    for text in texts:
        expect(tab.page.locator(".xterm-rows")).to_contain_text(text)


def keys(tab: Place, text: str) -> None:
    tab.page.locator(".xterm-screen").click()
    tab.page.keyboard.type(text)


def over(tab: Place, status: str = "executed") -> None:
    expect(tab.page.locator("article.flow").last).to_have_attribute("data-status", status)


def test_a_line_is_typed_and_its_echo_is_seen(tab: Place) -> None:
    running(tab, "read -p 'Your name? ' x; echo \"hello $x\"; read y")
    sees(tab, "Your name?")
    keys(tab, "Zoë Çınar\n")
    sees(tab, "hello Zoë Çınar")
    keys(tab, "\n")
    over(tab)


def test_the_terminal_is_fetched_when_one_may_be_wanted_and_not_before(tab: Place) -> None:
    tab.ask("!echo so far there was none")
    expect(tab.page.locator("[data-answer=allow]")).to_be_visible()
    assert not [url for url in tab.requests if "/vendor/" in url]
    tab.answer("allow")
    over(tab)
    assert [url for url in tab.requests if url.endswith("/vendor/xterm.js")]


def test_keys_keep_their_order_however_fast_they_come(tab: Place) -> None:
    running(tab, "read -p 'go: ' x; echo \"<$x>\"; read y")
    sees(tab, "go:")
    text = "".join(chr(ord("a") + n % 26) for n in range(60))
    keys(tab, f"{text}\n")
    sees(tab, f"<{text}>")
    keys(tab, "\n")
    over(tab)


@pytest.mark.skipif(not shutil.which("less"), reason="less is not installed")
def test_less_has_the_screen_and_gives_it_back(tab: Place) -> None:
    running(tab, "seq 500 | less; echo after")
    sees(tab, "20")
    # Where the page's size reaches it a little later, it draws from the same first line again.
    wait_until(lambda: keys(tab, "G") or "500" in screen(tab))
    keys(tab, "g/77\n")
    sees(tab, "77")
    keys(tab, "q")
    over(tab)
    expect(tab.page.locator("pre.output").last).to_contain_text("after")


@pytest.mark.skipif(not shutil.which("vim"), reason="vim is not installed")
def test_a_file_is_edited_with_vim(person: Person, tab: Place) -> None:
    (person.home.home / "poem.txt").write_text("one\ntwo\n")
    running(tab, "vim -u NONE -i NONE poem.txt")
    sees(tab, "one", "two")
    keys(tab, "Onought\x1b:wq\n")
    over(tab)
    assert (person.home.home / "poem.txt").read_text() == "nought\none\ntwo\n"


def test_a_program_is_told_the_size_of_the_page_and_when_it_changes(tab: Place) -> None:
    script = "while :; do stty size; sleep 0.1; done"
    running(tab, script)
    tab.page.get_by_role("button", name="Open its terminal").click()

    def sizes() -> list[list[int]]:
        lines = [line.split() for line in screen(tab).splitlines()]
        return [[int(n) for n in line] for line in lines if len(line) == 2 and line[0].isdigit()]

    wide = wait_until(sizes)[-1]
    tab.page.set_viewport_size({"width": 500, "height": 800})
    wait_until(lambda: sizes()[-1][1] < wide[1])
    tab.page.get_by_role("button", name="Interrupt").click()
    over(tab, "failed")


def test_a_password_has_a_field_of_its_own_and_is_kept_nowhere(person: Person, tab: Place) -> None:
    running(tab, f"{PASSWORD}; read y")
    field = tab.page.locator(".terminal-password input")
    expect(field).to_be_visible()
    expect(field).to_have_attribute("type", "password")
    expect(field).to_have_attribute("autocomplete", "off")
    sent: list[str] = []
    tab.page.on("request", lambda request: sent.append(request.post_data or ""))
    field.fill(CANARY)
    field.press("Enter")
    sees(tab, f"{len(CANARY)} letters")
    expect(field).to_be_hidden()
    assert field.input_value() == ""
    assert CANARY not in tab.page.content()
    [given] = [text for text in sent if CANARY in text]
    assert '"secret":true' in given
    keys(tab, "\n")
    over(tab)
    files = [file for file in person.home.place.rglob("*") if file.is_file()]
    assert not [file for file in files if CANARY.encode() in file.read_bytes()]


def test_an_interrupt_ends_what_runs(tab: Place) -> None:
    running(tab, "echo begun; sleep 1000")
    tab.page.get_by_role("button", name="Interrupt").click()
    over(tab, "failed")


def test_what_a_hostile_program_draws_does_nothing_but_draw(person: Person, tab: Place) -> None:
    running(tab, f"printf '{HOSTILE}'; echo; read -p 'end? ' x; echo \"<$x>\"; read y")
    sees(tab, "end?")
    keys(tab, "mine\n")
    sees(tab, "<mine>")
    tab.page.locator(".xterm-screen").hover()
    assert tab.page.locator(".xterm-screen a").count() == 0
    assert "EVIL" not in tab.page.title()
    flow = person.rpc("flow.list", limit=1)["flows"][0]
    printed = person.rpc.output(flow["id"])
    # What a terminal would have answered would have been typed, echoed, and read as the line.
    assert printed.split("end? ")[1].replace("\r", "") == "mine\n<mine>\n"
    keys(tab, "\n")
    over(tab)


def test_a_page_that_comes_later_shows_the_same_screen(person: Person, tab: Place) -> None:
    running(tab, "printf '\\033[31mred\\033[0m\\n'; read -p 'still there? ' x")
    sees(tab, "red", "still there?")
    with person.tab(tab.page.url.removeprefix(tab.origin)) as second:
        sees(second, "red", "still there?")
        keys(second, "yes\n")
        over(second)
    over(tab)


def test_the_terminal_is_left_by_a_key_and_the_command_goes_on(person: Person, tab: Place) -> None:
    running(tab, "read -p 'waiting ' x")
    sees(tab, "waiting")
    keys(tab, "abc")
    tab.page.keyboard.press("Control+]")
    expect(tab.page.get_by_role("button", name="Leave it running")).to_be_focused()
    tab.page.keyboard.press("Enter")
    expect(tab.page.locator(".xterm-rows")).to_have_count(0)
    flow = person.rpc("flow.list", limit=1)["flows"][0]
    assert flow["status"] == "executing"
    tab.page.get_by_role("button", name="Open its terminal").click()
    keys(tab, "\n")
    over(tab)


def test_without_xterm_there_is_the_output_and_a_line_and_it_says_so(person: Person) -> None:
    with person.tab() as tab:
        tab.forgive("Failed to load resource")
        tab.page.route("**/vendor/**", lambda route: route.fulfill(status=404))
        running(
            tab, "printf '\\033]0;EVIL\\007shown\\n'; read -p 'name? ' x; echo \"<$x>\"; read y"
        )
        output = tab.page.locator(".terminal-output")
        expect(output).to_contain_text("<U+001B>]0;EVIL<U+0007>shown")
        expect(tab.page.locator(".terminal-screen")).to_contain_text("make setup")
        line = tab.page.get_by_label("A line for the command")
        line.fill("Ana")
        line.press("Enter")
        expect(output).to_contain_text("<Ana>")
        line.press("Enter")
        over(tab)
