"""One Cholesky factor, in numba, updated when an index enters or leaves.

``U`` is the upper factor of ``gram[S, S]`` for the first ``p`` entries of ``S``, in the order of ``S``. It is stored by
rows, so that every inner loop runs over contiguous numbers.

Counters that are passed on start as ``int(0)``: from a plain 0 numba would compile each callee a second time, for
the literal.
"""

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr.kernels._jit import njit

# sums may be taken in any order, which is what lets them be vectorised; infinities and NaN keep their meaning
MATH = {"reassoc", "contract", "nsz"}


@njit
def copy(into: NDArray, source: NDArray) -> None:
    """Copy numbers. Written out, since numba takes seconds to compile the assignment of one array to another."""
    for k in range(len(source)):
        into[k] = source[k]


@njit
def copy_rows(into: NDArray, source: NDArray) -> None:
    """Copy the rows of a matrix."""
    for i in range(len(source)):
        copy(into[i], source[i])


@njit(fastmath=MATH)
def append(U: NDArray, S: NDArray, p: int, j: int, gram: NDArray, v: NDArray) -> bool:
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


@njit(fastmath=MATH)
def remove(U: NDArray, S: NDArray, p: int, q: int) -> None:
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


@njit(fastmath=MATH)
def factorize(U: NDArray, S: NDArray, p: int, gram: NDArray, v: NDArray) -> bool:
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


@njit(fastmath=MATH)
def triangles(z: NDArray, U: NDArray, p: int) -> None:
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


@njit(fastmath=MATH)
def solve(z: NDArray, q: NDArray, U: NDArray, S: NDArray, p: int, cross: NDArray, total: float) -> float:
    """Least squares on the support, of sum ``total`` if that is positive; returns the multiplier of the sum."""
    for a in range(p):
        z[a] = cross[S[a]]
    triangles(z, U, p)
    if total <= 0.0:
        return 0.0
    for a in range(p):
        q[a] = 1.0
    triangles(q, U, p)
    sum_z, sum_q = 0.0, 0.0
    for a in range(p):
        sum_z += z[a]
        sum_q += q[a]
    shift = (total - sum_z) / sum_q
    for a in range(p):
        z[a] += shift * q[a]
    return shift
