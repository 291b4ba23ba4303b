"""What a penalty must offer, and what solvers ask of one."""

from __future__ import annotations

from typing import Any, Protocol


class Penalty(Protocol):
    """A function ``g`` of one tall factor; a constraint is an indicator (0 inside, ``inf`` outside).

    ``degree``, ``value`` and ``prox`` are enough for the solvers built on a proximal step. Two facts may be added, as
    attributes or properties: ``convex`` (True where it is absent; exact solvers and certificates ask for it) and
    ``nonneg`` (False where it is absent: whether the domain lies in the nonnegative orthant, which losses other than
    Frobenius require). The package's own penalties are frozen dataclasses and work on every array library.
    """

    @property
    def degree(self) -> float | None:
        """``p`` such that ``g(t u) = t**p g(u)`` for ``t > 0`` (0: the indicator of a cone); None if there is none."""

    def value(self, u: Any) -> float:
        """``g(u)``; ``inf`` outside its domain."""

    def prox(self, u: Any, step: Any) -> Any:
        """``argmin_z step * g(z) + ||z - u||^2 / 2``; with ``step = 0`` the projection on the domain.

        ``step`` is a number. A penalty that is a sum over entries also takes an array that broadcasts against ``u``,
        which solvers with one step per entry use.
        """


def anything(penalty: Penalty) -> bool:
    """Accept every penalty that has a prox."""
    return True


def convex(penalty: Penalty) -> bool:
    """Accept every convex penalty that has a prox."""
    return bool(getattr(penalty, "convex", True))


def entrywise(penalty: Penalty) -> bool:
    """Accept entrywise penalties: Zero, NonNegative, L1, SquaredL2, Box."""
    from tensorly_hdr.penalties.separable import Entry

    return isinstance(penalty, Entry)


def orthant(penalty: Penalty) -> bool:
    """Accept NonNegative(l1=..., l2=...) only."""
    from tensorly_hdr.penalties.separable import NonNegative

    return isinstance(penalty, NonNegative)


def scale_free(penalty: Penalty) -> bool:
    """Tell whether positive multiples of the entries have the same penalty: ``Zero()``, a bare ``NonNegative()``."""
    from tensorly_hdr.penalties.separable import Entry

    return isinstance(penalty, Entry) and penalty.degree == 0.0


def keeps_nonneg(penalty: Penalty) -> bool:
    """Tell whether the domain of the penalty lies in the nonnegative orthant."""
    return bool(getattr(penalty, "nonneg", False))
