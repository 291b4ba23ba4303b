"""Block pivoting in numba; for few unknowns, each support is inverted once. NumPy twins in ``active_reference.py``."""

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr.kernels._jit import njit
from tensorly_hdr.kernels.active import begin, dual, feasible, independent, lawson_hanson
from tensorly_hdr.kernels.cholesky import MATH, append, copy, copy_rows, factorize, remove, solve, triangles


@njit
def _infeasible(bad: NDArray, x: NDArray, passive: NDArray, w: NDArray, slack: float) -> int:
    """Mark and count the passive indices that are not positive and the others whose dual variable is."""
    count = 0
    for k in range(len(x)):
        bad[k] = x[k] <= 0.0 if passive[k] else w[k] > slack
        count += bad[k]
    return count


@njit
def _exchange(
    passive: NDArray, bad: NDArray, only_last: bool, S: NDArray, p: int, U: NDArray, gram: NDArray, v: NDArray
) -> int:
    """Exchange the marked indices, or the last of them; the new size of the support, -1 if it is singular.

    A few of them update the factor, many make it anew.
    """
    changes = 0
    for k in range(len(bad) - 1, -1, -1):
        if bad[k] and only_last and changes > 0:
            bad[k] = False
        elif bad[k]:
            passive[k] = not passive[k]
            changes += 1
    if 8 * changes > p:
        return _gather(S, passive, U, gram, v)
    for a in range(p - 1, -1, -1):
        if bad[S[a]]:
            remove(U, S, p, a)
            p -= 1
    for k in range(len(bad)):
        if bad[k] and passive[k]:
            if not append(U, S, p, k, gram, v):
                return -1
            p += 1
    return p


@njit
def _gather(S: NDArray, passive: NDArray, U: NDArray, gram: NDArray, v: NDArray) -> int:
    """List the passive indices and factorize their Gram matrix; how many they are, -1 if it is singular."""
    p = int(0)
    for k in range(len(passive)):
        if passive[k]:
            S[p] = k
            p += 1
    return p if factorize(U, S, p, gram, v) else -1


@njit
def _pivot(
    x: NDArray, S: NDArray, p: int, U: NDArray, gram: NDArray, cross: NDArray, tol: float, work: NDArray, marks: NDArray
) -> bool:
    """Block exchanges for one observation; False if a support is singular or they do not settle."""
    z, q, w, passive, bad = work[0], work[1], work[2], marks[0], marks[1]
    fewest, tries = len(x) + 1, 3
    passive[:] = False
    for a in range(p):
        passive[S[a]] = True
    for _ in range(5 * len(x) + 20):
        solve(z, q, U, S, p, cross, 0.0)
        x[:] = 0.0
        for a in range(p):
            x[S[a]] = z[a]
        slack = tol * dual(w, x, S, p, gram, cross, 0.0)
        count = _infeasible(bad, x, passive, w, slack)
        if count == 0:
            return True
        # the backup rule of Kim and Park: after three tries without progress, one index at a time, always the last
        p = _exchange(passive, bad, count >= fewest and tries == 0, S, p, U, gram, z)
        if p < 0:
            return False
        tries = 3 if count < fewest else max(tries - 1, 0)
        fewest = min(count, fewest)
    return False


@njit
def block_pivoting_rows(u: NDArray, gram: NDArray, cross: NDArray, tol: float) -> None:
    """See :func:`tensorly_hdr.kernels.active_reference.block_pivoting_rows`."""
    n, r = u.shape
    U, S, work, marks = np.empty((r, r)), np.empty(r, np.int64), np.empty((4, r)), np.empty((2, r), np.bool_)
    U0, S0, allowed = np.empty((r, r)), np.empty(r, np.int64), np.ones(r, np.bool_)
    p0 = independent(U0, S0, np.ones(r), gram, work[0])
    for i in range(n):
        p = begin(u[i], U, S, U0, S0, p0, gram, work[0])
        if not _pivot(u[i], S, p, U, gram, cross[i], tol, work, marks):
            p = independent(U, S, u[i], gram, work[0])
            p, shift = feasible(u[i], S, p, U, gram, cross[i], 0.0, work[0], work[1])
            lawson_hanson(u[i], S, p, shift, U, allowed, gram, cross[i], tol, 0.0, work)


