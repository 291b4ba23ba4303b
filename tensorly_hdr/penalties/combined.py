"""Penalties made of another one: plus a linear term and a ridge, times a number, moved to another centre."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from array_api_compat import array_namespace
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr.penalties.base import Penalty, convex, keeps_nonneg


@dataclass(frozen=True, eq=False)
class Sum:
    r"""``g(u) + <linear, u> + ridge / 2 * ||u||^2``: a penalty plus a linear term and a ridge.

    Completing the square turns its prox into that of ``g``,
    :math:`\mathrm{prox}_{s f}(u) = \mathrm{prox}_{t g}((u - s c) / (1 + s \rho))` with
    :math:`t = s / (1 + s \rho)` [1]_, so any ``g`` may be given, convex or not.

    Parameters
    ----------
    penalty : Penalty
        The function ``g``.
    linear : float or array that broadcasts against the factor, default 0
        Slope ``c`` of the linear term; negative entries reward large coefficients.
    ridge : float, default 0
        Weight of half the squared norm, at least zero.

    Raises
    ------
    TypeError, ValueError
        When ``linear`` is not finite or ``ridge`` is not a finite number that is at least zero.

    References
    ----------
    .. [1] P. L. Combettes and J.-C. Pesquet, Proximal splitting methods in signal processing, 2011, table 10.1.

    Examples
    --------
    >>> import numpy as np
    >>> from tensorly_hdr.penalties import Simplex
    >>> Sum(Simplex(), linear=np.array([[1.0], [0.0]])).prox(np.array([[0.5], [0.5]]), 0.2).ravel()
    array([0.4, 0.6])
    """

    penalty: Penalty
    linear: Any = 0.0
    ridge: float = 0.0

    def __post_init__(self) -> None:
        check.is_penalty("penalty", self.penalty)
        _entries("linear", self.linear)
        check.nonneg_float("ridge", self.ridge)

    @property
    def convex(self) -> bool:
        """Whether ``g`` is; a ridge may make the sum convex even where it is not, which is not claimed."""
        return convex(self.penalty)

    @property
    def nonneg(self) -> bool:
        """Whether ``g`` excludes negative values."""
        return keeps_nonneg(self.penalty)

    @property
    def degree(self) -> float | None:
        """The degree that all terms share, if there is one; None where the linear term can be negative."""
        slope = _entries("linear", self.linear)
        if slope.any() and not (self.nonneg and slope.min() >= 0):
            return None
        degrees = {self.penalty.degree} if self.penalty.degree != 0.0 else set()
        degrees |= {1.0} if slope.any() else set()
        degrees |= {2.0} if self.ridge else set()
        return degrees.pop() if len(degrees) == 1 else 0.0 if not degrees else None

    def value(self, u: Any) -> float:
        """The three terms; ``inf`` outside the domain of ``g``."""
        xp = array_namespace(u)
        inside = self.penalty.value(u)
        if inside == math.inf:
            return inside
        return inside + float(xp.sum(_like(self.linear, u) * u)) + 0.5 * self.ridge * float(xp.sum(u * u))

    def prox(self, u: Any, step: Any) -> Any:
        """Prox of ``g`` at the shifted and shrunk point, with the shrunk step."""
        shrink = 1.0 + step * self.ridge
        return self.penalty.prox((u - step * _like(self.linear, u)) / shrink, step / shrink)


@dataclass(frozen=True)
class Scaled:
    """``weight * g(u)``: a penalty times a positive number; an indicator stays what it is.

    Parameters
    ----------
    penalty : Penalty
        The function ``g``.
    weight : float
        A positive finite number.

    Raises
    ------
    TypeError, ValueError
        When ``weight`` is not a positive finite number.

    Examples
    --------
    >>> from tensorly_hdr.penalties import MaxColumnL1
    >>> import numpy as np
    >>> Scaled(MaxColumnL1(0.5), 4.0).value(np.array([[1.0, -2.0]]))
    4.0
    """

    penalty: Penalty
    weight: float

    def __post_init__(self) -> None:
        check.is_penalty("penalty", self.penalty)
        check.nonneg_float("weight", self.weight, positive=True)

    @property
    def convex(self) -> bool:
        """Whether ``g`` is."""
        return convex(self.penalty)

    @property
    def nonneg(self) -> bool:
        """Whether ``g`` excludes negative values."""
        return keeps_nonneg(self.penalty)

    @property
    def degree(self) -> float | None:
        """That of ``g``."""
        return self.penalty.degree

    def value(self, u: Any) -> float:
        """The weighted value; ``inf`` outside the domain of ``g``."""
        return self.weight * self.penalty.value(u)

    def prox(self, u: Any, step: Any) -> Any:
        """Prox of ``g`` with ``weight`` times the step."""
        return self.penalty.prox(u, self.weight * step)


@dataclass(frozen=True, eq=False)
class Shifted:
    """``g(u - center)``: a penalty whose origin is moved to ``center``, for instance what is known in advance.

    Parameters
    ----------
    penalty : Penalty
        The function ``g``.
    center : float or array that broadcasts against the factor
        Where ``g`` has its origin.

    Raises
    ------
    TypeError, ValueError
        When ``center`` is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from tensorly_hdr.penalties import L1
    >>> Shifted(L1(1.0), 5.0).prox(np.array([5.5, 9.0]), 1.0)
    array([5., 8.])
    """

    penalty: Penalty
    center: Any

    def __post_init__(self) -> None:
        check.is_penalty("penalty", self.penalty)
        _entries("center", self.center)

    @property
    def convex(self) -> bool:
        """Whether ``g`` is."""
        return convex(self.penalty)

    @property
    def nonneg(self) -> bool:
        """Whether ``g`` excludes negative values and the center does not bring them back."""
        return keeps_nonneg(self.penalty) and bool(_entries("center", self.center).min() >= 0)

    @property
    def degree(self) -> float | None:
        """That of ``g`` for a center of zero, else None."""
        return None if _entries("center", self.center).any() else self.penalty.degree

    def value(self, u: Any) -> float:
        """``g`` at the distance from the center; ``inf`` outside its domain."""
        return self.penalty.value(u - _like(self.center, u))

    def prox(self, u: Any, step: Any) -> Any:
        """Prox of ``g`` seen from the center."""
        center = _like(self.center, u)
        return center + self.penalty.prox(u - center, step)


def _entries(name: str, constant: Any) -> NDArray:
    """The entries of a number or an array, checked."""
    single = isinstance(constant, int | float) or getattr(constant, "ndim", 1) == 0
    entries: NDArray = check.as_array(name, [constant] if single else constant)
    return entries


def _like(constant: Any, u: Any) -> Any:
    """A constant in the array library and the precision of ``u``."""
    return array_namespace(u).asarray(constant, dtype=u.dtype)
