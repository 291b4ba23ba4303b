"""Proximal gradient descent."""

from __future__ import annotations

from typing import Any

from tensorly_hdr.blocks import Quadratic
from tensorly_hdr.penalties import Penalty, anything
from tensorly_hdr.regression.base import declares


def step_of(block: Quadratic) -> float:
    """``1 / lipschitz``, one when the Gram matrix is zero."""
    return 1.0 / block.lipschitz if block.lipschitz > 0 else 1.0


@declares(anything, monotone=True, any_namespace=True)
def pgd(u: Any, block: Quadratic, penalty: Penalty, n_iter: int = 1, memory: None = None) -> tuple[Any, None]:
    """``u <- prox(u - grad / L)``, with ``L`` the largest eigenvalue of the Gram matrix [1]_.

    With a penalty that is not convex (hard sparsity) this is iterative hard thresholding: a local solution.

    References
    ----------
    .. [1] A. Beck and M. Teboulle, A fast iterative shrinkage-thresholding algorithm, 2009.
    """
    step = step_of(block)
    for _ in range(n_iter):
        u = penalty.prox(u - step * block.grad(u), step)
    return u, None
