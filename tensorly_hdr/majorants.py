r"""Majorants of a regression loss at a point, evaluated anywhere: for pictures, and for readers who design their own.

Each function takes the problem ``A, y``, the point ``x`` where the majorant touches the loss, and points ``X`` (one a
column), and returns one value a point. For least squares all of them lie above the loss everywhere. For
Kullback-Leibler only :func:`jensen` does: the loss has no quadratic majorant on the orthant, its curvature being
unbounded near zero, and the other two are exact to first order at ``x`` but may cross the loss farther away.

Examples
--------
>>> import numpy as np
>>> A, y, x = np.array([[1.0, 0.5], [0.0, 1.0]]), np.array([1.0, 2.0]), np.array([1.0, 1.0])
>>> X = np.array([[1.0, 2.0], [1.0, 0.5]])
>>> bool(np.all(jensen(A, y, x, X) >= value(A, y, X) - 1e-12))
True
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr.losses import LOSSES, Loss, above_zero

_CHOICES: dict[str, Loss] = {name: LOSSES[name] for name in ("frobenius", "kl")}


def value(A: Any, y: Any, X: Any, *, loss: str = "frobenius") -> NDArray:
    """Loss itself at each column of ``X``, shape (n_points,).

    Parameters
    ----------
    A : array of shape (m, r)
    y : array of shape (m,)
    X : array of shape (r, n_points)
    loss : {"frobenius", "kl"}
    """
    divergence = check.choice("loss", loss, _CHOICES)
    A, y, X = _problem(A, y, X)
    return np.array([divergence.value(y, A @ point) for point in X.T])


def jensen(A: Any, y: Any, x: Any, X: Any, *, loss: str = "frobenius") -> NDArray:
    r"""Majorant of the multiplicative updates, by convexity of the loss in each entry of the model [1]_.

    :math:`\sum_{ij} \alpha_{ij}\, d(y_i, a_{ij} x_j / \alpha_{ij})` with the shares
    :math:`\alpha_{ij} = a_{ij} x^k_j / (A x^k)_i` that each atom has in the model at :math:`x^k`. For least squares
    it is :func:`second_order` with ``u = x``.

    Parameters
    ----------
    A : nonnegative array of shape (m, r)
    y : nonnegative array of shape (m,)
    x : positive array of shape (r,)
    X : nonnegative array of shape (r, n_points)
    loss : {"frobenius", "kl"}

    References
    ----------
    .. [1] D. D. Lee and H. S. Seung, Algorithms for non-negative matrix factorization, 2001.
    """
    divergence = check.choice("loss", loss, _CHOICES)
    A, y, X = _problem(A, y, X, nonneg=True)
    x = _point("x", x, A, positive=True)
    z = A @ x
    shares = A * x / above_zero(z)[:, None]
    out = np.empty(X.shape[1])
    unseen = divergence.value(y[z == 0], z[z == 0])  # where no atom has a share, the loss is the same for every point
    for k, point in enumerate(X.T):
        parts = z[:, None] * (point / x)  # the model that each atom alone would have to make
        if divergence.beta == 2.0:
            out[k] = 0.5 * np.sum(shares * (y[:, None] - parts) ** 2)
        else:
            out[k] = sum(divergence.value(s * y, s * part) for s, part in zip(shares.T, parts.T, strict=True))
    return np.asarray(out + unseen)


def second_order(A: Any, y: Any, x: Any, X: Any, *, u: Any = None, loss: str = "frobenius") -> NDArray:
    r"""Separable quadratic :math:`f(x^k) + \nabla^T d + \frac12 \sum_j D_j d_j^2` with :math:`D = |H| u / u` [1]_.

    ``u`` is any positive vector: ones (the default) give the least trace, mSOM; ``u = x`` gives the multiplicative
    updates of least squares. With ``loss="kl"``, ``H`` is the Hessian at ``x`` and this is no majorant.

    Parameters
    ----------
    A : array of shape (m, r)
    y : array of shape (m,)
    x : array of shape (r,)
    X : array of shape (r, n_points)
    u : positive array of shape (r,), default ones
    loss : {"frobenius", "kl"}

    References
    ----------
    .. [1] M.-Q. Pham, J. E. Cohen and T. Chonavel, A fast multiplicative updates algorithm for nonnegative matrix
       factorization, TMLR, 2026.
    """
    f, slope, H, d = _expansion(A, y, x, X, loss)
    weights = np.ones(len(H)) if u is None else _point("u", u, H, positive=True)
    return np.asarray(f + slope @ d + 0.5 * (np.abs(H) @ weights / weights) @ (d * d))


def gradient(A: Any, y: Any, x: Any, X: Any, *, loss: str = "frobenius") -> NDArray:
    r"""Majorant of gradient descent, :math:`f(x^k) + \nabla^T d + \frac L2 \|d\|^2` with ``L`` the top eigenvalue of H.

    With ``loss="kl"``, ``H`` is the Hessian at ``x`` and this is no majorant.

    Parameters
    ----------
    A : array of shape (m, r)
    y : array of shape (m,)
    x : array of shape (r,)
    X : array of shape (r, n_points)
    loss : {"frobenius", "kl"}
    """
    f, slope, H, d = _expansion(A, y, x, X, loss)
    return np.asarray(f + slope @ d + 0.5 * float(np.linalg.norm(H, 2)) * np.sum(d * d, axis=0))


def diagonal(H: Any, u: Any) -> NDArray:
    """``|H| u / u``: the diagonal matrix made of it exceeds ``H``, and touches it along ``u`` when ``H >= 0``.

    Parameters
    ----------
    H : symmetric array of shape (r, r)
    u : positive array of shape (r,)

    Examples
    --------
    >>> diagonal([[2.0, 1.0], [1.0, 3.0]], [1.0, 1.0])
    array([3., 4.])
    """
    H = check.as_array("H", H, ndim=2)
    check.same_size(rows_of_H=H.shape[0], columns_of_H=H.shape[1])
    u = _point("u", u, H, positive=True)
    return np.asarray(np.abs(H) @ u / u)


def _problem(A: Any, y: Any, X: Any, *, nonneg: bool = False) -> tuple[NDArray, NDArray, NDArray]:
    A = check.as_array("A", A, ndim=2, nonneg=nonneg)
    y = check.as_array("y", y, ndim=1, nonneg=nonneg)
    X = check.as_array("X", X, ndim=2, nonneg=nonneg)
    check.same_size(rows_of_A=A.shape[0], rows_of_y=len(y))
    check.same_size(columns_of_A=A.shape[1], rows_of_X=X.shape[0])
    return A, y, X


def _point(name: str, x: Any, A: NDArray, *, positive: bool = False, nonneg: bool = False) -> NDArray:
    point: NDArray = check.as_array(name, x, ndim=1, nonneg=nonneg)
    check.same_shape(name, point.shape, (A.shape[1],))
    if positive:
        check.positive_entries(name, point)
    return point


def _expansion(A: Any, y: Any, x: Any, X: Any, loss: str) -> tuple[float, NDArray, NDArray, NDArray]:
    """Loss, gradient and Hessian at ``x``, and the displacements."""
    divergence = check.choice("loss", loss, _CHOICES)
    A, y, X = _problem(A, y, X, nonneg=divergence.beta == 1.0)
    x = _point("x", x, A, nonneg=divergence.beta == 1.0)
    z = A @ x
    if divergence.beta == 1.0:
        check.finite_at_model("x", y, z)
    plus, minus = divergence.split(y, z)
    H = A.T @ (divergence.curvature(y, z)[:, None] * A)
    return divergence.value(y, z), A.T @ (plus - minus), H, X - x[:, None]
