"""NumPy twins of the searches for the best nonnegative combination of few atoms."""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr.kernels.active_reference import _cholesky, _definite, _dependence, _dual_of, lawson_hanson


def new_stack(r: int) -> tuple[NDArray, ...]:
    """Room for the nodes between the root and a leaf.

    Solutions, Cholesky factors, their indices, indices kept and allowed, counts (in use, children, visited), children.
    """
    d = r + 1
    return (
        np.empty((d, r)),
        np.empty((d, r, r)),
        np.empty((d, r), np.int64),
        np.empty((d, r), np.bool_),
        np.empty((d, r), np.bool_),
        np.zeros((d, 3), np.int64),
        np.empty((d, r), np.int64),
    )


def enumerate_supports(best: NDArray, found: NDArray, supports: NDArray, gram: NDArray, cross: NDArray) -> None:
    """Try every support of 1 to ``k`` indices; ``cross`` is of shape (r, n), the diagonal of ``gram`` is one.

    ``best[p - 1]`` becomes twice the largest gain, ``cross' x``, of a positive least squares solution on ``p`` indices,
    ``found[p - 1]`` the row of ``supports`` where it was found (-1: none).
    """
    best[:], found[:] = 0.0, -1
    number = 0
    for p in range(1, len(best) + 1):
        for support in combinations(range(len(gram)), p):
            S = list(support)
            supports[number, :p] = S
            x = _definite(gram[np.ix_(S, S)], cross[S])
            if x is not None:
                gain = (cross[S] * x).sum(axis=0)
                better = (x > 0).all(axis=0) & (gain > best[p - 1])
                best[p - 1, better], found[p - 1, better] = gain[better], number
            number += 1


def solve_supports(u: NDArray, supports: NDArray, found: NDArray, gram: NDArray, cross: NDArray) -> None:
    """Solve least squares on row ``found[i]`` of ``supports``, -1 standing for none; ``cross`` is of shape (n, r)."""
    u[:] = 0.0
    for i in np.flatnonzero(found >= 0):
        S = supports[found[i]]
        S = S[S >= 0]
        u[i, S] = np.linalg.solve(gram[np.ix_(S, S)], cross[i, S])


def omp_rows(u: NDArray, gram: NDArray, cross: NDArray, k: int, tol: float) -> None:
    """Nonnegative orthogonal matching pursuit: let the best atom enter, solve on the support, at most ``k`` in use."""
    u[:] = 0.0
    for x, c in zip(u, cross, strict=True):
        dual, slack = _dual_of(gram, c, tol, 0.0)
        for _ in range(2 * k):
            w = np.where(x > 0, 0.0, dual(x))
            j = int(np.argmax(w))
            if np.count_nonzero(x) == k or w[j] <= slack(x):
                break
            S = np.append(np.flatnonzero(x), j)
            if _definite(gram[np.ix_(S, S)], c[S]) is None:
                break
            x[:] = _over(S, np.where(np.isin(np.arange(len(x)), S), np.maximum(x, 1e-300), 0.0), gram, c, tol)


def _over(S: NDArray, start: NDArray, gram: NDArray, cross: NDArray, tol: float) -> NDArray:
    """Nonnegative least squares over the indices ``S``."""
    x = np.zeros(len(cross))
    part, G, c = start[S].copy(), gram[np.ix_(S, S)], cross[S]
    lawson_hanson(part, _cholesky(G, c), _dependence(G, 0.0), *_dual_of(G, c, tol, 0.0))
    x[S] = part
    return x


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
    """Improve ``u`` and ``gain`` to the best with at most ``k`` nonzeros, row by row from ``place[0]``.

    A node allows some indices and is solved exactly. Its children remove, in turn, the indices in use by increasing
    coefficient, and keep those before; a node is closed when its gain is not more than ``worth`` above the best known.
    The search pauses after about ``budget`` nodes; ``nodes`` counts them.
    """
    limit = nodes.sum() + budget
    while place[0] < len(u) and nodes.sum() < limit:
        i = place[0]
        everything = np.ones(len(gram), dtype=bool)
        _visit(i, everything, ~everything, u, gain, nodes, gram, cross[i], worth[i], k, tol)
        place[0] += 1


def _visit(
    i: int,
    allowed: NDArray,
    kept: NDArray,
    u: NDArray,
    gain: NDArray,
    nodes: NDArray,
    gram: NDArray,
    cross: NDArray,
    worth: float,
    k: int,
    tol: float,
) -> None:
    x = _over(np.flatnonzero(allowed), allowed.astype(float), gram, cross, tol)
    value = float(cross @ x)
    nodes[i] += 1
    if value <= gain[i] + worth:
        return
    if np.count_nonzero(x) <= k:
        gain[i], u[i] = value, x
        return
    undecided = np.flatnonzero((x > 0) & ~kept)
    order = undecided[np.argsort(x[undecided], kind="stable")]
    for turn, j in enumerate(order[: k - kept.sum() + 1]):
        kept_now = kept.copy()
        kept_now[order[:turn]] = True
        allowed_now = kept_now.copy() if kept_now.sum() == k else allowed.copy()
        allowed_now[j] = False
        _visit(i, allowed_now, kept_now, u, gain, nodes, gram, cross, worth, k, tol)
