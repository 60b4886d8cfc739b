"""Story: before the yes a person reads what would run, from where it comes and what it leads to."""

import json

from tests.support.daemon import Home

RUNBOOK = """# Reports

## Make the monthly report folder

Makes the folder of this month:

```bash
mkdir -p reports/this-month
ls reports
```
"""


def test_a_runbooks_plan_is_shown_with_its_place_and_its_programs(home: Home) -> None:
    (home.home / "runbooks.md").write_text(RUNBOOK)
    assert home.run("alvo-embed", "add", str(home.home)).returncode == 0
    home.start()
    asked = home.run("alvo", "ask", "Make the monthly report folder")
    assert asked.returncode == 4, asked.stderr

    (inquiry,) = json.loads(home.run("alvo", "inquiries", "--json").stdout)["inquiries"]
    assert inquiry["proposed_by"] == "offline"
    (citation,) = inquiry["citations"]
    assert citation["source"] == "DOCUMENTS"
    assert "runbooks.md" in citation["location"]
    programs = {one["word"]: one for one in inquiry["programs"]}
    assert programs["mkdir"]["path"].endswith("/bin/mkdir")
    assert programs["ls"]["kind"] == "file"

    shown = home.run("alvo", "allow", "--yes", inquiry["id"]).stderr
    place = citation["location"].partition("#")[0].rpartition("/")[2]
    for part in (f"[{citation['n']}]", place, "proposed by", "offline", programs["ls"]["path"]):
        assert part in shown
    entries = json.loads(home.run("alvo", "audit", "--json").stdout)["entries"]
    (recorded,) = [one["data"] for one in entries if one["kind"] == "inquiry_shown"]
    assert recorded["programs"] == inquiry["programs"]
    assert recorded["proposed_by"] == "offline"


def test_a_command_of_ones_own_is_ones_own_proposal_also_after_a_restart(home: Home) -> None:
    home.start()
    home.run("alvo", "run", "--", "./mine; nope")
    before = home.run("alvo", "inquiries", "--json").stdout
    home.kill()
    home.start()
    assert home.run("alvo", "inquiries", "--json").stdout == before
    (inquiry,) = json.loads(before)["inquiries"]
    assert inquiry["proposed_by"] == "you"
    assert [(one["word"], one["kind"]) for one in inquiry["programs"]] == [
        ("./mine", "missing"),
        ("nope", "missing"),
    ]
    (home.home / "mine").write_text("#!/bin/sh\n")
    answered = home.run("alvo", "allow", "--yes", inquiry["id"])
    assert "nope  →  there is no such program" in answered.stderr
    # The file came to be after it was shown: it is asked for anew, with the file in the list.
    (fresh,) = json.loads(home.run("alvo", "inquiries", "--json").stdout)["inquiries"]
    assert fresh["id"] != inquiry["id"]
    assert fresh["programs"][0]["path"] == str(home.home / "mine")
