"""Penalties that couple the columns of a factor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from array_api_compat import array_namespace

from tensorly_hdr import _validation as check


@dataclass(frozen=True)
class MaxColumnL1:
    r"""``weight * max_i ||u_i||_1`` over the columns ``u_i``, on ``u >= 0`` with ``nonneg=True`` [1]_.

    The matrix norm induced by l1: the tightest convex function below the largest number of nonzeros in a column [2]_.
    Only the columns of largest l1 norm feel it.

    The prox soft-thresholds each column to the ball of radius :math:`\rho`, the same for all, where the thresholds
    :math:`\theta_i(\rho)` sum to the weight (they are the dual variables; a short column has none). Every threshold is
    a decreasing, piecewise linear function of the radius, whose breaks come from sorting the columns; one sort of all
    breaks gives :math:`\rho` without iterations [3]_.

    References
    ----------
    .. [1] J. E. Cohen, arXiv 2005.06804, 2020 (this prox).
    .. [2] J. Cohen, Regularized low-rank approximations, 2026, section 12.2.2.
    .. [3] B. Béjar, I. Dokmanić and R. Vidal, The fastest l1,inf prox in the West, 2022.

    Examples
    --------
    >>> import numpy as np
    >>> MaxColumnL1(1.0).prox(np.array([[3.0, 0.5], [1.0, 0.0]]), 1.0)
    array([[2. , 0.5],
           [0. , 0. ]])
    """

    weight: float = 1.0
    nonneg: bool = False
    degree: ClassVar[float] = 1.0
    convex: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check.nonneg_float("weight", self.weight)
        check.flag("nonneg", self.nonneg)

    def value(self, u: Any) -> float:
        """Weighted norm; ``inf`` outside the domain."""
        xp = array_namespace(u)
        if self.nonneg and float(xp.min(u)) < 0:
            return math.inf
        return self.weight * float(xp.max(xp.sum(xp.abs(u), axis=0)))

    def prox(self, u: Any, step: float) -> Any:
        """Soft-threshold every column by its own amount, so that the long ones get the same l1 norm."""
        xp = array_namespace(u)
        u = xp.clip(u, min=0.0) if self.nonneg else u
        if step * self.weight == 0:
            return u
        size = xp.abs(u)
        left = xp.clip(size - _thresholds(size, step * self.weight), min=0.0)
        return xp.where(u < 0, -left, left)


def _thresholds(size: Any, total: float) -> Any:
    """Thresholds of the columns of ``size``, shape (1, r): they sum to ``total``, or leave nothing.

    With ``j`` entries left in a column its threshold is ``(S_j - rho) / j``, where ``S_j`` sums its ``j`` largest: from
    one break to the next the sum over the columns is linear in ``rho``.
    """
    xp = array_namespace(size)
    (n, r), top = size.shape, xp.max(size, axis=0, keepdims=True)
    if float(xp.sum(top)) <= total:
        return top
    counts = xp.reshape(xp.arange(1, n + 1, dtype=size.dtype), (n, 1))
    ordered, nothing = xp.sort(size, axis=0, descending=True), xp.zeros((1, r), dtype=size.dtype)
    sums = xp.cumulative_sum(ordered, axis=0)
    means, inverses = sums / counts, xp.ones_like(size) / counts
    # the largest radius that leaves j entries; there, the line of j + 1 entries gives way to that of j
    breaks = xp.reshape(sums - counts * xp.concat([ordered[1:, :], nothing], axis=0), (-1,))
    order = xp.argsort(breaks, descending=True)
    above, slope = (
        xp.cumulative_sum(xp.take(xp.reshape(line - xp.concat([line[1:, :], nothing], axis=0), (-1,)), order))
        for line in (means, inverses)
    )
    reached = above - slope * xp.take(breaks, order) <= total
    last = max(int(xp.sum(xp.astype(reached, xp.int64))) - 1, 0)
    radius = (above[last] - total) / slope[last]
    return xp.clip(xp.max((sums - radius) / counts, axis=0, keepdims=True), min=0.0)
