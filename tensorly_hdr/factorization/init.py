"""Starts of the factorizations: random, from the singular vectors, from columns of the data, or given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr._validation import is_sparse
from tensorly_hdr.factorization.problem import Problem
from tensorly_hdr.factorization.separable import snpa
from tensorly_hdr.linalg import gram_hadamard, mttkrp, reconstruct

FILL = 1e-2  # what replaces a zero of a start from singular vectors, times the mean of its column


def starting_factors(problem: Problem, rank: int, init: Any, rng: np.random.Generator) -> list[NDArray]:
    """Factors named or given by ``init``."""
    if not isinstance(init, str):
        return given_factors(init, problem.T.shape, rank, scaled(problem, rank, rng))
    return list(check.choice("init", init, STARTS)(problem, rank, rng))


def uniform(problem: Problem, rank: int, rng: np.random.Generator) -> list[NDArray]:
    """Entries uniform between zero and one."""
    return [rng.random((n, rank)).astype(problem.T.dtype, copy=False) for n in problem.T.shape]


def scaled(problem: Problem, rank: int, rng: np.random.Generator) -> list[NDArray]:
    """Uniform factors at the scale of the data."""
    return to_scale(problem, uniform(problem, rank, rng))


def to_scale(problem: Problem, factors: Sequence[NDArray]) -> list[NDArray]:
    """Factors times the one number that fits the data best (in the loss, for Frobenius and KL)."""
    T = problem.T
    t = _best_scale(problem, factors) ** (1.0 / len(factors))
    return [u * T.dtype.type(t) for u in factors]


def _best_scale(problem: Problem, factors: Sequence[NDArray]) -> float:
    """``<T, M> / <M, M>`` for Frobenius, the ratio of sums otherwise; one when it is not positive."""
    T, mask, loss = problem.T, problem.mask, problem.loss
    if mask is not None:
        model = np.where(mask, reconstruct(factors), 0.0)
        top, bottom = (float(np.vdot(T, model)), float(np.vdot(model, model)))
        if loss.beta != 2.0:
            top, bottom = float(T[mask].sum()), float(model.sum())
    elif loss.beta == 2.0:
        top = float(np.vdot(mttkrp(T, factors, 0), factors[0]))
        bottom = float(gram_hadamard(factors).sum())
    else:
        sums = np.prod([u.sum(axis=0) for u in factors], axis=0)
        top, bottom = float((T.data if is_sparse(T) else T).sum()), float(sums.sum())
    return top / bottom if top > 0 and bottom > 0 else 1.0


def from_singular_vectors(problem: Problem, rank: int, rng: np.random.Generator) -> list[NDArray]:
    """Positive or negative parts, the larger ones, of the leading singular vectors; no zero, random beyond the rank.

    For a matrix, the parts of a pair are chosen together (Boutsidis and Gallopoulos, SVD based initialization, 2008);
    for a tensor, the left singular vectors of each unfolding stand alone. Missing entries count as the mean of the
    others.
    """
    T = problem.T
    if problem.mask is not None:
        T = np.where(problem.mask, T, T[problem.mask].mean())
    columns = _pairs(T, rank) if T.ndim == 2 else [left_parts(T, m, rank) for m in range(T.ndim)]
    out = []
    for u, n in zip(columns, T.shape, strict=True):
        extra = rng.random((n, rank - u.shape[1])) * (u.mean() or 1.0)
        u = np.hstack([u, extra])
        mean = u.mean(axis=0, keepdims=True)
        out.append(np.maximum(u, FILL * np.where(mean > 0, mean, 1.0)).astype(problem.T.dtype))
    return to_scale(problem, out)


def _pairs(Y: Any, rank: int) -> list[NDArray]:
    """Parts of the singular pairs of a matrix, each with the square root of its weight."""
    U, s, Vt = _leading_svd(Y, rank)
    signs = (np.maximum(U, 0.0), np.maximum(Vt.T, 0.0)), (np.maximum(-U, 0.0), np.maximum(-Vt.T, 0.0))
    sizes = [np.linalg.norm(u, axis=0) * np.linalg.norm(v, axis=0) for u, v in signs]
    positive = sizes[0] >= sizes[1]
    weights = np.sqrt(s * np.where(positive, *sizes))
    out = []
    for plus, minus in zip(*signs, strict=True):
        part = np.where(positive, plus, minus)
        out.append(part * (weights / np.maximum(np.linalg.norm(part, axis=0), np.finfo(float).tiny)))
    return out


def _leading_svd(Y: Any, rank: int) -> tuple[NDArray, NDArray, NDArray]:
    k = min(rank, *Y.shape)
    if is_sparse(Y) and k < min(Y.shape):
        from scipy.sparse.linalg import svds

        if not Y.nnz:  # which ARPACK refuses
            return np.zeros((Y.shape[0], k), Y.dtype), np.zeros(k, Y.dtype), np.zeros((k, Y.shape[1]), Y.dtype)
        U, s, Vt = svds(Y, k=k, v0=np.ones(min(Y.shape), dtype=Y.dtype))
        return U[:, ::-1], s[::-1], Vt[::-1]
    # the Gram matrix of the short side is enough: a start needs half of the digits
    Y = Y.toarray() if is_sparse(Y) else Y
    if Y.shape[0] > Y.shape[1]:
        V, s, Ut = _leading_svd(Y.T, rank)
        return Ut.T, s, V.T
    values, U = np.linalg.eigh(Y @ Y.T)
    U, s = U[:, ::-1][:, :k], np.sqrt(np.maximum(values[::-1][:k], 0.0))
    s = np.where(s > np.sqrt(np.finfo(s.dtype).eps) * s[0], s, 0.0)
    Vt = np.divide(U.T @ Y, s[:, None], out=np.zeros((k, Y.shape[1]), s.dtype), where=s[:, None] > 0)
    return U, s, Vt


def left_parts(T: NDArray, mode: int, rank: int) -> NDArray:
    """Larger parts of the leading left singular vectors of an unfolding."""
    others = tuple(m for m in range(T.ndim) if m != mode)
    U = np.linalg.eigh(np.tensordot(T, T, axes=(others, others)))[1][:, ::-1][:, :rank]
    plus, minus = np.maximum(U, 0.0), np.maximum(-U, 0.0)
    return np.asarray(np.where(np.linalg.norm(plus, axis=0) >= np.linalg.norm(minus, axis=0), plus, minus))


def from_columns(problem: Problem, rank: int, rng: np.random.Generator) -> list[NDArray]:
    """Columns of the data that SNPA picks, and its coefficients."""
    check.plain_matrix("init='snpa'", problem.T, problem.mask)
    return [np.array(u) for u in snpa(problem.T, rank).factors]


STARTS: dict[str, Callable[[Problem, int, np.random.Generator], list[NDArray]]] = {
    "auto": scaled,
    "random": uniform,
    "scaled": scaled,
    "svd": from_singular_vectors,
    "snpa": from_columns,
}


def given_factors(init: Any, shape: Sequence[int], rank: int, default: list[NDArray]) -> list[NDArray]:
    """Factors of a Result, a CPTensor, or a sequence of arrays (None: the default of that mode)."""
    weights = getattr(init, "weights", None)
    arrays = list(getattr(init, "factors", init))
    check.same_size(factors_in_init=len(arrays), modes_of_the_data=len(shape))
    out = []
    for m, (array, start) in enumerate(zip(arrays, default, strict=True)):
        u = start if array is None else check.as_array(f"init[{m}]", array, ndim=2)
        check.same_shape(f"init[{m}]", u.shape, (shape[m], rank))
        out.append(np.array(u, dtype=start.dtype))
    if weights is not None:
        out[0] = out[0] * np.asarray(weights, dtype=out[0].dtype)
    return out
