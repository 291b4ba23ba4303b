"""NumPy twins of the compiled kernels: the definition the tests hold them to, and the fallback without numba."""

import numpy as np
from numpy.typing import NDArray


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

    With a ``delta``, stops before ``n_iter`` sweeps when one moves ``u`` by less than ``delta`` times what the first
    did: all rows together here, 64 rows at a time in the compiled twin.
    """
    first = 0.0
    for sweep in range(n_iter):
        old = u.copy() if delta > 0.0 else u
        for k in range(u.shape[1]):
            curvature = gram[k, k] + l2
            if curvature <= 0.0 and l1 > 0.0:  # the atom is zero: only the penalty sees the coordinate
                u[:, k] = min(max(0.0, lower), upper)
            elif curvature > 0.0:
                target = cross[:, k] - u @ gram[:, k] + gram[k, k] * u[:, k]
                shrunk = np.sign(target) * np.maximum(np.abs(target) - l1, 0.0)
                u[:, k] = np.clip(shrunk / curvature, lower, upper)
        if delta > 0.0:
            move = float(np.linalg.norm(u - old))
            first = move if sweep == 0 else first
            if move <= delta * first and (sweep > 0 or move == 0.0):
                break


def sampled_product(out: NDArray, indptr: NDArray, indices: NDArray, u: NDArray, K: NDArray) -> None:
    """``out[p] = <u[i], K[j]>`` at the stored entries (i, j) of a CSR pattern, in place."""
    for i in range(len(indptr) - 1):
        span = slice(indptr[i], indptr[i + 1])
        out[span] = K[indices[span]] @ u[i]
