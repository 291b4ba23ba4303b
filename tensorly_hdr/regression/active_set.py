"""Active set of Lawson and Hanson, on the Gram matrix."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr.blocks import Quadratic
from tensorly_hdr.kernels import active_set_rows
from tensorly_hdr.penalties import NonNegative, Simplex, per_observation
from tensorly_hdr.regression._exact import double_gram, normal_equations, portions, repaired
from tensorly_hdr.regression.base import declares


@declares(per_observation, monotone=True, any_namespace=False, exact=True)
def active_set(
    u: NDArray, block: Quadratic, penalty: NonNegative | Simplex, n_iter: int = 1, memory: None = None
) -> tuple[NDArray, None]:
    """Solve the block exactly, observation by observation; starts from the support of ``u`` [1]_.

    One Cholesky factor an observation is updated when an index enters or leaves. l1 lowers the cross products, l2
    raises the diagonal of the Gram matrix: the penalized problem is exact too. Stops where no dual variable exceeds
    rounding, and refuses an index whose step would not be positive (the safeguard against cycling). Where the Gram
    matrix is too ill-conditioned, the solution is checked on the data, and redone by QR if it must be.

    On the simplex, each least squares solution has one multiplier more, for its sum.

    References
    ----------
    .. [1] C. L. Lawson and R. J. Hanson, Solving Least Squares Problems, 1974; manuscript, section 7.4.
    """
    if not isinstance(penalty, NonNegative):
        return _on_simplex(u, block, getattr(penalty, "penalty", penalty)), None
    normal = normal_equations(block, penalty)
    x = normal.start(u)
    for rows in portions(len(x)):
        active_set_rows(x[rows], normal.gram, normal.cross[rows], normal.tol, 0.0)
    return repaired(x * normal.scale, block, penalty, normal).astype(u.dtype, copy=False), None


def _on_simplex(u: NDArray, block: Quadratic, simplex: Simplex) -> NDArray:
    if not simplex.below:
        return _of_sum(u, block, simplex.total)
    inside, _ = active_set(u, block, NonNegative())
    # where the sum is too large without the constraint, it is equal to the bound with it: the loss is convex
    over = inside.sum(axis=1) > simplex.total
    part = replace(block, cross=block.cross[over], source=None)
    inside[over] = _of_sum(inside[over], part, simplex.total)
    return inside


def _of_sum(u: NDArray, block: Quadratic, total: float) -> NDArray:
    """Active set on ``u >= 0`` with rows of sum ``total``."""
    # a multiple of the squared sum is constant there: added, it makes affinely independent supports regular
    gram, cross = double_gram(block), np.array(block.cross, dtype=np.float64, order="C")
    size = float(np.diag(gram).max()) or 1.0
    x = np.array(u, dtype=np.float64, order="C")
    tol = max(10, len(gram)) * float(np.finfo(np.float64).eps)
    gram, cross = (gram / size + 1.0) / 2.0, (cross / size + total) / 2.0
    for rows in portions(len(x)):
        active_set_rows(x[rows], gram, cross[rows], tol, total)
    return x.astype(u.dtype, copy=False)
