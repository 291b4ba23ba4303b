"""Shared fixtures: every random number of a test comes from ``rng``."""

import os
import signal

import numpy as np
import pytest

# Without compiled kernels a few tests would run for hours: tools/machines.py says how many seconds each may take.
SECONDS = int(os.environ.get("HDR_SECONDS_A_TEST", "0"))


@pytest.fixture
def rng():
    """A generator with a fixed seed."""
    return np.random.default_rng(20261121)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Skip a test that runs longer than the environment allows; there is no limit unless it is asked for."""
    if not SECONDS:
        return (yield)

    def give_up(number, frame):
        pytest.skip(f"takes more than {SECONDS} s in this environment")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(SECONDS)
    try:
        return (yield)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
