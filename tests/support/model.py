"""The embedder's weights, where `make setup` put them."""

import os
from pathlib import Path

import pytest

from daemon.config import Paths
from daemon.models.minilm import find_model


def model_directory() -> Path:
    """Of this environment; without the weights the test is skipped, saying how to get them."""
    model = find_model(Paths.from_environment(os.environ).models_dirs)
    if model is None:
        pytest.skip("the weights are not here: make setup")
    return model
