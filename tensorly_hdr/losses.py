r"""Divergences between data and model, entry by entry.

Conventions of the whole package: a factor 1/2 before squares, so that the beta divergence at 2 is the Frobenius
loss; the generalized Kullback-Leibler divergence, with 0 log 0 = 0; sums, never means. Each loss offers its value, the
two nonnegative parts of its derivative in the model (what multiplicative updates are made of), and its curvature.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from array_api_compat import array_namespace, is_numpy_array
from scipy.special import kl_div

from tensorly_hdr import _validation as check


class Loss(Protocol):
    """A divergence ``sum_ij d(Y[i, j], M[i, j])``, convex in ``M`` for ``beta`` in [1, 2]."""

    @property
    def beta(self) -> float:
        """Index in the family of beta divergences."""

    def value(self, Y: Any, M: Any) -> float:
        """Sum of the divergence over all entries."""

    def split(self, Y: Any, M: Any) -> tuple[Any, Any]:
        """Nonnegative parts ``(plus, minus)`` of the derivative in ``M``, ``d' = plus - minus``."""

    def curvature(self, Y: Any, M: Any) -> Any:
        """Second derivative in ``M``, entry by entry."""


@dataclass(frozen=True)
class Frobenius:
    r"""Half the squared Frobenius distance, :math:`\frac12 \|Y - M\|_F^2`.

    Examples
    --------
    >>> import numpy as np
    >>> Frobenius().value(np.array([1.0, 2.0]), np.array([0.0, 0.0]))
    2.5
    """

    beta: ClassVar[float] = 2.0

    def value(self, Y: Any, M: Any) -> float:
        """Half the sum of squared differences."""
        xp = array_namespace(Y, M)
        return 0.5 * float(xp.sum((Y - M) ** 2))

    def split(self, Y: Any, M: Any) -> tuple[Any, Any]:
        """``(M, Y)``: the derivative is ``M - Y``."""
        return M, Y

    def curvature(self, Y: Any, M: Any) -> Any:
        """One everywhere."""
        return array_namespace(M).ones_like(M)


@dataclass(frozen=True)
class KullbackLeibler:
    r"""Generalized Kullback-Leibler divergence, :math:`\sum y \log(y/m) - y + m`, with :math:`0 \log 0 = 0`.

    Up to a constant it is the negative log-likelihood of Poisson counts ``Y`` of mean ``M`` (manuscript, section 7.2).

    Examples
    --------
    >>> import numpy as np
    >>> KullbackLeibler().value(np.array([0.0, 1.0]), np.array([3.0, 1.0]))
    3.0
    """

    beta: ClassVar[float] = 1.0

    def value(self, Y: Any, M: Any) -> float:
        """Sum of the divergence; infinite where ``M = 0 < Y``."""
        if is_numpy_array(Y) and is_numpy_array(M):
            return float(kl_div(Y, M).sum(dtype=np.float64))
        xp = array_namespace(Y, M)
        ones = xp.ones_like(Y)
        ratio = xp.where(Y > 0, Y, ones) / xp.where((M > 0) & (Y > 0), M, ones)
        finite = xp.sum(xp.where(Y > 0, Y * xp.log(ratio), 0 * ones) - Y + M)
        return float("inf") if bool(xp.any((M <= 0) & (Y > 0))) else float(finite)

    def split(self, Y: Any, M: Any) -> tuple[Any, Any]:
        """``(1, Y / M)``, the ratio being zero where ``Y`` is."""
        return array_namespace(M).ones_like(M), ratio(Y, M)

    def curvature(self, Y: Any, M: Any) -> Any:
        """``Y / M**2``."""
        return ratio(ratio(Y, M), M)


@dataclass(frozen=True)
class Beta:
    r"""Beta divergence, :math:`\sum \frac{y^\beta + (\beta-1) m^\beta - \beta y m^{\beta-1}}{\beta(\beta-1)}` [1]_.

    Continued to :math:`\beta = 1` (Kullback-Leibler) and :math:`\beta = 0` (Itakura-Saito,
    :math:`y/m - \log(y/m) - 1`). ``Beta(2)`` is :class:`Frobenius`. Convex in ``M`` for ``beta`` in [1, 2].

    References
    ----------
    .. [1] C. Févotte and J. Idier, Algorithms for nonnegative matrix factorization with the beta-divergence, 2011.

    Examples
    --------
    >>> import numpy as np
    >>> Beta(0.0).value(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    0.0
    """

    beta: float

    def __post_init__(self) -> None:
        check.finite_float("beta", self.beta)

    @property
    def named(self) -> Loss:
        """The same divergence by its name, where it has one: for that, solvers know more."""
        special: dict[float, Loss] = {1.0: KullbackLeibler(), 2.0: Frobenius()}
        return special.get(float(self.beta), self)

    def value(self, Y: Any, M: Any) -> float:
        """Sum of the divergence over all entries."""
        b, xp = self.beta, array_namespace(Y, M)
        if b == 1.0:
            return KullbackLeibler().value(Y, M)
        if b == 0.0:
            return float(xp.sum(Y / M - xp.log(Y / M) - 1.0))
        total = Y**b + (b - 1.0) * M**b - b * Y * M ** (b - 1.0)
        return float(xp.sum(total)) / (b * (b - 1.0))

    def split(self, Y: Any, M: Any) -> tuple[Any, Any]:
        """``(M**(b-1), Y * M**(b-2))``."""
        return M ** (self.beta - 1.0), Y * M ** (self.beta - 2.0)

    def curvature(self, Y: Any, M: Any) -> Any:
        """``(b-1) M**(b-2) + (2-b) Y M**(b-3)``."""
        b = self.beta
        return (b - 1.0) * M ** (b - 2.0) + (2.0 - b) * Y * M ** (b - 3.0)


def ratio(Y: Any, M: Any, *, overwrite: bool = False) -> Any:
    """``Y / M``, zero where ``Y`` is zero, whatever ``M`` is there; ``overwrite`` lets NumPy work in ``M`` itself."""
    if not is_numpy_array(M):
        return Y / above_zero(M)
    # no more temporary arrays than needed: to allocate one costs several times the division
    low = np.maximum(M, np.finfo(M.dtype).smallest_normal, out=M if overwrite else None)
    return np.divide(Y, low, out=low if Y.dtype == low.dtype else None)


def above_zero(M: Any) -> Any:
    """``M`` with what is below the least normal number replaced by it: safe in a division or a logarithm."""
    if is_numpy_array(M):
        return np.maximum(M, np.finfo(M.dtype).smallest_normal)  # many times faster than the clip of the array API
    xp = array_namespace(M)
    return xp.clip(M, min=float(xp.finfo(M.dtype).smallest_normal))


LOSSES: dict[str, Loss] = {"frobenius": Frobenius(), "kl": KullbackLeibler(), "is": Beta(0.0)}
