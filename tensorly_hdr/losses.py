r"""Divergences between data and model, entry by entry.

Conventions of the whole package: a factor 1/2 before squares, so that the beta divergence at 2 is the Frobenius
loss; the generalized Kullback-Leibler divergence, with 0 log 0 = 0; sums, never means. Each loss offers its value, the
two nonnegative parts of its derivative in the model (what multiplicative updates are made of), and its curvature.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Protocol

import numpy as np
from array_api_compat import array_namespace, is_numpy_array
from scipy.special import kl_div

from tensorly_hdr import _validation as check

FAINT = 1e16
"""Least share of a row that an entry has in a weighted sum, in units of the least normal number."""

__all__ = ["LOSSES", "Beta", "Frobenius", "KullbackLeibler", "Loss"]


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
        with np.errstate(all="ignore"):
            quick = _kl_by_ratios(Y, M)
            # a ratio that leaves the range of the numbers has a logarithm that does not
            return quick if np.isfinite(quick) else _kl_by_logarithms(in_double(Y), in_double(M))

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
    .. [1] C. Févotte and J. Idier, Neural Computation 23, 2011.

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
        if self.beta == 1.0:
            return KullbackLeibler().value(Y, M)
        Y, M, b, xp = in_double(Y), in_double(M), self.beta, array_namespace(Y, M)
        with np.errstate(all="ignore"):
            if b == 0.0:
                return _itakura_saito(Y, M)
            slopes = M ** (b - 1.0) * ((b - 1.0) * M - b * Y)
            total = Y**b + xp.where((Y > 0) | (M > 0), slopes, xp.zeros_like(slopes))
        return float(xp.sum(total)) / (b * (b - 1.0))

    def split(self, Y: Any, M: Any) -> tuple[Any, Any]:
        """``(M**(b-1), Y * M**(b-2))``, the second being zero where ``Y`` is."""
        plus = above_zero(M) ** (self.beta - 1.0)
        return plus, ratio(Y, M) * plus

    def curvature(self, Y: Any, M: Any) -> Any:
        """``(b-1) M**(b-2) + (2-b) Y M**(b-3)``."""
        b = self.beta
        return ((b - 1.0) + (2.0 - b) * ratio(Y, M)) * above_zero(M) ** (b - 2.0)


def relative_split(loss: Loss, Y: Any, M: Any, axis: int | None = -1) -> tuple[Any, Any, Any]:
    """``loss.split`` of a beta divergence divided by one number a row (or in all), and the inverse of that number.

    The largest ``M**(beta-1)`` of the row, whence no power of a faint model leaves the range of the numbers, and no
    ratio of two sums of them.
    """
    if not isinstance(loss, Beta):
        return *loss.split(Y, M), array_namespace(M).ones((1,) * M.ndim, dtype=M.dtype)
    b, xp, M = loss.beta, array_namespace(M), above_zero(M)
    top = xp.max(M, axis=axis, keepdims=True) if b > 1.0 else xp.min(M, axis=axis, keepdims=True)
    least, most = (float(x) for x in (xp.finfo(M.dtype).smallest_normal, xp.finfo(M.dtype).max))
    with np.errstate(all="ignore"):
        plus = _between(FAINT * least, (M / top) ** (b - 1.0), None)
        return plus, _between(None, ratio(Y, M), most**0.5) * plus, top ** (1.0 - b)


def in_safe_range(plus: Any, minus: Any) -> bool:
    """Whether no power and no sum of powers in these parts of a gradient can have left the range of the numbers."""
    if is_numpy_array(plus):
        low, high = (1e-250, 1e250) if plus.dtype == np.float64 else (1e-25, 1e35)
        return bool(plus.min() > low and plus.sum() < high and minus.sum() < high)
    xp = array_namespace(plus)
    low, high = (1e-250, 1e250) if float(xp.finfo(plus.dtype).eps) < 1e-10 else (1e-25, 1e35)
    return float(xp.min(plus)) > low and float(xp.sum(plus)) < high and float(xp.sum(minus)) < high


def is_finite(nonnegative: Any) -> bool:
    """Whether all entries are finite, and their sum."""
    total = nonnegative.sum() if is_numpy_array(nonnegative) else array_namespace(nonnegative).sum(nonnegative)
    return bool(total < np.inf)


def _between(least: float | None, x: Any, most: float | None) -> Any:
    """Clip: for NumPy without the clip of the array API, which takes many times as long."""
    if not is_numpy_array(x):
        return array_namespace(x).clip(x, min=least, max=most)
    x = x if least is None else np.maximum(x, least, out=x)
    return x if most is None else np.minimum(x, most, out=x)


def in_double(x: Any) -> Any:
    """``x`` in double precision if it is NumPy's: powers of float32 leave its range."""
    return x.astype(np.float64, copy=False) if is_numpy_array(x) else x


def _kl_by_ratios(Y: Any, M: Any) -> float:
    if is_numpy_array(Y) and is_numpy_array(M):
        return float(kl_div(Y, M).sum(dtype=np.float64))
    xp = array_namespace(Y, M)
    ones = xp.ones_like(Y)
    quotient = xp.where(Y > 0, Y, ones) / xp.where((M > 0) & (Y > 0), M, ones)
    finite = xp.sum(xp.where(Y > 0, Y * xp.log(quotient), 0 * ones) - Y + M)
    return float("inf") if bool(xp.any((M <= 0) & (Y > 0))) else float(finite)


def _kl_by_logarithms(Y: Any, M: Any) -> float:
    xp = array_namespace(Y, M)
    ones = xp.ones_like(Y)
    logs = xp.log(xp.where(Y > 0, Y, ones)) - xp.log(xp.where(Y > 0, M, ones))
    return float(xp.sum(Y * logs - Y + M))


def _itakura_saito(Y: Any, M: Any) -> float:
    xp, quotient = array_namespace(Y, M), Y / M
    quick = float(xp.sum(quotient - xp.log(quotient) - 1.0))
    return quick if np.isfinite(quick) else float(xp.sum(quotient - (xp.log(Y) - xp.log(M)) - 1.0))


def ratio(Y: Any, M: Any, *, overwrite: bool = False) -> Any:
    """``Y / M``, zero where ``Y`` is zero, whatever ``M`` is there; ``overwrite`` lets NumPy work in ``M`` itself."""
    if not is_numpy_array(M):
        return Y / above_zero(M)
    # no more temporary arrays than needed: to allocate one costs several times the division
    low = np.maximum(M, _least(M.dtype), out=M if overwrite else None)
    with np.errstate(over="ignore", under="ignore"):
        return np.divide(Y, low, out=low if Y.dtype == low.dtype else None)


def above_zero(M: Any) -> Any:
    """``M`` with what is below the least normal number replaced by it: safe in a division or a logarithm."""
    if is_numpy_array(M):
        return np.maximum(M, _least(M.dtype))  # many times faster than the clip of the array API
    xp = array_namespace(M)
    return xp.clip(M, min=float(xp.finfo(M.dtype).smallest_normal))


@cache
def _least(dtype: np.dtype[Any]) -> Any:
    """Least normal number: kept, since NumPy takes longer to tell it than to work with a small array."""
    return np.finfo(dtype).smallest_normal


LOSSES: dict[str, Loss] = {"frobenius": Frobenius(), "kl": KullbackLeibler(), "is": Beta(0.0)}
