"""The alternation with atoms: the other factors by least squares, the atoms by correlation, stalls left by swaps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr.blocks import Quadratic, half_square, least_squares
from tensorly_hdr.dictionary.assignment import Pool
from tensorly_hdr.factorization.problem import residual
from tensorly_hdr.linalg import gram_hadamard, mttkrp
from tensorly_hdr.penalties import NonNegative
from tensorly_hdr.regression.registry import block_pivoting
from tensorly_hdr.solve import Iterate

SWEEPS = 20  # over the other factors of a tensor, at most, before the atoms are looked at again
TRIES = 20  # swaps that are verified before none is said to help
WORK = 1 << 27  # products that a ranking of swaps may take for each component


class Atoms(NamedTuple):
    """Atoms that are picked, the factors (the atoms first) fitted to them, and the loss."""

    indices: NDArray
    factors: tuple[NDArray, ...]
    loss: float


@dataclass(frozen=True)
class Fit:
    """Data with the mode of the atoms in front, the pool of atoms, and what the factors have to be."""

    T: NDArray
    pool: Pool
    nonneg: bool
    cost: str
    eps: float

    @cached_property
    def const(self) -> float:
        """Half the squared norm of the data."""
        return half_square(self.T)

    @cached_property
    def unfolded(self) -> NDArray:
        """Data as a matrix, one column an observation."""
        return self.T.reshape(len(self.T), -1)

    @cached_property
    def atoms_are_nonneg(self) -> bool:
        """Whether the least squares estimate of the atoms is to be nonnegative too."""
        return self.nonneg and float(self.pool.D.min()) >= 0

    @cached_property
    def covariance_of_atoms(self) -> NDArray:
        """``Y Y' D``, of the size of the dictionary: what all swaps are judged from."""
        Y, D = self.unfolded, self.pool.D
        return np.asarray((Y @ Y.T) @ D if Y.shape[0] <= Y.shape[1] else Y @ (Y.T @ D))

    @cached_property
    def energy_on_atoms(self) -> NDArray:
        """Squared length of ``Y' d`` for each unit atom ``d``."""
        return np.asarray(np.einsum("ij,ij->j", self.pool.D, self.covariance_of_atoms))

    def is_exact(self, loss: float) -> bool:
        """Whether the residual is rounding: no other atoms can do better."""
        return loss <= self.eps * self.const

    def block(self, factors: Sequence[NDArray], m: int) -> Quadratic:
        """Subproblem in factor ``m``."""
        if self.T.ndim == 2:
            return least_squares(self.T.T if m else self.T, factors[1 - m], 2.0 * self.const)
        return Quadratic(gram_hadamard(factors, m), mttkrp(self.T, factors, m), self.const)

    def estimate(self, factors: Sequence[NDArray]) -> NDArray:
        """Factor of the atoms by least squares, as if any vector were one."""
        u = np.ones((len(self.T), self.pool.rank))
        return _solution(self.block(factors, 0), u, self.atoms_are_nonneg)

    def refit(self, indices: NDArray, others: Sequence[NDArray]) -> Atoms:
        """Fit the other factors to the atoms; exact for a matrix, some sweeps for a tensor."""
        factors = [self.pool.D[:, indices], *others]
        loss = np.inf
        for _ in range(1 if self.T.ndim == 2 else SWEEPS):
            for m in range(1, self.T.ndim):
                block = self.block(factors, m)
                factors[m] = _solution(block, factors[m], self.nonneg)
            before, loss = loss, block.value(factors[-1])
            if before - loss <= 1e-6 * before:
                break
        if loss < 1e-6 * self.const:  # the products cancel
            loss = residual(self.T, None, factors)
        return Atoms(indices, tuple(factors), loss)

    def nearest(self, A: NDArray) -> NDArray:
        """Atoms assigned to the columns of ``A``."""
        return self.pool.choose(A, self.cost, self.nonneg)

    def round(self, state: Atoms) -> Atoms:
        """One round of MC-ALS; it may raise the loss."""
        return self.refit(self.nearest(self.estimate(state.factors)), state.factors[1:])

    def from_atoms(self, indices: NDArray) -> Atoms:
        """Factors fitted to atoms from nothing: each row of ``A^+ Y`` is made rank one."""
        n, r = self.T.shape[1:], len(indices)
        if len(n) == 1:
            return self.refit(indices, [np.ones((n[0], r))])
        rows = np.linalg.pinv(self.pool.D[:, indices]) @ self.unfolded
        parts = [rank_one(row.reshape(n), self.nonneg) for row in rows]
        return self.refit(indices, [np.column_stack(u) for u in zip(*parts, strict=True)])


