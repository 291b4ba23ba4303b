"""The objectives of the races in plain NumPy, the same for every environment."""

from __future__ import annotations

from typing import Any

import numpy as np


def loss(problem: dict[str, Any], factors: list[np.ndarray]) -> float:
    """Half the squared distance (beta 2) or the Kullback-Leibler divergence (beta 1) of ``Y`` to its model."""
    return (frobenius if problem["beta"] == 2 else kullback_leibler)(problem["Y"], factors)


def frobenius(Y: Any, factors: list[np.ndarray]) -> float:
    """From the products for a matrix, so that no model of the size of the data is made; entry by entry for a tensor."""
    if Y.ndim > 2:
        first, *others = factors
        columns = others[0]
        for factor in others[1:]:
            columns = (columns[:, None] * factor[None]).reshape(-1, factor.shape[1])
        return 0.5 * float(np.sum((Y.reshape(Y.shape[0], -1) - first @ columns.T) ** 2))
    W, H = factors
    values = Y.data if hasattr(Y, "indptr") else Y
    return 0.5 * float(np.vdot(values, values) - 2 * np.sum((Y @ H) * W) + np.sum((W.T @ W) * (H.T @ H)))


def kullback_leibler(Y: Any, factors: list[np.ndarray]) -> float:
    """Generalized divergence, 0 log 0 = 0; of a sparse matrix only the nonzeros are touched."""
    W, H = factors
    linear = float(W.sum(axis=0) @ H.sum(axis=0))
    if hasattr(Y, "indptr"):
        rows = np.repeat(np.arange(Y.shape[0]), np.diff(Y.indptr))
        y, model = Y.data, np.einsum("ij,ij->i", W[rows], H[Y.indices])
    else:
        seen = Y > 0
        y, model = Y[seen], (W @ H.T)[seen]
    return float(np.sum(y * np.log(y / model) - y)) + linear
