"""Extrapolated multiplicative updates for Kullback-Leibler regression, monotone by restarts."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace

from tensorly_hdr.blocks import Entrywise
from tensorly_hdr.penalties import NonNegative, orthant
from tensorly_hdr.regression.base import declares, floor_of
from tensorly_hdr.regression.mu import mu
from tensorly_hdr.regression.safeguard import cost, no_worse

Momentum = tuple[Any, Any]


@declares(orthant, monotone=True, any_namespace=True, interior=True)
def mu_extrapolated(
    u: Any, block: Entrywise, penalty: NonNegative, n_iter: int = 1, memory: Momentum | None = None
) -> tuple[Any, Momentum]:
    """Update from the point ahead, ``u (u / previous)**beta`` with Nesterov's ``beta``, where that lowers the loss.

    The extrapolation is one of logarithms, natural for products: entries stay positive, and those that tend to zero
    get there sooner. An observation whose loss would rise takes the plain update and loses its momentum (cf. [1]_).
    Remembers the previous point and the length of the momentum of each observation.

    References
    ----------
    .. [1] L. T. K. Hien, V. Leplat and N. Gillis, Block majorization minimization with extrapolation and application to
       beta-NMF, 2024.
    """
    xp, floor = array_namespace(u), floor_of(u, block.mass)
    u = xp.maximum(u, floor)
    previous, t = memory or (u, xp.ones_like(u[:, :1]))
    value = cost(u, block, penalty)
    for _ in range(n_iter):
        t_new = (1.0 + xp.sqrt(1.0 + 4.0 * t * t)) / 2.0
        ahead = xp.maximum(u * (u / previous) ** ((t - 1.0) / t_new), floor)
        new, value, restarted = no_worse(mu(ahead, block, penalty)[0], value, u, block, penalty)
        previous, u, t = u, new, xp.where(restarted, xp.ones_like(t), t_new)
    return u, (previous, t)
