"""Compile the kernels beforehand: ``hdr.warm_up()``, or ``python -m tensorly_hdr.compilation`` in a recipe."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tensorly_hdr import _compiling
from tensorly_hdr.factorization import nmf, snpa
from tensorly_hdr.penalties import Simplex
from tensorly_hdr.regression import nnkl, nnls, nnomp, sparse_nnls


def warm_up() -> float:
    """Compile every kernel for single and double precision, and return the seconds that it took.

    The first call of a function compiles what it needs, which takes seconds, and keeps it on disk; where nothing can be
    written, in this process only. What a trace counts, and ``max_time`` limits, never includes it. Without numba there
    is nothing to compile. The logger ``tensorly_hdr`` names at level INFO what is compiled.

    Examples
    --------
    >>> seconds = warm_up()
    >>> warm_up()  # the second time everything is there
    0.0
    """
    before = _compiling.seconds()
    rng = np.random.default_rng(0)
    for dtype in (np.float64, np.float32):
        _visit(rng.random((40, 6)).astype(dtype), rng.random((40, 9)).astype(dtype))
    return _compiling.seconds() - before


def _visit(A: NDArray, Y: NDArray) -> None:
    """Call what has a kernel, on data of every form that reaches a kernel."""
    few = csr_array(np.where(Y > 0.5, Y, 0))
    for data in (Y, few):
        nmf(data, 2, seed=0, max_iter=1)
        nmf(data, 2, seed=0, loss="kl", max_iter=1)
        nnkl(A, data, max_iter=1)
    for solver in ("hals", "active_set", "block_pivoting"):
        nnls(A, Y, solver=solver, max_iter=1)
    nnls(np.hstack([A] * 4) + np.eye(40, 24, dtype=A.dtype), Y, solver="block_pivoting", max_iter=1)
    nnls(A, Y, penalty=Simplex(), max_iter=1)
    nnomp(A, Y, 2)
    sparse_nnls(A, Y, 2, solver="branch_and_bound")
    sparse_nnls(A, Y, 2, solver="enumeration")
    snpa(Y, 3)


if __name__ == "__main__":
    print(f"compiled for {warm_up():.0f} s")
