"""Least squares without the constraint, then a projection: one round of it, on a tensor or on its compression."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr.blocks import half_square
from tensorly_hdr.linalg import gram_hadamard, mttkrp, reconstruct
from tensorly_hdr.regression._exact import by_qr
from tensorly_hdr.solve import Iterate


@check.known_options
def project_on_cone(X: Any, U: Any) -> NDArray:
    r"""Nearest points of a cone, column by column: :math:`\min_{Ux \ge 0} \frac12 \|x - \hat x\|_2^2`.

    It is :math:`\hat x + U^T z`, where :math:`z \ge 0` minimizes :math:`\frac12 \|U^T z + \hat x\|_2^2`: one
    nonnegative least squares problem for each column, with as many unknowns as ``U`` has rows.

    Parameters
    ----------
    X : array of shape (r, n)
        One point per column.
    U : array of shape (m, r)
        One inequality per row.

    Returns
    -------
    array of shape (r, n)

    Raises
    ------
    ValueError
        When the arrays are not finite matrices, or their sizes disagree.

    References
    ----------
    .. [1] J. Cohen, Regularized low-rank approximations, 2026, section 14.3 (note on the projection).

    Examples
    --------
    >>> import numpy as np
    >>> project_on_cone([[-1.0], [2.0]], [[1.0, 0.0], [1.0, 1.0]])
    array([[0.],
           [2.]])
    """
    X, U = check.same_dtype(check.as_array("X", X, ndim=2), check.as_array("U", U, ndim=2))
    check.same_size(rows_of_X=X.shape[0], columns_of_U=U.shape[1])
    return np.asarray(X + (by_qr(-X.T, U.T) @ U).T.astype(X.dtype))


class State(NamedTuple):
    """Nonnegative factors and their loss; the best ones so far and theirs."""

    factors: tuple[NDArray, ...]
    loss: float
    best: tuple[NDArray, ...]
    least: float


@dataclass(frozen=True)
class Target:
    """The tensor to fit, ``expand(core, bases)``; the core itself without bases, where factors are coordinates."""

    core: NDArray
    bases: tuple[NDArray, ...] | None = None
    left_out: float = 0.0
    exact: bool = False

    @cached_property
    def const(self) -> float:
        return half_square(self.core)

    def coordinates(self, u: NDArray, mode: int) -> NDArray:
        return u if self.bases is None else np.asarray(self.bases[mode].T @ u)

    def nonnegative(self, x: NDArray, mode: int) -> NDArray:
        """Full factor from its coordinates, projected; flipped first where nothing would be left."""
        if self.bases is None:
            return np.asarray(np.maximum(_upright(x, x), 0.0))
        U = self.bases[mode]
        x = _upright(x, U @ x)
        return np.asarray(np.maximum(U @ (project_on_cone(x, U) if self.exact else x), 0.0))

    def loss(self, factors: Sequence[NDArray], coords: Sequence[NDArray], cross: NDArray) -> float:
        """From the products of the last mode; entry by entry in the core where these cancel."""
        value = self.const - float(np.vdot(cross, coords[-1])) + 0.5 * float(gram_hadamard(factors).sum())
        if value < (1e-6 if self.core.dtype == np.float64 else 1e-2) * self.const:
            value = half_square(self.core - reconstruct(coords)) + self._outside(factors, coords)
        return value + self.left_out

    def _outside(self, factors: Sequence[NDArray], coords: Sequence[NDArray]) -> float:
        """Half of ``||factors||^2 - ||coords||^2``, as a sum of nonnegative terms, one a mode."""
        if self.bases is None:
            return 0.0
        total = 0.0
        for m, (u, x) in enumerate(zip(factors, coords, strict=True)):
            rest = u - self.bases[m] @ x
            total += 0.5 * float(gram_hadamard([*factors[:m], rest, *coords[m + 1 :]]).sum())
        return total


def _upright(x: NDArray, full: NDArray) -> NDArray:
    """Flip the columns of which no entry is positive: their projection would be zero, and the next solve singular."""
    return np.asarray(x * np.where((full <= 0).all(axis=0), -1.0, 1.0).astype(x.dtype))


def _solve(gram: NDArray, cross: NDArray) -> NDArray:
    """``cross gram^-1``, of least norm where that does not exist, once the diagonal of ``gram`` is one."""
    size = np.sqrt(np.diag(gram))
    size = np.where(size > 0, size, 1.0).astype(gram.dtype)
    values, V = np.linalg.eigh(gram / np.outer(size, size))
    kept = values > len(gram) * float(np.finfo(gram.dtype).eps) * max(float(values[-1]), 0.0)
    V, values = V[:, kept], values[kept]
    return np.asarray((cross / size) @ (V / values) @ V.T / size)


def even(factors: Sequence[NDArray]) -> list[NDArray]:
    """Share the norm of each component evenly between the modes; least squares lets it drift."""
    norms = np.array([np.linalg.norm(u, axis=0) for u in factors])
    alive = norms.min(axis=0) > 0
    logs = np.log(np.where(alive, norms, 1.0))
    return [u * np.exp(logs.mean(axis=0) - log).astype(u.dtype) for u, log in zip(factors, logs, strict=True)]


def steps(make: Callable[[], Target], start: Sequence[NDArray]) -> Iterator[Iterate]:
    """Solve for each factor in turn, and project it; one iterate a round."""
    target, factors = make(), even(start)
    coords = [target.coordinates(u, m) for m, u in enumerate(factors)]
    loss = target.loss(factors, coords, mttkrp(target.core, coords, len(factors) - 1))
    state = State(tuple(start), loss, tuple(factors), loss)
    while True:
        yield state, {"stage": 0.0}
        factors = even(factors)
        coords = [target.coordinates(u, m) for m, u in enumerate(factors)]
        for m, old in enumerate(factors):
            cross = mttkrp(target.core, coords, m)
            u = target.nonnegative(_solve(gram_hadamard(factors, m), cross), m)
            factors[m] = np.where(u.any(axis=0), u, old)
            coords[m] = target.coordinates(factors[m], m)
        loss = target.loss(factors, coords, cross)
        best = (tuple(factors), loss) if loss < state.least else (state.best, state.least)
        state = State(tuple(factors), loss, *best)