def _solution(block: Quadratic, u: NDArray, nonneg: bool) -> NDArray:
    if nonneg:
        return block_pivoting(u, block, NonNegative())[0]
    if block.source is not None:
        Y, K = block.source
        return np.ascontiguousarray(np.linalg.lstsq(K, Y.T, rcond=None)[0].T)
    return np.asarray(block.cross @ np.linalg.pinv(block.gram, hermitian=True))


def rank_one(T: NDArray, nonneg: bool) -> list[NDArray]:
    """One vector a mode, the leading left singular vectors of the unfoldings; their larger parts if nonnegative."""
    out = []
    for m in range(T.ndim):
        u = np.linalg.svd(np.moveaxis(T, m, 0).reshape(T.shape[m], -1), full_matrices=False)[0][:, 0]
        if nonneg:
            plus, minus = np.maximum(u, 0.0), np.maximum(-u, 0.0)
            u = plus if plus @ plus >= minus @ minus else minus
        out.append(u)
    return out


@dataclass(frozen=True)
class Plan:
    """Whether to swap atoms after a stall, how often to restart, and the gain below which nothing counts, relative."""

    swap: bool
    restart: int
    tol: float


def search(fit: Fit, begin: Callable[[], Atoms], plan: Plan, rng: np.random.Generator) -> Iterator[Iterate]:
    """Rounds, swaps and restarts; an iterate is the best so far, its info tells what was tried last."""
    best = start = begin()
    least = plan.tol * best.loss
    yield best, {"tried": best.loss, "swap": 0.0, "attempt": 0.0}
    for attempt in range(1 + plan.restart):
        if fit.is_exact(best.loss):
            break
        first = perturbed(fit, best, rng) if attempt else start
        for state, is_swap in descend(fit, first, plan.swap, least):
            best = min(best, state, key=lambda s: s.loss)
            yield best, {"tried": state.loss, "swap": float(is_swap), "attempt": float(attempt)}
            if fit.is_exact(best.loss):
                break
    while fit.T.ndim > 2:  # the sweeps of a tensor are not over when its atoms are
        again = fit.refit(best.indices, best.factors[1:])
        if not again.loss < best.loss - least:
            return
        best = again
        yield best, {"tried": best.loss, "swap": 0.0, "attempt": float(plan.restart)}


def descend(fit: Fit, state: Atoms, swap: bool, least: float) -> Iterator[tuple[Atoms, bool]]:
    """Rounds until a set of atoms comes back; then, from the best of them, swaps that lower the loss."""
    seen: set[bytes] = set()
    best = state
    while (key := np.sort(state.indices).tobytes()) not in seen:
        seen.add(key)
        state = fit.round(state)
        best = min(best, state, key=lambda s: s.loss)
        yield state, False
    if fit.T.ndim > 2:  # the atoms are settled before the sweeps are
        best = min(best, fit.from_atoms(best.indices), key=lambda s: s.loss)
        yield best, False
    while swap and not fit.is_exact(best.loss):
        after = exchange(fit, best, least)
        if after is None:
            return
        best = after
        yield best, True
        state = fit.round(best)
        if state.loss < best.loss - least:
            best = state
            yield best, False


