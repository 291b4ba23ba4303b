"""Search for the best nonnegative combination of few atoms, in numba; twins in ``search_reference.py``."""

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr.kernels._jit import njit
from tensorly_hdr.kernels.active import dual, feasible, independent, lawson_hanson, settle
from tensorly_hdr.kernels.cholesky import MATH, append, copy, copy_rows, remove

LANES = 128  # observations side by side: the innermost loops run over them, and have a length that the compiler knows


@njit(fastmath=MATH)
def _advance(f: NDArray, g: NDArray, best: NDArray, d: int, c: NDArray, U: NDArray) -> bool:
    """Gain of a support from that of its parent; True if some observation may have a new best one."""
    last, before, after, to_beat = f[d], g[d], g[d + 1], best[d]
    copy(last, c)
    for a in range(d):
        t, row = U[a, d], f[a]
        for s in range(LANES):
            last[s] -= t * row[s]
    t, hits = 1.0 / U[d, d], 0
    for s in range(LANES):
        value = t * last[s]
        last[s] = value
        gain = before[s] + value * value
        after[s] = gain
        hits += (gain > to_beat[s]) & (value > 0.0)
    return hits > 0


@njit(fastmath=MATH)
def _coefficients(z: NDArray, f: NDArray, d: int, U: NDArray, h: NDArray) -> None:
    """Least squares solution on ``d + 1`` indices, ``z[d]``, from that on ``d``; ``h``: what the last one replaces."""
    for a in range(d - 1, -1, -1):
        h[a] = U[a, d]
        for b in range(a + 1, d):
            h[a] -= U[a, b] * h[b]
        h[a] /= U[a, a]
    t, newest, last = 1.0 / U[d, d], z[d, d], f[d]
    for s in range(LANES):
        newest[s] = t * last[s]
    for a in range(d):
        here, before, t = z[d, a], z[d - 1, a], h[a]
        for s in range(LANES):
            here[s] = before[s] - t * newest[s]


@njit(fastmath=MATH)
def _record(z: NDArray, least: NDArray, gain: NDArray, best: NDArray, found: NDArray, d: int, number: int) -> None:
    """Keep support ``number`` where its gain is the best so far and its least squares solution is positive."""
    copy(least, z[d])
    for a in range(d):
        here = z[a]
        for s in range(LANES):
            least[s] = min(least[s], here[s])
    for s in range(LANES):
        better = (least[s] > 0.0) & (gain[s] > best[s])
        best[s] = gain[s] if better else best[s]
        found[s] = number if better else found[s]


@njit
def _next_support(S: NDArray, d: int, r: int, k: int, go_deeper: bool) -> int:
    """Move ``S[:d + 1]`` to its successor, depth first; returns the new depth, -1 after the last."""
    if go_deeper and d + 1 < k and S[d] + 1 < r:
        S[d + 1] = S[d] + 1
        return d + 1
    while d >= 0 and S[d] + 1 == r:
        d -= 1
    if d >= 0:
        S[d] += 1
    return d


@njit
def enumerate_supports(best: NDArray, found: NDArray, supports: NDArray, gram: NDArray, cross: NDArray) -> None:
    """See the twin. One Cholesky factor follows the search; ``cross`` is of shape (r, n)."""
    k, n = best.shape
    r = len(gram)
    S, T, U, v = np.zeros(k, np.int64), np.zeros(k, np.int64), np.empty((k, k)), np.empty(k)
    f, g, z = np.empty((k, LANES)), np.zeros((k + 1, LANES)), np.empty((k, k, LANES))
    top, which, least = np.empty((k, LANES)), np.empty((k, LANES), np.int64), np.empty(LANES)
    c = np.zeros((r, LANES))
    for first in range(0, n, LANES):
        width = min(LANES, n - first)
        for j in range(r):
            copy(c[j], cross[j, first : first + width])
        top[:] = 0.0
        which[:] = -1
        d, number = int(0), int(0)
        S[0] = 0
        while d >= 0:
            independent = append(U, T, d, S[d], gram, v)
            if independent:
                hit = _advance(f, g, top, d, c[S[d]], U)
                if hit or d + 1 < k:
                    _coefficients(z, f, d, U, v)
                if hit:
                    _record(z[d], least, g[d + 1], top[d], which[d], d, number)
                    copy(supports[number], S[: d + 1])
            number += 1
            d = _next_support(S, d, r, k, independent)
        for d in range(k):
            copy(best[d, first : first + width], top[d, :width])
            copy(found[d, first : first + width], which[d, :width])


@njit
def solve_supports(u: NDArray, supports: NDArray, found: NDArray, gram: NDArray, cross: NDArray) -> None:
    """See the twin: least squares of each observation on its own support."""
    r = len(gram)
    x, U, S, work = np.empty(r), np.empty((r, r)), np.empty(r, np.int64), np.empty((2, r))
    for i in range(len(u)):
        x[:] = 0.0
        if found[i] >= 0:
            for j in supports[found[i]]:
                if j >= 0:
                    x[j] = 1.0
        p = independent(U, S, x, gram, work[0])
        feasible(x, S, p, U, gram, cross[i], 0.0, work[0], work[1])
        copy(u[i], x)


