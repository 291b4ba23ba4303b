"""Median second-order majorant for Kullback-Leibler regression, made monotone by multiplicative updates."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace

from tensorly_hdr.blocks import Entrywise
from tensorly_hdr.penalties import NonNegative, orthant
from tensorly_hdr.regression.base import declares, floor_of
from tensorly_hdr.regression.safeguard import best_scale, cost, no_worse


@declares(orthant, monotone=True, any_namespace=True, interior=True)
def safeguarded_msom(
    u: Any, block: Entrywise, penalty: NonNegative, n_iter: int = 1, memory: None = None, gamma: float = 1.0
) -> tuple[Any, None]:
    """Step in the metric ``K' (y / z**2 * K 1)``, the row sums of the Hessian, where it lowers the loss [1]_.

    For Kullback-Leibler this metric is exact at the point only: the step is no majorization and may raise the loss. So
    each observation is first given its best scale, and where the step does not lower its loss it takes the
    multiplicative update instead. A coordinate without curvature goes to the floor.

    References
    ----------
    .. [1] M.-Q. Pham, J. E. Cohen and T. Chonavel, A fast multiplicative updates algorithm for nonnegative matrix
       factorization, TMLR, 2026.
    """
    xp, floor = array_namespace(u), floor_of(u, block.mass)
    u = best_scale(xp.maximum(u, floor), block, penalty)
    floor = floor_of(u, block.mass)
    u = xp.maximum(u, floor)
    value = cost(u, block, penalty)
    for _ in range(n_iter):
        u, value, _ = no_worse(_step(u, block, penalty, gamma, floor), value, u, block, penalty)
    return u, None


def _step(u: Any, block: Entrywise, penalty: NonNegative, gamma: float, floor: Any) -> Any:
    xp = array_namespace(u)
    diagonal = block.curvature_sums(u)
    step = gamma / xp.where(diagonal > 0, diagonal, xp.ones_like(u))
    moved = penalty.prox(u - step * block.grad(u), step)
    return xp.maximum(xp.where(diagonal > 0, moved, xp.zeros_like(u)), floor)
