"""Exact nonnegative factorization of rank two."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from tensorly_hdr import _validation as check
from tensorly_hdr._labels import Axis, axes_of
from tensorly_hdr.blocks import half_square
from tensorly_hdr.factorization.result import ClosedForm, RankTwoResult, as_cp


@check.known_options
def rank_two_nmf(Y: Any, *, quantile: float = 0.0) -> RankTwoResult:
    r"""Nonnegative factorization of rank two in closed form, :math:`Y = W H^T` with :math:`W, H \ge 0` [1]_.

    Columns of ``Y`` that are divided by their sum lie on a segment when the rank is two. The *inner* solution takes the
    ends of that segment, two columns of the data; the *outer* one takes the points where its line leaves the
    nonnegative orthant. Both are exact, and every other exact factorization lies between. For other data, the line is
    the best fit to the columns in least squares, ``W`` is taken on it as above, and ``H`` is the nonnegative least
    squares solution: an approximation, not an optimum.

    Parameters
    ----------
    Y : nonnegative array of shape (m, n)
        Rows and columns of zeros are allowed.
    quantile : float below 1/2, default 0
        For noisy data: the ends of the inner segment are the quantiles ``quantile`` and ``1 - quantile`` of the
        positions of the columns, weighted by their sums, so that a few outliers, or faint columns, do not decide.

    Returns
    -------
    RankTwoResult
        ``factors`` and ``loss`` (:math:`\frac12 \|Y - W H^T\|_F^2`) of the inner solution, ``outer``: the same for the
        outer one, its columns in the same order. Columns of ``W`` sum to one.

    Raises
    ------
    ValueError
        When ``Y`` is not a finite nonnegative matrix, or when its rank is less than two.

    References
    ----------
    .. [1] J. Cohen, Regularized low-rank approximations, 2026, section 6.1.3; J. Cohen and U. Rothblum, Nonnegative
       ranks, decompositions, and factorizations of nonnegative matrices, 1993.

    Examples
    --------
    >>> import numpy as np
    >>> result = rank_two_nmf(np.array([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0]]))
    >>> result.factors[0]
    array([[0.75, 0.25], [0.25, 0.75]])
    >>> result.outer.factors[0]
    array([[1., 0.], [0., 1.]])
    """
    axes = axes_of(Y)
    Y = check.as_array("Y", Y, ndim=2, nonneg=True)
    quantile = check.tail("quantile", quantile)
    data = Y.astype(np.float64, copy=False)
    centre, direction, position, sums = _line(data, Y.dtype)
    low, high = _within_orthant(centre, direction, _is_seen(data))
    first, last = np.clip(_weighted_quantiles(position, sums, quantile), low, high)
    check.two_ends("quantile", quantile, first, last)
    inner = _on_the_line(data, centre, direction, (first, last), axes, Y.dtype)
    outer = _on_the_line(data, centre, direction, (low, high), axes, Y.dtype)
    return RankTwoResult(inner.x, inner.loss, inner.solver, axes, outer=outer)


def _line(Y: NDArray, dtype: np.dtype) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Line through the columns of sum one: a point, a direction of sum zero, the position and sum of each column."""
    Y = Y / (float(Y.max()) or 1.0)
    sums = Y.sum(axis=0)
    check.rank_two("Y", 2 if sums.any() else 0)
    # columns weigh as much as they are bright, which is right when the noise is the same everywhere
    centre = Y @ (sums / (sums @ sums))
    centre /= centre.sum()
    D = Y - np.outer(centre, sums)
    wide = D.shape[1] > D.shape[0]
    G = D @ D.T if wide else D.T @ D
    values, vectors = eigh(G, subset_by_index=[len(G) - 1, len(G) - 1])
    rounding = max(Y.shape) * float(np.finfo(dtype).eps) * float(np.linalg.norm(Y))
    check.rank_two("Y", 1 if values[-1] <= rounding**2 else 2)
    # a product with the data, so that the digits of a faint row are its own, and a row of zeros stays one
    direction = D @ (D.T @ vectors[:, 0] if wide else vectors[:, 0])
    direction /= np.linalg.norm(direction)
    direction = direction - direction.sum() * centre
    along = direction @ D
    position = np.divide(along, sums, out=np.zeros_like(along), where=sums > 0)
    j = int(np.argmax(np.abs(along)))
    if along[j] > 0:  # the sign of an eigenvector is arbitrary
        direction, position = -direction, -position
    return centre, direction, position, sums


def _is_seen(Y: NDArray) -> NDArray:
    """Rows that are more than rounding beside the others: of the rest, which is clipped, the loss sees nothing."""
    most = Y.max(axis=1)
    seen: NDArray = most > float(np.finfo(np.float64).eps) * most.max()
    return seen


def _within_orthant(centre: NDArray, direction: NDArray, seen: NDArray) -> tuple[float, float]:
    """Positions where the line enters and leaves the nonnegative orthant of the rows that are seen."""
    up, down = seen & (direction > 0), seen & (direction < 0)
    return float(np.max(-centre[up] / direction[up])), float(np.min(-centre[down] / direction[down]))


def _weighted_quantiles(position: NDArray, weights: NDArray, q: float) -> NDArray:
    """Positions below and above which a share ``q`` of the weight lies."""
    order = np.argsort(position)
    order = order[weights[order] > 0]
    below = np.cumsum(weights[order]) / weights[order].sum()
    first = min(int(np.searchsorted(below, q, side="right")), len(order) - 1)
    last = min(int(np.searchsorted(below, 1.0 - q, side="left")), len(order) - 1)
    return position[order[[first, last if q > 0 else -1]]]


def _on_the_line(
    Y: NDArray,
    centre: NDArray,
    direction: NDArray,
    ends: tuple[float, float],
    axes: tuple[Axis, ...] | None,
    dtype: np.dtype,
) -> ClosedForm:
    """Factorization whose atoms are two points of the line."""
    W = np.maximum(centre[:, None] + np.outer(direction, ends), 0.0)
    rounding = 4 * float(np.finfo(np.float64).eps * W.max())
    W = np.where(rounding < W, W, 0.0)  # exact zeros where the line leaves the orthant
    W /= W.sum(axis=0)
    factors = [v.astype(dtype, copy=False) for v in (W, _two_coefficients(Y, W))]
    return ClosedForm(as_cp(factors), half_square(Y - factors[0] @ factors[1].T), "rank two", axes)


def _two_coefficients(Y: NDArray, W: NDArray) -> NDArray:
    """Nonnegative least squares on two nonnegative atoms: where one coefficient is negative, the other is alone."""
    Q, R = np.linalg.qr(W)
    H: NDArray = np.linalg.solve(R, Q.T @ Y).T
    alone = (W.T @ Y).T / np.sum(W * W, axis=0)
    negative = H < 0
    H[negative[:, 0], 1] = alone[negative[:, 0], 1]
    H[negative[:, 1], 0] = alone[negative[:, 1], 0]
    H[negative] = 0.0
    return np.ascontiguousarray(H)
