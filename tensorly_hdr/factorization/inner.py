"""Which regression solver improves each factor, for how many iterations a visit, and what happens between visits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr import kernels
from tensorly_hdr.balancing import column_scales
from tensorly_hdr.factorization.problem import Problem
from tensorly_hdr.losses import Frobenius, Loss
from tensorly_hdr.penalties import Penalty, entrywise
from tensorly_hdr.regression import Update, interior, needs_interior
from tensorly_hdr.regression.registry import KL_SOLVERS, LS_SOLVERS, hals

DELTA = 0.1  # sweeps of HALS end when one moves the rows by less than this part of what the first did
MOST_SWEEPS = 20


@dataclass(frozen=True)
class Plan:
    """What is done to each factor: its named update, how often, under which penalty; which are free, and balanced."""

    updates: Sequence[tuple[str, Update]]
    n_inner: Sequence[int]
    penalties: Sequence[Penalty]
    free: Sequence[int]
    balances_start: bool = False
    balances: bool = False

    @property
    def label(self) -> str:
        """Names of the updates, each once."""
        return ", ".join(dict.fromkeys(label for label, _ in self.updates))

    def no_memory(self) -> list[Any]:
        """What the updates remember before their first call."""
        return [None] * len(self.updates)

    def improve(self, m: int, u: NDArray, block: Any, memory: Any) -> tuple[NDArray, Any]:
        """One visit of the factor of mode ``m``."""
        label, update = self.updates[m]
        new, memory = update(u, block, self.penalties[m], self.n_inner[m], memory)
        check.same_result_shape(label, new, u.shape)
        return new, memory

    def inside(self, m: int, u: NDArray) -> NDArray:
        """``u`` projected on the domain of its penalty, and off the zeros that its update could not leave."""
        v = np.asarray(self.penalties[m].prox(u, 0.0))
        return interior(v) if m in self.free and needs_interior(self.updates[m][1]) else v

    def ahead(self, m: int, new: NDArray, old: NDArray, beta: float) -> NDArray:
        """Extrapolate from ``old`` through ``new``, in the domain."""
        return self.inside(m, new + beta * (new - old)) if beta else new

    def balancing(self, factors: Sequence[NDArray]) -> list[NDArray]:
        """Scales of the columns that make the penalties of the free factors least; the fixed ones keep theirs."""
        scales = [np.ones(u.shape[1], dtype=u.dtype) for u in factors]
        free = column_scales([factors[m] for m in self.free], [self.penalties[m] for m in self.free])
        for m, t in zip(self.free, free, strict=True):
            scales[m] = t.astype(factors[m].dtype)
        return scales


def plan_of(problem: Problem, solver: Any, n_inner: Any, fixed: Any, init: Any, balance: Any) -> Plan:
    """Check the options of the alternation."""
    loss, gs = problem.loss, problem.penalties
    free = check.free_modes(fixed, len(gs), init)
    if balance is not None:
        check.choice("balance", balance, {"start": None, "every": None})
        for m in free:
            check.can_be_balanced(gs[m])
    visits = [(label, *_visits(update, loss, n_inner)) for label, update in updates_of(solver, loss, gs)]
    updates = [(label, update) for label, update, _ in visits]
    return Plan(updates, [n for _, _, n in visits], gs, free, balance is not None, balance == "every")


def updates_of(solver: Any, loss: Loss, penalties: Sequence[Penalty]) -> list[tuple[str, Update]]:
    """Name and update of each mode, checked against the loss and the penalty of the mode."""
    is_quadratic = isinstance(loss, Frobenius)
    table = LS_SOLVERS if is_quadratic else KL_SOLVERS
    out = []
    for g in penalties:
        automatic = isinstance(solver, str) and solver == "auto"
        wanted = _automatic(loss, g) if automatic else solver
        update = check.solver(wanted, {**table, "auto": None})
        label = wanted if isinstance(wanted, str) else check.name_of(wanted)
        check.supported(label, update, g, automatic=automatic)
        if not is_quadratic:
            check.supports_loss(label, update, loss)
        out.append((label, update))
    return out


def _automatic(loss: Loss, penalty: Penalty) -> str:
    if isinstance(loss, Frobenius):
        return "hals" if entrywise(penalty) else "pgd"
    return "ccd" if loss.beta == 1.0 and kernels.is_compiled else "mu"


def _visits(update: Update, loss: Loss, n_inner: Any) -> tuple[Update, int]:
    """Update and its iterations: those asked for, or by default few sweeps of HALS, one call of an exact solver."""
    if n_inner is not None:
        return update, check.positive_int("n_inner", n_inner)
    if update is hals:
        return partial(hals, delta=DELTA), MOST_SWEEPS
    if getattr(getattr(update, "func", update), "exact", False):
        return update, 1
    return update, 5 if isinstance(loss, Frobenius) else 3
