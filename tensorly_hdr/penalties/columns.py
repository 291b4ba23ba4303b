"""Constraints on whole columns (``axis=0``) or whole rows (``axis=1``) of the array they are given.

In ``nnls(A, Y, penalty=...)`` that array is ``x`` of shape (r, n), one column an observation; in a factorization it is
the tall factor, one column a component.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from array_api_compat import array_namespace

from tensorly_hdr import _validation as check
from tensorly_hdr.penalties.base import entrywise, orthant


@dataclass(frozen=True)
class Simplex:
    """Indicator of nonnegative columns that sum to ``total`` (to at most ``total`` with ``below=True``).

    Examples
    --------
    >>> import numpy as np
    >>> Simplex().prox(np.array([[0.0], [2.0]]), 1.0).ravel()
    array([0., 1.])
    """

    axis: int = 0
    total: float = 1.0
    below: bool = False
    degree: ClassVar[None] = None
    convex: ClassVar[bool] = True
    nonneg: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check.axis(self.axis)
        check.nonneg_float("total", self.total, positive=True)
        check.flag("below", self.below)

    def value(self, u: Any) -> float:
        """Zero inside (to rounding), ``inf`` outside."""
        xp = array_namespace(u)
        sums = xp.sum(u, axis=self.axis)
        slack = self.total * math.sqrt(float(xp.finfo(u.dtype).eps))
        inside = float(xp.min(u)) >= 0 and float(xp.max(sums)) <= self.total + slack
        if not self.below:
            inside = inside and float(xp.min(sums)) >= self.total - slack
        return 0.0 if inside else math.inf

    def prox(self, u: Any, step: float) -> Any:
        """Euclidean projection by sorting: the threshold is the largest mean excess of the leading entries."""
        xp = array_namespace(u)
        n, shape = u.shape[self.axis], [1, 1]
        shape[self.axis] = n
        counts = xp.reshape(xp.arange(1, n + 1, dtype=u.dtype), tuple(shape))
        ordered = xp.sort(u, axis=self.axis, descending=True)
        excess = xp.max(
            (xp.cumulative_sum(ordered, axis=self.axis) - self.total) / counts, axis=self.axis, keepdims=True
        )
        return xp.clip(u - (xp.clip(excess, min=0.0) if self.below else excess), min=0.0)


@dataclass(frozen=True)
class UnitBall:
    """Indicator of columns of Euclidean norm at most one, nonnegative too with ``nonneg=True``."""

    axis: int = 0
    nonneg: bool = False
    degree: ClassVar[None] = None
    convex: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check.axis(self.axis)
        check.flag("nonneg", self.nonneg)

    def value(self, u: Any) -> float:
        """Zero inside (to rounding), ``inf`` outside."""
        xp = array_namespace(u)
        slack = math.sqrt(float(xp.finfo(u.dtype).eps))
        inside = float(xp.max(xp.sum(u * u, axis=self.axis))) <= 1.0 + slack
        return 0.0 if inside and (not self.nonneg or float(xp.min(u)) >= 0) else math.inf

    def prox(self, u: Any, step: float) -> Any:
        """Project on the cone, then divide the columns that are too long by their norm."""
        xp = array_namespace(u)
        if self.nonneg:
            u = xp.clip(u, min=0.0)
        return u / xp.clip(xp.sqrt(xp.sum(u * u, axis=self.axis, keepdims=True)), min=1.0)


@dataclass(frozen=True)
class HardSparse:
    """Indicator of columns with at most ``k`` nonzeros, nonnegative by default.

    Not convex: solvers find local solutions.

    Examples
    --------
    >>> import numpy as np
    >>> HardSparse(1).prox(np.array([[3.0], [2.0], [-5.0]]), 1.0).ravel()
    array([3., 0., 0.])
    """

    k: int
    axis: int = 0
    nonneg: bool = True
    degree: ClassVar[float] = 0.0
    convex: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check.axis(self.axis)
        check.positive_int("k", self.k)
        check.flag("nonneg", self.nonneg)

    def value(self, u: Any) -> float:
        """Zero when every column has at most ``k`` nonzeros (and no negative one), else ``inf``."""
        xp = array_namespace(u)
        counts = xp.sum(xp.astype(u != 0, u.dtype), axis=self.axis)
        inside = float(xp.max(counts)) <= self.k and (not self.nonneg or float(xp.min(u)) >= 0)
        return 0.0 if inside else math.inf

    def prox(self, u: Any, step: float) -> Any:
        """Keep the ``k`` largest entries of each column, in size or in value; ties go to the first."""
        xp = array_namespace(u)
        if self.nonneg:
            u = xp.clip(u, min=0.0)
        rank = xp.argsort(xp.argsort(-xp.abs(u), axis=self.axis, stable=True), axis=self.axis, stable=True)
        return xp.where(rank < self.k, u, xp.zeros_like(u))


def per_observation(penalty: Any) -> bool:
    """Accept NonNegative(l1=..., l2=...), and Simplex of each observation."""
    inner, axis = (penalty.penalty, 0) if isinstance(penalty, Transposed) else (penalty, 1)
    return orthant(penalty) or (isinstance(inner, Simplex) and inner.axis == axis)


def tall(penalty: Any) -> Any:
    """``penalty`` of ``x``, seen by a solver that works on the tall factor ``u = x.T``."""
    return penalty if entrywise(penalty) else Transposed(penalty)


@dataclass(frozen=True)
class Transposed:
    """``g(u.T)``: a penalty of ``x`` seen by a solver that works on the tall factor ``u = x.T``."""

    penalty: Any

    @property
    def degree(self) -> float | None:
        """That of the penalty."""
        degree: float | None = getattr(self.penalty, "degree", None)
        return degree

    @property
    def convex(self) -> bool:
        """That of the penalty."""
        return bool(getattr(self.penalty, "convex", True))

    @property
    def nonneg(self) -> bool:
        """That of the penalty."""
        return bool(getattr(self.penalty, "nonneg", False))

    def value(self, u: Any) -> float:
        """Value at the transpose."""
        return float(self.penalty.value(u.T))

    def prox(self, u: Any, step: float) -> Any:
        """Prox at the transpose, transposed back."""
        return self.penalty.prox(u.T, step).T
