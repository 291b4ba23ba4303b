"""The contract of a solver."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr.blocks import Entrywise, least_squares
from tensorly_hdr.losses import Frobenius, KullbackLeibler, Loss
from tensorly_hdr.penalties import NonNegative, Penalty
from tensorly_hdr.regression import Update
from tensorly_hdr.testing._theorem import holds

ROUNDS = 2000  # calls after which a first-order method has settled on a problem of condition 30
NEAR = 1e-6  # of the first objective: how near to the optimum it is then


def check_solver(
    update: Update,
    penalty: Penalty | None = None,
    loss: Loss | None = None,
    *,
    monotone: bool = True,
    rng: int = 0,
) -> None:
    r"""Assert that a solver improves the blocks it is given, and ends at an optimum.

    On random well-conditioned problems :math:`\min_u d(Y, u K^T) + g(u)` with :math:`d` the loss: ``update`` returns a
    pair (factor, memory), the factor of the same shape and precision and in the domain of the penalty; nothing that it
    was given is changed; the objective never rises; and after many calls no point around, reached along any of many
    directions and projected onto the domain, is lower.

    Parameters
    ----------
    update : solver
        ``update(u, block, penalty, n_iter=1, memory=None) -> (u, memory)``.
    penalty : Penalty, default ``NonNegative()``
        One that the solver accepts.
    loss : Loss, default Frobenius
        Frobenius gives the solver a block with ``gram`` and ``cross``, any other loss one with ``split``.
    monotone : bool, default True
        Whether the solver promises that the objective never rises; methods with momentum do not.
    rng : int, default 0
        Seed of the problems.

    Raises
    ------
    AssertionError
        With the theorem that does not hold.

    References
    ----------
    J. Cohen, Regularized low-rank approximations, 2026, chapter 7.

    Examples
    --------
    >>> from tensorly_hdr.regression import LS_SOLVERS
    >>> check_solver(LS_SOLVERS["hals"])
    """
    g, random = NonNegative() if penalty is None else penalty, np.random.default_rng(rng)
    block = _block(Frobenius() if loss is None else loss, random)
    start = g.prox(random.random((6, 4)) + 0.1, 0.0)
    u, objective, memory = start, [_objective(block, g, start)], None
    kept = start.copy()
    for _ in range(ROUNDS):
        u, memory = _call(update, u, block, g, memory)
        objective.append(_objective(block, g, u))
    holds("the start is not changed", start == kept)
    slack = 1e-12 * abs(objective[0])
    if monotone:
        holds("the objective never rises", np.diff(objective) <= slack, f"+{np.diff(objective).max():.3g}")
    _no_neighbour_is_lower(block, g, u, NEAR * abs(objective[0]), random)


def _block(loss: Loss, random: np.random.Generator) -> Any:
    K = random.random((20, 4)) + 0.2
    # half of the true coefficients are zero, and the noise drives some of the estimates there too
    Y = np.maximum(np.maximum(random.random((6, 4)) - 0.5, 0.0) @ K.T + 0.5 * (random.random((6, 20)) - 0.5), 0.0)
    return least_squares(Y, K) if isinstance(loss, Frobenius) else Entrywise(Y, K, loss)


def _objective(block: Any, g: Penalty, u: NDArray) -> float:
    return float(block.value(u)) + g.value(u)


def _call(update: Update, u: NDArray, block: Any, g: Penalty, memory: Any) -> tuple[NDArray, Any]:
    answer = update(u, block, g, 1, memory)
    holds("update returns a pair (factor, memory)", isinstance(answer, tuple) and len(answer) == 2, repr(type(answer)))
    new: NDArray = answer[0]
    holds("update keeps the shape", new.shape == u.shape, str(new.shape))
    holds("update keeps the precision", new.dtype == u.dtype, str(new.dtype))
    holds("update stays in the domain of the penalty", np.isfinite(g.value(new)))
    return new, answer[1]


def _no_neighbour_is_lower(block: Any, g: Penalty, u: NDArray, slack: float, random: np.random.Generator) -> None:
    least = _objective(block, g, u)
    for k in range(400):
        w = g.prox(u + 10.0 ** (-(k % 4)) * random.standard_normal(u.shape), 0.0)
        other = _objective(block, g, w)
        holds(
            f"after {ROUNDS} calls the factor is optimal",
            not np.isfinite(other) or other >= least - slack,
            f"a neighbour has {other:.8g}, the factor {least:.8g}",
        )
    slope = np.asarray(block.grad(u))
    w = g.prox(u - slope / _curvature(block, u), 1.0 / _curvature(block, u))
    holds("a proximal gradient step from there gains nothing", _objective(block, g, w) >= least - slack)


def _curvature(block: Any, u: NDArray) -> float:
    """A bound on the curvature of the block at ``u``."""
    if hasattr(block, "lipschitz"):
        return float(block.lipschitz)
    sums = block.curvature_sums(u) if isinstance(block.loss, KullbackLeibler) else np.abs(block.grad(u)) + 1.0
    return float(np.max(sums)) or 1.0
