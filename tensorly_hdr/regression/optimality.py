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
    size = xp.linalg.diagonal(block.gram)
    one = block.lipschitz or 1.0
    curvature = [float(s) or one for s in size] if entrywise(penalty) else [one] * u.shape[1]
    slope, steps = block.grad(u), []
    if entrywise(penalty):
        columns = [penalty.prox(u[:, k] - slope[:, k] / c, 1.0 / c) for k, c in enumerate(curvature)]
        steps = [u[:, k] - z for k, z in enumerate(columns)]
    else:
        moved = u - penalty.prox(u - slope / one, 1.0 / one)
        steps = [moved[:, k] for k in range(u.shape[1])]
    eps, length, worst = float(xp.finfo(u.dtype).eps), (2.0 * block.const) ** 0.5 or 1.0, 0.0
    for k, (c, step) in enumerate(zip(curvature, steps, strict=True)):
        unit = (float(size[k]) or one) ** 0.5 * length
        rounding = 8.0 * eps * c * float(xp.linalg.vector_norm(u[:, k]))
        worst = max(worst, (c * float(xp.linalg.vector_norm(step)) - rounding) / unit)
    return worst
