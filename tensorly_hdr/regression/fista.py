"""Accelerated proximal gradient with restart."""

from __future__ import annotations

from math import sqrt
from typing import Any

from array_api_compat import array_namespace

from tensorly_hdr.blocks import Quadratic
from tensorly_hdr.penalties import Penalty, convex
from tensorly_hdr.regression.base import declares
from tensorly_hdr.regression.pgd import step_of

Momentum = tuple[Any, float]


@declares(convex, monotone=False, any_namespace=True)
def fista(
    u: Any, block: Quadratic, penalty: Penalty, n_iter: int = 1, memory: Momentum | None = None
) -> tuple[Any, Momentum]:
    """FISTA [1]_ with the gradient test of O'Donoghue and Candès [2]_: the momentum restarts when it points uphill.

    Remembers its extrapolated point and the length of the momentum.

    References
    ----------
    .. [1] A. Beck and M. Teboulle, A fast iterative shrinkage-thresholding algorithm, 2009.
    .. [2] B. O'Donoghue and E. Candès, Adaptive restart for accelerated gradient schemes, 2015.
    """
    xp = array_namespace(u)
    v, t = memory or (u, 1.0)
    step = step_of(block)
    for _ in range(n_iter):
        new = penalty.prox(v - step * block.grad(v), step)
        if float(xp.sum((v - new) * (new - u))) > 0.0:
            t = 1.0
        t_new = (1.0 + sqrt(1.0 + 4.0 * t * t)) / 2.0
        v = new + (t - 1.0) / t_new * (new - u)
        u, t = new, t_new
    return u, (v, t)
