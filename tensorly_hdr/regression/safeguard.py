"""What the safeguarded Kullback-Leibler solvers share: the cost of each observation, its best scale, a way back."""

from __future__ import annotations

from typing import Any

import numpy as np
from array_api_compat import array_namespace, is_numpy_array

from tensorly_hdr.blocks import Entrywise
from tensorly_hdr.penalties import NonNegative
from tensorly_hdr.regression.mu import mu


def cost(u: Any, block: Entrywise, penalty: NonNegative) -> Any:
    """Objective of each observation, shape (n,)."""
    xp = array_namespace(u)
    return block.row_values(u) + xp.sum(penalty.l1 * u + 0.5 * penalty.l2 * u * u, axis=1)


def no_worse(new: Any, value: Any, u: Any, block: Entrywise, penalty: NonNegative) -> tuple[Any, Any, Any]:
    """Replace the rows of ``new`` that cost more than ``value``, the cost of ``u``, by multiplicative updates of ``u``.

    Returns the rows, their cost, and a column that is True where they were replaced.
    """
    xp, after = array_namespace(u), cost(new, block, penalty)
    worse = ~(after <= value)
    if not bool(xp.any(worse)):
        return new, after, worse[:, None]
    if not is_numpy_array(u):
        new = xp.where(worse[:, None], mu(u, block, penalty)[0], new)
        return new, cost(new, block, penalty), worse[:, None]
    rows = np.flatnonzero(worse)
    part = block.rows(rows)
    new[rows] = mu(u[rows], part, penalty)[0]
    after[rows] = cost(new[rows], part, penalty)
    return new, after, worse[:, None]


def best_scale(u: Any, block: Entrywise, penalty: NonNegative) -> Any:
    """Multiply each row by the factor that lowers its objective most: the model then has the sum of the data.

    The positive root of ``l2 ||u||^2 t**2 + (mass + l1)' u t - 1'y``, in its stable form; zero data leave the row.
    """
    xp = array_namespace(u)
    S = block.totals[:, None]
    b = xp.sum((block.mass + penalty.l1) * u, axis=1, keepdims=True)
    a = xp.sum(penalty.l2 * u * u, axis=1, keepdims=True)
    below = b + xp.sqrt(b * b + 4.0 * a * S)
    good = (below > 0) & (S > 0)
    return xp.where(good, 2.0 * S / xp.where(good, below, xp.ones_like(below)), xp.ones_like(below)) * u
