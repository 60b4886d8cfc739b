"""Fixtures of all tests."""

from collections.abc import Iterator

import pytest

from tests.support.daemon import Home, a_home


@pytest.fixture
def home() -> Iterator[Home]:
    """A person's empty directories; `home.start()` starts their daemon."""
    with a_home() as made:
        yield made
