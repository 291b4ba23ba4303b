"""Active sets in numba: one Cholesky factor an observation, updated when an index enters or leaves.

``U`` is the upper Cholesky factor of ``gram[S, S]`` for the first ``p`` entries of ``S``, in the order of ``S``. It is
stored by rows, so that every inner loop runs over contiguous numbers. NumPy twins in ``active_reference.py``.
"""

import numba as nb
import numpy as np
from numpy.typing import NDArray

# sums may be taken in any order, which is what lets them be vectorised; infinities and NaN keep their meaning
_MATH = {"reassoc", "contract", "nsz"}


@nb.njit(cache=True, fastmath=_MATH)
def _append(U: NDArray, S: NDArray, p: int, j: int, gram: NDArray, v: NDArray) -> bool:
    """Let index ``j`` enter at position ``p``; False, and nothing changed, if it depends on the others."""
    size = gram[j, j]
    left = size
    for a in range(p):
        v[a] = gram[j, S[a]]
    for a in range(p):
        v[a] /= U[a, a]
        left -= v[a] * v[a]
        for b in range(a + 1, p):
            v[b] -= v[a] * U[a, b]
    if left <= 1e-13 * size or left <= 0.0:
        return False
    for a in range(p):
        U[a, p] = v[a]
    U[p, p] = np.sqrt(left)
    S[p] = j
    return True


@nb.njit(cache=True, fastmath=_MATH)
def _remove(U: NDArray, S: NDArray, p: int, q: int) -> None:
    """Let the index at position ``q`` leave: shift the columns after it, rotate the rows back to a triangle."""
    for a in range(p):
        for b in range(max(q, a - 1), p - 1):
            U[a, b] = U[a, b + 1]
    for b in range(q, p - 1):
        S[b] = S[b + 1]
        above, below = U[b, b], U[b + 1, b]
        length = np.hypot(above, below)
        cosine, sine = above / length, below / length
        U[b, b] = length
        for k in range(b + 1, p - 1):
            first, second = U[b, k], U[b + 1, k]
            U[b, k] = cosine * first + sine * second
            U[b + 1, k] = cosine * second - sine * first


@nb.njit(cache=True, fastmath=_MATH)
def _factorize(U: NDArray, S: NDArray, p: int, gram: NDArray, v: NDArray) -> bool:
    """Cholesky factor of ``gram[S, S]``; False if it is numerically singular."""
    for b in range(p):
        row = gram[S[b]]
        for k in range(b, p):
            v[k] = row[S[k]]
        # four finished rows at a time: one pass over v for four multiplications
        a = 0
        while a + 4 <= b:
            t0, t1, t2, t3 = U[a, b], U[a + 1, b], U[a + 2, b], U[a + 3, b]
            for k in range(b, p):
                v[k] -= t0 * U[a, k] + t1 * U[a + 1, k] + t2 * U[a + 2, k] + t3 * U[a + 3, k]
            a += 4
        while a < b:
            t0 = U[a, b]
            for k in range(b, p):
                v[k] -= t0 * U[a, k]
            a += 1
        if v[b] <= 1e-13 * row[S[b]] or v[b] <= 0.0:
            return False
        diagonal = np.sqrt(v[b])
        U[b, b] = diagonal
        for k in range(b + 1, p):
            U[b, k] = v[k] / diagonal
    return True


@nb.njit(cache=True, fastmath=_MATH)
def _triangles(z: NDArray, U: NDArray, p: int) -> None:
    """``z <- U^-1 U^-T z``, in place."""
    for a in range(p):
        z[a] /= U[a, a]
        for b in range(a + 1, p):
            z[b] -= z[a] * U[a, b]
    for a in range(p - 1, -1, -1):
        s = z[a]
        for b in range(a + 1, p):
            s -= U[a, b] * z[b]
        z[a] = s / U[a, a]


@nb.njit(cache=True, fastmath=_MATH)
def _solve(z: NDArray, q: NDArray, U: NDArray, S: NDArray, p: int, cross: NDArray, total: float) -> float:
    """Least squares on the support, of sum ``total`` if that is positive; returns the multiplier of the sum."""
    for a in range(p):
        z[a] = cross[S[a]]
    _triangles(z, U, p)
    if total <= 0.0:
        return 0.0
    for a in range(p):
        q[a] = 1.0
    _triangles(q, U, p)
    sum_z, sum_q = 0.0, 0.0
    for a in range(p):
        sum_z += z[a]
        sum_q += q[a]
    shift = (total - sum_z) / sum_q
    for a in range(p):
        z[a] += shift * q[a]
    return shift


