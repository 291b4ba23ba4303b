"""Active sets in numba: one factor an observation, updated. NumPy twins in ``active_reference.py``."""

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr.kernels._jit import njit
from tensorly_hdr.kernels.cholesky import MATH, append, copy, copy_rows, factorize, remove, solve


@njit(fastmath=MATH)
def dual(w: NDArray, x: NDArray, S: NDArray, p: int, gram: NDArray, cross: NDArray, shift: float) -> float:
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


@njit
def settle(
    x: NDArray, S: NDArray, p: int, U: NDArray, cross: NDArray, total: float, z: NDArray, q: NDArray
) -> tuple[int, float]:
    """Go to the least squares solution on the support; indices that reach zero on the way leave."""
    while True:
        shift = solve(z, q, U, S, p, cross, total)
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
                remove(U, S, p, a)
                p -= 1


@njit
def independent(U: NDArray, S: NDArray, x: NDArray, gram: NDArray, v: NDArray) -> int:
    """Factorize the support of ``x``, leaving out what depends on the indices before; returns how many are in."""
    p = int(0)
    for k in range(len(x)):
        if x[k] > 0.0:
            S[p] = k
            p += 1
    if factorize(U, S, p, gram, v):
        return p
    p = int(0)
    for k in range(len(x)):
        if x[k] > 0.0 and append(U, S, p, k, gram, v):
            p += 1
    return p


@njit
def begin(x: NDArray, U: NDArray, S: NDArray, U0: NDArray, S0: NDArray, p0: int, gram: NDArray, v: NDArray) -> int:
    """Factorize the support of ``x``; ``U0, S0, p0`` is that of a full one, which all observations share."""
    for k in range(len(x)):
        if not x[k] > 0.0:
            return independent(U, S, x, gram, v)
    copy_rows(U, U0)
    copy(S, S0)
    return p0


@njit
def feasible(
    x: NDArray, S: NDArray, p: int, U: NDArray, gram: NDArray, cross: NDArray, total: float, z: NDArray, q: NDArray
) -> tuple[int, float]:
    """Drop from the support what is not positive in least squares, until all is; ``x`` becomes that solution."""
    if p == 0 and total > 0.0:
        best = int(0)
        for k in range(1, len(x)):
            if cross[k] - 0.5 * total * gram[k, k] > cross[best] - 0.5 * total * gram[best, best]:
                best = k
        append(U, S, int(0), best, gram, z)
        p = 1
    while True:
        shift = solve(z, q, U, S, p, cross, total)
        kept = int(0)
        for a in range(p):
            if z[a] > 0.0:
                S[kept] = S[a]
                kept += 1
        if kept == p:
            break
        p = kept
        factorize(U, S, p, gram, q)
    x[:] = 0.0
    for a in range(p):
        x[S[a]] = z[a]
    return p, shift


@njit
def _swap(x: NDArray, S: NDArray, p: int, U: NDArray, j: int, gram: NDArray, h: NDArray) -> int:
    """Let ``j``, which depends on the support, replace one of its indices; ``h`` is what ``append`` left of ``j``.

    Under an l1 penalty this can lower the loss at constant fit: ``x`` moves along the dependence as far as it may.
    """
    t, blocking = np.inf, int(-1)
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
    remove(U, S, p, blocking)
    if append(U, S, p - 1, j, gram, h):
        return p
    x[j] = 0.0
    return p - 1


@njit
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
        best, j = tol * dual(w, x, S, p, gram, cross, shift), int(-1)
        for k in range(len(x)):
            if w[k] > best and x[k] <= 0.0 and allowed[k] and rejected[k] == 0.0:
                best, j = w[k], k
        if j < 0:
            break
        # the newcomer must come out positive, or rounding would let the same index enter for ever
        rejected[j] = 1.0
        if append(U, S, p, j, gram, z):
            solve(z, q, U, S, p + 1, cross, total)
            if z[p] > 0.0:
                p, shift = settle(x, S, p + 1, U, cross, total, z, q)
                rejected[:] = 0.0
        elif total <= 0.0 and p > 0:
            swapped = _swap(x, S, p, U, j, gram, z)
            if swapped > 0:
                p, shift = settle(x, S, swapped, U, cross, total, z, q)
                # those that came by an exchange stay out until one enters by itself, or two would swap for ever
                for k in range(len(x)):
                    rejected[k] = 2.0 if k == j or rejected[k] == 2.0 else 0.0
    return p


@njit
def active_set_rows(u: NDArray, gram: NDArray, cross: NDArray, tol: float, total: float) -> None:
    """See :func:`tensorly_hdr.kernels.active_reference.active_set_rows`."""
    n, r = u.shape
    U, S, work = np.empty((r, r)), np.empty(r, np.int64), np.empty((4, r))
    U0, S0, allowed = np.empty((r, r)), np.empty(r, np.int64), np.ones(r, np.bool_)
    p0 = independent(U0, S0, np.ones(r), gram, work[0])
    for i in range(n):
        p = begin(u[i], U, S, U0, S0, p0, gram, work[0])
        p, shift = feasible(u[i], S, p, U, gram, cross[i], total, work[0], work[1])
        lawson_hanson(u[i], S, p, shift, U, allowed, gram, cross[i], tol, total, work)
