"""Spectral projected gradient: the step that fits the curvature along the last displacement."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace

from tensorly_hdr.blocks import Quadratic
from tensorly_hdr.penalties import Penalty, convex
from tensorly_hdr.regression.base import declares
from tensorly_hdr.regression.pgd import step_of

LONGEST = 1e6
"""Longest step, in units of ``1 / lipschitz``: along a direction without curvature it would be infinite."""
CURVED = 0.5
"""Under this ratio of the two steps of Barzilai and Borwein, the displacement mixes curvatures: take the short one."""


# NumPy only: the steps are plain numbers, through which no derivative would flow
@declares(convex, monotone=True, any_namespace=False)
def spg(u: Any, block: Quadratic, penalty: Penalty, n_iter: int = 1, memory: float | None = None) -> tuple[Any, float]:
    r"""Proximal gradient with steps of Barzilai and Borwein [1]_ [2]_, made monotone without evaluating the loss.

    With ``a`` the step and ``d = prox(u - a grad) - u``, the update is ``u + t d``. By definition of the prox and
    convexity of the penalty, the objective falls by :math:`t \|d\|^2 / a - t^2 \langle d G, d \rangle / 2` at least:
    most for :math:`t = \|d\|^2 / (a \langle d G, d\rangle)`, or for 1 where that is more. Remembers its step.

    References
    ----------
    .. [1] E. G. Birgin, J. M. Martínez and M. Raydan, Nonmonotone spectral projected gradient methods on convex sets,
       2000.
    .. [2] B. Zhou, L. Gao and Y.-H. Dai, Gradient methods with adaptive step-sizes, 2006.
    """
    xp, shortest = array_namespace(u), step_of(block)
    # the step of another block, where the factors around this one have moved meanwhile, is as good a guess as any
    step = shortest if memory is None else min(max(memory, shortest), LONGEST * shortest)
    for _ in range(n_iter):
        new = penalty.prox(u - step * block.grad(u), step)
        d = new - u
        bent = d @ block.gram
        length, curvature, bend = float(xp.sum(d * d)), float(xp.sum(d * bent)), float(xp.sum(bent * bent))
        t = length / (step * curvature) if curvature > 0.0 else 1.0
        # between two points of the domain is the domain, but for rounding, which the projection undoes
        u = new if t >= 1.0 else penalty.prox(u + t * d, 0.0)
        if curvature > 0.0 and bend > 0.0:
            long, short = length / curvature, curvature / bend
            step = min(short if short < CURVED * long else long, LONGEST * shortest)
    return u, step
