"""The OpenAPI document, and what schemathesis finds when it takes it at its word."""

import datetime as dt
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.support.web import Web
from webui import openapi
from webui.routes import ROUTES

# Without `ignored_auth`: soon every wrong token is 429, which it does not expect; what it looks for
# is in test_hostile_requests.
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
]
ENDLESS = "/api/v1/events"
WITHIN = dt.timedelta(seconds=60)


def test_every_reference_leads_to_a_schema() -> None:
    document = openapi.document()
    schemas = document["components"]["schemas"]

    def look(value: Any) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                assert value["$ref"].rpartition("/")[2] in schemas
            for inner in value.values():
                look(inner)
        elif isinstance(value, list):
            for inner in value:
                look(inner)

    look(document)


def test_every_address_that_is_served_is_in_the_document() -> None:
    served = {(route.path, route.verb.lower()) for route in ROUTES}
    documented = {
        (path, verb) for path, verbs in openapi.document()["paths"].items() for verb in verbs
    }
    assert served <= documented
    assert len({route.method.name for route in ROUTES}) == len(ROUTES)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_schemathesis_finds_nothing(web: Web) -> None:
    schema = schemathesis.openapi.from_dict(openapi.document())
    schema = schema.exclude(path=ENDLESS)
    begun = dt.datetime.now(dt.UTC)
    for result in schema.get_all_operations():
        operation = result.ok()
        tried = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
        odd = None
        # JSON-RPC says what is wrong in a reply whose status is 200.
        if (operation.body or operation.query) and operation.path != "/rpc":
            odd = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
        for strategy in (tried, odd):
            if strategy is not None and dt.datetime.now(dt.UTC) - begun < WITHIN:
                _try(strategy, web)


def _try(strategy: Any, web: Web) -> None:
    @hypothesis.given(case=strategy)
    @hypothesis.settings(
        max_examples=12,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    )
    def asked(case: Any) -> None:
        case.call_and_validate(
            base_url=web.origin,
            headers={"Authorization": f"Bearer {web.token}"},
            checks=CHECKS,
            timeout=30,
        )

    asked()
