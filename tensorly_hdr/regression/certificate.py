r"""How far from optimal a point of a penalized Kullback-Leibler regression is at most.

Take one observation :math:`y` of sum :math:`S`, the cost :math:`F(x) = c^T x - \sum y \log(Ax) + \lambda_2 \|x\|^2/2`
with :math:`c = A^T 1 + \lambda_1`, and a point :math:`x`, with :math:`m = A^T(y / Ax)`. The logarithm is concave, so
for every :math:`z \ge 0` and every :math:`\tau > 0`

.. math:: \sum y \log\frac{Az}{Ax} \le S \log\frac{m^T z}{S} \le \tau m^T z - S - S \log \tau,

whence :math:`F(x) - F(z) \le F_0(x) - S - S \log \tau + \max_{z \ge 0} \{(\tau m - c)^T z - \lambda_2 \|z\|^2/2\}` with
:math:`F_0(x) = c^T x + \lambda_2 \|x\|^2/2`. Without ridge the maximum is finite, and zero, as long as
:math:`\tau m \le c`: the best choice :math:`\tau = 1/\max(m/c)` gives Cover's bound, :math:`S \log \max(m/c)` when
:math:`c^T x = S`. With a ridge the maximum is :math:`\|(\tau m - c)_+\|^2 / 2 \lambda_2` and the best :math:`\tau`
solves a quadratic equation. No scaling of :math:`x` is needed, and at a solution the bound is zero (take
:math:`\tau = 1`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from array_api_compat import array_namespace, is_numpy_array

from tensorly_hdr.blocks import Entrywise
from tensorly_hdr.losses import above_zero
from tensorly_hdr.penalties import NonNegative


def kl_gap_bound(u: Any, block: Entrywise, penalty: NonNegative) -> float:
    """Bound the excess of the objective at ``u`` over its minimum: the sum of a bound for each observation.

    In double precision whatever that of the data, where NumPy is used: the bound is a difference of large numbers.
    """
    if not is_numpy_array(u) or u.dtype == np.float64:
        return _bound(u, block, penalty)
    return sum(_bound(u[rows].astype(np.float64), part, penalty) for rows, part in block.in_double())


def _bound(u: Any, block: Entrywise, penalty: NonNegative) -> float:
    xp = array_namespace(u)
    minus = block.split(u)[1]
    c = block.mass + penalty.l1 + xp.zeros_like(u)
    S = block.totals
    linear = xp.sum(c * u, axis=1) + xp.sum(0.5 * penalty.l2 * u * u, axis=1)
    bound = _with_ridge(minus, c, S, penalty.l2) if penalty.l2 else _without_ridge(minus, c, S)
    # each term is known to a few units of rounding only: one for each of the sums that it is made of
    terms = 4.0 + float(sum(block.K.shape)) ** 0.5
    rounding = terms * float(xp.finfo(u.dtype).eps) * (linear + S)
    return max(float(xp.sum(linear - S + bound + rounding)), 0.0)


def _without_ridge(minus: Any, c: Any, S: Any) -> Any:
    """``S log max(minus / c)``; an atom without mass brings nothing."""
    xp = array_namespace(minus)
    r = xp.where(c > 0, minus / above_zero(c), xp.zeros_like(c))
    return S * xp.log(above_zero(xp.max(r, axis=1)))


def _with_ridge(minus: Any, c: Any, S: Any, l2: float) -> Any:
    """``min over tau of -S log tau + ||(tau minus - c)+||^2 / (2 l2)``.

    The minimum is where ``tau minus' (tau minus - c)+ = l2 S``, an equation that is quadratic in ``tau`` once the atoms
    with ``tau minus > c`` are known. All atoms together give a root that is too large: drop those that it leaves out,
    solve again, and so on; the root only falls. Any ``tau`` gives a valid bound, so rounding does no harm. All is seen
    in units of the largest of each row, ``tau = z size / top``, since squares of what is given may leave the range.
    """
    xp = array_namespace(minus)
    top = above_zero(xp.max(minus, axis=1, keepdims=True))
    ridge = (l2 * S[:, None]) ** 0.5
    size = above_zero(xp.maximum(xp.max(c, axis=1, keepdims=True), ridge))
    minus, c, ridge = minus / top, c / size, ridge / size
    active = xp.astype(minus > 0, minus.dtype)
    for _ in range(minus.shape[1]):
        a = xp.sum(active * minus * minus, axis=1, keepdims=True)
        b = xp.sum(active * minus * c, axis=1, keepdims=True)
        z = above_zero((b + xp.sqrt(b * b + 4.0 * a * ridge * ridge)) / above_zero(2.0 * a))
        kept = active * xp.astype(z * minus > c, minus.dtype)
        if bool(xp.all(kept == active)):
            break
        active = kept
    excess = size / l2**0.5 * xp.clip(z * minus - c, min=0.0)
    log_tau = xp.log(z) + xp.log(size) - xp.log(top)
    return 0.5 * xp.sum(excess * excess, axis=1) - S * log_tau[:, 0]
