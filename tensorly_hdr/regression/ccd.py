"""Cyclic coordinate descent for Kullback-Leibler regression, safeguarded."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import kernels
from tensorly_hdr._validation import is_sparse
from tensorly_hdr.blocks import Entrywise
from tensorly_hdr.kernels import only_read
from tensorly_hdr.penalties import NonNegative, orthant
from tensorly_hdr.regression.base import declares, floor_of


@declares(orthant, monotone=True, any_namespace=False, interior=True)
def ccd(
    u: NDArray, block: Entrywise, penalty: NonNegative, n_iter: int = 1, memory: None = None
) -> tuple[NDArray, None]:
    """Take Newton's step in two coordinates at a time, the model up to date (cf. [1]_); entries keep above a floor.

    The published method may raise the loss. Here it cannot: a step is lengthened or shortened by what is known of the
    derivative, without any evaluation of the loss (see ``kernels/kl_reference.py``). A coordinate that does not move
    costs no division, and only the positive entries of the data are visited.

    References
    ----------
    .. [1] C.-J. Hsieh and I. S. Dhillon, Fast coordinate descent methods with variable selection for non-negative
       matrix factorization, 2011.
    """
    return descend(u, block, penalty, n_iter, damped=False), None


def descend(u: NDArray, block: Entrywise, penalty: NonNegative, n_iter: int, *, damped: bool) -> NDArray:
    """Run the compiled sweeps, in double precision, on a copy of ``u``."""
    floor = floor_of(u, block.mass)
    x = np.array(np.maximum(u, floor), dtype=np.float64, order="C")
    mass, Y, K = block.mass.astype(np.float64, copy=False), block.Y, np.asarray(block.K, dtype=np.float64)
    tops = K.max(axis=1)
    unit, K = (1.0, K) if _in_range(x) and _in_range(tops) else (_power(float(x.max())), K * _power(tops)[:, None])
    x *= unit
    rest = (mass, penalty.l1, penalty.l2 / unit, float(floor.min()) * unit, damped, n_iter)
    if is_sparse(Y):
        kernels.kl_descent_sparse(
            x, Y.indptr, Y.indices, only_read(_in(unit, Y.data)), only_read(np.ascontiguousarray(K)), *rest
        )
    else:
        seen = Y if block.mask is None else np.where(block.mask, Y, 0.0)
        data = only_read(_in(unit, np.ascontiguousarray(seen)))
        kernels.kl_descent(x, data, only_read(np.ascontiguousarray(K.T)), *rest)
    x = (x / unit).astype(u.dtype, copy=False)
    # the kernels know the least floor of all entries only
    return np.asarray(np.maximum(x, floor_of(x, block.mass)))


def _in_range(sizes: NDArray) -> bool:
    """Whether products of two such sizes lie far above 1e-100, where the kernels guard divisions."""
    if sizes.ndim == 1 and sizes.min() > 1e-40 and sizes.max() < 1e40:
        return True
    positive = sizes[sizes > 0]
    if not positive.size:
        return True
    # of the coefficients the largest counts, of the rows of atoms each
    smallest, largest = positive.max() if sizes.ndim > 1 else positive.min(), positive.max()
    return bool(largest < 1e40 and smallest > 1e-40)


def _power(size: Any) -> Any:
    """Power of two that brings a size near one; the loss does not change but for a constant, or its unit."""
    return np.ldexp(1.0, -np.clip(np.frexp(size)[1], -1000, 1000))


def _in(unit: float, entries: NDArray) -> NDArray:
    return entries if unit == 1.0 else entries * unit
