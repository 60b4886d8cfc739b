"""REST: the shapes that programs rely on, and errors that say what to do."""

import json
from typing import Any

import pytest

from daemon.protocol import errors
from tests.support.waiting import wait_until
from tests.support.web import Web
from webui.errors import status_of


def asked(web: Web, question: str) -> Any:
    reply = web.call("POST", "/api/v1/flows", {"question": question, "cwd": str(web.home.home)})
    assert reply.status == 201
    return reply.json


def flow_in(web: Web, flow_id: str, status: str) -> Any:
    def reached() -> Any:
        flow = web.call("GET", f"/api/v1/flows/{flow_id}").json
        return flow if flow["status"] == status else None

    return wait_until(reached)


def test_a_task_from_question_to_end_over_rest(web: Web) -> None:
    flow = asked(web, "!echo over rest")
    waiting = flow_in(web, flow["id"], "waiting")
    (inquiry,) = web.call("GET", "/api/v1/inquiries?status=waiting").json["inquiries"]
    assert inquiry["id"] == waiting["inquiry"]
    path = f"/api/v1/inquiries/{inquiry['id']}"
    assert web.call("GET", path).json == inquiry
    answer = {"decision": "allow", "digest": inquiry["digest"]}
    assert web.call("POST", f"{path}/answer", answer).json["status"] == "answered"
    second = web.call("POST", f"{path}/answer", answer)
    assert (second.status, second.error) == (409, "INQUIRY_CLOSED")
    flow_in(web, flow["id"], "executed")
    listed = web.call("GET", "/api/v1/flows?status=executed&limit=1").json["flows"]
    assert [one["id"] for one in listed] == [flow["id"]]
    assert web.call("DELETE", f"/api/v1/flows/{flow['id']}").status == 200
    assert web.call("GET", f"/api/v1/flows/{flow['id']}").status == 404


def test_a_flow_is_cancelled_and_asked_again(web: Web) -> None:
    flow = asked(web, "!sleep 100")
    flow_in(web, flow["id"], "waiting")
    reply = web.call("DELETE", f"/api/v1/flows/{flow['id']}")
    assert (reply.status, reply.error) == (409, "FLOW_ACTIVE")
    path = f"/api/v1/flows/{flow['id']}"
    assert web.call("POST", f"{path}/cancel").json["status"] == "cancelled"
    assert web.call("POST", f"{path}/retry").json["status"] == "running"
    flow_in(web, flow["id"], "waiting")


WRONG: list[tuple[str, str, Any, int, str, str]] = [
    ("GET", "/api/v1/flows/none", None, 404, "FLOW_NOT_FOUND", ""),
    ("GET", "/api/v1/inquiries/none", None, 404, "INQUIRY_NOT_FOUND", ""),
    ("GET", "/api/v1/agents/none", None, 404, "AGENT_NOT_FOUND", ""),
    ("GET", "/api/v1/agents/none/status", None, 404, "AGENT_NOT_FOUND", ""),
    ("POST", "/api/v1/agents/none/inference", {"prompt": "x"}, 404, "AGENT_NOT_FOUND", ""),
    ("POST", "/api/v1/agents/none/inference", {}, 422, "INVALID_PARAMS", "prompt"),
    ("POST", "/api/v1/agents/none/inference", {"prompt": 5}, 422, "INVALID_PARAMS", "prompt"),
    ("POST", "/api/v1/agents", {}, 422, "INVALID_PARAMS", "user_id"),
    ("POST", "/api/v1/agents", {"user_id": "a"}, 422, "AGENT_DATA_EMPTY", ""),
    ("POST", "/api/v1/agents", {"user_id": "a/b", "training_data": "x y z"}, 422, "AGENT_NAME_INVALID", ""),
    ("POST", "/api/v1/flows", {"question": "x", "colour": 1}, 422, "INVALID_PARAMS", "colour"),
    ("GET", "/api/v1/flows?limit=many", None, 422, "INVALID_PARAMS", "limit"),
    ("GET", "/api/v1/flows?status=odd", None, 422, "INVALID_PARAMS", "status"),
    ("GET", "/api/v1/flows?colour=1", None, 422, "INVALID_PARAMS", "colour"),
    ("GET", "/api/v1/search", None, 422, "INVALID_PARAMS", "query"),
    ("GET", "/api/v1/databases/none", None, 404, "DATABASE_NOT_FOUND", ""),
    ("DELETE", "/api/v1/sources/none", None, 404, "SOURCE_NOT_FOUND", ""),
    ("DELETE", "/api/v1/permissions/none", None, 404, "PERMISSION_NOT_FOUND", ""),
    ("POST", "/api/v1/flows", b"{", 400, "WEB_REQUEST_REFUSED", ""),
    ("POST", "/api/v1/flows", b"[]", 400, "WEB_REQUEST_REFUSED", ""),
    ("POST", "/api/v1/flows", b"\xff", 400, "WEB_REQUEST_REFUSED", ""),
    ("PUT", "/api/v1/flows", {}, 405, "WEB_METHOD_REFUSED", ""),
    ("DELETE", "/api/v1/status", None, 405, "WEB_METHOD_REFUSED", ""),
    ("GET", "/rpc", None, 405, "WEB_METHOD_REFUSED", ""),
    ("POST", "/waiting", {}, 405, "WEB_METHOD_REFUSED", ""),
    ("GET", "/api/v2/flows", None, 404, "WEB_NOT_FOUND", ""),
    ("GET", "/api/v1/events?after=x", None, 422, "INVALID_PARAMS", "after"),
    ("GET", "/api/v1/events?flow_id=none", None, 404, "FLOW_NOT_FOUND", ""),
]  # fmt: skip


