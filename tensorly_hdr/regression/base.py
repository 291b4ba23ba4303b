"""What a solver is: one pure function that improves one block."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

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
) -> Callable[[F], F]:
    """Mark an update with what it takes: the penalties, whether the loss never rises, and other array libraries.

    ``exact`` tells that one call solves the block, ``any_beta`` that a solver of ``KL_SOLVERS`` serves the other beta
    divergences too. The tests run every registered solver on every penalty that it accepts, and check descent where it
    is promised.
    """

    def mark(update: F) -> F:
        facts = {"accepts": accepts, "monotone": monotone, "any_namespace": any_namespace}
        update.__dict__.update(facts | {"any_beta": any_beta, "exact": exact})
        return update

    return mark
