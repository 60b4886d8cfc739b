"""Fixtures of all tests."""

import signal
from collections.abc import Iterator

import pytest

from tests.support.daemon import Home, a_home

# Who starts the tests in the background has SIGINT ignored, and every child would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def home() -> Iterator[Home]:
    """A person's empty directories; `home.start()` starts their daemon."""
    with a_home() as made:
        yield made
