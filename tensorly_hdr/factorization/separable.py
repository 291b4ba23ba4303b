"""Separable factorization: the columns of ``W`` are columns of the data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr._labels import Axis, axes_of
from tensorly_hdr.blocks import least_squares
from tensorly_hdr.factorization.result import SeparableResult, as_cp
from tensorly_hdr.penalties import NonNegative, Simplex
from tensorly_hdr.regression import active_set
from tensorly_hdr.solve import Iterate, run

TIE = 1e-6  # columns this close to the longest residual are told apart by their own length


def spa(Y: Any, rank: int) -> SeparableResult:
    r"""Successive projection algorithm: pick the longest residual column, project it out, repeat [1]_ [2]_.

    Finds ``W`` exactly when :math:`Y = W H^T`, the columns of ``Y`` include those of ``W``, the rows of ``H`` sum to at
    most one and ``W`` has full column rank; robust to small noise.

    Parameters
    ----------
    Y : array of shape (m, n)
        One observation per column (a spectrum per pixel); signs are free.
    rank : int
        Number of columns to pick, at most the rank of ``Y``.

    Returns
    -------
    SeparableResult
        ``indices`` in the order of the picks, ``W = Y[:, indices]``, and ``H`` (n, rank) the nonnegative least squares
        coefficients. The trace has one entry a pick, and a last one for the regression.

    Raises
    ------
    ValueError
        When ``Y`` is not a finite matrix, or fewer than ``rank`` columns already span it.

    References
    ----------
    .. [1] M. C. U. Araújo et al., The successive projections algorithm for variable selection, 2001.
    .. [2] N. Gillis and S. A. Vavasis, Fast and robust recursive algorithms for separable nonnegative matrix
       factorization, 2014.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    >>> spa(np.column_stack([W @ [0.5, 0.5], W]), 2).indices
    array([2, 1])
    """
    axes, Y, rank = _at_the_door(Y, rank)
    return _finish(_spa_steps(Y, rank), Y, "spa", axes)


def snpa(Y: Any, rank: int) -> SeparableResult:
    r"""Successive nonnegative projection algorithm: :func:`spa` with a projection on the convex hull [1]_.

    The residual of a column is that of its best approximation by :math:`W h,\ h \ge 0,\ 1^T h \le 1`. More
    robust than SPA, and right also when ``W`` is rank deficient, as long as no column of ``W`` lies in the convex hull
    of the others and the origin.

    Parameters
    ----------
    Y : array of shape (m, n)
        One observation per column; signs are free.
    rank : int
        Number of columns to pick.

    Returns
    -------
    SeparableResult
        ``indices``, ``W = Y[:, indices]``, ``H`` (n, rank) with nonnegative rows of sum at most one. The trace has one
        entry a pick.

    Raises
    ------
    ValueError
        When ``Y`` is not a finite matrix, or fewer than ``rank`` columns already explain it.

    References
    ----------
    .. [1] N. Gillis, Successive nonnegative projection algorithm for robust nonnegative blind source separation, 2014.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.array([[1.0, 0.0, 0.6], [0.0, 1.0, 0.6]])  # three vertices in the plane: rank two
    >>> sorted(snpa(np.column_stack([W, W @ [0.3, 0.3, 0.4]]), 3).indices.tolist())
    [0, 1, 2]
    """
    axes, Y, rank = _at_the_door(Y, rank)
    return _finish(_snpa_steps(Y, rank), Y, "snpa", axes)


def _at_the_door(Y: Any, rank: Any) -> tuple[tuple[Axis, ...] | None, NDArray, int]:
    axes = axes_of(Y)
    Y = check.as_array("Y", Y, ndim=2)
    return axes, Y, check.positive_int("rank", rank, at_most=Y.shape[1], why=", the number of columns of Y")


def _finish(steps: Iterator[Iterate], Y: NDArray, name: str, axes: tuple[Axis, ...] | None) -> SeparableResult:
    """Run the picks to their end; an iterate is (indices, H, loss)."""
    (indices, H, _), trace, status, n_iter = run(steps, lambda s: s[2], max_iter=Y.shape[1] + 2, tol=0.0)
    factors = (Y[:, indices], H.astype(Y.dtype, copy=False))
    return SeparableResult(as_cp(factors), trace, status, n_iter, name, axes, indices=indices)


def _pick(residual: NDArray, length: NDArray) -> int:
    """Longest residual; among near ties the longest column, then the first."""
    near = residual >= (1.0 - TIE) * residual.max()
    return int(np.argmax(np.where(near, length, -1.0)))


def _squares(Y: NDArray) -> NDArray:
    """Squared length of each column."""
    return np.asarray(np.einsum("ij,ij->j", Y, Y))


def _nothing_left(Y: NDArray, dtype: np.dtype) -> float:
    """Squared residual, relative to the longest column, that is rounding of data of this type."""
    return float((max(Y.shape) * np.finfo(dtype).eps) ** 2)


def _spa_steps(data: NDArray, rank: int) -> Iterator[Iterate]:
    Y = data.astype(np.float64, copy=False)
    length = _squares(Y)
    residual, indices = length.copy(), np.empty(0, dtype=np.intp)
    basis, H = np.empty((Y.shape[0], 0)), np.empty((Y.shape[1], 0))
    yield (indices, H, 0.5 * residual.sum()), {}
    for k in range(rank):
        if residual.max() <= 1e-8 * length.max():  # the running update has lost its digits: project afresh
            residual = _squares(Y - basis @ (basis.T @ Y))
        check.enough_columns(rank if residual.max() > _nothing_left(Y, data.dtype) * length.max() else k, rank)
        j = _pick(residual, length)
        u = Y[:, j] - basis @ (basis.T @ Y[:, j])
        u -= basis @ (basis.T @ u)  # twice is enough
        u /= np.linalg.norm(u)
        basis = np.column_stack([basis, u])
        residual = np.maximum(residual - (u @ Y) ** 2, 0.0)
        indices = np.append(indices, j)
        yield (indices, H, 0.5 * residual.sum()), {}
    W = Y[:, indices]
    H, _ = active_set(np.zeros((Y.shape[1], rank)), least_squares(Y.T, W), NonNegative())
    yield (indices, H, 0.5 * float(np.sum((Y - W @ H.T) ** 2))), {}


def _snpa_steps(data: NDArray, rank: int) -> Iterator[Iterate]:
    Y = data.astype(np.float64, copy=False)
    length = _squares(Y)
    residual, indices = length.copy(), np.empty(0, dtype=np.intp)
    H = np.empty((Y.shape[1], 0))
    # the coefficients come from normal equations: half of the digits of the residual are theirs
    nothing = max(_nothing_left(Y, data.dtype), 1e-16)
    yield (indices, H, 0.5 * residual.sum()), {}
    for k in range(rank):
        check.enough_columns(rank if residual.max() > nothing * length.max() else k, rank)
        j = _pick(residual, length)
        indices = np.append(indices, j)
        H = _hull_coefficients(Y, indices, np.column_stack([H, np.zeros(len(H))]))
        residual = _squares(Y - Y[:, indices] @ H.T)
        residual[indices] = 0.0
        yield (indices, H, 0.5 * residual.sum()), {}


def _hull_coefficients(Y: NDArray, indices: NDArray, H: NDArray) -> NDArray:
    """Coefficients ``h >= 0, sum h <= 1`` of the best approximation of each column of ``Y`` by the picked ones.

    The cone first; where the sum exceeds one the constraint binds, and the column is projected on the simplex. Both are
    exact. Taking the mean of the picked columns off, which changes nothing on the simplex, keeps the digits.
    """
    W = Y[:, indices]
    H, _ = active_set(H, replace(least_squares(Y.T, W), source=None), NonNegative())
    H[indices] = np.eye(len(indices))
    over = np.flatnonzero(H.sum(axis=1) > 1.0)
    if over.size:
        centre = W.mean(axis=1, keepdims=True)
        block = least_squares((Y[:, over] - centre).T, W - centre)
        H[over], _ = active_set(H[over], replace(block, source=None), Simplex(axis=1))
    return H
