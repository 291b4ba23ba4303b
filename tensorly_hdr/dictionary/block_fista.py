"""Convex relaxations of sparse coding: accelerated proximal gradient whose weights adapt to the wanted sparsity."""

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

START = 0.5
"""First weight, relative to the least one that makes the codes zero."""
EXCESS = 5
"""A column may have this many nonzeros above ``k`` before its weight grows."""
FALL, RISE = 1.3, 1.01
WIDTH = 512
"""Atoms that the inner iterations work on, at most; more only when more are in use."""
INNER = 25
"""Iterations between two looks at all the atoms, at the weights and at the best codes with ``k`` nonzeros."""


@dataclass(frozen=True)
class Relaxation:
    """A convex penalty of weight one, its ``prox(V, steps)``, and how weights are chosen and adapted."""

    prox: Callable[[NDArray, Any], NDArray]
    value: Callable[[NDArray, NDArray], float]
    largest: Callable[[NDArray], NDArray]
    adapted: Callable[[NDArray, NDArray, NDArray], NDArray]


def by_column(nonneg: bool) -> Relaxation:
    """Sum of the l1 norms of the columns, one weight each."""
    penalty = NonNegative(l1=1.0) if nonneg else L1(1.0)
    return Relaxation(
        penalty.prox,
        lambda X, weights: float(np.abs(X).sum(axis=0) @ weights),
        lambda tops: tops,
        lambda relative, few, many: np.where(few, relative / FALL, np.where(many, relative * RISE, relative)),
    )


def by_largest_column(nonneg: bool) -> Relaxation:
    """Largest l1 norm of a column: one weight for all, which falls as long as a column is too sparse."""
    penalty = MaxColumnL1(1.0, nonneg)
    return Relaxation(
        lambda V, steps: penalty.prox(V, float(np.max(steps))),
        lambda X, weights: float(weights[0]) * penalty.value(X),
        lambda tops: np.full_like(tops, tops.sum()),  # the dual norm
        lambda relative, few, many: relative / FALL if few.any() else relative * RISE if many.all() else relative,
    )


def block_fista(coding: Coding, X: NDArray, rng: np.random.Generator | None, tol: float = 1e-6) -> Iterator[Iterate]:
    r"""Block-FISTA: :math:`\ell_1` on every column, each with its own weight [1]_.

    References
    ----------
    .. [1] J. E. Cohen, Dictionary-based low-rank approximation and the mixed sparse coding problem, 2022.
    """
    return relaxed(coding, X, rng, by_column(coding.nonneg), tol)


def ista_l11(coding: Coding, X: NDArray, rng: np.random.Generator | None, tol: float = 1e-6) -> Iterator[Iterate]:
    r"""Accelerated ISTA with the matrix norm :math:`\ell_{1,1}`, the tightest convex relaxation [1]_.

    References
    ----------
    .. [1] J. E. Cohen, Dictionary-based low-rank approximation and the mixed sparse coding problem, 2022.
    """
    return relaxed(coding, X, rng, by_largest_column(coding.nonneg), tol)


def relaxed(
    coding: Coding, X: NDArray, rng: np.random.Generator | None, relaxation: Relaxation, tol: float
) -> Iterator[Iterate]:
    """Solve the relaxation; an iterate is the best codes with ``k`` nonzeros, on the largest entries of what it found.

    The weights begin high, where few atoms are in use, and fall until every column has its ``k``. It ends when they
    rest and the penalized loss moves by less than ``tol`` of its value at zero. With ``rng`` the start and the first
    weights are perturbed.
    """
    tops = np.maximum(coding.correlations, 0.0) if coding.nonneg else np.abs(coding.correlations)
    largest = relaxation.largest(tops.max(axis=0))
    relative = np.full(len(coding.k), START, dtype=coding.D.dtype)
    best, V = X, X
    if rng is not None:
        relative *= rng.uniform(0.01, 1.0, len(relative)).astype(coding.D.dtype)
        V = X * rng.uniform(0.0, 2.0, X.shape).astype(X.dtype)
    least, before, scale = coding.loss(best), np.inf, coding.block.const or 1.0
    state = (V, V, 1.0)
    yield best, {"penalized": least + relaxation.value(V, relative * largest), "nonzeros": int(np.count_nonzero(V))}
    while True:
        weights = relative * largest
        state = accelerate(coding, state, weights, relaxation)
        found = state[0]
        candidate = debias(coding, supports_of(coding.inside(found)))
        loss = coding.loss(candidate)
        if loss < least:
            best, least = candidate, loss
        penalized = coding.loss(found) + relaxation.value(found, weights)
        yield best, {"penalized": penalized, "nonzeros": int(np.count_nonzero(found))}
        counts = np.count_nonzero(found, axis=0)
        new = np.minimum(relaxation.adapted(relative, counts < coding.k, counts > coding.k + EXCESS), 1.0)
        at_rest = np.array_equal(new, relative) or new.max() < 1e-12
        if at_rest and abs(before - penalized) <= tol * scale:
            return
        relative, before = new, penalized


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
    slopes = coding.correlations - coding.D.T @ (coding.times(X) @ coding.block.gram)
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
