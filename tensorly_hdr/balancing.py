"""Remove the scaling ambiguity: balance the factors against their penalties, scale them to the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr.linalg import gram_hadamard, mttkrp
from tensorly_hdr.penalties import Entry, Penalty


@check.known_options
def balance(factors: Sequence[Any], penalties: Sequence[Penalty] | Penalty) -> tuple[NDArray, ...]:
    r"""Rescale each component so that the sum of its penalties is least, its outer product kept [1]_.

    Component by component, :math:`\min_t \sum_i a_i t_i^{p_i}` subject to :math:`\prod_i t_i = 1`, where :math:`a_i` is
    the penalty of column :math:`i` and :math:`p_i` its degree, is solved by :math:`p_i a_i t_i^{p_i} = \beta` for
    every i, with :math:`\log \beta` the mean of :math:`\log(p_i a_i)` weighted by :math:`1 / p_i`. A component with a
    zero column is set to zero in every mode, which costs nothing.

    Parameters
    ----------
    factors : sequence of arrays of shape (n_mode, r)
    penalties : Penalty or one for each mode
        Each of positive degree: ``NonNegative(l1=...)``, ``NonNegative(l2=...)``, ``L1``, ``SquaredL2``; or with l1 and
        l2 in one, ``NonNegative(l1=..., l2=...)``, where the derivative of the penalty in :math:`\log t_i` takes the
        place of :math:`p_i a_i t_i^{p_i}`, and beta is found by Newton's method.

    Returns
    -------
    tuple of arrays
        New factors; the tensor they make is unchanged, a second call changes nothing.

    Raises
    ------
    ValueError
        When a penalty has no positive degree (no scale is better than another).

    References
    ----------
    .. [1] J. E. Cohen and V. Leplat, SIAM J. Math. Data Sci., 2025; manuscript, section 10.4.1.

    Examples
    --------
    >>> import numpy as np
    >>> from tensorly_hdr.penalties import SquaredL2
    >>> balance([np.array([[4.0]]), np.array([[1.0]])], SquaredL2(1.0))
    (array([[2.]]), array([[2.]]))
    """
    arrays = check.factors("factors", factors)
    gs = check.per_mode("penalties", penalties, len(arrays), None)
    return tuple(u * t.astype(u.dtype) for u, t in zip(arrays, column_scales(arrays, gs), strict=True))


def column_scales(factors: Sequence[NDArray], penalties: Sequence[Penalty]) -> list[NDArray]:
    """Scale of each column of each factor that :func:`balance` multiplies by; zero for a component with a zero column.

    ``t g'(t u) = beta`` for every factor, where log beta is the zero of the sum of log t. That sum is increasing,
    concave, of slope between d/2 and d times a constant, and a line when each penalty is homogeneous: Newton's method
    converges from anywhere, in one step for a line.
    """
    terms = [_terms(g, u) for g, u in zip(penalties, factors, strict=True)]
    alive = np.logical_and.reduce([a + b > 0 for a, b, _ in terms])
    live = [(np.where(alive, a, 1.0), np.where(alive, b, 0.0), p) for a, b, p in terms]
    log_beta = np.mean([np.log(p * a + 2.0 * b) for a, b, p in live], axis=0)
    for _ in range(60):
        logs = [_log_scale(a, b, p, log_beta) for a, b, p in live]
        step = sum(t for t, _ in logs) / sum(slope for _, slope in logs)
        log_beta = log_beta - step
        if np.abs(step).max() <= 1e-15 * (1.0 + np.abs(log_beta).max()):
            break
    return [np.where(alive, np.exp(_log_scale(a, b, p, log_beta)[0]), 0.0) for a, b, p in live]


def _terms(g: Penalty, u: NDArray) -> tuple[NDArray, NDArray, float]:
    """Penalty of each column scaled by t, as ``a t**p + b t**2``."""
    if isinstance(g, Entry) and g.l1 > 0 and g.l2 > 0:  # the sum of both has no degree
        check.in_domain("factors", np.array([g.value(u)]))
        return g.l1 * np.abs(u).sum(axis=0), 0.5 * g.l2 * np.square(u).sum(axis=0), 1.0
    p = check.positive_degree(g)
    check.in_domain("factors", np.array([g.value(u)]))
    a = np.array([g.value(u[:, [q]]) for q in range(u.shape[1])], dtype=float)
    return a, np.zeros_like(a), p


def _log_scale(a: NDArray, b: NDArray, p: float, log_beta: NDArray) -> tuple[NDArray, NDArray]:
    """Logarithm of the t where ``p a t**p + 2 b t**2`` is beta, and its derivative in log beta."""
    if not b.any():
        return (log_beta - np.log(p * a)) / p, np.full_like(a, 1.0 / p)
    beta = np.exp(log_beta)
    t = 2.0 * beta / (a + np.sqrt(a * a + 8.0 * b * beta))
    return np.log(t), beta / (a * t + 4.0 * b * t * t)


@check.known_options
def scale(T: Any, factors: Sequence[Any], penalties: Sequence[Penalty] | Penalty) -> tuple[NDArray, ...]:
    r"""Multiply all factors by the best positive stationary :math:`t` of loss plus penalties [1]_.

    The cost :math:`\frac12 \|T - t^d M\|_F^2 + \sum_i g_i(t A_i)`, with M the tensor of the d factors, is least
    over the positive real roots of the derivative, a polynomial. Zero, from which no alternating method escapes, is
    returned only when there is no such root (the penalties outweigh the data), even if its value is lower.

    Parameters
    ----------
    T : array, dense or a scipy.sparse matrix
    factors : sequence of arrays of shape (n_mode, r)
    penalties : Penalty or one for each mode
        Entrywise and homogeneous or mixed (l1 and l2 together are fine).

    Returns
    -------
    tuple of arrays
        ``t * factor`` for each factor.

    References
    ----------
    .. [1] J. Cohen, Regularized low-rank approximations, 2026, section 10.4.1.

    Examples
    --------
    >>> import numpy as np
    >>> from tensorly_hdr.penalties import Zero
    >>> scale(np.array([[8.0]]), [np.array([[1.0]]), np.array([[2.0]])], Zero())
    (array([[2.]]), array([[4.]]))
    """
    arrays = check.factors("factors", factors)
    T = check.as_array("T", T, sparse=True)
    check.order_of("T", T, matrix=False)
    check.same_shape("factors", tuple(len(u) for u in arrays), T.shape)
    gs = check.per_mode("penalties", penalties, len(arrays), None)
    for g, u in zip(gs, arrays, strict=True):
        check.scalable(g, Entry)
        check.in_domain("factors", np.array([g.value(u)]))
    d = len(arrays)
    # accumulate, since t**d and the ridge share a coefficient when d = 2
    cost = np.zeros(2 * d + 1)
    cost[2 * d] += 0.5 * float(gram_hadamard(arrays).sum())
    cost[d] -= float(np.vdot(mttkrp(T, arrays, 0), arrays[0]))
    for g, u in zip(gs, arrays, strict=True):
        cost[1] += g.l1 * float(np.abs(u).sum())
        cost[2] += 0.5 * g.l2 * float(np.vdot(u, u))
    polynomial = np.polynomial.Polynomial(cost)
    roots = polynomial.deriv().trim().roots()
    real = roots.real[np.abs(roots.imag) <= 1e-9 * np.abs(roots)]
    positive = real[real > 1e-12 * np.abs(roots).max(initial=0.0)]
    t = float(positive[np.argmin(polynomial(positive))]) if positive.size else 0.0
    return tuple(t * u for u in arrays)
