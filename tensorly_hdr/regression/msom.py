"""Median second-order majorant: one step size a coordinate, from the row sums of the Gram matrix."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace

from tensorly_hdr.blocks import Quadratic
from tensorly_hdr.penalties import Entry, entrywise
from tensorly_hdr.regression.base import declares


@declares(entrywise, monotone=True, any_namespace=True)
def msom(
    u: Any, block: Quadratic, penalty: Entry, n_iter: int = 1, memory: None = None, gamma: float = 1.9
) -> tuple[Any, None]:
    """Take a proximal step in the metric ``diag(|gram| 1)``, a majorant of the Gram matrix [1]_.

    The loss never rises when ``gamma`` is between 0 and 2.

    References
    ----------
    .. [1] M.-Q. Pham, J. E. Cohen and T. Chonavel, A second order majorant algorithm for nonnegative matrix
       factorization, TMLR, 2026; manuscript, equation (16.1).
    """
    xp = array_namespace(u)
    sums = xp.sum(xp.abs(block.gram), axis=0, keepdims=True)
    step = gamma / xp.where(sums > 0, sums, xp.ones_like(sums))
    for _ in range(n_iter):
        u = penalty.prox(u - step * block.grad(u), step)
    return u, None
