"""Atoms to start from: those nearest to the signal subspace, to columns of the data, to random or given factors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr.dictionary.alternation import Atoms, Fit, basis, complement
from tensorly_hdr.factorization.init import given_factors
from tensorly_hdr.factorization.separable import snpa


def starting_atoms(fit: Fit, init: Any, rng: np.random.Generator) -> Atoms:
    """Start named or given by ``init``, whose factors come with the mode of the atoms in front."""
    if isinstance(init, str):
        start: Atoms = check.choice("init", init, STARTS)(fit, rng)
        return start
    drawn = _uniform(fit, rng)
    factors = given_factors(init, fit.T.shape, fit.pool.rank, drawn)
    if init[0] is None:
        return fit.refit(fit.nearest(fit.estimate(factors)), factors[1:])
    indices = fit.nearest(factors[0])
    return fit.from_atoms(indices) if all(u is None for u in init[1:]) else fit.refit(indices, factors[1:])


def from_random(fit: Fit, rng: np.random.Generator) -> Atoms:
    """Atoms nearest to the least squares estimate, the other factors drawn."""
    factors = _uniform(fit, rng)
    return fit.refit(fit.nearest(fit.estimate(factors)), factors[1:])


def from_columns(fit: Fit, rng: np.random.Generator) -> Atoms:
    """Atoms nearest to the columns of the data that SNPA picks."""
    check.plain_matrix("init='snpa'", fit.T, None)
    return fit.from_atoms(fit.nearest(snpa(fit.T, fit.pool.rank).W))


def from_subspace(fit: Fit, rng: np.random.Generator) -> Atoms:
    """Greedy: the atom closest to the leading subspace, then the same off the atoms picked (rank-aware pursuit)."""
    pool = fit.pool
    Y = fit.unfolded
    R = Y if Y.shape[0] >= Y.shape[1] else np.asarray(np.linalg.qr(Y.T, mode="r")).T  # the same left singular vectors
    U = np.linalg.svd(R, full_matrices=False)[0][:, : pool.rank]
    indices = np.empty(0, dtype=np.intp)
    offered, left = np.ones(pool.D.shape[1], dtype=bool), list(pool.counts)
    for _ in range(pool.rank):
        picked = pool.D[:, indices]
        inside = basis(complement(picked, U)) if indices.size else U
        Z = basis(picked).T @ pool.D if indices.size else np.zeros((0, pool.D.shape[1]))
        length = 1.0 - np.einsum("ij,ij->j", Z, Z)
        share = np.full(pool.D.shape[1], -1.0)
        free = length > 1e-10
        share[free] = np.square(inside.T @ pool.D[:, free]).sum(axis=0) / length[free]
        share[~offered] = -np.inf
        best = int(np.argmax(share))
        indices, offered[best] = np.append(indices, best), False
        left[pool.source[best]] -= 1
        if not left[pool.source[best]]:
            offered[pool.source == pool.source[best]] = False
    return fit.from_atoms(indices)


def _uniform(fit: Fit, rng: np.random.Generator) -> list[NDArray]:
    return [rng.random((n, fit.pool.rank)) for n in fit.T.shape]


STARTS: dict[str, Callable[[Fit, np.random.Generator], Atoms]] = {
    "random": from_random,
    "snpa": from_columns,
    "subspace": from_subspace,
}
