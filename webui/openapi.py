"""The REST interface as an OpenAPI 3.1 document, made from the tables that serve it."""

import functools
from dataclasses import MISSING, fields
from typing import Any, Final

from client.connection import VERSION
from daemon.protocol import codec
from webui.routes import ROUTES, Route

_JSON: Final = "application/json"
_DESCRIPTION: Final = (
    "The token is what `alvo web --token` prints. Errors are always "
    "`{error: {code, name, message, action}}`, in English or Portuguese by Accept-Language."
)
_TEXT: Final = {"type": "string"}
_ERROR: Final = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "name", "message", "action"],
            "properties": {
                "code": {"type": "integer"},
                "name": _TEXT,
                "message": {**_TEXT, "description": "What is wrong, as a sentence."},
                "action": {**_TEXT, "description": "What to do about it."},
                "field": {**_TEXT, "description": "Which field is wrong (422)."},
            },
        }
    },
}
_REFUSALS: Final = {
    "400": "No request of a kind that is taken.",
    "401": "No login, no token.",
    "403": "Another page, another user, or a program that Alvo itself runs.",
    "404": "There is no such thing.",
    "408": "It did not arrive in time.",
    "409": "Not now: not ready, ended, answered, changed or there already.",
    "413": "Too large.",
    "415": "No JSON.",
    "422": "What was sent does not fit; `field` says where.",
    "429": "Too many.",
    "500": "Not foreseen; the log has the reference.",
    "502": "A model or a page elsewhere does not answer.",
    "503": "The daemon does not answer, or there is too much to do.",
}
_FAILED: Final = {"$ref": "#/components/schemas/Error"}


@functools.cache
def text() -> bytes:
    """The document, encoded once."""
    return codec.encode(document())


