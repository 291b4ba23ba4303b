"""Extrapolation of the factors between the rounds of an alternating algorithm, with restart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr.factorization.inner import Plan
from tensorly_hdr.factorization.problem import Problem
from tensorly_hdr.solve import Iterate


@dataclass(frozen=True)
class Extrapolation:
    r"""How far to extrapolate a factor once updated: :math:`\hat A = [A + \beta (A - A_{\mathrm{old}})]_+` [1]_.

    Parameters
    ----------
    beta : float between 0 and 1
        First step; 0 is the plain algorithm, bit for bit.
    gamma : float
        Growth of the step after a round that lowered the objective.
    gamma_bar : float
        Growth of the ceiling of the step after such a round; the ceiling starts at one.
    eta : float
        What the step is divided by after a restart, when the ceiling falls to the last step that was safe;
        ``eta > gamma > gamma_bar >= 1``.

    References
    ----------
    .. [1] A. M. S. Ang, J. E. Cohen, N. Gillis and L. T. K. Hien, Accelerating block coordinate descent for nonnegative
       tensor factorization, 2021; manuscript, section 17.2.

    Examples
    --------
    >>> Extrapolation(beta=0.1)
    Extrapolation(beta=0.1, gamma=1.05, gamma_bar=1.01, eta=1.5)
    """

    beta: float = 0.5
    gamma: float = 1.05
    gamma_bar: float = 1.01
    eta: float = 1.5

    def __post_init__(self) -> None:
        check.fraction("beta", self.beta)
        check.growth_rates(self.gamma_bar, self.gamma, self.eta)


def extrapolated(problem: Problem, start: list[NDArray], plan: Plan, rule: Extrapolation) -> Iterator[Iterate]:
    """Improve the free factors in turn, each extrapolated before the next one sees it; one iterate a round.

    The iterate is made of the extrapolated factors, the last one as it was updated: it is feasible, and the products
    that made the last update give its objective. A round that raises the objective is undone, the next one is plain,
    and those after extrapolate less; so the traced objective never rises, unless ``beta`` is zero.
    """
    last = plan.free[-1]
    updated, ahead, memory = list(start), list(start), plan.no_memory()
    state = problem.known(problem.start(start, plan.free[0]))
    kept = list(memory)
    beta = safe = rule.beta
    ceiling, undone = 1.0, False
    yield state, {"beta": beta, "restart": 0.0}
    while True:
        step = 0.0 if undone else beta
        for m in plan.free:
            block = problem.next_block(state, ahead, m)
            new, memory[m] = plan.improve(m, ahead[m], block, memory[m])
            ahead[m] = plan.ahead(m, new, updated[m], step)
            updated[m] = new
        candidate = [updated[m] if m == last else u for m, u in enumerate(ahead)]
        trial = problem.known(problem.after(candidate, block, last, plan.free[0]))
        falls = problem.objective(trial) <= problem.objective(state)
        undone = step > 0.0 and not falls
        if falls or rule.beta == 0.0:
            state, kept = trial, list(memory)
            if step > 0.0:
                safe, beta, ceiling = beta, min(ceiling, rule.gamma * beta), min(1.0, rule.gamma_bar * ceiling)
            if plan.balances:
                scales = plan.balancing(state.factors)
                state = problem.scaled(state, scales)
                updated, ahead = ([u * t for u, t in zip(us, scales, strict=True)] for us in (updated, ahead))
                memory, kept = plan.no_memory(), plan.no_memory()
        else:
            updated, ahead, memory = list(state.factors), list(state.factors), list(kept)
            ceiling, beta = safe, beta / rule.eta if undone else beta
        yield state, {"beta": step, "restart": float(undone)}
