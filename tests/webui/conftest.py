"""Fixtures of the bridge's tests."""

from collections.abc import Iterator

import pytest

from tests.support.daemon import Home, a_home
from tests.support.web import Web, a_bridge


@pytest.fixture(scope="module")
def shared() -> Iterator[Web]:
    """One bridge and daemon for a module whose tests leave no traces; a browser is logged in."""
    with a_home() as home:
        home.start()
        with a_bridge(home) as web:
            web.log_in()
            yield web


@pytest.fixture
def web(home: Home) -> Iterator[Web]:
    """A bridge and a daemon for one test."""
    home.start()
    with a_bridge(home) as made:
        yield made
