"""How good an answer is: optimality, recovery of factors, distances of spectra and images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from tensorly_hdr import _validation as check
from tensorly_hdr.linalg import reconstruct
from tensorly_hdr.losses import ratio
from tensorly_hdr.penalties import NonNegative, Penalty


@check.known_options
def kkt_residual(A: Any, Y: Any, X: Any, penalty: Penalty | None = None) -> float:
    r"""Distance of ``X`` from optimality in :math:`\min \frac12\|Y - AX\|_F^2 + g(X)`, relative to the data.

    The length of a proximal gradient step, :math:`L \max |X - \mathrm{prox}_{g/L}(X - \nabla/L)|`, divided by
    :math:`\max |A^T Y|`: zero exactly at the points that satisfy the KKT conditions.

    Parameters
    ----------
    A : array of shape (m, r)
    Y : array of shape (m, n) or (m,)
    X : array of shape (r, n) or (r,)
    penalty : Penalty, default ``NonNegative()``

    Examples
    --------
    >>> kkt_residual([[1.0, 0.0], [0.0, 1.0]], [2.0, -1.0], [2.0, 0.0])
    0.0
    """
    g = NonNegative() if penalty is None else penalty
    check.is_penalty("penalty", g)
    A = check.as_array("A", A, ndim=2)
    Y, X = check.as_array("Y", Y, ndim=(1, 2)), check.as_array("X", X, ndim=(1, 2))
    check.same_size(rows_of_A=A.shape[0], rows_of_Y=Y.shape[0])
    check.same_shape("X", X.shape, (A.shape[1], *Y.shape[1:]))
    cross, L = A.T @ Y, float(np.linalg.norm(A, 2)) ** 2 or 1.0
    x = X if X.ndim == 2 else X[:, None]
    slope = A.T @ (A @ x) - cross.reshape(x.shape)
    step = np.abs(x - g.prox(x - slope / L, 1.0 / L)).max() * L
    return float(step / (np.abs(cross).max() or 1.0))


@check.known_options
def kl_gap(A: Any, Y: Any, X: Any, l1: float = 0.0) -> float:
    r"""Certified bound on :math:`F(X) - \min F` with :math:`F(X) = KL(Y, AX) + \lambda_1 \sum X`.

    It holds for the best multiple of ``X``, is zero only at the optimum, and infinite when ``X`` predicts zero where
    ``Y`` is positive. With :math:`c = A^T 1 + \lambda_1` and :math:`r = A^T (y / Ax) / c`, every observation satisfies
    :math:`F(x) - F^* \le \|y\|_1 \log \max_j r_j` once ``x`` is scaled so that :math:`c^T x = 1^T y` [1]_; the bounds
    are summed over the columns of ``Y``.

    References
    ----------
    .. [1] T. M. Cover, An algorithm for maximizing expected log investment return, 1984.

    Examples
    --------
    >>> kl_gap([[1.0, 0.0], [0.0, 1.0]], [2.0, 3.0], [2.0, 3.0])
    0.0
    """
    A = check.as_array("A", A, ndim=2, nonneg=True)
    Y, X = check.as_array("Y", Y, ndim=(1, 2), nonneg=True), check.as_array("X", X, ndim=(1, 2), nonneg=True)
    check.same_size(rows_of_A=A.shape[0], rows_of_Y=Y.shape[0])
    check.same_shape("X", X.shape, (A.shape[1], *Y.shape[1:]))
    Y, X = Y.reshape(len(Y), -1), X.reshape(len(X), -1)
    check.finite_divergence(Y, A)
    if ((A @ X == 0) & (Y > 0)).any():
        return float("inf")
    c = A.sum(axis=0)[:, None] + check.nonneg_float("l1", l1)
    totals = Y.sum(axis=0)
    x = X * (totals / np.maximum((c * X).sum(axis=0), np.finfo(X.dtype).tiny))
    r = np.divide(A.T @ ratio(Y, A @ x), c, out=np.zeros_like(x), where=c > 0)
    return float(np.sum(totals * np.log(np.maximum(r.max(axis=0), 1.0))))


@check.known_options
def factor_match_score(estimate: Sequence[Any], truth: Sequence[Any], *, weights: bool = False) -> float:
    """Mean, over the best matching of components, of the product over modes of cosines; 1 when all are recovered [1]_.

    When the numbers of components differ, each one without a partner counts as zero.

    Parameters
    ----------
    estimate, truth : sequences of arrays of shape (n_mode, r), or results with ``.factors``
    weights : bool
        Multiply each term by ``1 - |w - w'| / max(w, w')``, with ``w`` the norm of the component.

    References
    ----------
    .. [1] E. Acar, D. M. Dunlavy, T. G. Kolda and M. Mørup, Chemometrics and Intelligent Laboratory Systems, 2011.

    Examples
    --------
    >>> import numpy as np
    >>> A = np.eye(3)
    >>> float(factor_match_score([A, A], [A[:, ::-1], A[:, ::-1]]))
    1.0
    """
    a, b = check.factors("estimate", estimate), check.factors("truth", truth)
    check.same_size(modes_of_estimate=len(a), modes_of_truth=len(b))
    score = np.ones((a[0].shape[1], b[0].shape[1]))
    for u, v in zip(a, b, strict=True):
        check.same_size(rows_of_estimate=len(u), rows_of_truth=len(v))
        score *= _cosines(u, v)
    if check.flag("weights", weights):
        wa, wb = (np.prod([np.linalg.norm(u, axis=0) for u in f], axis=0) for f in (a, b))
        score *= 1.0 - np.abs(wa[:, None] - wb) / np.maximum(np.maximum(wa[:, None], wb), np.finfo(float).tiny)
    rows, columns = linear_sum_assignment(-score)
    return float(score[rows, columns].sum() / max(score.shape))


@check.known_options
def core_consistency(T: Any, factors: Sequence[Any], *, mask: Any = None) -> float:
    r"""How superdiagonal the core is that fits ``T`` best on these factors, in % [1]_.

    :math:`100 (1 - \|G - I\|_F^2 / r)` with :math:`G = T \times_1 A_1^+ \cdots \times_d A_d^+` and I the core of the CP
    model. Near 100 for a valid model; low or negative when components interact, a sign of too many of them, or when the
    columns of a factor are nearly collinear, since G then amplifies the noise. The columns of a component are first
    brought to one norm in all modes: the model leaves their scales free, and the core depends on them. TLViz takes the
    factors as they are, with the weights of its ``CPTensor``, and can divide by the norm of G instead of r: on one
    model the two packages give different numbers unless the norms agree and ``normalised=False``. Compare ranks with
    one of them.

    Parameters
    ----------
    T : array of three dimensions or more, dense
    factors : sequence of arrays of shape (n_mode, r), or a result with ``.factors``
    mask : boolean array of the shape of ``T``, optional
        True where ``T`` is observed. Missing entries are replaced by the model, which pull the core nowhere.

    Raises
    ------
    ValueError
        For a matrix, whose core can always be made diagonal.

    References
    ----------
    .. [1] R. Bro and H. A. L. Kiers, A new efficient method for determining the number of components in PARAFAC models,
       2003.

    Examples
    --------
    >>> import numpy as np
    >>> A = np.array([[1.0, 0.2], [0.0, 1.0], [0.5, 0.5]])
    >>> T = np.einsum("ir,jr,kr->ijk", A, A, A)
    >>> round(core_consistency(T, [A, A, A]), 6)
    100.0
    """
    arrays = check.factors("factors", factors)
    check.dense("T", T)
    T, seen = check.as_data("T", T, mask, nonneg=False)
    check.at_least_three_modes("T", T.shape)
    check.same_shape("factors", tuple(len(u) for u in arrays), T.shape)
    T = T if seen is None else np.where(seen, T, reconstruct(arrays))
    core, r = T, arrays[0].shape[1]
    for u in _evenly(arrays):  # each contraction moves the next mode to the front
        core = np.tensordot(core, np.linalg.pinv(u), axes=(0, 1))
    core = np.array(core)
    core[(np.arange(r),) * T.ndim] -= 1.0
    return float(100.0 * (1.0 - np.sum(core**2) / r))


def _evenly(factors: Sequence[NDArray]) -> list[NDArray]:
    """Factors of the same tensor, the columns of each component of one norm in all modes."""
    norms = [np.linalg.norm(u, axis=0) for u in factors]
    common = np.prod([n ** (1.0 / len(factors)) for n in norms], axis=0)
    return [u * np.divide(common, n, out=np.zeros_like(n), where=n > 0) for u, n in zip(factors, norms, strict=True)]


def _cosines(u: NDArray, v: NDArray) -> NDArray:
    """Cosine of each column of ``u`` with each of ``v``; zero columns have cosine zero with everything."""
    lengths = np.outer(np.linalg.norm(u, axis=0), np.linalg.norm(v, axis=0))
    return np.asarray(np.divide(u.T @ v, lengths, out=np.zeros_like(lengths), where=lengths > 0))


@check.known_options
def spectral_angle(a: Any, b: Any) -> NDArray:
    """Angle in radians between the columns of ``a`` and those of ``b``, pair by pair; insensitive to scale.

    Examples
    --------
    >>> import numpy as np
    >>> spectral_angle(np.array([[1.0], [0.0]]), np.array([[0.0], [2.0]])) / np.pi
    array([0.5])
    """
    a, b = check.as_array("a", a, ndim=2), check.as_array("b", b, ndim=2)
    check.same_shape("b", b.shape, a.shape)
    u, v = (x / np.maximum(np.linalg.norm(x, axis=0), np.finfo(x.dtype).tiny) for x in (a, b))
    # accurate for small angles too, where arccos is not
    return np.asarray(2.0 * np.arctan2(np.linalg.norm(u - v, axis=0), np.linalg.norm(u + v, axis=0)))


@check.known_options
def nmse(estimate: Any, truth: Any) -> float:
    """Normalized mean squared error, ``||estimate - truth||^2 / ||truth||^2``.

    Examples
    --------
    >>> nmse([1.0, 0.0], [1.0, 1.0])
    0.5
    """
    a, b = check.as_array("estimate", estimate), check.as_array("truth", truth)
    check.same_shape("estimate", a.shape, b.shape)
    return float(np.sum((a - b) ** 2) / np.sum(b**2)) if b.any() else float("inf") if a.any() else 0.0


@check.known_options
def rmse(estimate: Any, truth: Any) -> float:
    """Root mean squared error, in the unit of the data.

    Examples
    --------
    >>> rmse([3.0, 0.0], [0.0, 3.0])
    3.0
    """
    a, b = check.as_array("estimate", estimate), check.as_array("truth", truth)
    check.same_shape("estimate", a.shape, b.shape)
    return float(np.sqrt(np.mean((a - b) ** 2)))


@check.known_options
def psnr(estimate: Any, truth: Any, *, peak: float | None = None) -> float:
    """Peak signal-to-noise ratio in dB, ``20 log10(peak / rmse)``; the peak is by default the largest true value.

    Examples
    --------
    >>> round(psnr([0.9, 0.9], [1.0, 1.0]), 6)
    20.0
    """
    error = rmse(estimate, truth)
    top = (
        float(np.max(np.asarray(truth, dtype=float)))
        if peak is None
        else check.nonneg_float("peak", peak, positive=True)
    )
    return float("inf") if error == 0 else float(20.0 * np.log10(top / error))


@check.known_options
def support_score(estimate: Any, truth: Any, *, threshold: float = 0.0) -> float:
    """F1 score of the support: entries above ``threshold`` in size against the nonzeros of the truth; 1 if both empty.

    Examples
    --------
    >>> support_score([1.0, 2.0, 0.0], [3.0, 0.0, 0.0]).__round__(4)
    0.6667
    """
    a, b = check.as_array("estimate", estimate), check.as_array("truth", truth)
    check.same_shape("estimate", a.shape, b.shape)
    found, there = np.abs(a) > check.nonneg_float("threshold", threshold), b != 0
    total = int(found.sum() + there.sum())
    return 1.0 if total == 0 else 2.0 * int((found & there).sum()) / total
