"""NumPy twins of the compiled kernels: the definition the tests hold them to, and the fallback without numba."""

import numpy as np
from numpy.typing import NDArray


def hals_sweeps(
    u: NDArray, gram: NDArray, cross: NDArray, l1: float, l2: float, lower: float, upper: float, n_iter: int
) -> None:
    """Exact coordinate descent on ``tr(u gram u')/2 - <u, cross> + penalty``, column by column, in place."""
    for _ in range(n_iter):
        for k in range(u.shape[1]):
            curvature = gram[k, k] + l2
            if curvature <= 0.0 and l1 > 0.0:  # the atom is zero: only the penalty sees the coordinate
                u[:, k] = min(max(0.0, lower), upper)
            elif curvature > 0.0:
                target = cross[:, k] - u @ gram[:, k] + gram[k, k] * u[:, k]
                shrunk = np.sign(target) * np.maximum(np.abs(target) - l1, 0.0)
                u[:, k] = np.clip(shrunk / curvature, lower, upper)


def active_set_rows(u: NDArray, gram: NDArray, cross: NDArray, tol: float) -> None:
    """Solve ``min u gram u'/2 - <u, cross>, u >= 0`` exactly, row by row, in place, from the support of ``u``."""
    for i in range(len(u)):
        _active_set_row(u[i], gram, cross[i], tol)


def _active_set_row(x: NDArray, gram: NDArray, cross: NDArray, tol: float) -> None:
    passive = x > 0
    rejected = np.zeros(len(x), dtype=bool)
    if passive.any() and not _refine(x, passive, gram, cross, -1):
        x[:], passive[:] = 0.0, False
    for _ in range(20 * len(x) + 20):
        dual = cross - gram @ x
        slack = tol * (np.abs(cross).max() + np.abs(gram @ x).max())
        dual[passive | rejected] = -np.inf
        j = int(np.argmax(dual))
        if not dual[j] > slack:
            return
        passive[j] = True
        if _refine(x, passive, gram, cross, j):
            rejected[:] = False
        else:
            passive[j], rejected[j] = False, True


def _refine(x: NDArray, passive: NDArray, gram: NDArray, cross: NDArray, j: int) -> bool:
    """Move ``x`` to the least squares solution on its support, dropping indices that turn negative on the way.

    False, with ``x`` and ``passive`` as they were, when the newcomer ``j`` brings nothing (its solution is not
    positive, or the Gram matrix of the support is singular).
    """
    first = True
    while passive.any():
        S = np.flatnonzero(passive)
        G = gram[np.ix_(S, S)]
        try:
            L = np.linalg.cholesky(G)
        except np.linalg.LinAlgError:
            return not first
        if (np.diag(L) ** 2 <= 1e-13 * np.diag(G)).any():
            return not first
        z = np.linalg.solve(G, cross[S])
        if first and j >= 0 and z[np.searchsorted(S, j)] <= 0:
            return False
        first = False
        if (z > 0).all():
            x[:] = 0.0
            x[S] = z
            return True
        bad = S[z <= 0]
        t = np.min(x[bad] / (x[bad] - z[z <= 0]))
        x[S] += t * (z - x[S])
        x[bad[x[bad] <= 1e-14 * np.abs(x[S]).max()]] = 0.0
        x[S[x[S] <= 0]] = 0.0
        passive[:] = x > 0
    return True


def simplex_rows(u: NDArray, gram: NDArray, cross: NDArray, square: NDArray, tol: float) -> None:
    """Solve ``min ||y - W h||^2 / 2, h >= 0, sum h = 1`` exactly, row by row, in place, from the support of ``u``.

    On the simplex ``||y - W h||^2 = h' M h`` with ``M = gram - c 1' - 1 c' + ||y||^2``, and adding a multiple of
    ``1 1'`` to ``M`` changes nothing but makes the form positive. The minimizer is then ``z / sum z``, where ``z >= 0``
    minimizes ``z' M z / 2 - sum z``.
    """
    r = u.shape[1]
    for i in range(len(u)):
        M = gram - cross[i][:, None] - cross[i] + square[i]
        ridge = np.trace(M) / r
        if ridge <= 0.0:  # every atom is the observation
            u[i] = 1.0 / r
            continue
        z = u[i : i + 1] / ridge
        active_set_rows(z, M + ridge, np.ones((1, r)), tol)
        u[i] = z[0] / z.sum()


def sampled_product(out: NDArray, indptr: NDArray, indices: NDArray, u: NDArray, K: NDArray) -> None:
    """``out[p] = <u[i], K[j]>`` at the stored entries (i, j) of a CSR pattern, in place."""
    for i in range(len(indptr) - 1):
        span = slice(indptr[i], indptr[i + 1])
        out[span] = K[indices[span]] @ u[i]
