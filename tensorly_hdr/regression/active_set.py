"""Active set of Lawson and Hanson, on the Gram matrix."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr.blocks import Quadratic
from tensorly_hdr.kernels import active_set_rows
from tensorly_hdr.penalties import NonNegative, orthant
from tensorly_hdr.regression.base import declares

ROWS = 256  # observations a call of the kernel


def tolerance(r: int) -> float:
    """Rounding of a dual variable, relative to the products that it is the difference of."""
    return float(10 * r * np.finfo(np.float64).eps)


@declares(orthant, monotone=True, any_namespace=False)
def active_set(
    u: NDArray, block: Quadratic, penalty: NonNegative, n_iter: int = 1, memory: None = None
) -> tuple[NDArray, None]:
    """Solve the block exactly, observation by observation; starts from the support of ``u`` [1]_.

    l1 lowers the cross products, l2 raises the diagonal of the Gram matrix: the penalized problem is exact too.
    Stops where no dual variable exceeds rounding, and refuses an index whose step would not be positive (the safeguard
    against cycling). The Gram matrix squares the condition number of ``A``: above 1e7 digits are lost.

    References
    ----------
    .. [1] C. L. Lawson and R. J. Hanson, Solving Least Squares Problems, 1974; manuscript, section 7.4.
    """
    x = np.array(u, dtype=np.float64, order="C")
    gram = np.array(block.gram, dtype=np.float64, order="C")
    gram[np.diag_indices_from(gram)] += penalty.l2
    cross = np.ascontiguousarray(block.cross - penalty.l1, dtype=np.float64)
    for start in range(0, len(x), ROWS):  # in portions, so that Ctrl-C is heard during a long solve
        part = slice(start, start + ROWS)
        active_set_rows(x[part], gram, cross[part], tolerance(len(gram)))
    return x.astype(u.dtype, copy=False), None
