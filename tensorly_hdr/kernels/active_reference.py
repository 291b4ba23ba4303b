"""NumPy twins of the exact solvers: the definition the tests hold the compiled ones to, and the fallback."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Solve = Callable[[NDArray], NDArray | None]


def active_set_rows(u: NDArray, gram: NDArray, cross: NDArray, tol: float, total: float) -> None:
    """Solve ``min u gram u'/2 - <u, cross>, u >= 0`` exactly, row by row, in place, from the support of ``u``.

    With ``total > 0`` each row sums to it. No entry of ``gram`` may exceed one: ``tol`` is relative to that.
    """
    for i in range(len(u)):
        solve = _sum_to(total, gram, cross[i]) if total > 0 else _cholesky(gram, cross[i])
        if total > 0:
            _one_vertex(u[i], gram, cross[i], total)
        lawson_hanson(u[i], solve, _dependence(gram, total), *_dual_of(gram, cross[i], tol, total))


def block_pivoting_rows(u: NDArray, gram: NDArray, cross: NDArray, tol: float) -> None:
    """Solve the same by exchanging all infeasible indices at once; the active set where that does not settle."""
    for i in range(len(u)):
        solve, (dual, slack) = _cholesky(gram, cross[i]), _dual_of(gram, cross[i], tol, 0.0)
        if not _pivot(u[i], solve, dual, slack):
            np.maximum(u[i], 0.0, out=u[i])
            lawson_hanson(u[i], solve, _dependence(gram, 0.0), dual, slack)


def small_pivoting_rows(u: NDArray, gram: NDArray, cross: NDArray, tol: float) -> None:
    """Compute the same; the compiled kernel of this name remembers the inverse of each support."""
    block_pivoting_rows(u, gram, cross, tol)


def lawson_hanson(
    x: NDArray,
    solve: Solve,
    depends: Callable[[NDArray, int], NDArray | None],
    dual: Callable[[NDArray], NDArray],
    slack: Callable[[NDArray], float],
) -> None:
    """Active set of one observation, in place, from the support of ``x``.

    ``solve(S)`` is the least squares solution on the indices ``S``, None if they are dependent; ``depends(S, j)`` is
    the combination of them that makes ``j`` then, None if they cannot be exchanged; ``dual(x)`` is minus the gradient;
    dual variables under ``slack(x)`` are rounding.
    """
    passive, rejected, swapped = x > 0, np.zeros(len(x), dtype=bool), np.zeros(len(x), dtype=bool)
    if passive.any() and not _refine(x, passive, solve, -1):
        x[:], passive[:] = 0.0, False
    for _ in range(20 * len(x) + 20):
        w = dual(x)
        w[passive | rejected] = -np.inf
        j = int(np.argmax(w))
        if not w[j] > slack(x):
            return
        passive[j] = True
        if _refine(x, passive, solve, j):
            rejected[:], swapped[:] = False, False
        else:
            passive[j], rejected[j] = False, True
            if _swap(x, passive, solve, depends, j):
                # those that came by an exchange stay out until one enters by itself, or two would swap for ever
                swapped[j] = True
                rejected[:] = swapped


def _swap(
    x: NDArray, passive: NDArray, solve: Solve, depends: Callable[[NDArray, int], NDArray | None], j: int
) -> bool:
    """Let ``j``, which depends on the support, replace one of its indices: with l1 that can lower the loss."""
    S = np.flatnonzero(passive)
    h = None if S.size == 0 or solve(np.append(S, j)) is not None else depends(S, j)
    if h is None or not (h > 1e-10).any():
        return False
    with np.errstate(divide="ignore"):
        t = np.where(h > 1e-10, x[S] / np.where(h > 1e-10, h, 1.0), np.inf)
    blocking = int(np.argmin(t))
    x[S] = np.maximum(x[S] - t[blocking] * h, 0.0)
    x[S[blocking]], x[j] = 0.0, t[blocking]
    passive[:] = x > 0
    return _refine(x, passive, solve, -1)


def _refine(x: NDArray, passive: NDArray, solve: Solve, j: int) -> bool:
    """Move ``x`` to the least squares solution on its support, dropping indices that turn negative on the way.

    False, with ``x`` and ``passive`` as they were, when the newcomer ``j`` brings nothing (its solution is not
    positive, or it depends on the others).
    """
    first = True
    while passive.any():
        S = np.flatnonzero(passive)
        z = solve(S)
        if z is None or (first and j >= 0 and z[np.searchsorted(S, j)] <= 0):
            return not first
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


def _pivot(x: NDArray, solve: Solve, dual: Callable[[NDArray], NDArray], slack: Callable[[NDArray], float]) -> bool:
    """Block principal pivoting of one observation; False if a support is singular or it does not settle."""
    passive, fewest, tries = x > 0, len(x) + 1, 3
    for _ in range(5 * len(x) + 20):
        S = np.flatnonzero(passive)
        z = solve(S)
        if z is None:
            return False
        x[:] = 0.0
        x[S] = z
        bad = np.flatnonzero(np.where(passive, x <= 0.0, dual(x) > slack(x)))
        if bad.size == 0:
            return True
        if bad.size < fewest:
            fewest, tries = bad.size, 3
        elif tries:
            tries -= 1
        else:
            bad = bad[-1:]
        passive[bad] = ~passive[bad]
    return False


def _dual_of(
    gram: NDArray, cross: NDArray, tol: float, total: float
) -> tuple[Callable[[NDArray], NDArray], Callable[[NDArray], float]]:
    def dual(x: NDArray) -> NDArray:
        w: NDArray = cross - gram @ x
        # with a prescribed sum, what counts is how much a coordinate beats those in use
        return w - np.mean(w[x > 0]) if total > 0 else w

    return dual, lambda x: tol * max(float(np.abs(cross).max()), float(np.abs(x).sum()))


def _dependence(gram: NDArray, total: float) -> Callable[[NDArray, int], NDArray | None]:
    """How an atom depends on others; not asked for under a prescribed sum, where an exchange brings nothing."""
    return lambda S, j: None if total > 0 else np.linalg.solve(gram[np.ix_(S, S)], gram[S, j])


def _cholesky(gram: NDArray, cross: NDArray) -> Solve:
    """Least squares on a support from the normal equations."""
    return lambda S: _definite(gram[np.ix_(S, S)], cross[S])


def _sum_to(total: float, gram: NDArray, cross: NDArray) -> Solve:
    """Least squares on a support under a prescribed sum: one multiplier more."""

    def solve(S: NDArray) -> NDArray | None:
        z = _definite(gram[np.ix_(S, S)], np.column_stack([cross[S], np.ones(len(S))]))
        return None if z is None else z[:, 0] + (total - z[:, 0].sum()) / z[:, 1].sum() * z[:, 1]

    return solve


def _definite(G: NDArray, c: NDArray) -> NDArray | None:
    try:
        L = np.linalg.cholesky(G)
    except np.linalg.LinAlgError:
        return None
    if (np.diag(L) ** 2 <= 1e-13 * np.diag(G)).any():
        return None
    z: NDArray = np.linalg.solve(G, c)
    return z


def _one_vertex(x: NDArray, gram: NDArray, cross: NDArray, total: float) -> None:
    """Go to the vertex of the simplex with the least loss: a start whose sum is right."""
    x[:] = 0.0
    x[np.argmax(cross - 0.5 * total * np.diag(gram))] = total
