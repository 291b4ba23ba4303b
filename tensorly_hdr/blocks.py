"""The subproblem in one factor, every other factor fixed: what all solvers see.

The only module that touches the data. A solver sees a Gram matrix and cross products (:class:`Quadratic`), or the two
parts of a gradient (:class:`Entrywise`); whether the data are dense, sparse or partly observed is decided here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from array_api_compat import array_namespace, is_numpy_array
from numpy.typing import NDArray

from tensorly_hdr import nonzeros
from tensorly_hdr._portions import by_portions
from tensorly_hdr._validation import is_sparse
from tensorly_hdr.losses import (
    KullbackLeibler,
    Loss,
    above_zero,
    in_double,
    in_safe_range,
    is_finite,
    ratio,
    relative_split,
)

HUGE = 1e150  # a datum beyond so many times its model raises the model anyway, however large it is
PORTION = 1 << 16  # entries of the data that what is computed entry by entry holds at a time
BEARABLE = 1 << 30  # entries of a sparse matrix beyond which its residual is not computed entry by entry


@dataclass(frozen=True)
class Quadratic:
    r"""``u -> tr(u gram u') / 2 - <u, cross> + const``, that is :math:`\frac12 \|Y - u K^T\|_F^2`.

    Parameters
    ----------
    gram : array of shape (r, r)
        ``K.T @ K``.
    cross : array of shape (n, r)
        ``Y @ K``.
    const : float
        ``||Y||^2 / 2``.
    source : (Y, K) or None
        Where the products come from, for solvers that repair what they lost to rounding.
    """

    gram: Any
    cross: Any
    const: float = 0.0
    source: tuple[Any, Any] | None = field(default=None, repr=False)

    @cached_property
    def lipschitz(self) -> float:
        """Largest eigenvalue of the Gram matrix: the Lipschitz constant of the gradient."""
        xp = array_namespace(self.gram)
        return float(xp.linalg.matrix_norm(self.gram, ord=2))

    def grad(self, u: Any) -> Any:
        """``u gram - cross``."""
        return u @ self.gram - self.cross

    def value(self, u: Any) -> float:
        """Half the squared residual, from the products; entry by entry where they cancel and the data are known."""
        value = self._from_products(u)
        if self.source is None or self._is_safe(value, u):
            return value
        Y, K = self.source
        entries = float(np.prod(Y.shape, dtype=float))
        return value if is_sparse(Y) and entries > BEARABLE else squared_gap(Y, u, K, most=value / self._size(u))

    def _from_products(self, u: Any) -> float:
        if is_numpy_array(u) and u.dtype == np.float64:
            half = u @ self.gram
            half *= 0.5
            half -= self.cross
            return float(np.vdot(half, u)) + self.const
        xp = array_namespace(u)
        return float(xp.sum((0.5 * (u @ self.gram) - self.cross) * u, dtype=xp.float64)) + self.const

    @cached_property
    def _top(self) -> float:
        """Largest square of an atom."""
        xp = array_namespace(self.gram)
        return float(xp.max(xp.linalg.diagonal(self.gram)))

    def _is_safe(self, value: float, u: Any) -> bool:
        """Whether the products have not cancelled; a bound on their size, for less work, settles the usual case."""
        share = cancels_below(u)
        if is_numpy_array(u) and value >= share * self.const and value >= share * self._top * float(np.vdot(u, u)):
            return True
        return value >= share * self._size(u)

    def _size(self, u: Any) -> float:
        """Size of the numbers that the products are sums of."""
        xp = array_namespace(u)
        return max(self.const, float(xp.sum(xp.linalg.diagonal(self.gram) * xp.sum(u * u, axis=0), dtype=xp.float64)))


@dataclass(frozen=True)
class Entrywise:
    """``u -> loss(Y, u K')`` for a loss that is a sum over entries.

    Parameters
    ----------
    Y : array (n, m), or scipy.sparse CSR array (Kullback-Leibler only: just its nonzeros are touched)
    K : array of shape (m, r)
    loss : Loss
    mask : boolean array (n, m) or None
        True where ``Y`` is observed; the rest does not count.
    """

    Y: Any
    K: Any
    loss: Loss
    mask: Any = None

    @cached_property
    def column_sums(self) -> Any:
        """``1' K``, shape (1, r)."""
        return array_namespace(self.K).sum(self.K, axis=0, keepdims=True)

    @cached_property
    def mass(self) -> Any:
        """Sum of the observed entries of each column of ``K``: (1, r), or one row for each of ``Y`` with a mask."""
        return self.column_sums if self.mask is None else self.mask.astype(self.K.dtype) @ self.K

    @cached_property
    def totals(self) -> Any:
        """Sum of each row of ``Y``, shape (n,)."""
        if is_sparse(self.Y):
            return np.asarray(self.Y.sum(axis=1)).reshape(-1)
        return array_namespace(self.Y).sum(self._seen, axis=1)

    @cached_property
    def totals_on_atoms(self) -> Any:
        """Sum of each row of ``Y`` over the support of each column of ``K``, shape (n, r)."""
        support = array_namespace(self.K).astype(self.K > 0, self.K.dtype)
        return (self.Y if is_sparse(self.Y) else self._seen) @ support

    def value(self, u: Any) -> float:
        """Loss at ``u``, in double precision: the divergence is small beside the data whose difference it takes."""
        if is_sparse(self.Y):
            return nonzeros.value(self.Y, np.asarray(u, dtype=np.float64), self._atoms, self.loss)
        if not is_numpy_array(u):
            return self.loss.value(self.Y, u @ self.K.T)
        total = 0.0
        for rows, block in self.in_double():
            seen = slice(None) if self.mask is None else block.mask
            model = u[rows].astype(np.float64, copy=False) @ block.K.T
            total += self.loss.value(block.Y[seen], model[seen])
        return total

    @cached_property
    def _atoms(self) -> NDArray:
        return np.asarray(self.K, dtype=np.float64)

    def in_double(self) -> Iterator[tuple[slice, Entrywise]]:
        """Blocks in double precision of some observations each: for what must not be lost in rounding."""
        step = max(1, self.Y.shape[0] if is_sparse(self.Y) else PORTION // len(self.K))
        for first in range(0, self.Y.shape[0], step):
            rows = slice(first, first + step)
            mask = None if self.mask is None else self.mask[rows]
            yield rows, Entrywise(self.Y[rows].astype(np.float64, copy=False), self._atoms, self.loss, mask)

    @cached_property
    def _portions(self) -> list[tuple[slice, Entrywise]]:
        """The same block, a few observations at a time; none where the whole is small, sparse or of another library."""
        if is_sparse(self.Y) or not is_numpy_array(self.Y) or self.Y.size <= PORTION:
            return []
        step = max(1, PORTION // len(self.K))
        return [(rows := slice(k, k + step), self.rows(rows)) for k in range(0, len(self.Y), step)]

    def split(self, u: Any) -> tuple[Any, Any]:
        """Nonnegative parts of the gradient in ``u``; the first may be one row that stands for all."""
        if isinstance(self.loss, KullbackLeibler):
            return self.mass, self._kl_minus(u)
        plus, minus, inverse = self.relative_split(u)
        return (plus, minus) if inverse is None else (plus / inverse, minus / inverse)

    def relative_split(self, u: Any) -> tuple[Any, Any, Any]:
        """Both parts divided by one number a row, and the inverse of that number; None for one, the usual unit."""
        plus, minus = self._plain_split(u)
        if in_safe_range(plus, minus):
            return plus, minus, None
        return self._careful_split(u)  # type: ignore[no-any-return]

    @by_portions
    def _plain_split(self, u: Any) -> tuple[Any, Any]:
        with np.errstate(all="ignore"):
            plus, minus = self.loss.split(self.Y, u @ self.K.T)
            return self._shown(plus) @ self.K, self._shown(minus) @ self.K

    @by_portions
    def _careful_split(self, u: Any) -> tuple[Any, Any, Any]:
        """In double precision, and in a unit of each row in which its powers are in range."""
        Y, K = in_double(self.Y), in_double(self.K)
        plus, minus, inverse = relative_split(self.loss, Y, self._seen_model(in_double(u) @ K.T))
        return self._shown(plus) @ K, self._shown(minus) @ K, inverse

    @by_portions
    def _kl_minus(self, u: Any) -> Any:
        """``(Y / M) K``: in double precision, the ratio being cut, where it leaves the range of the numbers."""
        with np.errstate(all="ignore"):
            minus = self._ratio_on_atoms(u)
            if is_finite(minus):
                return minus
            double = Entrywise(self.Y.astype(np.float64), in_double(self.K), self.loss, self.mask)
            return double._ratio_on_atoms(in_double(u), HUGE)

    def _ratio_on_atoms(self, u: Any, most: float | None = None) -> Any:
        if is_sparse(self.Y):
            weights = ratio(self.Y.data, nonzeros.model(self.Y, u, self.K), overwrite=True)
            return nonzeros.times(self.Y, weights if most is None else np.minimum(weights, most), self.K)
        weights = ratio(self.Y, u @ self.K.T, overwrite=True)
        if most is not None:
            weights = array_namespace(weights).clip(weights, max=most)
        return self._shown(weights) @ self.K

    def _seen_model(self, model: Any) -> Any:
        """The model, of which no hidden entry is the extreme that its row is compared to."""
        if self.mask is None:
            return model
        other = np.min(model, axis=1, keepdims=True) if self.loss.beta > 1 else np.max(model, axis=1, keepdims=True)
        return np.where(self.mask, model, other)

    def grad(self, u: Any) -> Any:
        """Gradient of the loss in ``u``."""
        plus, minus = self.split(u)
        return plus - minus

    @by_portions
    def row_values(self, u: Any) -> Any:
        """Kullback-Leibler loss of each row, shape (n,): what a safeguard compares."""
        if is_sparse(self.Y):
            logs = nonzeros.log_sums(self.Y, nonzeros.model(self.Y, u, self.K))
            return self._row_constants - logs + (self.mass * u).sum(axis=1)
        xp = array_namespace(u)
        return self._row_constants - self._log_sums(u @ self.K.T) + xp.sum(self.mass * u, axis=1)

    @cached_property
    def _seen(self) -> Any:
        """The dense data, zero where they are hidden."""
        return self._shown(self.Y)

    def _shown(self, entries: Any) -> Any:
        return entries if self.mask is None else np.where(self.mask, entries, 0.0)

    @cached_property
    def _row_constants(self) -> Any:
        """``sum y log y - y`` of each row: what the loss of a row owes to the data alone."""
        if is_sparse(self.Y):
            return nonzeros.log_sums(self.Y, self.Y.data) - self.totals
        return self._log_sums(self._seen) - self.totals

    def _log_sums(self, model: Any) -> Any:
        xp, low = array_namespace(model), above_zero(model)
        if is_numpy_array(low):
            return np.einsum("ij,ij->i", self._seen, np.log(low, out=low))
        return xp.sum(self._seen * xp.log(low), axis=1)

    def rows(self, which: NDArray | slice) -> Entrywise:
        """Block of some of the observations."""
        return Entrywise(self.Y[which], self.K, self.loss, None if self.mask is None else self.mask[which])

    @by_portions
    def curvature_sums(self, u: Any) -> Any:
        """Row sums of the Hessian of each row of ``u``, ``(d'' * (1' K')) K``: Kullback-Leibler only."""
        if is_sparse(self.Y):
            model = nonzeros.model(self.Y, u, self.K)
            weights = ratio(self.Y.data, model) * ratio(self.K.sum(axis=1)[self.Y.indices], model)
            return nonzeros.times(self.Y, weights, self.K)
        xp = array_namespace(u)
        model = u @ self.K.T
        # two ratios, since the square of a faint model is no number
        weights = ratio(self.Y, model) * ratio(xp.sum(self.K, axis=1)[None, :] + 0.0 * model, model)
        return self._shown(weights) @ self.K


def least_squares(Y: Any, K: Any, square: float | None = None) -> Quadratic:
    r"""Block of :math:`\frac12 \|Y - u K^T\|_F^2`; ``Y`` dense or scipy.sparse, of shape (n, m).

    ``square`` is the squared norm of ``Y``, where it is known.
    """
    const = half_square(Y) if square is None else 0.5 * square
    return Quadratic(K.T @ K, _thin_product(Y, K), const, (Y, K))


def _thin_product(Y: Any, K: Any) -> Any:
    """``Y @ K``; a transposed ``Y`` goes in the order of its memory, which takes BLAS half the time."""
    if is_numpy_array(Y) and Y.flags.f_contiguous:
        return np.ascontiguousarray((K.T @ Y.T).T)
    cross: Any = Y @ K
    return np.asarray(cross) if is_sparse(Y) else cross


def cancels_below(u: Any) -> float:
    """Share of its terms below which a loss from products may have lost its fifth digit (tenth in double precision)."""
    if is_numpy_array(u):
        return 1e-6 if u.dtype == np.float64 else 1e-2
    return 1e-6 if float(array_namespace(u).finfo(u.dtype).eps) < 1e-10 else 1e-2


def squared_gap(Y: Any, u: Any, K: Any, seen: Any = None, most: float = 1.0) -> float:
    """Half the squared distance of ``Y`` to ``u K'``, on the entries seen, some rows at a time; sums in double.

    ``most`` is about its share of the squares: where that is small, the differences are taken in double too.
    """
    if not (is_sparse(Y) or is_numpy_array(Y)):
        return half_square(Y - u @ K.T)
    if most < 1e-4:
        u, K = u.astype(np.float64, copy=False), K.astype(np.float64, copy=False)
    total, step = 0.0, max(1, PORTION // len(K))
    for first in range(0, len(u), step):
        rows = slice(first, first + step)
        gap = (Y[rows].toarray() if is_sparse(Y) else Y[rows].reshape(-1, len(K))) - u[rows] @ K.T
        if seen is not None:
            gap *= seen[rows].reshape(gap.shape)
        total += half_square(gap)
    return total


def half_square(Y: Any) -> float:
    """``||Y||^2 / 2`` of a dense or sparse array, summed in double precision."""
    entries = Y.data if is_sparse(Y) else Y
    if not is_numpy_array(entries):
        xp = array_namespace(entries)
        return 0.5 * float(xp.sum(entries * entries, dtype=xp.float64))
    flat, total = entries.ravel(order="K"), 0.0
    if flat.dtype == np.float64:
        return 0.5 * float(np.dot(flat, flat))
    for first in range(0, len(flat), PORTION):  # a few at a time: no copy of the data in double precision
        part = flat[first : first + PORTION].astype(np.float64)
        total += float(np.dot(part, part))
    return 0.5 * total