@nb.njit(cache=True, fastmath=_MATH)
def _dual(w: NDArray, x: NDArray, S: NDArray, p: int, gram: NDArray, cross: NDArray, shift: float) -> float:
    """``w <- cross + shift - gram x``; returns the size of its terms (no entry of the Gram matrix exceeds one)."""
    size, mass = 0.0, 0.0
    for k in range(len(w)):
        w[k] = cross[k] + shift
        size = max(size, abs(w[k]))
    for a in range(p):
        t, row = x[S[a]], gram[S[a]]
        mass += abs(t)
        for k in range(len(w)):
            w[k] -= t * row[k]
    return max(size, mass)


@nb.njit(cache=True)
def _settle(
    x: NDArray, S: NDArray, p: int, U: NDArray, cross: NDArray, total: float, z: NDArray, q: NDArray
) -> tuple[int, float]:
    """Go to the least squares solution on the support; indices that reach zero on the way leave."""
    while True:
        shift = _solve(z, q, U, S, p, cross, total)
        t, blocking = 1.0, -1
        for a in range(p):
            if z[a] <= 0.0:
                here = x[S[a]]
                step = here / (here - z[a]) if here > 0.0 else 0.0
                if blocking < 0 or step < t:
                    t, blocking = step, a
        if blocking < 0:
            for a in range(p):
                x[S[a]] = z[a]
            return p, shift
        for a in range(p - 1, -1, -1):
            x[S[a]] += t * (z[a] - x[S[a]])
            if a == blocking or x[S[a]] <= 0.0:
                x[S[a]] = 0.0
                _remove(U, S, p, a)
                p -= 1


@nb.njit(cache=True)
def _independent(U: NDArray, S: NDArray, x: NDArray, gram: NDArray, v: NDArray) -> int:
    """Factorize the support of ``x``, leaving out what depends on the indices before; returns how many are in."""
    p = 0
    for k in range(len(x)):
        if x[k] > 0.0:
            S[p] = k
            p += 1
    if _factorize(U, S, p, gram, v):
        return p
    p = 0
    for k in range(len(x)):
        if x[k] > 0.0 and _append(U, S, p, k, gram, v):
            p += 1
    return p


@nb.njit(cache=True)
def _begin(x: NDArray, U: NDArray, S: NDArray, U0: NDArray, S0: NDArray, p0: int, gram: NDArray, v: NDArray) -> int:
    """Factorize the support of ``x``; ``U0, S0, p0`` is that of a full one, which all observations share."""
    if not (x > 0.0).all():
        return _independent(U, S, x, gram, v)
    U[:] = U0
    S[:] = S0
    return p0


@nb.njit(cache=True)
def _feasible(
    x: NDArray, S: NDArray, p: int, U: NDArray, gram: NDArray, cross: NDArray, total: float, z: NDArray, q: NDArray
) -> tuple[int, float]:
    """Drop from the support what is not positive in least squares, until all is; ``x`` becomes that solution."""
    if p == 0 and total > 0.0:
        _append(U, S, 0, int(np.argmax(cross - 0.5 * total * np.diag(gram))), gram, z)
        p = 1
    while True:
        shift = _solve(z, q, U, S, p, cross, total)
        kept = 0
        for a in range(p):
            if z[a] > 0.0:
                S[kept] = S[a]
                kept += 1
        if kept == p:
            break
        p = kept
        _factorize(U, S, p, gram, q)
    x[:] = 0.0
    for a in range(p):
        x[S[a]] = z[a]
    return p, shift


@nb.njit(cache=True)
def _swap(x: NDArray, S: NDArray, p: int, U: NDArray, j: int, gram: NDArray, h: NDArray) -> int:
    """Let ``j``, which depends on the support, replace one of its indices; ``h`` is what ``_append`` left of ``j``.

    Under an l1 penalty this can lower the loss at constant fit: ``x`` moves along the dependence as far as it may.
    """
    t, blocking = np.inf, -1
    for a in range(p - 1, -1, -1):
        for b in range(a + 1, p):
            h[a] -= U[a, b] * h[b]
        h[a] /= U[a, a]
        if h[a] > 1e-10 and x[S[a]] < t * h[a]:
            t, blocking = x[S[a]] / h[a], a
    if blocking < 0:
        return 0
    for a in range(p):
        x[S[a]] = max(x[S[a]] - t * h[a], 0.0)
    x[S[blocking]], x[j] = 0.0, t
    _remove(U, S, p, blocking)
    if _append(U, S, p - 1, j, gram, h):
        return p
    x[j] = 0.0
    return p - 1


