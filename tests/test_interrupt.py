"""Ctrl-C ends what runs, wherever it comes; it is never taken for something else."""

import signal
import subprocess
import sys

import numpy as np
import pytest

import tensorly_hdr as hdr

RUNS = {
    "nmf": lambda Y: hdr.nmf(Y, 2, seed=0, max_iter=3, n_init=2),
    "nmf_kl": lambda Y: hdr.nmf(Y, 2, loss="kl", seed=0, max_iter=3),
    "ncp": lambda Y: hdr.ncp(Y[None] + np.zeros((2, 1, 1)), 2, seed=0, max_iter=3, extrapolate=True),
    "nnls": lambda Y: hdr.nnls(Y, Y, max_iter=3),
    "nnkl": lambda Y: hdr.nnkl(Y, Y, max_iter=3),
    "snpa": lambda Y: hdr.snpa(Y, 2),
    "mixed_sparse_coding": lambda Y: hdr.mixed_sparse_coding(Y, Y, np.eye(5)[:, :2], 1, seed=0, max_iter=3),
}


@pytest.fixture(autouse=True)
def python_listens_to_ctrl_c():
    """A shell that starts the tests in the background has SIGINT ignored, and Python keeps it so."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class _Press:
    """Trace function that sends SIGINT at one line, counted from the start."""

    def __init__(self, line):
        self.line, self.seen = line, 0

    def __call__(self, frame, event, argument):
        self.seen += event == "line"
        if self.seen == self.line:
            sys.settrace(None)
            self.line = -1
            signal.raise_signal(signal.SIGINT)
        return self


def _traced(run, Y, press):
    before = sys.gettrace()
    sys.settrace(press)
    try:
        run(Y)
    finally:
        sys.settrace(before)


@pytest.mark.parametrize("name", RUNS)
def test_ctrl_c_at_any_line_ends_the_run(name, rng):
    run, Y, count = RUNS[name], rng.random((6, 5)) + 0.1, _Press(-1)
    run(Y)  # compiles
    _traced(run, Y, count)
    for line in np.linspace(1, count.seen, 60).astype(int):
        with pytest.raises(KeyboardInterrupt):
            _traced(run, Y, _Press(line))


LOST = """
import signal, sys

signal.signal(signal.SIGINT, signal.default_int_handler)

class Finder:
    # {why}
    def find_spec(self, name, path=None, target=None):
        if name == "{module}":
            sys.meta_path.remove(self)
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt:
                {then}

import tensorly_hdr as hdr
sys.meta_path.insert(0, Finder())
try:
    hdr.{name}
except KeyboardInterrupt:
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert hdr.kernels.is_compiled or "numba" != "{module}"[:5], "the next call runs without the compiled kernels"
else:
    sys.exit("Ctrl-C was swallowed")
"""


def _ends(**texts):
    subprocess.run([sys.executable, "-c", LOST.format(**texts)], check=True)


def test_ctrl_c_while_numba_is_imported_is_no_missing_numba():
    pytest.importorskip("numba")
    why, then = "what NumPy's import_array does", "raise ImportError('multiarray failed to import') from None"
    _ends(why=why, module="numba.core", then=then, name="kernels")


def test_ctrl_c_in_a_callback_of_the_import_system_is_not_lost():
    _ends(why="what a callback without a caller does", module="tensorly_hdr.factorization", then="pass", name="nmf")
