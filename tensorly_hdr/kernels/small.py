"""Block pivoting for few unknowns: each support is inverted once, however many observations meet it."""

import numba as nb
import numpy as np
from numpy.typing import NDArray

from tensorly_hdr.kernels.active import _MATH, _factorize, _feasible, _independent, _triangles, lawson_hanson


@nb.njit(cache=True)
def _invert(inverse: NDArray, code: int, gram: NDArray, U: NDArray, S: NDArray, v: NDArray) -> bool:
    """Inverse of the Gram matrix on the support that the bits of ``code`` tell, zeros elsewhere."""
    r, p = len(gram), 0
    for k in range(r):
        if (code >> k) & 1:
            S[p] = k
            p += 1
    if not _factorize(U, S, p, gram, v):
        return False
    inverse[:] = 0.0
    for b in range(p):
        v[:] = 0.0
        v[b] = 1.0
        _triangles(v, U, p)
        for a in range(p):
            inverse[S[b], S[a]] = v[a]
    return True


@nb.njit(cache=True, fastmath=_MATH)
def _try_support(x: NDArray, w: NDArray, inverse: NDArray, gram: NDArray, cross: NDArray, code: int, tol: float) -> int:
    """Least squares on one support and its dual; returns the bits of the infeasible indices."""
    r = len(x)
    x[:] = 0.0
    for j in range(r):
        for k in range(r):
            x[k] += cross[j] * inverse[j, k]
    size, mass = 0.0, 0.0
    for k in range(r):
        w[k] = cross[k]
        size = max(size, abs(cross[k]))
    for j in range(r):
        mass += abs(x[j])
        for k in range(r):
            w[k] -= x[j] * gram[j, k]
    bad, slack = 0, tol * max(size, mass)
    for k in range(r):
        inside = (code >> k) & 1
        bad |= ((x[k] <= 0.0) if inside else (w[k] > slack)) << k
    return bad


@nb.njit(cache=True)
def small_pivoting_rows(u: NDArray, gram: NDArray, cross: NDArray, tol: float) -> None:
    """Compute what ``block_pivoting_rows`` does, for at most twelve unknowns and a Gram matrix that is safe to invert."""
    n, r = u.shape
    U, S, work = np.empty((r, r)), np.empty(r, np.int64), np.empty((4, r))
    inverse, known = np.empty((1 << r, r, r)), np.zeros(1 << r, np.bool_)
    allowed, w = np.ones(r, np.bool_), np.empty(r)
    for i in range(n):
        x, code, bad = u[i], 0, 0
        for k in range(r):
            code |= (x[k] > 0.0) << k
        for trial in range(2 * r + 10):
            if not known[code]:
                known[code] = _invert(inverse[code], code, gram, U, S, work[0])
                if not known[code]:
                    break
            bad = _try_support(x, w, inverse[code], gram, cross[i], code, tol)
            if bad == 0:
                break
            # after some blocks, one index at a time, always the last: that cannot cycle
            code ^= bad if trial < r else 1 << int(np.log2(bad))
        if bad != 0 or not known[code]:
            p = _independent(U, S, x, gram, work[0])
            p, shift = _feasible(x, S, p, U, gram, cross[i], 0.0, work[0], work[1])
            lawson_hanson(x, S, p, shift, U, allowed, gram, cross[i], tol, 0.0, work)
