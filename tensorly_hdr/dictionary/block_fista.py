"""Convex relaxations of sparse coding: accelerated proximal gradient on a path of falling weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr.dictionary.coding import Coding, debias, supports_of
from tensorly_hdr.penalties import L1, MaxColumnL1, NonNegative
from tensorly_hdr.solve import Iterate

START, FALL, FLOOR = 0.5, 1.3, 1e-4
"""The weights, relative to the least ones that make the codes zero: at the start, their ratio, at the end."""
PATIENCE = 10
"""The path ends when it brought nothing better for this many values of the weights."""
WIDTH = 512
"""Atoms that the inner iterations work on, at most; more only when more are in use."""
INNER = 25
"""Iterations for one value of the weights."""


@dataclass(frozen=True)
class Relaxation:
    """A convex penalty: ``prox(V, steps)``, ``value(X, weights)``, and the least weights whose codes are zero."""

    prox: Callable[[NDArray, NDArray], NDArray]
    value: Callable[[NDArray, NDArray], float]
    largest: Callable[[NDArray], NDArray]


def by_column(nonneg: bool) -> Relaxation:
    """Sum of the l1 norms of the columns, one weight each."""
    penalty = NonNegative(l1=1.0) if nonneg else L1(1.0)
    return Relaxation(penalty.prox, lambda X, weights: float(np.abs(X).sum(axis=0) @ weights), lambda tops: tops)


def by_largest_column(nonneg: bool) -> Relaxation:
    """Largest l1 norm of a column, one weight for all (the first); the dual norm sums the largest correlations."""
    penalty = MaxColumnL1(1.0, nonneg)
    return Relaxation(
        lambda V, steps: penalty.prox(V, float(steps[0])),
        lambda X, weights: float(weights[0]) * penalty.value(X),
        lambda tops: np.full_like(tops, tops.sum()),
    )


def block_fista(coding: Coding, X: NDArray, rng: np.random.Generator | None) -> Iterator[Iterate]:
    r"""Block-FISTA: the sum of the :math:`\ell_1` norms of the columns, each with a weight of its own [1]_.

    There each weight moves until its column has ``k`` nonzeros; here all fall together, and the best codes are kept.

    References
    ----------
    .. [1] J. E. Cohen, Frontiers in Applied Mathematics and Statistics, 2022 (mixed sparse coding).
    """
    return relaxed(coding, X, rng, by_column(coding.nonneg))


def ista_l11(coding: Coding, X: NDArray, rng: np.random.Generator | None) -> Iterator[Iterate]:
    r"""Accelerated ISTA with the matrix norm :math:`\ell_{1,1}`, the tightest convex relaxation [1]_.

    References
    ----------
    .. [1] J. E. Cohen, Frontiers in Applied Mathematics and Statistics, 2022 (mixed sparse coding).
    """
    return relaxed(coding, X, rng, by_largest_column(coding.nonneg))


def relaxed(coding: Coding, X: NDArray, rng: np.random.Generator | None, relaxation: Relaxation) -> Iterator[Iterate]:
    """Follow the solutions of the relaxation while its weights fall; an iterate is the best feasible point so far.

    For each value of the weights some accelerated steps from the last codes, whose ``k`` largest entries in a column
    tell the support; all coefficients are then solved on it. High weights find few atoms, strongly biased; low ones
    find more than ``k``: the best is in between, where, is not known, and may be elsewhere for each column. With
    ``rng`` the ratios of the weights of the columns are drawn.
    """
    tops = np.maximum(coding.correlations, 0.0) if coding.nonneg else np.abs(coding.correlations)
    weights = START * relaxation.largest(tops.max(axis=0))
    least_weights = FLOOR / START * weights
    if rng is not None:
        weights = weights * rng.uniform(0.1, 1.0, len(weights)).astype(weights.dtype)
    best, least, lowest, idle = X, coding.loss(X), np.inf, 0
    state = (X, X, 1.0)
    yield best, {"penalized": least + relaxation.value(X, weights), "nonzeros": int(np.count_nonzero(X))}
    while idle < PATIENCE and (weights >= least_weights).any():
        state = accelerate(coding, state, weights, relaxation)
        candidate = debias(coding, supports_of(coding.inside(state[0])))
        loss = coding.loss(candidate)
        lowest, idle = (loss, 0) if loss < lowest else (lowest, idle + 1)
        best, least = (candidate, loss) if loss < least else (best, least)
        penalized = coding.loss(state[0]) + relaxation.value(state[0], weights)
        yield best, {"penalized": penalized, "nonzeros": int(np.count_nonzero(state[0]))}
        weights = weights / FALL


def accelerate(
    coding: Coding, state: tuple[NDArray, NDArray, float], weights: NDArray, relaxation: Relaxation
) -> tuple[NDArray, NDArray, float]:
    """``INNER`` steps of FISTA with restart, on the atoms in use and those of largest slope: ``(X, V, t)``.

    The other atoms stay at zero until the slopes are computed again, at the next call.
    """
    X, V, t = state
    rows = working_set(coding, X, V, weights)
    product, top = _atom_products(coding, rows)
    gram, pull = coding.block.gram, coding.correlations[rows]
    step = 1.0 / ((top * coding.block.lipschitz) or 1.0)
    x, v = X[rows], V[rows]
    for _ in range(INNER):
        new = relaxation.prox(v - step * (product(v) @ gram - pull), step * weights)
        if np.vdot(v - new, new - x) > 0.0:
            t = 1.0
        t_new = (1.0 + sqrt(1.0 + 4.0 * t * t)) / 2.0
        v = new + (t - 1.0) / t_new * (new - x)
        x, t = new, t_new
    out = np.zeros_like(X), np.zeros_like(V)
    out[0][rows], out[1][rows] = x, v
    return (*out, t)


def working_set(coding: Coding, X: NDArray, V: NDArray, weights: NDArray) -> Any:
    """Atoms for the next steps: all when they are few."""
    if len(X) <= WIDTH:
        return slice(None)
    slopes = coding.correlations - coding.pull(coding.times(X) @ coding.block.gram)
    excess = ((slopes if coding.nonneg else np.abs(slopes)) - weights).max(axis=1)
    excess[X.any(axis=1) | V.any(axis=1)] = np.inf
    kept = max(WIDTH, int(np.isinf(excess).sum()))
    return np.sort(np.argpartition(-excess, kept - 1)[:kept])


def _atom_products(coding: Coding, rows: Any) -> tuple[Callable[[NDArray], NDArray], float]:
    """``v -> D' D v`` on some atoms, by their Gram matrix where it is the smaller, and its largest eigenvalue."""
    if isinstance(rows, slice):
        gram = coding.atoms.gram
        if gram is not None:
            return (lambda v: gram @ v), coding.atoms.largest
        D = coding.D
        return (lambda v: D.T @ (D @ v)), coding.atoms.largest
    D = coding.D[:, rows]
    return (lambda v: D.T @ (D @ v)), float(np.linalg.norm(D, 2)) ** 2