@nb.njit(cache=True)
def lawson_hanson(
    x: NDArray,
    S: NDArray,
    p: int,
    shift: float,
    U: NDArray,
    allowed: NDArray,
    gram: NDArray,
    cross: NDArray,
    tol: float,
    total: float,
    work: NDArray,
) -> int:
    """From a positive least squares solution ``x`` on ``S[:p]`` to the optimum over ``allowed``; the new ``p``."""
    z, q, w, rejected = work[0], work[1], work[2], work[3]
    rejected[:] = 0.0
    for _ in range(20 * len(x) + 20):
        best, j = tol * _dual(w, x, S, p, gram, cross, shift), -1
        for k in range(len(x)):
            if w[k] > best and x[k] <= 0.0 and allowed[k] and rejected[k] == 0.0:
                best, j = w[k], k
        if j < 0:
            break
        # the newcomer must come out positive, or rounding would let the same index enter for ever
        rejected[j] = 1.0
        if _append(U, S, p, j, gram, z):
            _solve(z, q, U, S, p + 1, cross, total)
            if z[p] > 0.0:
                p, shift = _settle(x, S, p + 1, U, cross, total, z, q)
                rejected[:] = 0.0
        elif total <= 0.0 and p > 0:
            swapped = _swap(x, S, p, U, j, gram, z)
            if swapped > 0:
                p, shift = _settle(x, S, swapped, U, cross, total, z, q)
                rejected[:] = 0.0
                rejected[j] = 1.0
    return p


@nb.njit(cache=True)
def active_set_rows(u: NDArray, gram: NDArray, cross: NDArray, tol: float, total: float) -> None:
    """See :func:`tensorly_hdr.kernels.active_reference.active_set_rows`."""
    n, r = u.shape
    U, S, work = np.empty((r, r)), np.empty(r, np.int64), np.empty((4, r))
    U0, S0, allowed = np.empty((r, r)), np.empty(r, np.int64), np.ones(r, np.bool_)
    p0 = _independent(U0, S0, np.ones(r), gram, work[0])
    for i in range(n):
        p = _begin(u[i], U, S, U0, S0, p0, gram, work[0])
        p, shift = _feasible(u[i], S, p, U, gram, cross[i], total, work[0], work[1])
        lawson_hanson(u[i], S, p, shift, U, allowed, gram, cross[i], tol, total, work)


@nb.njit(cache=True)
def _infeasible(bad: NDArray, x: NDArray, passive: NDArray, w: NDArray, slack: float) -> int:
    """Mark and count the passive indices that are not positive and the others whose dual variable is."""
    count = 0
    for k in range(len(x)):
        bad[k] = x[k] <= 0.0 if passive[k] else w[k] > slack
        count += bad[k]
    return count


@nb.njit(cache=True)
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
            _remove(U, S, p, a)
            p -= 1
    for k in range(len(bad)):
        if bad[k] and passive[k]:
            if not _append(U, S, p, k, gram, v):
                return -1
            p += 1
    return p


@nb.njit(cache=True)
def _gather(S: NDArray, passive: NDArray, U: NDArray, gram: NDArray, v: NDArray) -> int:
    """List the passive indices and factorize their Gram matrix; how many they are, -1 if it is singular."""
    p = 0
    for k in range(len(passive)):
        if passive[k]:
            S[p] = k
            p += 1
    return p if _factorize(U, S, p, gram, v) else -1


@nb.njit(cache=True)
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
        _solve(z, q, U, S, p, cross, 0.0)
        x[:] = 0.0
        for a in range(p):
            x[S[a]] = z[a]
        slack = tol * _dual(w, x, S, p, gram, cross, 0.0)
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


@nb.njit(cache=True)
def block_pivoting_rows(u: NDArray, gram: NDArray, cross: NDArray, tol: float) -> None:
    """See :func:`tensorly_hdr.kernels.active_reference.block_pivoting_rows`."""
    n, r = u.shape
    U, S, work, marks = np.empty((r, r)), np.empty(r, np.int64), np.empty((4, r)), np.empty((2, r), np.bool_)
    U0, S0, allowed = np.empty((r, r)), np.empty(r, np.int64), np.ones(r, np.bool_)
    p0 = _independent(U0, S0, np.ones(r), gram, work[0])
    for i in range(n):
        p = _begin(u[i], U, S, U0, S0, p0, gram, work[0])
        if not _pivot(u[i], S, p, U, gram, cross[i], tol, work, marks):
            p = _independent(U, S, u[i], gram, work[0])
            p, shift = _feasible(u[i], S, p, U, gram, cross[i], 0.0, work[0], work[1])
            lawson_hanson(u[i], S, p, shift, U, allowed, gram, cross[i], tol, 0.0, work)
