"""Shared fixtures: every random number of a test comes from ``rng``."""

import numpy as np
import pytest


@pytest.fixture
def rng():
    """A generator with a fixed seed."""
    return np.random.default_rng(20261121)
