"""Cyclic coordinate descent for Kullback-Leibler regression, safeguarded."""

from __future__ import annotations

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
    mass, Y = block.mass.astype(np.float64, copy=False), block.Y
    unit = _unit(float(np.max(x * mass)))
    x *= unit
    rest = (mass, penalty.l1, penalty.l2 / unit, float(floor.min()) * unit, damped, n_iter)
    if is_sparse(Y):
        kernels.kl_descent_sparse(x, Y.indptr, Y.indices, only_read(_in(unit, Y.data)), _double(block.K), *rest)
    else:
        seen = Y if block.mask is None else np.where(block.mask, Y, 0.0)
        kernels.kl_descent(x, only_read(_in(unit, np.ascontiguousarray(seen))), _double(block.K.T), *rest)
    x = (x / unit).astype(u.dtype, copy=False)
    # the kernels know the least floor of all entries only
    return np.asarray(np.maximum(x, floor_of(x, block.mass)))


def _unit(size: float) -> float:
    """One, or the power of two that brings a model of this size near one: the kernels guard divisions at 1e-100."""
    return 2.0 ** -int(np.frexp(size)[1]) if 0.0 < size < 1e-50 else 1.0


def _in(unit: float, entries: NDArray) -> NDArray:
    return entries if unit == 1.0 else entries * unit


def _double(K: NDArray) -> NDArray:
    return only_read(np.ascontiguousarray(K, dtype=np.float64))
