"""Alternating direction method of multipliers."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace

from tensorly_hdr.blocks import Quadratic
from tensorly_hdr.penalties import Penalty, convex
from tensorly_hdr.regression.base import declares


@declares(convex, monotone=False, any_namespace=True)
def admm(u: Any, block: Quadratic, penalty: Penalty, n_iter: int = 1, memory: Any = None) -> tuple[Any, Any]:
    """ADMM with ``rho = trace(gram) / r`` [1]_; remembers its scaled dual and its inverse, returns a feasible ``u``.

    References
    ----------
    .. [1] K. Huang, N. D. Sidiropoulos and A. P. Liavas, IEEE Trans. Signal Processing, 2016.
    """
    xp = array_namespace(u)
    r = block.gram.shape[0]
    rho = float(xp.linalg.trace(block.gram)) / r or 1.0
    dual, gram, inverse = (xp.zeros_like(u), None, None) if memory is None else memory
    if gram is not block.gram:
        # safe to invert: rho is the mean eigenvalue, so the condition number is at most r + 1
        inverse = xp.linalg.inv(block.gram + rho * xp.eye(r, dtype=block.gram.dtype))
    for _ in range(n_iter):
        free = (block.cross + rho * (u + dual)) @ inverse
        u = penalty.prox(free - dual, 1.0 / rho)
        dual = dual + u - free
    return u, (dual, block.gram, inverse)
