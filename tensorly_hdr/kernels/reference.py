"""NumPy twins of the compiled kernels: the definition the tests hold them to, and the fallback without numba."""

import numpy as np
from numpy.typing import NDArray

LANES = 64  # rows that stop together, as in the compiled twin, which has them side by side


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
    """Exact coordinate descent on ``tr(u gram u')/2 - <u, cross> + penalty``, column by column, in place.

    With a ``delta``, 64 rows at a time stop before ``n_iter`` sweeps when one moves them by less than ``delta`` times
    what the first did.
    """
    if delta <= 0.0:
        _sweeps(u, gram, cross, l1, l2, lower, upper, n_iter)
        return
    block, rows = np.arange(len(u)) // LANES, np.arange(len(u))
    first: NDArray = np.zeros(len(u))
    for sweep in range(n_iter):
        new = u[rows]
        _sweeps(new, gram, cross[rows], l1, l2, lower, upper, 1)
        moved = ((new - u[rows]) ** 2).sum(axis=1, dtype=np.float64)
        u[rows] = new
        move: NDArray = np.bincount(block[rows], moved, minlength=len(u))
        first = move if sweep == 0 else first
        goes_on = (move > delta * delta * first) | ((sweep == 0) & (move > 0.0))
        rows = rows[goes_on[block[rows]]]
        if rows.size == 0:
            break


def _sweeps(
    u: NDArray, gram: NDArray, cross: NDArray, l1: float, l2: float, lower: float, upper: float, n_iter: int
) -> None:
    for _ in range(n_iter):
        for k in range(u.shape[1]):
            curvature = gram[k, k] + l2
            if curvature <= 0.0 and l1 > 0.0:  # the atom is zero: only the penalty sees the coordinate
                u[:, k] = min(max(0.0, lower), upper)
            elif curvature > 0.0:
                target = cross[:, k] - u @ gram[:, k] + gram[k, k] * u[:, k]
                shrunk = np.sign(target) * np.maximum(np.abs(target) - l1, 0.0)
                u[:, k] = np.clip(shrunk / curvature, lower, upper)


def sampled_product(out: NDArray, indptr: NDArray, indices: NDArray, u: NDArray, K: NDArray) -> None:
    """``out[p] = <u[i], K[j]>`` at the stored entries (i, j) of a CSR pattern, in place."""
    for i in range(len(indptr) - 1):
        span = slice(indptr[i], indptr[i + 1])
        out[span] = K[indices[span]] @ u[i]
