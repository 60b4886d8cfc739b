"""One small internet for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.support.netns import Net, a_net


@pytest.fixture(scope="session")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Net]:
    with a_net(tmp_path_factory.mktemp("net")) as made:
        yield made
