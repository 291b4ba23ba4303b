"""Multiplicative updates, as majorization-minimization: the loss never rises, with l1 and l2 as well."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace

from tensorly_hdr.blocks import Entrywise, Quadratic
from tensorly_hdr.losses import above_zero
from tensorly_hdr.penalties import NonNegative, orthant
from tensorly_hdr.regression.base import declares, floor_of


@declares(orthant, monotone=True, any_namespace=True, any_beta=True, interior=True)
def mu(
    u: Any, block: Quadratic | Entrywise, penalty: NonNegative, n_iter: int = 1, memory: None = None
) -> tuple[Any, None]:
    """Multiply each entry by what minimizes the separable majorant at ``u``; entries stay positive [1]_ [2]_ [3]_.

    Entries stay above a floor, a negligible share of the model of their row, so that none is locked at zero.
    For least squares with nonnegative products, ``u * max(cross - l1, 0) / (u gram + l2 u)``; for Kullback-Leibler, the
    positive root of ``l2 x**2 + (column sums + l1) x - c`` with ``c = u * (Y / M) K``.

    References
    ----------
    .. [1] D. D. Lee and H. S. Seung, Algorithms for non-negative matrix factorization, 2001.
    .. [2] F. Sha, Y. Lin, L. K. Saul and D. D. Lee, Multiplicative updates for nonnegative quadratic programming, 2007
       (signs are free there).
    .. [3] C. Févotte and J. Idier, Neural Computation, 2011 (beta-divergences);
       manuscript, section 7.6 (the constant term of its quadratic equation should carry a minus sign).
    """
    xp = array_namespace(u)
    weight = _weight(block)
    for _ in range(n_iter):
        new = _quadratic(u, block, penalty) if isinstance(block, Quadratic) else _entrywise(u, block, penalty)
        new = (
            new if new.dtype == u.dtype else xp.astype(new, u.dtype)
        )  # ratios that leave the range of single precision come in double
        u = xp.maximum(new, floor_of(new, weight))
    return u, None


def _weight(block: Quadratic | Entrywise) -> Any:
    """Size of each atom."""
    if not isinstance(block, Quadratic):
        return block.mass
    xp = array_namespace(block.gram)
    return xp.sqrt(xp.linalg.diagonal(block.gram))[None, :]


def _quadratic(u: Any, block: Quadratic, penalty: NonNegative) -> Any:
    """Update of Sha and others; Lee and Seung's when nothing is negative."""
    xp = array_namespace(u)
    slope = block.cross - penalty.l1
    plus = u @ xp.clip(block.gram, min=0.0) + penalty.l2 * u
    minus = u @ xp.clip(-block.gram, min=0.0)
    # all relative to the largest, and u first: neither the squares of strong data nor a row at its floor, whose ratios
    # are huge, leave the range of the numbers
    below = xp.where(plus > 0, plus, xp.ones_like(plus))
    a = 0.5 * slope
    unit = xp.maximum(xp.abs(a), xp.maximum(minus, below))
    root = unit * xp.sqrt((a / unit) ** 2 + (minus / unit) * (below / unit))
    return xp.where(slope > 0, u * (a + root) / below, u * minus / above_zero(root - a))


def _entrywise(u: Any, block: Entrywise, penalty: NonNegative) -> Any:
    xp, beta = array_namespace(u), block.loss.beta
    if beta == 1.0:
        plus, minus = block.split(u)
        b, c = plus + penalty.l1, u * minus
        if penalty.l2 == 0.0:
            return c / above_zero(b)  # the same root, without a square that strong data take out of range
        return 2.0 * c / above_zero(b + xp.sqrt(b * b + 4.0 * penalty.l2 * c))
    plus, minus, inverse = block.relative_split(u)
    b = plus + penalty.l1 * (1.0 if inverse is None else inverse) if penalty.l1 else plus
    power = exponent_of(beta)
    quotient = minus / (b if inverse is None else xp.where(b > 0, b, xp.ones_like(b)))
    return u * (quotient if power == 1.0 else quotient**power)


def exponent_of(beta: float) -> float:
    """Power of the ratio that minimizes the majorant of a beta divergence: below one outside [1, 2]."""
    return 1.0 / (2.0 - beta) if beta < 1.0 else 1.0 / (beta - 1.0) if beta > 2.0 else 1.0
