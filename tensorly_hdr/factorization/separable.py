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
from tensorly_hdr.kernels import hull_rows
from tensorly_hdr.penalties import NonNegative, Simplex
from tensorly_hdr.regression._exact import ILL, portions
from tensorly_hdr.regression.registry import active_set, block_pivoting
from tensorly_hdr.solve import Iterate, run

TIE = 1e-6  # columns this close to the longest residual are told apart by their own length


@check.known_options
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
    .. [2] N. Gillis and S. A. Vavasis, IEEE Trans. Pattern Analysis and Machine Intelligence, 2014.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    >>> spa(np.column_stack([W @ [0.5, 0.5], W]), 2).indices
    array([2, 1])
    """
    axes, Y, rank = _at_the_door(Y, rank)
    return _finish(_spa_steps(Y, rank), Y, "spa", axes)


@check.known_options
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
    .. [1] N. Gillis, SIAM J. Imaging Sciences, 2014.

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
    factors = (Y[:, indices], np.ascontiguousarray(H, dtype=Y.dtype))
    return SeparableResult(as_cp(factors), trace, status, n_iter, name, axes, indices=indices)


def _pick(residual: NDArray, length: NDArray) -> int:
    """Longest residual; among near ties the longest column, then the first."""
    near = residual >= (1.0 - TIE) * residual.max()
    return int(np.argmax(np.where(near, length, -1.0)))


def _squares(Y: NDArray) -> NDArray:
    """Squared length of each column."""
    return np.concatenate([np.einsum("ij,ij->j", Y[:, c], Y[:, c]) for c in _blocks(Y)])


def _residuals(Y: NDArray, U: NDArray, V: NDArray) -> NDArray:
    """Squared length of each column of ``Y - U V'``, a block of columns at a time: no second array of that size."""
    return np.concatenate([_squares(Y[:, c] - U @ V[c].T) for c in _blocks(Y)])


def _blocks(Y: NDArray, size: int = 4096) -> list[slice]:
    return [slice(first, first + size) for first in range(0, Y.shape[1], size)]


def _nothing_left(Y: NDArray, dtype: np.dtype) -> float:
    """Squared residual, relative to the longest column, that is rounding of data of this type.

    Each entry is rounded once, so that what is lost of a column grows with its number of entries, not with that of the
    columns.
    """
    return float((len(Y) * np.finfo(dtype).eps) ** 2)


def _spa_steps(data: NDArray, rank: int) -> Iterator[Iterate]:
    Y = data.astype(np.float64, copy=False)
    length = _squares(Y)
    residual, indices = length.copy(), np.empty(0, dtype=np.intp)
    basis, H = np.empty((Y.shape[0], 0)), np.empty((Y.shape[1], 0))
    yield (indices, H, 0.5 * residual.sum()), {}
    for k in range(rank):
        if residual.max() <= 1e-8 * length.max():  # the running update has lost its digits: project afresh
            residual = _residuals(Y, basis, Y.T @ basis)
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
    block = least_squares(Y.T, W)
    H, _ = block_pivoting(np.ones((Y.shape[1], rank)), block, NonNegative())
    loss = block.value(H)
    if loss < 1e-6 * block.const:  # the products cancel
        loss = 0.5 * float(_residuals(Y, W, H).sum())
    yield (indices, H, loss), {}


def _snpa_steps(data: NDArray, rank: int) -> Iterator[Iterate]:
    Y = data.astype(np.float64, copy=False)
    hull = _Hull(Y, rank)
    # the coefficients come from normal equations: half of the digits of the residual are theirs
    nothing = max(_nothing_left(Y, data.dtype), 1e-16)
    yield (hull.indices, hull.H, 0.5 * hull.residual.sum()), {}
    for k in range(rank):
        longest = hull.length.max()
        check.enough_columns(rank if hull.residual.max() > nothing * longest else k, rank)
        hull.add(_pick(hull.residual, hull.length))
        yield (hull.indices, hull.H, 0.5 * hull.residual.sum()), {}


class _Hull:
    """Convex hull of the origin and of the columns picked so far, and the projection of every column on it.

    The origin is a vertex like the others, the first one: the coefficients ``u`` of an observation sum to one. Lengths
    are relative to the longest column.
    """

    def __init__(self, Y: NDArray, rank: int) -> None:
        self.Y, self.length = Y, _squares(Y)
        self.residual, self.indices = self.length.copy(), np.empty(0, dtype=np.intp)
        n = Y.shape[1]
        self._unit = float(self.length.max()) or 1.0
        self._u, self._cross, self._gram = np.zeros((n, rank + 1)), np.empty((n, rank + 1)), np.eye(rank + 1)
        self._u[:, 0], self._cross[:, 0], self._gram[0, 0] = 1.0, 0.5, 0.5
        self._distance = self.length / self._unit / 2.0  # to the origin, the only vertex so far

    @property
    def H(self) -> NDArray:
        """Coefficients of the picked columns, shape (n, k)."""
        return self._u[:, 1 : len(self.indices) + 1]

    def add(self, j: int) -> None:
        """Make column ``j`` a vertex and project again."""
        self.indices = np.append(self.indices, j)
        p = len(self.indices) + 1
        # a constant added to all products changes nothing where coefficients sum to one, and makes the origin regular
        self._cross[:, p - 1] = (self.Y[:, j] @ self.Y / self._unit + 1.0) / 2.0
        self._gram[:p, p - 1] = self._gram[p - 1, :p] = np.append(0.5, self._cross[self.indices, p - 1])
        values = np.linalg.eigvalsh(self._gram[:p, :p])
        if values[0] < values[-1] / ILL:
            self.H[:] = _hull_coefficients(self.Y, self.indices, self.H)
            self.residual = _residuals(self.Y, self.Y[:, self.indices], self.H)
        else:
            self._project(p)
        self.residual[self.indices] = 0.0

    def _project(self, p: int) -> None:
        tol = 10 * p * float(np.finfo(np.float64).eps)
        length = (self.length / self._unit + 1.0) / 2.0
        gram = self._gram[:p, :p].copy()
        for rows in portions(len(length)):
            u, cross = self._u[rows, :p], self._cross[rows, :p]
            hull_rows(u, self._distance[rows], length[rows], gram, cross, tol)
        self._u[self.indices, :p] = np.eye(p)[1:]
        self.residual = 2.0 * self._unit * self._distance
        if self.residual.max() <= 1e-8 * self._unit:  # a difference of large numbers has lost its digits
            self.residual = _residuals(self.Y, self.Y[:, self.indices], self.H)


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