@njit
def omp_rows(u: NDArray, gram: NDArray, cross: NDArray, k: int, tol: float) -> None:
    """See the twin."""
    n, r = u.shape
    U, S, work = np.empty((r, r)), np.empty(r, np.int64), np.empty((3, r))
    z, q, w = work[0], work[1], work[2]
    for i in range(n):
        x, p = u[i], int(0)
        x[:] = 0.0
        for _ in range(2 * k):
            slack = tol * dual(w, x, S, p, gram, cross[i], 0.0)
            for a in range(p):
                w[S[a]] = 0.0
            j = int(np.argmax(w))
            if p == k or w[j] <= slack or not append(U, S, p, j, gram, z):
                break
            p, _ = settle(x, S, p + 1, U, cross[i], 0.0, z, q)


@njit
def _children(order: NDArray, x: NDArray, kept: NDArray, k: int) -> int:
    """List the undecided indices in use by increasing coefficient; how many of them to remove in turn.

    The child that removes the i-th keeps those before it: with more than ``k`` kept, nothing sparse enough is left.
    """
    count, n_kept = 0, 0
    for j in range(len(x)):
        n_kept += kept[j]
        if x[j] > 0.0 and not kept[j]:
            a = count
            while a > 0 and x[order[a - 1]] > x[j]:
                order[a] = order[a - 1]
                a -= 1
            order[a] = j
            count += 1
    return min(count, k - n_kept + 1)


@njit
def _open_child(level: int, stack: tuple, k: int) -> None:
    """Copy a node one level down, without the next index of its list."""
    xs, Us, Ss, kept, allowed, counts, orders = stack
    new, p, turn = level + 1, counts[level, 0], counts[level, 2]
    counts[level, 2] += 1
    copy(xs[new], xs[level])
    copy_rows(Us[new], Us[level])
    copy(Ss[new], Ss[level])
    copy(kept[new], kept[level])
    copy(allowed[new], allowed[level])
    for a in range(turn):
        kept[new, orders[level, a]] = True
    allowed[new, orders[level, turn]] = False
    if kept[new].sum() == k:
        copy(allowed[new], kept[new])
    for a in range(p - 1, -1, -1):
        j = Ss[new, a]
        if not allowed[new, j]:
            xs[new, j] = 0.0
            remove(Us[new], Ss[new], p, a)
            p -= 1
    counts[new, 0] = p


@njit
def _open_root(stack: tuple, gram: NDArray, cross: NDArray, work: NDArray) -> None:
    """All indices allowed, none kept, least squares restricted to what is positive as a start."""
    xs, Us, Ss, kept, allowed, counts, _ = stack
    xs[0], kept[0], allowed[0] = 1.0, False, True
    p = independent(Us[0], Ss[0], xs[0], gram, work[0])
    counts[0, 0], _ = feasible(xs[0], Ss[0], p, Us[0], gram, cross, 0.0, work[0], work[1])


@njit
def _solve_node(level: int, stack: tuple, gram: NDArray, cross: NDArray, tol: float, work: NDArray) -> float:
    """Exact solution over the allowed indices, from that of the parent; returns twice its gain."""
    xs, Us, Ss, _, allowed, counts, _ = stack
    x, U, S = xs[level], Us[level], Ss[level]
    p, shift = settle(x, S, counts[level, 0], U, cross, 0.0, work[0], work[1])
    counts[level, 0] = lawson_hanson(x, S, p, shift, U, allowed[level], gram, cross, tol, 0.0, work)
    gain = 0.0
    for j in range(len(x)):
        gain += cross[j] * x[j]
    return gain


@njit
def branch_and_bound_rows(
    u: NDArray,
    gain: NDArray,
    nodes: NDArray,
    place: NDArray,
    stack: tuple,
    gram: NDArray,
    cross: NDArray,
    worth: NDArray,
    k: int,
    tol: float,
    budget: int,
) -> None:
    """See the twin; a search that is interrupted by its budget goes on at ``place`` (observation, depth) next time."""
    xs, _, _, kept, _, counts, orders = stack
    work, spent = np.empty((4, len(gram))), 0
    while place[0] < len(u) and spent < budget:
        i, level = place[0], place[1]
        if level < 0:
            _open_root(stack, gram, cross[i], work)
            level = int(0)
        elif counts[level, 2] < counts[level, 1]:
            _open_child(level, stack, k)
            level += 1
        else:
            place[1] = level - 1
            place[0] += level == 0
            continue
        value = _solve_node(level, stack, gram, cross[i], tol, work)
        nodes[i] += 1
        spent += 1
        place[1] = level
        counts[level, 1] = counts[level, 2] = 0
        if value > gain[i] + worth[i]:
            if counts[level, 0] > k:
                counts[level, 1] = _children(orders[level], xs[level], kept[level], k)
            else:
                gain[i] = value
                copy(u[i], xs[level])
