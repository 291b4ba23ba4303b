"""Hierarchical alternating least squares: exact coordinate descent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr.blocks import Quadratic
from tensorly_hdr.kernels import hals_sweeps
from tensorly_hdr.penalties import Entry, entrywise
from tensorly_hdr.regression.base import declares


@declares(entrywise, monotone=True, any_namespace=False)
def hals(
    u: NDArray, block: Quadratic, penalty: Entry, n_iter: int = 1, memory: None = None, *, delta: float = 0.0
) -> tuple[NDArray, None]:
    """Minimise exactly in one column of ``u`` after the other, ``n_iter`` sweeps [1]_.

    A column whose Gram entry is zero is left as it is. With a ``delta``, ``n_iter`` is the largest number of sweeps:
    they stop when one moves the rows, 64 at a time, by less than ``delta`` times what the first did [2]_.

    References
    ----------
    .. [1] A. Cichocki and A.-H. Phan, Fast local algorithms for large scale nonnegative matrix and tensor
       factorizations, 2009; manuscript, section 7.5.
    .. [2] N. Gillis and F. Glineur, Accelerated multiplicative updates and hierarchical ALS algorithms for nonnegative
       matrix factorization, 2012.
    """
    u = np.array(u, order="C")
    gram, cross = np.ascontiguousarray(block.gram), np.ascontiguousarray(block.cross)
    hals_sweeps(u, gram, cross, penalty.l1, penalty.l2, penalty.lower, penalty.upper, n_iter, delta)
    return u, None