@pytest.mark.parametrize(("verb", "path", "body", "status", "name", "field"), WRONG)
def test_an_error_has_a_status_a_sentence_and_what_to_do(
    shared: Web, verb: str, path: str, body: Any, status: int, name: str, field: str
) -> None:
    reply = shared.call(verb, path, body)
    error = reply.json["error"]
    assert (reply.status, error["name"]) == (status, name)
    assert error["message"]
    assert error["action"]
    assert "{" not in error["message"] + error["action"]
    assert error.get("field", "") == field or not field


def test_of_a_crowd_of_tiny_values_nothing_is_made(shared: Web) -> None:
    crowd = b'{"user_id": "l", "training_data": [' + b"[]," * 4_000_000 + b"[]]}"
    reply = shared.call("POST", "/api/v1/agents", crowd)
    assert (reply.status, reply.error) == (413, "AGENT_DATA_TOO_MANY")
    # A text may be as long, and full of signs.
    told = json.dumps({"user_id": "l", "training_data": '[],"\\{' * 2_000_000}).encode()
    assert len(told) > len(crowd)
    reply = shared.call("POST", "/api/v1/agents", told)
    assert reply.error != "AGENT_DATA_TOO_MANY"


def test_a_form_of_too_many_parts_is_told_so_and_not_that_it_has_too_many_bytes(
    shared: Web,
) -> None:
    part = b'--XX\r\nContent-Disposition: form-data; name="%d"\r\n\r\nx\r\n'
    body = b"".join(part % n for n in range(201)) + b"--XX--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=XX"}
    reply = shared.call("POST", "/api/v1/agents", body, kind)
    assert (reply.status, reply.error) == (413, "WEB_TOO_MANY_PARTS")
    assert "200 parts" in reply.json["error"]["message"]


@pytest.mark.parametrize("error", [errors.AGENT_DATA_TOO_LARGE, errors.AGENT_DATA_TOO_MANY])
def test_more_training_data_than_is_taken_is_too_large(error: errors.ErrorType) -> None:
    assert status_of(error.name, error.code) == 413


def test_an_error_is_said_in_the_language_that_is_asked_for(shared: Web) -> None:
    reply = shared.call("GET", "/nowhere", headers={"Accept-Language": "pt-BR"})
    assert reply.json["error"]["message"] == "Não há nada neste endereço."
    assert reply.headers["content-language"] == "pt"


def test_a_database_is_queried_and_never_written(web: Web) -> None:
    import apsw

    path = web.home.home / "shop.sqlite"
    with apsw.Connection(str(path)) as db:
        db.execute("create table fruit(name text, price real); insert into fruit values('fig', 2)")
    db.close()
    added = web.call("POST", "/api/v1/sources", {"kind": "database", "location": str(path)})
    assert added.status == 201
    listed = lambda: web.call("GET", "/api/v1/databases").json["databases"]  # noqa: E731
    name = wait_until(listed, within=30)[0]["name"]
    rows = web.call("POST", f"/api/v1/databases/{name}/query", {"sql": "select * from fruit"})
    assert rows.json["rows"] == [["fig", 2.0]]
    refused = web.call("POST", f"/api/v1/databases/{name}/query", {"sql": "delete from fruit"})
    assert (refused.status, refused.error) == (422, "SQL_REFUSED")


def test_what_answers_are_made_of_can_be_read(shared: Web) -> None:
    for path in ("status", "config", "index", "sources", "databases", "permissions", "audit",
                 "agents", "flows", "inquiries", "audit/verification", "search?query=x"):  # fmt: skip
        reply = shared.call("GET", f"/api/v1/{path}")
        assert reply.status == 200, (path, reply.body)
        assert reply.headers["cache-control"] == "no-store"
        assert shared.call("HEAD", f"/api/v1/{path}").status == 200


def test_metrics_are_text_that_prometheus_reads(shared: Web) -> None:
    reply = shared.call("GET", "/metrics")
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = reply.body.decode().splitlines()
    assert "alvo_up 1" in lines
    assert any(line.startswith("alvo_web_requests_total{area=") for line in lines)
    assert all(line.startswith("#") or len(line.split()) == 2 for line in lines)


def test_what_was_asked_is_in_no_log(web: Web) -> None:
    asked(web, "what is canary-5d1c?")
    web.call("POST", "/api/v1/agents/none/inference", {"prompt": "canary-5d1c"})
    web.call("GET", "/api/v1/search?query=canary-5d1c")
    lines = [json.loads(line) for line in web.log().splitlines()]
    (asked_none,) = [line for line in lines if line.get("path", "").endswith("/none/inference")]
    assert (asked_none["verb"], asked_none["status"]) == ("POST", 404)
    assert asked_none["error"] == "AGENT_NOT_FOUND"
    assert all(set(line) >= {"at", "level", "from", "message"} for line in lines)
    assert "canary" not in web.log()


def test_every_place_of_the_interface_has_an_address(shared: Web) -> None:
    for path in ("/", "/flows/abc", "/conversations/abc", "/waiting", "/inquiries/abc", "/sources",
                 "/agents", "/agents/me", "/databases", "/databases/shop", "/permissions",
                 "/audit", "/status", "/api", "/login"):  # fmt: skip
        reply = shared.as_page("GET", path, **{"Sec-Fetch-Site": "none"})
        assert reply.status == 200, path
        assert reply.headers["content-type"].startswith("text/html")


def test_files_are_kept_by_the_browser_and_asked_for_anew_when_they_change(shared: Web) -> None:
    first = shared.call("GET", "/static/index.html")
    again = shared.call(
        "GET", "/static/index.html", headers={"If-None-Match": first.headers["etag"]}
    )
    assert (first.headers["cache-control"], again.status, again.body) == ("no-cache", 304, b"")
