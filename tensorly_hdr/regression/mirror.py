"""Mirror descent with the Burg entropy (NoLips) for Kullback-Leibler regression."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace

from tensorly_hdr.blocks import Entrywise
from tensorly_hdr.penalties import NonNegative, orthant
from tensorly_hdr.regression.base import declares, floor_of


@declares(orthant, monotone=True, any_namespace=True, interior=True)
def mirror(
    u: Any, block: Entrywise, penalty: NonNegative, n_iter: int = 1, memory: Any = None, step: str = "backtracking"
) -> tuple[Any, Any]:
    r"""Minimise the linearized loss plus :math:`\sum_j L_j (x_j/u_j - \log(x_j/u_j) - 1)` and the penalty [1]_.

    Parameters
    ----------
    u, block, penalty, n_iter, memory
        See :data:`~tensorly_hdr.regression.base.Update`.
    step : {"backtracking", "coordinate", "global"}
        "global" is the constant of the theory, :math:`L = \|y\|_1` for each observation; "coordinate" the tighter
        :math:`L_j = \sum_{i: a_{ij} > 0} y_i`. "backtracking" multiplies the latter by a factor for each observation,
        halved at each iteration and doubled until the majorant holds, never above one; the factor is remembered.

    Notes
    -----
    Zero is absorbing, so entries stay above a floor. The steps of the theory are short: many iterations are needed.

    References
    ----------
    .. [1] H. H. Bauschke, J. Bolte and M. Teboulle, A descent lemma beyond Lipschitz gradient continuity, 2017.
    """
    xp, floor = array_namespace(u), floor_of(u, block.mass)
    u = xp.maximum(u, floor)
    total = block.totals[:, None] + xp.zeros_like(u)
    L = total if step == "global" else block.totals_on_atoms
    for _ in range(n_iter):
        slope = block.grad(u) + penalty.l1
        if step == "backtracking":
            memory = xp.ones_like(u[:, :1]) if memory is None else memory
            u, memory = _search(u, slope, L, memory / 2.0, block, penalty, floor)
        else:
            u = _move(u, slope, L, penalty.l2, floor)
    return u, memory


def _move(u: Any, slope: Any, L: Any, l2: float, floor: Any) -> Any:
    """Positive root of ``l2 x**2 + (slope + L / u) x - L``; the floor where it is not positive or there are no data."""
    xp = array_namespace(u)
    b = slope * u + L
    root = b + xp.sqrt(b * b + 4.0 * l2 * L * u * u)
    moved = 2.0 * L * u / xp.where(root > 0, root, xp.ones_like(root))
    return xp.maximum(xp.where(root > 0, moved, xp.zeros_like(u)), floor)


def _search(
    u: Any, slope: Any, L: Any, factor: Any, block: Entrywise, penalty: NonNegative, floor: Any
) -> tuple[Any, Any]:
    """Double the factor of the rows whose loss exceeds the majorant, until none does or the factor is one.

    Where the factor is so small that the majorant has no minimum, it does not lie below the present loss.
    """
    xp = array_namespace(u)
    before = block.row_values(u) + penalty.l1 * xp.sum(u, axis=1)
    while True:
        new = _move(u, slope, factor * L, penalty.l2, floor)
        ratio = new / u
        distance = factor * L * (ratio - xp.log(ratio) - 1.0)
        bound = before + xp.sum(slope * (new - u) + distance, axis=1)
        after = block.row_values(new) + penalty.l1 * xp.sum(new, axis=1)
        holds = (after <= bound) & (bound <= before)
        grows = ~holds[:, None] & (factor < 1.0)
        if not bool(xp.any(grows)):
            return new, factor
        factor = xp.where(grows, xp.clip(2.0 * factor, max=1.0), factor)
