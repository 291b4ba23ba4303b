"""Alternation over factors, some of which are coded in a dictionary: ``factors[m] = D @ codes[m]``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr.blocks import Quadratic
from tensorly_hdr.factorization.init import starting_factors
from tensorly_hdr.factorization.inner import Plan
from tensorly_hdr.factorization.problem import Problem, State
from tensorly_hdr.kernels import hals_sweeps
from tensorly_hdr.solve import Iterate

Coder = Callable[[NDArray, Any], NDArray]
"""``coder(X, block) -> X``: better codes ``X`` (d, r) for the Quadratic block of the tall factor ``D @ X``."""


class Coded(NamedTuple):
    """Factors and their block, as :class:`Problem` sees them, and the codes of some of the modes."""

    state: State
    codes: dict[int, NDArray]


def alternate(
    problem: Problem,
    start: Sequence[NDArray],
    codes: Mapping[int, NDArray],
    dictionaries: Mapping[int, NDArray],
    coders: Mapping[int, Coder],
    plan: Plan,
) -> Iterator[Iterate]:
    """Improve every factor in turn, the coded ones first and through their codes; one iterate a round.

    The codes come first since those of a start are worth less than the other factors: all these can say about data is
    lost in a factor fitted to bad codes.
    """
    factors, memory, codes = list(start), plan.no_memory(), dict(codes)
    for m, X in codes.items():
        factors[m] = dictionaries[m] @ X
    order = sorted(range(len(factors)), key=lambda m: m not in coders)
    state = problem.start(factors, order[0])
    yield Coded(state, dict(codes)), {}
    while True:
        for m in order:
            block = problem.next_block(state, factors, m)
            if m in coders:
                codes[m] = coders[m](codes[m], block)
                factors[m] = dictionaries[m] @ codes[m]
            else:
                factors[m], memory[m] = plan.improve(m, factors[m], block, memory[m])
        state = problem.after(factors, block, order[-1], order[0])
        yield Coded(state, dict(codes)), {}


def starting_point(
    problem: Problem, rank: int, init: Any, positive: Sequence[bool], rng: np.random.Generator
) -> list[NDArray]:
    """Factors to start from: with random signs where signs are free, unless they were given."""
    factors = starting_factors(problem, rank, init, rng)
    if not isinstance(init, str):
        return [np.maximum(u, 0.0) if p else u for u, p in zip(factors, positive, strict=True)]
    return [
        u if p else u * rng.choice((-1.0, 1.0), u.shape).astype(u.dtype) for u, p in zip(factors, positive, strict=True)
    ]


def free_coder(D: NDArray) -> Coder:
    """Exact least squares: the best factor without constraint, projected on the span of ``D``, codes of least norm."""
    inverse = np.linalg.pinv(D, rcond=len(D.T) * float(np.finfo(D.dtype).eps))

    def improve(X: NDArray, block: Quadratic) -> NDArray:
        return np.asarray(inverse @ np.linalg.lstsq(block.gram, block.cross.T, rcond=None)[0].T)

    return improve


def nonnegative_coder(D: NDArray, most_sweeps: int, delta: float) -> Coder:
    """Coordinate descent on the nonnegative codes, one component after the other; the loss never rises."""
    gram = np.ascontiguousarray(D.T @ D)

    def improve(X: NDArray, block: Quadratic) -> NDArray:
        X, pull = np.array(X), D.T @ block.cross
        for q, g in enumerate(np.diag(block.gram)):
            others = block.gram[:, q].copy()
            others[q] = 0.0
            target = pull[:, q] - gram @ (X @ others)
            row = np.ascontiguousarray(X[:, q])[None, :]
            if g > 0:
                hals_sweeps(row, gram * g, target[None, :], 0.0, 0.0, 0.0, np.inf, most_sweeps, delta)
            X[:, q] = row[0]
        return X

    return improve
