"""Which regression solver improves each factor, and for how many iterations a visit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tensorly_hdr import _validation as check
from tensorly_hdr import kernels
from tensorly_hdr.losses import Frobenius, Loss
from tensorly_hdr.penalties import Penalty, entrywise
from tensorly_hdr.regression import KL_SOLVERS, LS_SOLVERS, Update


def updates_of(solver: Any, loss: Loss, penalties: Sequence[Penalty]) -> list[tuple[str, Update]]:
    """Name and update of each mode, checked against the loss and the penalty of the mode."""
    is_quadratic = isinstance(loss, Frobenius)
    table = LS_SOLVERS if is_quadratic else KL_SOLVERS
    out = []
    for g in penalties:
        wanted = _automatic(loss, g) if isinstance(solver, str) and solver == "auto" else solver
        update = check.solver(wanted, {**table, "auto": None})
        label = wanted if isinstance(wanted, str) else check.name_of(wanted)
        check.supported(label, update, g)
        if not is_quadratic:
            check.supports_loss(label, update, loss)
        out.append((label, update))
    return out


def _automatic(loss: Loss, penalty: Penalty) -> str:
    if isinstance(loss, Frobenius):
        return "hals" if entrywise(penalty) else "pgd"
    return "ccd" if loss.beta == 1.0 and kernels.is_compiled else "mu"


def inner_iterations(update: Update, loss: Loss) -> int:
    """One of an exact solver, five for least squares, three for the other losses."""
    if getattr(getattr(update, "func", update), "exact", False):
        return 1
    return 5 if isinstance(loss, Frobenius) else 3
