"""One browser for all these tests; for each module a person with a daemon and a bridge."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.browser import Chromium, chromium
from tests.support.person import Person, Place, a_person

HERE = Path(__file__).parent
_open: list[Chromium] = []

expect.set_options(timeout=10_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    # As long as the browser is there, an event loop counts as running: other tests want their own.
    if _open and (nextitem is None or not nextitem.path.is_relative_to(HERE)):
        _open.pop().close()


@pytest.fixture(scope="module")
def browser() -> Chromium:
    if chromium() is None:
        pytest.skip("no Chromium is installed here (apt-get install chromium)")
    if not _open:
        _open.append(Chromium())
    return _open[0]


@pytest.fixture(scope="module")
def person(browser: Chromium) -> Iterator[Person]:
    """Shared by the tests of a module."""
    with a_person(browser) as made:
        yield made


@pytest.fixture
def somebody(browser: Chromium) -> Iterator[Person]:
    """For a test that needs a person to itself: it kills the daemon, or counts what there is."""
    with a_person(browser) as made:
        yield made


@pytest.fixture
def tab(person: Person) -> Iterator[Place]:
    with person.tab() as opened:
        yield opened
