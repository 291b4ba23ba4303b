"""Tensor algebra on tall factors (rows = the mode, columns = the components).

The unfolding is row-major: the other modes follow in their order, the last one fastest, so that
``unfold(reconstruct(factors), m) == factors[m] @ khatri_rao(factors, m).T``. These are building blocks of algorithms:
they trust their arguments, which the public functions have checked.
"""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

LETTERS = "abcdefghijklmnopqrstuvwxy"


def unfold(tensor: NDArray, mode: int) -> NDArray:
    """Matrix of shape (n_mode, product of the others), the other modes in their order.

    Examples
    --------
    >>> import numpy as np
    >>> unfold(np.arange(8).reshape(2, 2, 2), 1)
    array([[0, 1, 4, 5],
           [2, 3, 6, 7]])
    """
    return np.ascontiguousarray(np.moveaxis(tensor, mode, 0).reshape(tensor.shape[mode], -1))


def khatri_rao(factors: Sequence[NDArray], skip: int | None = None) -> NDArray:
    """Columnwise Kronecker product of all factors but ``skip``, shape (product of their rows, r).

    Examples
    --------
    >>> import numpy as np
    >>> khatri_rao([np.array([[1.0], [2.0]]), np.array([[3.0], [5.0]])]).ravel()
    array([ 3.,  5.,  6., 10.])
    """
    rest = [u for mode, u in enumerate(factors) if mode != skip]
    out = rest[0]
    for u in rest[1:]:
        out = (out[:, None, :] * u[None, :, :]).reshape(-1, u.shape[1])
    return out


def gram_hadamard(factors: Sequence[NDArray], skip: int | None = None) -> NDArray:
    """Entrywise product of the Gram matrices of all factors but ``skip``: the Gram of their Khatri-Rao product.

    Examples
    --------
    >>> import numpy as np
    >>> gram_hadamard([np.ones((2, 1)), np.ones((3, 1))])
    array([[6.]])
    """
    r = factors[0].shape[1]
    out = np.ones((r, r), dtype=factors[0].dtype)
    for mode, u in enumerate(factors):
        if mode != skip:
            out *= u.T @ u
    return out


def mttkrp(tensor: Any, factors: Sequence[NDArray], mode: int) -> NDArray:
    """``unfold(tensor, mode) @ khatri_rao(factors, mode)``, shape (n_mode, r), without forming either.

    The tensor may be a scipy.sparse matrix. The largest mode is contracted first, by one matrix product.

    Examples
    --------
    >>> import numpy as np
    >>> mttkrp(np.ones((2, 3, 4)), [np.ones((n, 1)) for n in (2, 3, 4)], 0).ravel()
    array([12., 12.])
    """
    if tensor.ndim == 2:
        return np.asarray(tensor @ factors[1] if mode == 0 else tensor.T @ factors[0])
    before, after = factors[:mode], factors[mode + 1 :]
    left, right = prod(tensor.shape[:mode]), prod(tensor.shape[mode + 1 :])
    n, r = factors[mode].shape
    # one BLAS product with the larger side, then a batched sum over the smaller one
    if after and (right >= left or not before):
        part = (tensor.reshape(-1, right) @ khatri_rao(after)).reshape(left, n, r)
        out: NDArray = part[0] if not before else np.einsum("inz,iz->nz", part, khatri_rao(before))
        return out
    part = (khatri_rao(before).T @ tensor.reshape(left, -1)).reshape(r, n, right)
    out = part[:, :, 0].T if not after else np.einsum("zni,iz->nz", part, khatri_rao(after))
    return np.ascontiguousarray(out)


def reconstruct(factors: Any) -> NDArray:
    """Sum of the outer products of the columns of ``factors``, a sequence or a result that has them.

    Examples
    --------
    >>> import numpy as np
    >>> reconstruct([np.array([[1.0], [2.0]]), np.array([[3.0], [5.0]])])
    array([[ 3.,  5.],
           [ 6., 10.]])
    """
    factors = getattr(factors, "factors", factors)
    if len(factors) == 1:
        return np.asarray(factors[0].sum(axis=1))
    return np.asarray(factors[0] @ khatri_rao(factors, 0).T).reshape(tuple(len(u) for u in factors))


def procrustes(M: NDArray) -> NDArray:
    """Closest matrix to ``M`` (n, r), n >= r, with orthonormal columns.

    Examples
    --------
    >>> import numpy as np
    >>> procrustes(np.diag([2.0, 3.0]))
    array([[1., 0.],
           [0., 1.]])
    """
    U, _, Vt = np.linalg.svd(M, full_matrices=False)
    return np.asarray(U @ Vt)
