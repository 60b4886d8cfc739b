"""A plan is looked at before it is real: previewed, applied, undone, from the command line."""

import json

from tests.support.daemon import Home
from tests.support.preview import needs_preview
from tests.support.terminal import Terminal


def parked(home: Home, command: str) -> str:
    assert home.run("alvo", "run", "--", command).returncode == 4
    (inquiry,) = home.run("alvo", "inquiries", "--ids").stdout.split()
    return inquiry


@needs_preview
def test_a_person_previews_applies_and_undoes(home: Home) -> None:
    home.start()
    place = home.home
    notes = place / "notes.txt"
    notes.write_text("one\n")
    inquiry = parked(home, "cd; sed -i s/one/two/ notes.txt; touch 'a\u202eb'; echo said")

    shown = home.run("alvo", "preview", inquiry)
    assert shown.returncode == 0, shown.stderr
    assert "~/notes.txt" in shown.stderr
    assert "+two" in shown.stderr
    assert "a<U+202E>b" in shown.stderr
    assert notes.read_text() == "one\n"

    (new,) = home.run("alvo", "inquiries", "--ids").stdout.split()
    assert new != inquiry
    done = home.run("alvo", "apply", new)
    assert done.returncode == 0, done.stderr
    assert notes.read_text() == "two\n"

    flow = json.loads(home.run("alvo", "flows", "--json").stdout)["flows"][0]["id"]
    undone = home.run("alvo", "undo", flow)
    assert (undone.returncode, notes.read_text()) == (0, "one\n"), undone.stderr
    assert "~/notes.txt" in undone.stdout
    assert home.run("alvo", "undo", flow).returncode == 1


@needs_preview
def test_p_at_the_question_previews_and_a_writes_exactly_that(home: Home) -> None:
    home.start()
    place = home.home
    with Terminal(home, "alvo", "run", "--", "touch ~/made") as terminal:
        terminal.see("p previews] ")
        terminal.line("p")
        terminal.see("~/made", "a writes exactly this")
        assert not (place / "made").exists()
        terminal.line("a")
        terminal.see("1 file written as the preview showed", "~/made")
        assert terminal.end() == 0
    told = home.run("alvo", "audit").stdout
    assert "preview applied     1 file  " in told
    assert (place / "made").exists()


def test_what_has_no_preview_says_how_to_make_one(home: Home) -> None:
    home.start()
    inquiry = parked(home, "true")
    refused = home.run("alvo", "apply", inquiry)
    assert refused.returncode == 2
    assert f"alvo preview {inquiry}" in refused.stderr
