"""The kernels in numba: arrays and scalars in, first argument mutated, None out. Twins in ``reference.py``."""

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr.kernels._jit import njit
from tensorly_hdr.kernels.cholesky import copy_rows

LANES = 64  # rows that a sweep treats side by side: a constant, so that the compiler lays them along SIMD lanes


@njit
def hals_sweeps(
    u: NDArray,
    gram: NDArray,
    cross: NDArray,
    l1: float,
    l2: float,
    lower: float,
    upper: float,
    n_iter: int,
    delta: float = 0.0,
) -> None:
    """See :func:`tensorly_hdr.kernels.reference.hals_sweeps`.

    Rows are independent, so each block of them does all its sweeps, and stops them, before the next is loaded.
    """
    n, r = u.shape
    U, C, old = np.zeros((r, LANES), u.dtype), np.zeros((r, LANES), u.dtype), np.zeros((r, LANES), u.dtype)
    target = np.empty(LANES, u.dtype)
    for start in range(0, n, LANES):
        stop = min(start + LANES, n)
        for i in range(start, stop):
            for k in range(r):
                U[k, i - start] = u[i, k]
                C[k, i - start] = cross[i, k]
        first = 0.0
        for sweep in range(n_iter):
            if delta > 0.0:
                copy_rows(old, U)
            _sweep_block(U, C, target, gram, l1, l2, lower, upper)
            if delta > 0.0:
                move = _squared_distance(U, old, stop - start)
                first = move if sweep == 0 else first
                if move <= delta * delta * first and (sweep > 0 or move == 0.0):
                    break
        for i in range(start, stop):
            for k in range(r):
                u[i, k] = U[k, i - start]


@njit
def _squared_distance(U: NDArray, old: NDArray, width: int) -> float:
    total = 0.0
    for k in range(len(U)):
        for b in range(width):
            total += (U[k, b] - old[k, b]) ** 2
    return total


@njit
def _sweep_block(
    U: NDArray, C: NDArray, target: NDArray, gram: NDArray, l1: float, l2: float, lower: float, upper: float
) -> None:
    """One sweep over the coordinates of a block of rows, stored transposed."""
    for k in range(len(U)):
        curvature = gram[k, k] + l2
        if curvature <= 0.0:
            if l1 > 0.0:  # the atom is zero: only the penalty sees the coordinate
                U[k, :] = min(max(0.0, lower), upper)
            continue
        for b in range(LANES):
            target[b] = C[k, b]
        for j in range(len(U)):
            if j != k:
                g = gram[k, j]
                for b in range(LANES):
                    target[b] -= g * U[j, b]
        for b in range(LANES):
            shrunk = max(target[b] - l1, 0.0) + min(target[b] + l1, 0.0)
            U[k, b] = min(max(shrunk / curvature, lower), upper)


@njit
def sampled_product(out: NDArray, indptr: NDArray, indices: NDArray, u: NDArray, K: NDArray) -> None:
    """See :func:`tensorly_hdr.kernels.reference.sampled_product`."""
    for i in range(len(indptr) - 1):
        for p in range(indptr[i], indptr[i + 1]):
            s = 0.0
            for k in range(u.shape[1]):
                s += u[i, k] * K[indices[p], k]
            out[p] = s