@njit
def _invert(inverse: NDArray, code: int, gram: NDArray, U: NDArray, S: NDArray, v: NDArray) -> bool:
    """Inverse of the Gram matrix on the support that the bits of ``code`` tell, zeros elsewhere."""
    r, p = len(gram), int(0)
    for k in range(r):
        if (code >> k) & 1:
            S[p] = k
            p += 1
    if not factorize(U, S, p, gram, v):
        return False
    inverse[:] = 0.0
    for b in range(p):
        v[:] = 0.0
        v[b] = 1.0
        triangles(v, U, p)
        for a in range(p):
            inverse[S[b], S[a]] = v[a]
    return True


@njit(fastmath=MATH)
def _times(out: NDArray, x: NDArray, M: NDArray, r: int) -> None:
    """``out = x M``, four entries at a time: the compiler keeps the sums in one SIMD register."""
    for k in range(0, len(out), 4):
        s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
        for j in range(r):
            v = x[j]
            s0 += v * M[j, k]
            s1 += v * M[j, k + 1]
            s2 += v * M[j, k + 2]
            s3 += v * M[j, k + 3]
        out[k], out[k + 1], out[k + 2], out[k + 3] = s0, s1, s2, s3


@njit
def _try_support(x: NDArray, w: NDArray, inverse: NDArray, gram: NDArray, cross: NDArray, code: int, tol: float) -> int:
    """Least squares on one support and its dual; returns the bits of the infeasible indices."""
    r = len(cross)
    _times(x, cross, inverse, r)
    _times(w, x, gram, r)
    size, mass = 0.0, 0.0
    for k in range(r):
        size = max(size, abs(cross[k]))
        mass += abs(x[k])
    bad, slack = 0, tol * max(size, mass)
    for k in range(r):  # without a branch, since its outcome cannot be predicted
        inside = (code >> k) & 1
        bad |= (inside * (x[k] <= 0.0) + (1 - inside) * (cross[k] - w[k] > slack)) << k
    return bad


@njit
def small_pivoting_rows(u: NDArray, gram: NDArray, cross: NDArray, tol: float) -> None:
    """See the twin; for at most twelve unknowns, and a Gram matrix that is safe to invert."""
    n, r = u.shape
    wide = (r + 3) // 4 * 4
    U, S, work, whole = np.empty((r, r)), np.empty(r, np.int64), np.empty((4, r)), np.empty((r, r))
    inverse, known, padded = np.zeros((1 << r, r, wide)), np.zeros(1 << r, np.bool_), np.zeros((r, wide))
    copy_rows(padded, gram)
    allowed, x, w = np.ones(r, np.bool_), np.empty(wide), np.empty(wide)
    for i in range(n):
        code, bad = int(0), int(0)
        for k in range(r):
            code |= (u[i, k] > 0.0) << k
        for trial in range(2 * r + 10):
            if not known[code]:
                known[code] = _invert(whole, code, gram, U, S, work[0])
                copy_rows(inverse[code], whole)
                if not known[code]:
                    break
            bad = _try_support(x, w, inverse[code], padded, cross[i], code, tol)
            if bad == 0:
                break
            # after some blocks, one index at a time, always the last: that cannot cycle
            code ^= bad if trial < r else 1 << int(np.log2(bad))
        if bad == 0 and known[code]:
            copy(u[i], x[:r])
            continue
        p = independent(U, S, u[i], gram, work[0])
        p, shift = feasible(u[i], S, p, U, gram, cross[i], 0.0, work[0], work[1])
        lawson_hanson(u[i], S, p, shift, U, allowed, gram, cross[i], tol, 0.0, work)