@functools.cache
def document() -> dict[str, Any]:
    """Schemas by the codec, so that they cannot say anything but what is taken and given."""
    results, shared = codec.schemas([route.method.result for route in ROUTES])
    params, shared_params = codec.schemas([route.method.params for route in ROUTES])
    paths: dict[str, dict[str, Any]] = {}
    for route, result, given in zip(ROUTES, results, params, strict=True):
        whole = _whole(given, shared_params)
        paths.setdefault(route.path, {})[route.verb.lower()] = _operation(route, result, whole)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Alvo", "version": VERSION, "description": _DESCRIPTION},
        "paths": {**paths, **_others()},
        "components": {
            "schemas": {**shared_params, **shared, "Error": _ERROR},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _operation(route: Route, result: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    required = {
        one.name
        for one in fields(route.method.params)
        if one.default is MISSING and one.default_factory is MISSING
    }
    properties = given.get("properties", {})
    where = dict.fromkeys(route.in_path, "path")
    if route.verb == "GET":
        where |= dict.fromkeys(route.others, "query")
    operation: dict[str, Any] = {
        "operationId": route.method.name.replace(".", "_"),
        "summary": route.method.summary,
        "tags": [route.path.split("/")[3]],
        "parameters": [
            {
                "name": name,
                "in": place,
                "required": name in required,
                "schema": _in_address(properties[name], in_path=place == "path"),
            }
            for name, place in where.items()
        ],
        "responses": _responses(route, result),
    }
    if route.has_body:
        operation["requestBody"] = _body(route, properties, required)
    return operation


def _in_address(schema: dict[str, Any], *, in_path: bool) -> dict[str, Any]:
    """What is null in JSON is left out of an address."""
    kinds = [kind for kind in schema.get("anyOf", [schema]) if kind.get("type") != "null"]
    found = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    if "default" in schema and schema["default"] is not None:
        found = {**found, "default": schema["default"]}
    return {**found, "minLength": 1} if in_path else found


def _body(route: Route, properties: dict[str, Any], required: set[str]) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {name: properties[name] for name in route.others},
        "required": [name for name in route.others if name in required],
        "additionalProperties": False,
    }
    content: dict[str, Any] = {_JSON: {"schema": schema}}
    if route.uploads:
        content["multipart/form-data"] = {"schema": _form(route)}
    return {"required": bool(schema["required"]), "content": content}


def _form(route: Route) -> dict[str, Any]:
    """A browser's form, or `curl -F`: files as they are."""
    properties: dict[str, Any] = {
        "training_data": _TEXT,
        "files": {"type": "array", "items": {**_TEXT, "format": "binary"}},
    }
    if "user_id" in route.others:
        properties = {"user_id": _TEXT, "config": {**_TEXT, "description": "JSON"}, **properties}
    return {"type": "object", "properties": properties}


def _responses(route: Route, result: dict[str, Any]) -> dict[str, Any]:
    done = {str(route.status): _reply("Done.", result)}
    if route.parks:
        done["202"] = _reply("It waits for a person, or takes longer: `flow` goes on.", result)
    return {**done, **_refusals()}


def _refusals() -> dict[str, Any]:
    return {status: _reply(what, _FAILED) for status, what in _REFUSALS.items()}


def _reply(what: str, schema: dict[str, Any], kind: str = _JSON) -> dict[str, Any]:
    return {"description": what, "content": {kind: {"schema": schema}}}


def _whole(schema: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    """The object schema that a reference stands for."""
    found = shared[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    assert isinstance(found, dict)
    return found


_HEALTH: Final = {
    "type": "object",
    "properties": {"status": {"enum": ["ok", "degraded"]}, "daemon": {"type": "boolean"}},
    "required": ["status", "daemon"],
}
_CALL: Final = {
    "type": "object",
    "properties": {
        "jsonrpc": {"const": "2.0"},
        "method": _TEXT,
        "params": {"type": ["object", "array"]},
        "id": {"type": ["string", "number", "null"]},
    },
    "required": ["jsonrpc", "method"],
}
_CALLS: Final = {"anyOf": [_CALL, {"type": "array", "items": _CALL, "minItems": 1}]}
_HTML: Final = {"type": "object", "properties": {"html": _TEXT}, "required": ["html"]}
_MARKDOWN: Final = {"type": "object", "properties": {"text": _TEXT}, "required": ["text"]}
_AFTER: Final = [
    {"name": "flow_id", "in": "query", "schema": {**_TEXT, "minLength": 1}},
    {"name": "after", "in": "query", "schema": {"type": "integer", "minimum": 0}},
]


def _others() -> dict[str, Any]:
    """The addresses that stand for no one method."""
    return {
        "/rpc": {
            "post": _other(
                "JSON-RPC 2.0: every method of docs/rpc.md but those of the socket itself.",
                {
                    "200": _reply("The reply, or those to a batch; errors too.", {}),
                    "204": {"description": "Notifications get none."},
                },
                _CALLS,
            )
        },
        "/api/v1/events": {
            "get": {
                **_other(
                    "What happens to flows, as server-sent events; Last-Event-ID goes on there.",
                    {"200": _reply("One event each.", _TEXT, "text/event-stream")},
                ),
                "parameters": _AFTER,
            }
        },
        "/api/v1/markdown": {
            "post": _other(
                "Markdown as inert HTML.", {"200": _reply("Done.", _HTML)}, _MARKDOWN
            )
        },
        "/api/v1/openapi.json": {
            "get": _other("This document.", {"200": _reply("Done.", {"type": "object"})})
        },
        "/metrics": {
            "get": _other("For Prometheus.", {"200": _reply("Done.", _TEXT, "text/plain")})
        },
        "/health": {
            "get": {
                "summary": "Whether the bridge and the daemon answer; needs no login.",
                "security": [],
                "responses": {
                    "200": _reply("Both answer.", _HEALTH),
                    "503": _reply("The daemon does not.", _HEALTH),
                },
            }
        },
    }  # fmt: skip


def _other(
    summary: str, done: dict[str, Any], body: dict[str, Any] | None = None
) -> dict[str, Any]:
    operation: dict[str, Any] = {"summary": summary, "responses": {**done, **_refusals()}}
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {_JSON: {"schema": body}}}
    return operation
