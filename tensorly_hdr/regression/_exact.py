"""What the exact solvers share: normal equations in good units, a start, and digits that the Gram matrix lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr, solve_triangular

from tensorly_hdr._validation import is_sparse
from tensorly_hdr.blocks import Quadratic
from tensorly_hdr.kernels import lawson_hanson
from tensorly_hdr.penalties import NonNegative

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
    gram[np.diag_indices_from(gram)] += penalty.l2
    # an atom of zeros is given the curvature one: its coefficient is then zero, and the matrix is not singular
    gram[np.diag_indices_from(gram)] += np.diag(gram) == 0
    scale = 1.0 / np.sqrt(np.diag(gram))
    cross = np.ascontiguousarray((block.cross - penalty.l1) * scale, dtype=np.float64)
    return Normal(gram * scale * scale[:, None], cross, scale)


def double_gram(block: Quadratic) -> NDArray:
    """Gram matrix in double precision, from the atoms where the block has them in single precision."""
    if block.source is None or block.gram.dtype == np.float64:
        return np.array(block.gram, dtype=np.float64)
    K = np.asarray(block.source[1], dtype=np.float64)
    return K.T @ K


def repaired(u: NDArray, block: Quadratic, penalty: NonNegative, normal: Normal) -> NDArray:
    """``u``, and where it misses the KKT conditions on the data themselves, the active set by QR instead.

    The normal equations square the condition number of the atoms. Nothing to do where they are well conditioned, or
    where the block does not know its data.
    """
    if block.source is None or normal.condition < ILL:
        return u
    K = np.asarray(block.source[1], dtype=np.float64)
    for first in range(0, len(u), 4096):
        rows = slice(first, first + 4096)
        part = block.source[0][rows]
        Y = np.asarray(part.toarray() if is_sparse(part) else part, dtype=np.float64)
        limit = 1e-12 * np.maximum(np.abs(block.cross[rows]).max(axis=1), np.finfo(np.float64).tiny)
        before = _misfit(u[rows], Y, K, penalty)
        for i in np.flatnonzero(before > limit):
            x = u[first + i].copy()
            lawson_hanson(x, *_on_the_data(K, Y[i], penalty, normal.tol))
            if _misfit(x[None], Y[i : i + 1], K, penalty)[0] < before[i]:
                u[first + i] = x
    return u


def _misfit(u: NDArray, Y: NDArray, K: NDArray, penalty: NonNegative) -> NDArray:
    """How far each observation is from ``u >= 0``, slope ``>= 0``, one of them zero."""
    slope = (u @ K.T - Y) @ K + penalty.l1 + penalty.l2 * u
    out: NDArray = np.abs(np.minimum(u, slope)).max(axis=1)
    return out


def _on_the_data(K: NDArray, y: NDArray, penalty: NonNegative, tol: float) -> tuple[Callable[..., Any], ...]:
    """Make what ``lawson_hanson`` asks for from the atoms and not from their products."""
    if penalty.l2:
        K = np.vstack([K, np.sqrt(penalty.l2) * np.eye(K.shape[1])])
        y = np.append(y, np.zeros(K.shape[1]))
    norms = np.linalg.norm(K, axis=0)

    def solve(S: NDArray) -> NDArray | None:
        Q, R = qr(K[:, S], mode="economic")
        if len(S) > len(K) or (np.abs(np.diag(R)) <= 1e-13 * norms[S]).any():
            return None
        z: NDArray = solve_triangular(R, Q.T @ y)
        # towards the zero of the gradient, l1 included, and one digit or two of iterative refinement
        slope = K[:, S].T @ (y - K[:, S] @ z) - penalty.l1
        z += solve_triangular(R, solve_triangular(R, slope, trans="T"))
        return z

    def depends(S: NDArray, j: int) -> NDArray:
        Q, R = qr(K[:, S], mode="economic")
        h: NDArray = solve_triangular(R, Q.T @ K[:, j])
        return h

    def dual(x: NDArray) -> Any:
        return K.T @ (y - K @ x) - penalty.l1

    def slack(x: NDArray) -> float:
        return tol * float(norms.max() * (np.linalg.norm(y) + norms @ x))

    return solve, depends, dual, slack


def by_qr(Y: NDArray, K: NDArray) -> NDArray:
    """Nonnegative least squares ``Y ≈ u K'`` on the atoms themselves, whatever their number; ``u`` in double precision.

    For more atoms than equations, where the Gram matrix would be large and singular.
    """
    u, tol = np.zeros((len(Y), K.shape[1])), max(10, K.shape[1]) * float(np.finfo(np.float64).eps)
    for x, y in zip(u, np.asarray(Y, dtype=np.float64), strict=True):
        lawson_hanson(x, *_on_the_data(np.asarray(K, dtype=np.float64), y, NonNegative(), tol))
    return u
