"""Starts of the factorizations: random at the right scale, or given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr._validation import is_sparse
from tensorly_hdr.linalg import gram_hadamard, mttkrp, reconstruct
from tensorly_hdr.losses import Loss


def random_factors(T: Any, rank: int, loss: Loss, mask: NDArray | None, rng: np.random.Generator) -> list[NDArray]:
    """Uniform factors, multiplied by the one number that fits the data best (in the loss, for Frobenius and KL)."""
    factors = [rng.random((n, rank)).astype(T.dtype, copy=False) for n in T.shape]
    scale = _best_scale(T, factors, loss, mask) ** (1.0 / len(factors))
    return [u * T.dtype.type(scale) for u in factors]


def _best_scale(T: Any, factors: Sequence[NDArray], loss: Loss, mask: NDArray | None) -> float:
    """``<T, M> / <M, M>`` for Frobenius, the ratio of sums otherwise; one when it is not positive."""
    if mask is not None:
        model = np.where(mask, reconstruct(factors), 0.0)
        top, bottom = (float(np.vdot(T, model)), float(np.vdot(model, model)))
        if loss.beta != 2.0:
            top, bottom = float(T[mask].sum()), float(model.sum())
    elif loss.beta == 2.0:
        top = float(np.vdot(mttkrp(T, factors, 0), factors[0]))
        bottom = float(gram_hadamard(factors).sum())
    else:
        sums = np.prod([u.sum(axis=0) for u in factors], axis=0)
        top, bottom = float((T.data if is_sparse(T) else T).sum()), float(sums.sum())
    return top / bottom if top > 0 and bottom > 0 else 1.0


def given_factors(init: Any, shape: Sequence[int], rank: int, default: list[NDArray]) -> list[NDArray]:
    """Factors of a Result, a CPTensor, or a sequence of arrays (None: the default of that mode)."""
    weights = getattr(init, "weights", None)
    arrays = list(getattr(init, "factors", init))
    check.same_size(factors_in_init=len(arrays), modes_of_the_data=len(shape))
    out = []
    for m, (array, start) in enumerate(zip(arrays, default, strict=True)):
        u = start if array is None else check.as_array(f"init[{m}]", array, ndim=2)
        check.same_shape(f"init[{m}]", u.shape, (shape[m], rank))
        out.append(np.array(u, dtype=start.dtype))
    if weights is not None:
        out[0] = out[0] * np.asarray(weights, dtype=out[0].dtype)
    return out