def perturbed(fit: Fit, state: Atoms, rng: np.random.Generator) -> Atoms:
    """Replace half of the atoms by others of their dictionaries, drawn at random."""
    indices = state.indices.copy()
    for q in rng.permutation(len(indices))[: (len(indices) + 1) // 2]:
        offered = np.flatnonzero(fit.pool.source == fit.pool.source[indices[q]])
        offered = offered[~np.isin(offered, indices)]
        if offered.size:
            indices[q] = rng.choice(offered)
    return fit.from_atoms(indices)


def exchange(fit: Fit, state: Atoms, least: float) -> Atoms | None:
    """Replace one atom by the one that lowers the loss most; None if no candidate does.

    The bound of a swap is its loss with free coefficients: exact for a matrix without constraint, and no swap whose
    bound is above the loss can help. A fit verifies the lowest bounds; with nonnegative coefficients, half of the
    candidates are those that help most when the other coefficients stay as they are.
    """
    bounds = np.vstack([swap_bounds(fit, state.indices, q) for q in range(len(state.indices))])
    best, limit = None, state.loss - least
    for q, atom in _candidates(fit, state, bounds):
        after = swapped(fit, state, q, atom) if bounds[q, atom] < limit else state
        if after.loss < limit:
            best, limit = after, after.loss
    return best


def _candidates(fit: Fit, state: Atoms, bounds: NDArray) -> list[tuple[int, int]]:
    """Component and new atom of the swaps to verify, the lowest bounds first."""
    if not fit.nonneg or fit.T.ndim > 2:
        return _lowest(bounds, TRIES)
    fixed, few = np.full(bounds.shape, np.inf), max(TRIES, WORK // fit.T.size)
    for q, row in enumerate(bounds):
        atoms = np.array([atom for _, atom in _lowest(row[None], few)], dtype=np.intp)
        fixed[q, atoms] = fixed_losses(fit, state, q, atoms)
    return list(dict.fromkeys(_lowest(bounds, TRIES // 2) + _lowest(fixed, TRIES // 2)))


def _lowest(values: NDArray, count: int) -> list[tuple[int, int]]:
    """Positions of the lowest finite values, in their order."""
    flat = values.ravel()
    order = np.argpartition(flat, count)[:count] if count < flat.size else np.arange(flat.size)
    order = order[np.isfinite(flat[order])]
    rows, columns = np.unravel_index(order[np.argsort(flat[order], kind="stable")], values.shape)
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


def fixed_losses(fit: Fit, state: Atoms, q: int, atoms: NDArray) -> NDArray:
    """Loss when one of ``atoms`` replaces that of component ``q`` of a matrix, and only its coefficients change."""
    (A, B), pool = (np.delete(u, q, axis=1) for u in state.factors), fit.pool
    base = fit.const + float(np.sum((0.5 * (B @ (A.T @ A)) - fit.T.T @ A) * B))
    gains = np.empty(len(atoms))
    for first in range(0, len(atoms), 64):
        some = atoms[first : first + 64]
        cross = pool.D[:, some].T @ fit.T - (pool.D[:, some].T @ A) @ B.T
        gains[first : first + 64] = np.square(np.maximum(cross, 0.0, out=cross), out=cross).sum(axis=1)
    return np.asarray(base - 0.5 * gains)


def swapped(fit: Fit, state: Atoms, q: int, atom: int) -> Atoms:
    """State with another atom for component ``q``."""
    indices = state.indices.copy()
    indices[q] = atom
    others = list(state.factors[1:])
    if len(others) > 1:
        own = complement(fit.pool.D[:, np.delete(indices, q)], fit.pool.D[:, [atom]])[:, 0]
        parts = rank_one((own @ fit.unfolded).reshape(fit.T.shape[1:]), fit.nonneg)
        others = [np.column_stack([u[:, :q], v, u[:, q + 1 :]]) for u, v in zip(others, parts, strict=True)]
    return fit.refit(indices, others)


def complement(A: NDArray, X: NDArray) -> NDArray:
    """Part of ``X`` that is orthogonal to the columns of ``A``."""
    Q = basis(A)
    return np.asarray(X - Q @ (Q.T @ X))


def basis(A: NDArray) -> NDArray:
    """Orthonormal basis of the span of the columns of ``A``."""
    U, s, _ = np.linalg.svd(A / np.maximum(np.linalg.norm(A, axis=0), np.finfo(A.dtype).tiny), full_matrices=False)
    return np.asarray(U[:, s > 1e-10 * s[:1].sum()])


def swap_bounds(fit: Fit, indices: NDArray, q: int) -> NDArray:
    r"""Loss with free coefficients when each atom in turn replaces that of component ``q``.

    With ``P`` the projection on the complement of the other atoms, :math:`\frac12 (\|P Y\|^2 - \|Y^T P d\|^2 /
    \|P d\|^2)`: from ``Q' d`` and ``Q' Y Y' d`` alone, ``Q`` an orthonormal basis of their span.
    """
    D, H, pool = fit.pool.D, fit.covariance_of_atoms, fit.pool
    Q = basis(np.delete(D[:, indices], q, axis=1))
    Z, QY = Q.T @ D, Q.T @ fit.unfolded
    inside = np.einsum("ij,ij->j", Z, (QY @ QY.T) @ Z - 2.0 * (Q.T @ H))
    gain = np.maximum(fit.energy_on_atoms + inside, 0.0)
    length = 1.0 - np.einsum("ij,ij->j", Z, Z)
    bounds = np.full(D.shape[1], np.inf)
    base = fit.const - half_square(QY)
    np.divide(gain, length, out=gain, where=length > 1e-10)
    offered = (length > 1e-10) & (pool.source == pool.source[indices[q]])
    offered[indices] = False
    bounds[offered] = np.maximum(base - 0.5 * gain[offered], 0.0)
    return bounds
