"""What the exact solvers share: normal equations in good units, a start, and digits that the Gram matrix lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr._validation import is_sparse
from tensorly_hdr.blocks import Quadratic
from tensorly_hdr.penalties import NonNegative
from tensorly_hdr.regression._on_data import Atoms, descend, may_gain, scaled_atoms

ILL = 1e8
"""Condition number of the Gram matrix from which solutions are checked, and if need be repaired, on the data."""


def portions(n: int, size: int = 1024) -> Iterator[slice]:
    """Cut the observations into calls of a kernel, so that Ctrl-C is heard during a long solve."""
    return (slice(first, first + size) for first in range(0, n, size))


@dataclass(frozen=True)
class Normal:
    """``min x gram x' / 2 - <x, cross>`` for ``x = u / scale``, where the diagonal of ``gram`` is one."""

    gram: NDArray
    cross: NDArray
    scale: NDArray

    @cached_property
    def condition(self) -> float:
        """Condition number of the Gram matrix."""
        values = np.linalg.eigvalsh(self.gram)
        return float(values[-1] / values[0]) if values[0] > 0 else np.inf

    @property
    def tol(self) -> float:
        """Dual variables below this, relative to the size of their terms, are rounding."""
        return max(10, len(self.gram)) * float(np.finfo(np.float64).eps)

    def start(self, u: NDArray) -> NDArray:
        """``u`` in these units; the signs of least squares for the observations whose support is full."""
        x: NDArray = np.array(u / self.scale, dtype=np.float64, order="C")
        if self.condition >= ILL:
            return x
        if np.min(x) > 0:  # the usual start: no row to pick
            x = self.cross @ np.linalg.inv(self.gram)
            np.maximum(x, 0.0, out=x)
            return x
        full = (x > 0).all(axis=1)
        x[full] = np.maximum(self.cross[full] @ np.linalg.inv(self.gram), 0.0)
        return x


def normal_equations(block: Quadratic, penalty: NonNegative) -> Normal:
    """Form the normal equations in double precision: l1 lowers the cross products, l2 raises the diagonal."""
    gram = double_gram(block)
    diagonal = np.einsum("ii->i", gram)  # a view
    diagonal += penalty.l2
    # an atom of zeros is given the curvature one: its coefficient is then zero, and the matrix is not singular
    diagonal += diagonal == 0
    scale = 1.0 / np.sqrt(diagonal)
    cross = np.ascontiguousarray((block.cross - penalty.l1) * scale, dtype=np.float64)
    return Normal(gram * scale * scale[:, None], cross, scale)


def double_gram(block: Quadratic) -> NDArray:
    """Gram matrix in double precision, from the atoms where the block has them in single precision."""
    if block.source is None or block.gram.dtype == np.float64:
        return np.array(block.gram, dtype=np.float64)
    K = np.asarray(block.source[1], dtype=np.float64)
    return K.T @ K


def repaired(u: NDArray, block: Quadratic, penalty: NonNegative, normal: Normal) -> NDArray:
    """``u``, and where it may be improved on the data themselves, the active set on the atoms instead.

    The normal equations square the condition number of the atoms. Nothing to do where they are well conditioned, or
    where the block does not know its data.
    """
    if block.source is None or normal.condition < ILL:
        return u
    K = np.asarray(block.source[1], dtype=np.float64)
    atoms = scaled_atoms(K, penalty)
    for first in range(0, len(u), 4096):
        rows = slice(first, first + 4096)
        part = block.source[0][rows]
        Y = np.asarray(part.toarray() if is_sparse(part) else part, dtype=np.float64)
        for i in np.flatnonzero(_may_improve(u[rows], Y, K, penalty, atoms)):
            u[first + i] = descend(u[first + i], Y[i], atoms)
    return u


def _may_improve(u: NDArray, Y: NDArray, K: NDArray, penalty: NonNegative, atoms: Atoms) -> NDArray:
    """Observations whose conditions of optimality do not prove the objective to be least up to rounding.

    With ``p`` the projected slope on atoms of length one and ``s`` their least singular value, the excess is at most
    ``|p|^2 / 2 s^2``. Where ``s`` is small, a slope that looks like rounding proves nothing, and each atom is asked.
    """
    slope = (u @ K.T - Y) @ K + penalty.l1 + penalty.l2 * u
    limit = 1e-12 * np.maximum(np.abs(Y @ K - penalty.l1).max(axis=1), np.finfo(np.float64).tiny)
    out: NDArray = np.abs(np.minimum(u, slope)).max(axis=1) > limit
    p = np.where(u > 0, slope, np.minimum(slope, 0.0)) / atoms.norms
    least = float(np.linalg.svd(atoms.B, compute_uv=False)[-1]) if atoms.B.shape[0] >= atoms.B.shape[1] else 0.0
    open_ = np.flatnonzero(~out & (np.linalg.norm(p, axis=1) > 1e-8 * least * np.linalg.norm(Y, axis=1)))
    out[open_] = may_gain(u[open_] * atoms.norms, Y[open_], atoms)
    return out


def by_qr(Y: NDArray, K: NDArray) -> NDArray:
    """Nonnegative least squares ``Y ≈ u K'`` on the atoms themselves, whatever their number; ``u`` in double precision.

    For more atoms than equations, where the Gram matrix would be large and singular.
    """
    atoms, zero = scaled_atoms(np.asarray(K, dtype=np.float64), NonNegative()), np.zeros(K.shape[1])
    return np.array([descend(zero, y, atoms) for y in np.asarray(Y, dtype=np.float64)])
