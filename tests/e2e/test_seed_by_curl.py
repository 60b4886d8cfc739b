"""Story: the requests of seeds/request-flow.md, as written there, by curl, with a token."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import Home
from tests.support.waiting import wait_until
from tests.support.web import Web, a_bridge

DATA = (
    "Sou especialista em Python. Para criar uma API Flask, use app = Flask(__name__) e decore "
    "cada função com @app.route. Para rodar a API, use flask run."
)


def curl(web: Web, *words: str) -> tuple[int, Any]:
    """Status and JSON, as `curl` gets them."""
    done = subprocess.run(
        ["curl", "-s", "-w", "\n%{http_code}", "-H", f"Authorization: Bearer {web.token}", *words],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


def posted(web: Web, path: str, body: Any) -> tuple[int, Any]:
    given = body if isinstance(body, str) else json.dumps(body)
    return curl(
        web, "-X", "POST", f"{web.origin}{path}", "-H", "Content-Type: application/json", "-d", given
    )  # fmt: skip


def until_ready(web: Web, user_id: str) -> None:
    def ready() -> bool:
        status, told = curl(web, f"{web.origin}/api/v1/agents/{user_id}/status")
        assert status == 200
        assert told["status"] in ("initializing", "processing", "ready"), told
        return bool(told["status"] == "ready")

    wait_until(ready, within=60)


@pytest.mark.slow
def test_create_wait_until_ready_ask(home: Home) -> None:
    home.start()
    with a_bridge(home) as web:
        data = {"user_id": "python_expert", "training_data": DATA}
        status, made = posted(web, "/api/v1/agents", data)
        assert (status, made["status"]) == (201, "created")
        assert made["message"].startswith("Agent pipeline created")
        until_ready(web, "python_expert")
        question = {"prompt": "Como criar uma API Flask?"}
        status, told = posted(web, "/api/v1/agents/python_expert/inference", question)
        assert status == 200
        assert "app = Flask" in told["response"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", told["timestamp"])
        assert told["citations"]
        assert curl(web, f"{web.origin}/health") == (200, {"status": "ok", "daemon": True})
        listed = curl(web, f"{web.origin}/api/v1/agents")[1]["agents"]
        assert [one["user_id"] for one in listed] == ["python_expert"]
        assert curl(web, f"{web.origin}/api/v1/config")[0] == 200
        # Its errors.
        status, told = posted(web, "/api/v1/agents", data)
        assert (status, told["error"]["name"]) == (409, "AGENT_EXISTS")
        status, told = curl(web, f"{web.origin}/api/v1/agents/nobody/status")
        assert (status, told["error"]["name"]) == (404, "AGENT_NOT_FOUND")
        for wrong in ("{", "[]"):
            assert posted(web, "/api/v1/agents", wrong)[0] == 400
        home.kill()
        status, told = posted(web, "/api/v1/agents/python_expert/inference", question)
        assert (status, told["error"]["name"]) == (503, "DAEMON_UNREACHABLE")


@pytest.mark.slow
def test_an_inference_before_it_is_ready_is_409_and_one_that_waits_for_a_person_202(
    home: Home,
) -> None:
    home.start()
    with a_bridge(home) as web:
        posted(web, "/api/v1/agents", {"user_id": "me", "training_data": DATA})
        status, told = posted(web, "/api/v1/agents/me/inference", {"prompt": "Como rodar?"})
        assert (status, told["error"]["name"]) == (409, "AGENT_NOT_READY")
        until_ready(web, "me")
        status, told = posted(web, "/api/v1/agents/me/inference", {"prompt": "!echo hello"})
        assert (status, told["response"]) == (202, None)
        assert (told["flow"]["status"], told["inquiry"]["script"]) == ("waiting", "echo hello")


@pytest.mark.slow
def test_an_inference_whose_model_cannot_be_reached_is_502(home: Home) -> None:
    # Nobody listens there.
    home.environ["ALVO_REASONER_BASE_URL"] = "http://127.0.0.1:9/v1"
    home.start(ALVO_REASONER_KIND="openai", ALVO_REASONER_MODEL="m")
    with a_bridge(home) as web:
        posted(web, "/api/v1/agents", {"user_id": "me", "training_data": DATA})
        until_ready(web, "me")
        status, told = posted(web, "/api/v1/agents/me/inference", {"prompt": "Como rodar?"})
        assert (status, told["error"]["name"]) == (502, "REASONER_UNREACHABLE")


@pytest.mark.slow
def test_data_beyond_a_frame_and_files_of_a_form_arrive_and_leave_nothing(
    home: Home, tmp_path: Path
) -> None:
    home.start()
    with a_bridge(home) as web:
        lines = [f"Chapter {n}: the bridge over river number {n} is made of stone." for n in range(200)]  # fmt: skip
        large = {"user_id": "large", "training_data": "\n\n".join(lines) + " " * (9 << 20)}
        body = tmp_path / "large.json"
        body.write_text(json.dumps(large))
        assert posted(web, "/api/v1/agents", f"@{body}")[0] == 201
        note = tmp_path / "notes.md"
        note.write_text("# Roofs\n\nThe roof of the old mill is made of slate from Wales.\n")
        form = ["-F", "user_id=form", "-F", 'config={"seed": 7}', "-F", f"files=@{note}"]
        evil = ["-F", f"files=@{note};filename=../../../evil.md"]
        assert curl(web, *form, *evil, f"{web.origin}/api/v1/agents")[0] == 201
        until_ready(web, "form")
        status, told = posted(web, "/api/v1/agents/form/inference", {"prompt": "What is the roof of the mill made of?"})  # fmt: skip
        assert (status, "slate" in told["response"]) == (200, True)
        assert list((web.files / "uploads").iterdir()) == []
        assert not list(home.place.rglob("evil.md"))
        broken = ["-H", "Content-Type: multipart/form-data; boundary=x", "--data-binary", "no form"]
        assert curl(web, *broken, f"{web.origin}/api/v1/agents")[0] in (400, 422)
        huge = tmp_path / "huge"
        with huge.open("wb") as file:
            file.truncate(70 << 20)
        form = ["-F", "user_id=huge", "-F", f"files=@{huge}"]
        assert curl(web, *form, f"{web.origin}/api/v1/agents")[0] == 413
        # What the bridge takes may still be more than an agent does.
        os.truncate(huge, (50 << 20) + 1)
        status, told = curl(web, *form, f"{web.origin}/api/v1/agents")
        assert (status, told["error"]["name"]) == (413, "AGENT_DATA_TOO_LARGE")
        assert list((web.files / "uploads").iterdir()) == []


def cited(web: Web, user_id: str, prompt: str) -> tuple[str, str]:
    """The answer, and where its first citation says that it stands."""
    status, told = posted(web, f"/api/v1/agents/{user_id}/inference", {"prompt": prompt})
    assert status == 200, told
    return told["response"], told["citations"][0]["location"]


def until_rests(web: Web, user_id: str) -> None:
    address = f"{web.origin}/api/v1/agents/{user_id}/status"
    wait_until(lambda: curl(web, address)[1]["training"] is None, within=60)


@pytest.mark.slow
def test_what_was_sent_is_cited_by_its_own_name_and_sent_again_takes_its_own_place(
    home: Home, tmp_path: Path
) -> None:
    roof, well = "What is the roof of the mill made of?", "How deep is the well of the mill?"
    note = tmp_path / "notes.md"
    other = tmp_path / "other"
    other.mkdir()
    (other / "notes.md").write_text("# Well\n\nThe well of the mill is nine metres deep.\n")
    home.start()
    with a_bridge(home) as web:
        form = ["-F", f"files=@{note}", "-F", f"files=@{other / 'notes.md'}"]
        note.write_text("# Roofs\n\nThe roof of the mill is made of slate from Wales.\n")
        assert curl(web, "-F", "user_id=form", *form, f"{web.origin}/api/v1/agents")[0] == 201
        until_rests(web, "form")
        answer, location = cited(web, "form", roof)
        assert ("slate" in answer, location) == (True, "notes.md#Roofs")
        assert cited(web, "form", well)[1] == "notes (2).md#Well"

        note.write_text("# Roofs\n\nThe roof of the mill is made of straw from Wales.\n")
        assert curl(web, *form, f"{web.origin}/api/v1/agents/form/data")[0] == 201
        until_rests(web, "form")
        assert "straw" in cited(web, "form", roof)[0]
        status, found = curl(web, f"{web.origin}/api/v1/search?query=roof+mill&agent=form")
        assert (status, "slate" in json.dumps(found)) == (200, False)

        # What was written into a page comes as a file too, which is none: it stays beside the next.
        for said in (
            "The cat of the mill is called Farinha.",
            "The dog of the mill is called Rex.",
        ):
            written = ["-F", f"training_data={said};filename=training_data.txt"]
            assert curl(web, *written, f"{web.origin}/api/v1/agents/form/data")[0] == 201
            until_rests(web, "form")
        answer, location = cited(web, "form", "What is the cat of the mill called?")
        assert ("Farinha" in answer, location.startswith("form/v3#")) == (True, True)
        assert "Rex" in cited(web, "form", "What is the dog of the mill called?")[0]

        # What comes by file only because it is large is called as if it were small.
        body = tmp_path / "large.json"
        large = "The tower of the mill is called Gaspar." + " " * (9 << 20)
        body.write_text(json.dumps({"user_id": "large", "training_data": large}))
        assert posted(web, "/api/v1/agents", f"@{body}")[0] == 201
        until_rests(web, "large")
        assert cited(web, "large", "What is the tower of the mill called?")[1].startswith("large#")
