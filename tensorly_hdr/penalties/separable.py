"""Entrywise penalties: ``l1 |u| + l2 u**2 / 2`` on an interval, all that a coordinate solver needs as scalars."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from array_api_compat import array_namespace

from tensorly_hdr import _validation as check


@dataclass(frozen=True)
class Entry:
    """``sum l1 |u| + l2 / 2 u**2`` on ``lower <= u <= upper``: the common form of the entrywise penalties."""

    @property
    def l1(self) -> float:
        """Weight of the absolute value."""
        return 0.0

    @property
    def l2(self) -> float:
        """Weight of half the square."""
        return 0.0

    @property
    def lower(self) -> float:
        """Least value allowed."""
        return -math.inf

    @property
    def upper(self) -> float:
        """Largest value allowed."""
        return math.inf

    @property
    def nonneg(self) -> bool:
        """Whether negative values are excluded."""
        return self.lower >= 0

    @property
    def convex(self) -> bool:
        """Always."""
        return True

    @property
    def degree(self) -> float | None:
        """Homogeneity degree: 0 for the indicator of a cone, 1 for l1, 2 for l2, None for a mixture or a box."""
        is_cone = self.lower in (0.0, -math.inf) and self.upper == math.inf
        if not is_cone or (self.l1 and self.l2):
            return None
        return 1.0 if self.l1 else 2.0 if self.l2 else 0.0

    def value(self, u: Any) -> float:
        """Penalty of the whole array; ``inf`` when an entry leaves the interval."""
        xp = array_namespace(u)
        if float(xp.min(u)) < self.lower or float(xp.max(u)) > self.upper:
            return math.inf
        total = 0.0
        if self.l1:
            total += self.l1 * float(xp.sum(xp.abs(u)))
        if self.l2:
            total += 0.5 * self.l2 * float(xp.sum(u * u))
        return total

    def prox(self, u: Any, step: Any) -> Any:
        """Soft-threshold, shrink, then clip; ``step`` may also be an array that broadcasts against ``u``."""
        xp = array_namespace(u)
        if self.l1:
            excess = xp.clip(xp.abs(u) - step * self.l1, min=0.0)
            u = xp.where(u < 0, -excess, excess)
        if self.l2:
            u = u / (1.0 + step * self.l2)
        if self.lower > -math.inf:
            u = xp.clip(u, min=self.lower)
        return u if self.upper == math.inf else xp.clip(u, max=self.upper)


@dataclass(frozen=True)
class Zero(Entry):
    """No penalty, no constraint."""


@dataclass(frozen=True)
class NonNegative(Entry):
    """``l1 sum u + l2 / 2 sum u**2`` on ``u >= 0``: nonnegativity with lasso and ridge.

    Examples
    --------
    >>> import numpy as np
    >>> NonNegative(l1=1.0).prox(np.array([0.5, 1.5, 3.0]), 1.0)
    array([0. , 0.5, 2. ])
    """

    l1: float = 0.0
    l2: float = 0.0

    def __post_init__(self) -> None:
        check.nonneg_float("l1", self.l1)
        check.nonneg_float("l2", self.l2)

    @property
    def lower(self) -> float:
        """Zero."""
        return 0.0


@dataclass(frozen=True)
class L1(Entry):
    """``weight * sum |u|`` on the whole space (the lasso); for ``u >= 0`` use ``NonNegative(l1=...)``."""

    weight: float = 1.0

    def __post_init__(self) -> None:
        check.nonneg_float("weight", self.weight)

    @property
    def l1(self) -> float:
        """The weight."""
        return self.weight


@dataclass(frozen=True)
class SquaredL2(Entry):
    """``weight / 2 * sum u**2`` on the whole space (the ridge); for ``u >= 0`` use ``NonNegative(l2=...)``."""

    weight: float = 1.0

    def __post_init__(self) -> None:
        check.nonneg_float("weight", self.weight)

    @property
    def l2(self) -> float:
        """The weight."""
        return self.weight


@dataclass(frozen=True)
class Box(Entry):
    """Indicator of ``lower <= u <= upper``, entry by entry."""

    lower: float = 0.0
    upper: float = 1.0

    def __post_init__(self) -> None:
        check.interval(self.lower, self.upper)
