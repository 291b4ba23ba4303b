"""The subproblem in one factor, every other factor fixed: what all solvers see.

The only module that touches the data. A solver sees a Gram matrix and cross products (:class:`Quadratic`), or the two
parts of a gradient (:class:`Entrywise`); whether the data are dense, sparse or partly observed is decided here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from array_api_compat import array_namespace, is_numpy_array
from numpy.typing import NDArray

from tensorly_hdr import kernels
from tensorly_hdr._validation import is_sparse
from tensorly_hdr.losses import KullbackLeibler, Loss, above_zero, ratio


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
        """Half the squared residual, from the products alone."""
        xp = array_namespace(u)
        return float(xp.sum((0.5 * (u @ self.gram) - self.cross) * u)) + self.const


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
        """Loss at ``u``."""
        if is_sparse(self.Y):
            return self._sparse_value(u)
        model = u @ self.K.T
        if self.mask is not None:
            return self.loss.value(self.Y[self.mask], model[self.mask])
        return self.loss.value(self.Y, model)

    def split(self, u: Any) -> tuple[Any, Any]:
        """Nonnegative parts of the gradient in ``u``; the first may be one row that stands for all."""
        if is_sparse(self.Y):
            return self.column_sums, self._sparse_minus(u)
        model = u @ self.K.T
        if isinstance(self.loss, KullbackLeibler):
            weights = ratio(self.Y, model, overwrite=True)
            return self.mass, (weights if self.mask is None else np.where(self.mask, weights, 0.0)) @ self.K
        plus, minus = self.loss.split(self.Y, model)
        if self.mask is not None:
            plus, minus = np.where(self.mask, plus, 0.0), np.where(self.mask, minus, 0.0)
        return plus @ self.K, minus @ self.K

    def grad(self, u: Any) -> Any:
        """Gradient of the loss in ``u``."""
        plus, minus = self.split(u)
        return plus - minus

    def row_values(self, u: Any) -> Any:
        """Kullback-Leibler loss of each row, shape (n,): what a safeguard compares."""
        if is_sparse(self.Y):
            return self._sparse_row_values(u)
        xp = array_namespace(u)
        return self._row_constants - self._log_sums(u @ self.K.T) + xp.sum(self.mass * u, axis=1)

    @cached_property
    def _seen(self) -> Any:
        """The dense data, zero where they are hidden."""
        return self.Y if self.mask is None else np.where(self.mask, self.Y, 0.0)

    @cached_property
    def _row_constants(self) -> Any:
        """``sum y log y - y`` of each row: what the loss of a row owes to the data alone."""
        return self._log_sums(self._seen) - self.totals

    def _log_sums(self, model: Any) -> Any:
        xp, low = array_namespace(model), above_zero(model)
        if is_numpy_array(low):
            return np.einsum("ij,ij->i", self._seen, np.log(low, out=low))
        return xp.sum(self._seen * xp.log(low), axis=1)

    def rows(self, which: NDArray) -> Entrywise:
        """Block of some of the observations."""
        return Entrywise(self.Y[which], self.K, self.loss, None if self.mask is None else self.mask[which])

    def curvature_sums(self, u: Any) -> Any:
        """Row sums of the Hessian of each row of ``u``, ``(d'' * (1' K')) K``: Kullback-Leibler only."""
        if is_sparse(self.Y):
            model = self._model_at_nonzeros(u)
            return self._times_K(ratio(ratio(self.Y.data, model), model) * self.K.sum(axis=1)[self.Y.indices])
        xp = array_namespace(u)
        model = u @ self.K.T
        weights = self.loss.curvature(self.Y, model) * xp.sum(self.K, axis=1)[None, :]
        return (weights if self.mask is None else np.where(self.mask, weights, 0.0)) @ self.K

    def _model_at_nonzeros(self, u: NDArray) -> NDArray:
        out: NDArray = np.empty_like(self.Y.data)
        kernels.sampled_product(out, self.Y.indptr, self.Y.indices, u, self.K)
        return out

    def _sparse_value(self, u: NDArray) -> float:
        # the divergence at the nonzeros, plus the model where the data are zero: its total less its part there
        model = self._model_at_nonzeros(u)
        total = float((u.sum(axis=0, dtype=np.float64) * self.column_sums[0]).sum())
        return self.loss.value(self.Y.data, model) + total - float(model.sum(dtype=np.float64))

    def _sparse_row_values(self, u: NDArray) -> Any:
        terms = self.Y.data * np.log(ratio(self.Y.data, self._model_at_nonzeros(u)))
        return np.asarray(self._rows(terms).sum(axis=1)) - self.totals + (self.mass * u).sum(axis=1)

    def _sparse_minus(self, u: NDArray) -> NDArray:
        return self._times_K(ratio(self.Y.data, self._model_at_nonzeros(u), overwrite=True))

    def _rows(self, entries: NDArray) -> Any:
        from scipy.sparse import csr_array

        return csr_array((entries, self.Y.indices, self.Y.indptr), shape=self.Y.shape)

    def _times_K(self, entries: NDArray) -> NDArray:
        out: NDArray = self._rows(entries) @ self.K
        return out


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


def half_square(Y: Any) -> float:
    """``||Y||^2 / 2`` of a dense or sparse array."""
    entries = Y.data if is_sparse(Y) else Y
    if is_numpy_array(entries):
        flat = entries.ravel(order="K")
        return 0.5 * float(np.dot(flat, flat))
    return 0.5 * float(array_namespace(entries).sum(entries * entries))
