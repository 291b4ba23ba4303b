"""Projection on a growing convex hull in numba. Twin, and what it computes, in ``hull_reference.py``."""

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr.kernels._jit import njit
from tensorly_hdr.kernels.active import dual, feasible, independent, lawson_hanson


@njit
def _brings(x: NDArray, gram: NDArray, cross: NDArray, tol: float) -> bool:
    """Whether the last vertex, not in use yet, beats those in use, whose slopes are all the same."""
    last, most = len(x) - 1, 0
    for a in range(last):
        if x[a] > x[most]:
            most = a
    gain = cross[last] - cross[most]
    for a in range(last):
        if x[a] > 0.0:
            gain -= x[a] * (gram[last, a] - gram[most, a])
    return bool(gain > tol)


@njit
def hull_rows(u: NDArray, distance: NDArray, length: NDArray, gram: NDArray, cross: NDArray, tol: float) -> None:
    """See :func:`tensorly_hdr.kernels.hull_reference.hull_rows`."""
    n, r = distance.shape[0], gram.shape[0]
    U, S, work = np.empty((r, r)), np.empty(r, np.int64), np.empty((4, r))
    allowed, x, c = np.ones(r, np.bool_), np.empty(r), np.empty(r)
    for i in range(n):
        for k in range(r):
            x[k], c[k] = u[i, k], cross[i, k]
        if _brings(x, gram, c, tol):
            x[r - 1] = 1.0  # in the first support to try; what is not positive there leaves
            p = independent(U, S, x, gram, work[0])
            p, shift = feasible(x, S, p, U, gram, c, 1.0, work[0], work[1])
            p = lawson_hanson(x, S, p, shift, U, allowed, gram, c, tol, 1.0, work)
            for k in range(r):
                u[i, k] = x[k]
            inner = 0.0
            dual(work[2], x, S, p, gram, c, 0.0)
            for k in range(r):
                inner += x[k] * (c[k] + work[2, k])
            distance[i] = max(length[i] - inner, 0.0)
