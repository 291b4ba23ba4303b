"""The kernels in numba: arrays and scalars in, first argument mutated, None out. Twins in ``reference.py``."""

import numba as nb
import numpy as np
from numpy.typing import NDArray

LANES = 64  # rows that a sweep treats side by side: a constant, so that the compiler lays them along SIMD lanes


@nb.njit(cache=True)
def hals_sweeps(
    u: NDArray, gram: NDArray, cross: NDArray, l1: float, l2: float, lower: float, upper: float, n_iter: int
) -> None:
    """See :func:`tensorly_hdr.kernels.reference.hals_sweeps`.

    Rows are independent, so each block of them does all its sweeps before the next is loaded.
    """
    n, r = u.shape
    U, C = np.zeros((r, LANES), u.dtype), np.zeros((r, LANES), u.dtype)
    target = np.empty(LANES, u.dtype)
    for start in range(0, n, LANES):
        stop = min(start + LANES, n)
        for i in range(start, stop):
            for k in range(r):
                U[k, i - start] = u[i, k]
                C[k, i - start] = cross[i, k]
        for _ in range(n_iter):
            _sweep_block(U, C, target, gram, l1, l2, lower, upper)
        for i in range(start, stop):
            for k in range(r):
                u[i, k] = U[k, i - start]


@nb.njit(cache=True)
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


@nb.njit(cache=True)
def _cholesky_solve(z: NDArray, L: NDArray, S: NDArray, p: int, gram: NDArray, cross: NDArray) -> bool:
    """Solve ``gram[S, S] z = cross[S]`` for the first ``p`` indices of ``S``; False if it is numerically singular."""
    for a in range(p):
        for b in range(a + 1):
            s = gram[S[a], S[b]]
            for c in range(b):
                s -= L[a, c] * L[b, c]
            if a == b:
                if s <= 1e-13 * gram[S[a], S[a]] or s <= 0.0:
                    return False
                L[a, a] = np.sqrt(s)
            else:
                L[a, b] = s / L[b, b]
    for a in range(p):
        s = cross[S[a]]
        for c in range(a):
            s -= L[a, c] * z[c]
        z[a] = s / L[a, a]
    for a in range(p - 1, -1, -1):
        s = z[a]
        for c in range(a + 1, p):
            s -= L[c, a] * z[c]
        z[a] = s / L[a, a]
    return True


@nb.njit(cache=True)
def _move(x: NDArray, passive: NDArray, z: NDArray, S: NDArray, p: int) -> bool:
    """Go from ``x`` towards ``z`` as far as the orthant allows, drop what reaches zero; True if ``z`` was reached."""
    t, largest = 2.0, 0.0
    for a in range(p):
        if z[a] <= 0.0:
            t = min(t, x[S[a]] / (x[S[a]] - z[a]))
    if t > 1.0:
        for a in range(p):
            x[S[a]] = z[a]
        return True
    for a in range(p):
        x[S[a]] += t * (z[a] - x[S[a]])
        largest = max(largest, abs(x[S[a]]))
    for a in range(p):
        if x[S[a]] <= 0.0 or (z[a] <= 0.0 and x[S[a]] <= 1e-14 * largest):
            x[S[a]] = 0.0
            passive[S[a]] = False
    return False


@nb.njit(cache=True)
def _refine(
    x: NDArray, passive: NDArray, gram: NDArray, cross: NDArray, j: int, z: NDArray, L: NDArray, S: NDArray
) -> bool:
    """See the twin: least squares on the support, indices that turn negative dropped on the way."""
    first = True
    while True:
        p = 0
        for k in range(len(x)):
            if passive[k]:
                S[p] = k
                p += 1
        if p == 0:
            return True
        if not _cholesky_solve(z, L, S, p, gram, cross):
            return not first
        if first and j >= 0:
            for a in range(p):
                if S[a] == j and z[a] <= 0.0:
                    return False
        first = False
        if _move(x, passive, z, S, p):
            return True


@nb.njit(cache=True)
def active_set_rows(u: NDArray, gram: NDArray, cross: NDArray, tol: float) -> None:
    """See :func:`tensorly_hdr.kernels.reference.active_set_rows`."""
    n, r = u.shape
    z, S = np.empty(r), np.empty(r, np.int64)
    L = np.empty((r, r))
    passive, rejected = np.empty(r, np.bool_), np.empty(r, np.bool_)
    for i in range(n):
        x = u[i]
        passive[:] = x > 0
        rejected[:] = False
        if passive.any() and not _refine(x, passive, gram, cross[i], -1, z, L, S):
            x[:] = 0.0
            passive[:] = False
        for _ in range(20 * r + 20):
            j = _most_promising(x, passive, rejected, gram, cross[i], tol)
            if j < 0:
                break
            passive[j] = True
            if _refine(x, passive, gram, cross[i], j, z, L, S):
                rejected[:] = False
            else:
                passive[j] = False
                rejected[j] = True


@nb.njit(cache=True)
def simplex_rows(u: NDArray, gram: NDArray, cross: NDArray, square: NDArray, tol: float) -> None:
    """See :func:`tensorly_hdr.kernels.reference.simplex_rows`."""
    n, r = u.shape
    M, ones = np.empty((r, r)), np.ones(r)
    for i in range(n):
        ridge = 0.0
        for j in range(r):
            for k in range(r):
                M[j, k] = gram[j, k] - cross[i, j] - cross[i, k] + square[i]
            ridge += M[j, j] / r
        if ridge <= 0.0:  # every atom is the observation
            u[i, :] = 1.0 / r
            continue
        M += ridge
        u[i, :] = u[i, :] / ridge
        active_set_rows(u[i : i + 1], M, ones.reshape(1, r), tol)
        u[i, :] = u[i, :] / u[i, :].sum()


@nb.njit(cache=True)
def _most_promising(x: NDArray, passive: NDArray, rejected: NDArray, gram: NDArray, cross: NDArray, tol: float) -> int:
    """Index of the largest dual value above rounding among the inactive ones; -1 at the optimum."""
    best, j, large, size = 0.0, -1, 0.0, 0.0
    for k in range(len(x)):
        s = 0.0
        for m in range(len(x)):
            s += gram[k, m] * x[m]
        large, size = max(large, abs(s)), max(size, abs(cross[k]))
        if not passive[k] and not rejected[k] and cross[k] - s > best:
            best, j = cross[k] - s, k
    return j if best > tol * (large + size) else -1


@nb.njit(cache=True)
def sampled_product(out: NDArray, indptr: NDArray, indices: NDArray, u: NDArray, K: NDArray) -> None:
    """See :func:`tensorly_hdr.kernels.reference.sampled_product`."""
    for i in range(len(indptr) - 1):
        for p in range(indptr[i], indptr[i + 1]):
            s = 0.0
            for k in range(u.shape[1]):
                s += u[i, k] * K[indices[p], k]
            out[p] = s
