"""How much an iterate misses optimality: asked before a flat loss is taken for convergence."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace

from tensorly_hdr.blocks import Entrywise, Quadratic
from tensorly_hdr.penalties import Penalty, convex, entrywise


def misses(
    u: Any, block: Quadratic | Entrywise, penalty: Penalty, info: dict[str, float], losses: list[float]
) -> float:
    """Certified gap beside the loss of the start, or length of a proximal step beside the data; 0 if neither is known.

    A penalty that is not convex has local solutions, which a step of another length may leave: it is not judged.
    """
    if isinstance(block, Entrywise):
        return info.get("gap", 0.0) / (abs(losses[0]) or 1.0)
    if not convex(penalty):
        return 0.0
    return _step_beside_data(u, block, penalty)


def _step_beside_data(u: Any, block: Quadratic, penalty: Penalty) -> float:
    """Largest slope of a coordinate that is not accounted for, as a cosine between its atom and the data.

    A cosine does not depend on the sizes of the atoms: a faint one is judged like the others. Rounding is taken off.
    """
    xp = array_namespace(u)
    size, one = xp.linalg.diagonal(block.gram), block.lipschitz or 1.0
    lengths = xp.where(size > 0, size, xp.full_like(size, one))
    # one step per coordinate where the penalty takes it, else one for all
    curvature = lengths if entrywise(penalty) else one
    moved = u - penalty.prox(u - block.grad(u) / curvature, 1.0 / curvature)
    eps, length = float(xp.finfo(u.dtype).eps), (2.0 * block.const) ** 0.5 or 1.0
    rounding = 8.0 * eps * xp.linalg.vector_norm(u, axis=0)
    excess = curvature * (xp.linalg.vector_norm(moved, axis=0) - rounding) / xp.sqrt(lengths)
    return max(0.0, float(xp.max(excess)) / length)
