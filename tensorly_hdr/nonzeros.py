"""Sparse data of the Kullback-Leibler divergence: what is computed at their nonzeros only."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import kernels
from tensorly_hdr.kernels import only_read
from tensorly_hdr.losses import Loss, above_zero


def model(Y: Any, u: NDArray, K: NDArray) -> NDArray:
    """``u K'`` at the nonzeros of ``Y``, in its precision."""
    return _sampled(np.empty_like(Y.data), Y, u, K)


def value(Y: Any, u: NDArray, K: NDArray, loss: Loss) -> float:
    """Loss: at the nonzeros, plus the model where the data are zero, which is its total less its part there."""
    there = _sampled(np.empty(Y.nnz), Y, u, K)
    return loss.value(Y.data, there) + float((u.sum(axis=0) * K.sum(axis=0)).sum()) - float(there.sum())


def log_sums(Y: Any, there: NDArray) -> NDArray:
    """``sum y log m`` of each row, for values ``m`` at the nonzeros of ``Y``."""
    return np.asarray(_rows(Y, Y.data * np.log(above_zero(there))).sum(axis=1)).reshape(-1)


def times(Y: Any, entries: NDArray, K: NDArray) -> NDArray:
    """Product with ``K`` of the sparse matrix that has these entries at the nonzeros of ``Y``."""
    out: NDArray = _rows(Y, entries) @ K
    return out


def _sampled(out: NDArray, Y: Any, u: NDArray, K: NDArray) -> NDArray:
    kernels.sampled_product(out, Y.indptr, Y.indices, only_read(u), only_read(K))
    return out


def _rows(Y: Any, entries: NDArray) -> Any:
    from scipy.sparse import csr_array

    return csr_array((entries, Y.indices, Y.indptr), shape=Y.shape)
