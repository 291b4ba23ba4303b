"""What a solver is: one pure function that improves one block."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from array_api_compat import array_namespace, is_numpy_array

from tensorly_hdr.losses import above_zero
from tensorly_hdr.penalties import Penalty

Update = Callable[..., tuple[Any, Any]]
"""``update(u, block, penalty, n_iter=1, memory=None) -> (u, memory)``.

``u`` is the tall factor (n, r), never changed in place; ``memory`` is what the method wants to find again at its next
call (a dual variable, a momentum), None at the first.
"""

F = TypeVar("F", bound=Callable[..., Any])


def declares(
    accepts: Callable[[Penalty], bool],
    *,
    monotone: bool,
    any_namespace: bool,
    any_beta: bool = False,
    exact: bool = False,
    interior: bool = False,
) -> Callable[[F], F]:
    """Mark an update with what it takes: the penalties, whether the loss never rises, and other array libraries.

    ``exact`` tells that one call solves the block, ``any_beta`` that a solver of ``KL_SOLVERS`` serves the other beta
    divergences too, ``interior`` that the start must have no zero, since the update cannot leave one. The tests run
    every registered solver on every penalty that it accepts, and check descent where it is promised.
    """

    def mark(update: F) -> F:
        facts = {"accepts": accepts, "monotone": monotone, "any_namespace": any_namespace}
        update.__dict__.update(facts | {"any_beta": any_beta, "exact": exact, "interior": interior})
        return update

    return mark


def needs_interior(update: Any) -> bool:
    """Whether an update (or a partial of it) declares that it cannot leave a zero."""
    return bool(getattr(getattr(update, "func", update), "interior", False))


def is_declared(update: Any) -> bool:
    """Whether an update (or a partial of it) says what it takes: of one that does not, nothing is known."""
    return hasattr(getattr(update, "func", update), "accepts")


def interior(u: Any, fraction: float = 1e-6) -> Any:
    """Lift the entries of a start to a fraction of the largest one of their row, or of their column if that is less.

    So that neither a strong observation nor a strong component sets the level of the others. In a row of zeros the
    largest of all stands for that of the row, and one when all are zero; a column of zeros sets no level.
    """
    xp = array_namespace(u)
    top, column, all_top = xp.max(u, axis=-1, keepdims=True), xp.max(u, axis=0, keepdims=True), xp.max(u)
    all_top = xp.where(all_top > 0, all_top, xp.ones_like(all_top))
    top = xp.where(top > 0, top, all_top)
    return xp.maximum(u, fraction * xp.where(column > 0, xp.minimum(top, column), top))


def floor_of(u: Any, weight: Any) -> Any:
    """Least values of the entries, so that none is locked at zero: 1e-16 (1e-8 in single precision) of the largest.

    The largest of its row, since a faint observation must not be floored by a strong one; or the largest share of the
    model, ``u * weight``, if that is less: an entry on a strong atom must not be floored by one on a faint atom.
    """
    if is_numpy_array(u):  # without the functions of the array API, which cost a small array half of the time
        smallest, most = 1e-16 if u.dtype == np.float64 else 1e-8, np.maximum
        largest, shares = u.max(axis=1, keepdims=True), (u * weight).max(axis=1, keepdims=True)
    else:
        xp = array_namespace(u)
        smallest, most = 1e-16 if float(xp.finfo(u.dtype).eps) < 1e-10 else 1e-8, xp.maximum
        largest, shares = xp.max(u, axis=1, keepdims=True), xp.max(u * weight, axis=1, keepdims=True)
    return above_zero(smallest * shares / above_zero(most(weight, shares / above_zero(largest))))
