"""The subproblem in sparse codes: ``A = D X`` in a quadratic block of ``A``, at most ``k`` atoms a column.

Everything is computed from the Gram matrix and the cross products of the block, so that matrices, sparse matrices and
the modes of tensors are served alike. Inside, atoms have norm one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr._validation import is_sparse
from tensorly_hdr.blocks import Quadratic, half_square, least_squares
from tensorly_hdr.penalties import NonNegative
from tensorly_hdr.regression.registry import active_set

Support = list[int]


@dataclass(frozen=True, eq=False)
class Atoms:
    """A dictionary: its atoms divided by their ``norms``, prepared once and used for many blocks."""

    D: NDArray
    norms: NDArray

    @cached_property
    def gram(self) -> NDArray | None:
        """Correlations of the atoms; None when they are many more than their dimension: products are then cheaper."""
        return self.D.T @ self.D if self.D.shape[1] <= 2 * len(self.D) else None

    @cached_property
    def largest(self) -> float:
        """Largest eigenvalue of the Gram matrix, from the smaller of the two products."""
        return float(np.linalg.norm(self.D @ self.D.T if len(self.D) < self.D.shape[1] else self.D.T @ self.D, 2))


def unit_atoms(D: NDArray) -> Atoms:
    """Divide the atoms by their norms, none of which is zero."""
    norms = np.sqrt(np.einsum("ij,ij->j", D, D))  # without an array of all squares
    return Atoms(np.ascontiguousarray(D / norms), norms)


@dataclass(frozen=True, eq=False)
class Coding:
    r"""``min tr(A gram A') / 2 - <A, cross> + const`` over ``A = D X``, at most ``k[i]`` nonzeros in column ``i``.

    With ``gram = mix mix'`` and ``target mix' = cross`` that is :math:`\frac12 \|T - D X M\|_F^2` up to a constant:
    :math:`\frac12 \|Y - D X B^T\|_F^2` on the range of :math:`B`, which has as many columns as :math:`B` has rank.
    """

    atoms: Atoms
    block: Quadratic
    k: NDArray
    nonneg: bool

    @property
    def D(self) -> NDArray:
        """Atoms of norm one, shape (m, d)."""
        return self.atoms.D

    @property
    def shape(self) -> tuple[int, int]:
        """Shape (d, r) of the codes."""
        return self.D.shape[1], len(self.k)

    @cached_property
    def _root(self) -> tuple[NDArray, NDArray]:
        """``mix``, and what makes the target of the cross products: its pseudo-inverse, transposed."""
        gram = np.asarray(self.block.gram, dtype=np.float64)
        values, vectors = np.linalg.eigh(gram)
        seen = values > len(gram) * np.finfo(self.block.gram.dtype).eps * values[-1]
        sizes = np.sqrt(values[seen])
        return vectors[:, seen] * sizes, vectors[:, seen] / sizes

    @property
    def mix(self) -> NDArray:
        """Square root of the Gram matrix, shape (r, p) for a rank of ``p``."""
        return self._root[0]

    @cached_property
    def target(self) -> NDArray:
        """Data on the range of ``mix``, shape (m, p)."""
        return np.asarray(self.block.cross @ self._root[1])

    @cached_property
    def pulled(self) -> NDArray:
        """``cross`` times the inverse of the Gram matrix (least norm): ``D X`` where there is no noise."""
        return np.asarray(self.target @ self._root[1].T)

    @cached_property
    def correlations(self) -> NDArray:
        """``D' cross``, shape (d, r)."""
        return self.pull(self.block.cross)

    @cached_property
    def rest(self) -> float:
        """Half the squared norm of what is outside the range of ``mix``: no code can lower it."""
        Y, K = self.block.source or (None, None)
        if Y is None or is_sparse(Y):
            return max(self.block.const - 0.5 * float(np.vdot(self.target, self.target)), 0.0)
        outside: float = half_square(Y - self.target @ (K @ self._root[1]).T)  # differences of squares lose digits
        return outside

    @property
    def nothing_left(self) -> float:
        """Loss that is rounding, and no more can be asked for."""
        return float(np.finfo(self.D.dtype).eps ** (4 / 3)) * self.block.const

    def times(self, X: NDArray) -> NDArray:
        """``D X``, from the atoms in use when they are few."""
        used = np.flatnonzero(X.any(axis=1))
        return np.asarray(self.D[:, used] @ X[used] if 4 * used.size < len(X) else self.D @ X)

    def pull(self, A: NDArray) -> NDArray:
        """``D' A``, by a product with few rows: one with few columns takes up to three times as long."""
        return np.ascontiguousarray((A.T @ self.D).T)

    def misfit(self, X: NDArray) -> float:
        """Loss, up to the constant ``rest``."""
        residual = self.target - self.times(X) @ self.mix
        return 0.5 * float(np.vdot(residual, residual))

    def loss(self, X: NDArray) -> float:
        """Half the squared residual."""
        return self.rest + self.misfit(X)

    def inside(self, X: NDArray) -> NDArray:
        """Keep the ``k`` largest entries of each column, the nonnegative ones if need be: a feasible point."""
        X = np.maximum(X, 0.0) if self.nonneg else X
        out = np.zeros_like(X)
        for i, k in enumerate(self.k):
            kept = np.argsort(-np.abs(X[:, i]), kind="stable")[:k]
            out[kept, i] = X[kept, i]
        return out


def supports_of(X: NDArray) -> list[Support]:
    """Indices of the nonzeros of each column."""
    return [np.flatnonzero(x).tolist() for x in X.T]


def regress(A: NDArray, y: NDArray, nonneg: bool) -> NDArray:
    """Least squares on a few atoms: of least norm when they are dependent, or nonnegative, on the data themselves."""
    if not nonneg:
        return np.asarray(np.linalg.lstsq(A, y, rcond=None)[0])
    start = np.ones((1, A.shape[1]), dtype=A.dtype)
    out: NDArray = active_set(start, least_squares(y[None, :], A), NonNegative())[0][0]
    return out


def debias(coding: Coding, supports: Sequence[Support]) -> NDArray:
    """Solve for all coefficients at once on given supports: the best codes that use these atoms only."""
    X = np.zeros(coding.shape, dtype=coding.D.dtype)
    atoms = np.array([j for S in supports for j in S], dtype=np.intp)
    if not atoms.size:
        return X
    columns = np.repeat(np.arange(len(supports)), [len(S) for S in supports])
    used, place = np.unique(atoms, return_inverse=True)
    D, target = coding.D[:, used].astype(np.float64), coding.target.astype(np.float64)
    if used.size < len(D):  # what is orthogonal to these atoms does not count
        Q, D = np.linalg.qr(D)
        target = Q.T @ target
    design = (D[:, None, place] * coding.mix.T[None, :, columns]).reshape(target.size, -1)
    X[atoms, columns] = regress(design, target.ravel(), coding.nonneg)
    return X
