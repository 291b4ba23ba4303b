"""Block principal pivoting of Kim and Park, on the Gram matrix."""

from __future__ import annotations

from numpy.typing import NDArray

from tensorly_hdr.blocks import Quadratic
from tensorly_hdr.kernels import block_pivoting_rows, small_pivoting_rows
from tensorly_hdr.penalties import NonNegative, orthant
from tensorly_hdr.regression._exact import normal_equations, portions, repaired
from tensorly_hdr.regression.base import declares

FEW = 12
"""Up to this many unknowns, each of the supports that occur is inverted once and remembered..."""
SAFE = 1e5
"""...unless the condition number of the Gram matrix exceeds this: an inverse loses that many digits."""


@declares(orthant, monotone=True, any_namespace=False, exact=True)
def block_pivoting(
    u: NDArray, block: Quadratic, penalty: NonNegative, n_iter: int = 1, memory: None = None
) -> tuple[NDArray, None]:
    """Solve the block exactly: exchange all infeasible indices of an observation at once [1]_.

    Starts from the support of ``u``; where that is full, from the signs of least squares. When three exchanges in a row
    bring no progress, one index at a time moves (the backup rule); an observation that meets a singular support, or
    does not settle, is left to the active set. l1 and l2 are exact, ill-conditioned problems are handled as there.

    References
    ----------
    .. [1] J. Kim and H. Park, Fast nonnegative matrix factorization: an active-set-like method and comparisons, 2011.
    """
    normal = normal_equations(block, penalty)
    x = normal.start(u)
    few = len(normal.gram) <= FEW and normal.condition < SAFE
    kernel, size = (small_pivoting_rows, 1 << 16) if few else (block_pivoting_rows, 1 << 10)
    for rows in portions(len(x), size):
        kernel(x[rows], normal.gram, normal.cross[rows], normal.tol)
    return repaired(x * normal.scale, block, penalty, normal).astype(u.dtype, copy=False), None
