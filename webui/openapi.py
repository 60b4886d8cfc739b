"""The REST interface as an OpenAPI 3.1 document, made from the tables that serve it."""

import functools
import re
from dataclasses import MISSING, fields
from typing import Any, Final

from client.connection import VERSION
from daemon.protocol import codec
from webui.routes import ROUTES, Route

_JSON: Final = "application/json"
_ERROR: Final = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "name", "message", "action"],
            "properties": {
                "code": {"type": "integer"},
                "name": {"type": "string"},
                "message": {"type": "string", "description": "What is wrong, as a sentence."},
                "action": {"type": "string", "description": "What to do about it."},
                "field": {"type": "string", "description": "Which field is wrong (422)."},
            },
        }
    },
}
_ALWAYS: Final = ("400", "401", "403", "413", "422", "429", "500", "502", "503")


@functools.cache
def text() -> bytes:
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
        "paths": paths,
        "components": {
            "schemas": {**shared_params, **shared, "Error": _ERROR},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


_DESCRIPTION: Final = (
    "The token is what `alvo web --token` prints. Errors are always "
    '`{"error": {code, name, message, action}}`, in English or Portuguese by Accept-Language.'
)


def _operation(route: Route, result: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    required = {one.name for one in fields(route.method.params) if _is_required(one)}
    properties = given.get("properties", {})
    where = dict.fromkeys(route.in_path, "path")
    if route.verb == "GET":
        where |= dict.fromkeys(route.others, "query")
    operation: dict[str, Any] = {
        "operationId": _name(route),
        "summary": route.method.summary,
        "tags": [route.path.split("/")[3]],
        "parameters": [
            {"name": name, "in": place, "required": name in required, "schema": properties[name]}
            for name, place in where.items()
        ],
        "responses": _responses(route, result),
    }
    if route.has_body:
        body = {name: properties[name] for name in route.others}
        wanted = [name for name in route.others if name in required]
        schema = {
            "type": "object",
            "properties": body,
            "required": wanted,
            "additionalProperties": False,
        }
        operation["requestBody"] = {
            "required": bool(wanted),
            "content": {_JSON: {"schema": schema}},
        }
    return operation


def _responses(route: Route, result: dict[str, Any]) -> dict[str, Any]:
    failed = {"$ref": "#/components/schemas/Error"}
    statuses = [*_ALWAYS, "404", "409"]
    if route.has_body:
        statuses.append("415")
    return {
        str(route.status): {"description": "Done.", "content": {_JSON: {"schema": result}}},
        **{
            status: {"description": "Refused.", "content": {_JSON: {"schema": failed}}}
            for status in sorted(statuses)
        },
    }


def _name(route: Route) -> str:
    return re.sub(r"\W+", "_", route.method.name)


def _is_required(one: Any) -> bool:
    return one.default is MISSING and one.default_factory is MISSING


def _whole(schema: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    """The object schema that a reference stands for."""
    found = shared[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    assert isinstance(found, dict)
    return found
