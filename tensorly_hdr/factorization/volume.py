r"""The volume of the atoms, its majorant, and the updates that lower a loss plus the volume.

:math:`\log\det` is concave, hence below its tangent: :math:`\log\det(I + W^T W / t) \le \mathrm{tr}(M W^T W) / t + c`
with :math:`M = (I + \tilde W^T \tilde W / t)^{-1}`, and equal at :math:`W = \tilde W`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import kernels
from tensorly_hdr.blocks import Entrywise, half_square, least_squares
from tensorly_hdr.losses import Loss
from tensorly_hdr.penalties import NonNegative, Simplex
from tensorly_hdr.regression.registry import active_set, ccd, hals, mu, pgd

N_INNER = 5  # visits of a factor before the products with the data are formed again
TINY = 1e-300


@dataclass(frozen=True)
class Volume:
    """``W -> log det(I + W.T @ W / unit)``, and its weight in the objective."""

    unit: float
    weight: float = 0.0

    @classmethod
    def at(cls, W: NDArray, delta: float) -> Volume:
        """Volume in units of ``delta`` times the mean squared length of the columns of ``W``."""
        return cls(delta * (float(np.mean(np.sum(W * W, axis=0))) or 1.0))

    def __call__(self, W: NDArray) -> float:
        """Value, by Cholesky: zero at ``W = 0``, else positive."""
        return 2.0 * float(np.log(np.diag(np.linalg.cholesky(self._matrix(W)))).sum())

    def _matrix(self, W: NDArray) -> NDArray:
        G: NDArray = W.T @ W / self.unit + np.eye(W.shape[1])
        return G

    def curvature(self, W: NDArray) -> NDArray:
        """Gram matrix ``C`` such that ``tr(W C W.T) / 2`` plus a constant majorizes the weighted volume at ``W``."""
        M = np.linalg.inv(self._matrix(W))
        C: NDArray = self.weight / self.unit * (M + M.T)
        return C


class DataFit(Protocol):
    """A loss with a constraint on the scale: its value, and the two updates."""

    name: ClassVar[str]

    @property
    def size(self) -> float:
        """Loss to compare that of a start with."""

    @property
    def momentum(self) -> float:
        """Largest extrapolation of the atoms."""

    def value(self, W: NDArray, H: NDArray) -> float:
        """Loss without the volume."""

    def coefficients(self, W: NDArray, H: NDArray) -> NDArray:
        """Better ``H``."""

    def atoms(self, W: NDArray, H: NDArray, volume: Volume) -> tuple[NDArray, float]:
        """Better ``W``, and the loss there."""


def data_fit(Y: NDArray, loss: Loss, sum_to_one: str) -> DataFit:
    """Updates for the loss, with rows of ``H`` or columns of ``W`` of sum one."""
    return _Squares(Y, sum_to_one == "H") if loss.beta == 2.0 else _Divergence(Y, sum_to_one == "H", loss)


@dataclass(frozen=True)
class _Squares:
    Y: NDArray
    of_rows: bool
    name: ClassVar[str] = "hals"
    momentum: ClassVar[float] = 0.99

    @cached_property
    def size(self) -> float:
        """Loss of a zero model."""
        return half_square(self.Y)

    def value(self, W: NDArray, H: NDArray) -> float:
        return half_square(self.Y - W @ H.T)

    def coefficients(self, W: NDArray, H: NDArray) -> NDArray:
        block = least_squares(self.Y.T, W)
        if self.of_rows:
            return active_set(H, block, Simplex(axis=1))[0]
        return hals(H, block, NonNegative(), 2 * N_INNER)[0]

    def atoms(self, W: NDArray, H: NDArray, volume: Volume) -> tuple[NDArray, float]:
        block = least_squares(self.Y, H)
        for _ in range(N_INNER):
            majorant = replace(block, gram=block.gram + volume.curvature(W), source=None)
            if self.of_rows:
                W, _ = hals(W, majorant, NonNegative(), 2)
            else:
                W, _ = pgd(W, majorant, Simplex(axis=0), 2)
        value = block.value(W)
        return W, value if value > 1e-6 * self.size else self.value(W, H)  # the products cancel


@dataclass(frozen=True)
class _Divergence:
    Y: NDArray
    of_rows: bool
    loss: Loss
    name: ClassVar[str] = "mu"

    @property
    def momentum(self) -> float:
        """None where ``H`` moves by factors too: what both bring close to zero does not come back in time."""
        return 0.0 if self.of_rows else 0.99

    @cached_property
    def size(self) -> float:
        """Sum of the data."""
        return float(self.Y.sum())

    def value(self, W: NDArray, H: NDArray) -> float:
        return self.loss.value(self.Y, W @ H.T)

    def coefficients(self, W: NDArray, H: NDArray) -> NDArray:
        block = Entrywise(self.Y.T, W, self.loss)
        if not self.of_rows:
            solver = ccd if kernels.is_compiled else mu
            return solver(H, block, NonNegative(), N_INNER)[0]
        for _ in range(N_INNER):
            mass, ratios = block.split(H)
            P = H * ratios
            # what no observation claims goes to the lightest atom; without a claim of its own that has no root
            top, lightest = P.max(axis=1), np.argmin(mass)
            P[:, lightest] = np.maximum(P[:, lightest], np.where(top > 0, 1e-16 * top, 1.0))
            mass = mass - mass.min()  # the sum is one whatever is added to all, and nothing cancels so
            H = sum_to_one(np.zeros_like(P), np.broadcast_to(mass, P.shape), P, axis=1)
        return H

    def atoms(self, W: NDArray, H: NDArray, volume: Volume) -> tuple[NDArray, float]:
        block = Entrywise(self.Y, H, self.loss)
        for _ in range(N_INNER):
            A, C, P = _equation(W, block, volume)
            W = _root(A, C, P) if self.of_rows else sum_to_one(A, C, P, axis=0)
            W = np.maximum(W, TINY)
        return W, block.value(W)


def _equation(W: NDArray, block: Entrywise, volume: Volume) -> tuple[NDArray, NDArray, NDArray]:
    """Coefficients of ``A w**2 + C w = P``, whose root minimises a majorant, entry by entry.

    The divergence is majorized by Jensen's inequality, the quadratic form of the volume by the diagonal one whose
    entries are the row sums of absolute values, weighted by ``W``.
    """
    mass, ratios = block.split(W)
    curvature = volume.curvature(W)
    A = (W @ np.abs(curvature)) / W
    C = mass - 2.0 * (W @ np.maximum(-curvature, 0.0))
    return A, C, W * ratios


def _root(A: NDArray, C: NDArray, P: NDArray) -> NDArray:
    """Positive root of ``A w**2 + C w = P``, without cancellation."""
    wide = np.sqrt(C * C + 4.0 * A * P)
    w: NDArray = np.where(C > 0, 2.0 * P / np.maximum(C + wide, TINY), (wide - C) / np.maximum(2.0 * A, TINY))
    return w


def sum_to_one(A: NDArray, C: NDArray, P: NDArray, axis: int) -> NDArray:
    """Roots of ``A w**2 + (C + m) w = P``, with multipliers ``m`` such that they sum to one along ``axis``.

    The sum is convex and decreases with ``m``. Newton's method starts where one root is one and none is larger, to the
    left of the solution, and never passes it.
    """
    moves = (P > 0) | (A > 0)
    P = np.where(moves.any(axis=axis, keepdims=True), P, 1.0)  # where nothing says how to share, evenly
    shift = np.where(moves | (P > 0), P - A - C, -np.inf).max(axis=axis, keepdims=True)
    for _ in range(100):
        w = _root(A, C + shift, P)
        excess = w.sum(axis=axis, keepdims=True) - 1.0
        if excess.max() <= 1e-14 * A.shape[axis]:
            break
        slope = (w / np.maximum(np.sqrt((C + shift) ** 2 + 4.0 * A * P), TINY)).sum(axis=axis, keepdims=True)
        shift = shift + excess / slope
    out: NDArray = w / w.sum(axis=axis, keepdims=True)
    return out
