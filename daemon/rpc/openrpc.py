"""The method table as an OpenRPC document (spec.open-rpc.org, 1.3)."""

import functools
from dataclasses import MISSING, fields
from typing import Any, Final

from daemon import VERSION
from daemon.protocol import codec, errors, methods
from daemon.protocol.errors import ErrorType
from daemon.protocol.methods import Method

_COMMON: Final = (
    errors.INVALID_PARAMS,
    errors.INTERNAL_ERROR,
    errors.DAEMON_STOPPING,
)


@functools.cache
def document() -> dict[str, Any]:
    """Every declared method with the JSON Schema of what it takes and gives."""
    table = list(methods.ALL.values())
    results, shared = codec.schemas([method.result for method in table])
    params, shared_params = codec.schemas([method.params for method in table])
    return {
        "openrpc": "1.3.2",
        "info": {
            "title": "Alvo",
            "version": VERSION,
            "description": "JSON-RPC 2.0 over a Unix socket, one message a line.",
        },
        "methods": [
            _method(method, result, _definition(schema, shared_params))
            for method, result, schema in zip(table, results, params, strict=True)
        ],
        "components": {
            "schemas": {**shared_params, **shared},
            "errors": {type_.name: _error(type_) for type_ in errors.ALL.values()},
        },
    }


def _method(
    method: Method[Any, Any], result: dict[str, Any], schema: dict[str, Any]
) -> dict[str, Any]:
    refused = (errors.ANSWER_FROM_SESSION,) if method.guarded else ()
    return {
        "name": method.name,
        "summary": method.summary,
        "paramStructure": "either",
        "params": [
            {
                "name": field.name,
                "required": field.default is MISSING and field.default_factory is MISSING,
                "schema": schema["properties"][field.name],
            }
            for field in fields(method.params)
        ],
        "result": {"name": "result", "schema": result},
        "errors": [{"$ref": f"#/components/errors/{type_.name}"} for type_ in (*_COMMON, *refused)],
    }


def _definition(schema: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    """The object schema that a reference stands for."""
    found = shared[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    assert isinstance(found, dict)
    return found


def _error(type_: ErrorType) -> dict[str, Any]:
    return {"code": type_.code, "message": type_.name}
