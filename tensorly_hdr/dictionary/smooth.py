"""Smooth CP decomposition: one factor in the span of a few smooth functions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple, Unpack

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr._labels import axes_of
from tensorly_hdr.blocks import Quadratic, half_square
from tensorly_hdr.dictionary.coded import Coded, alternate, free_coder, nonnegative_coder, starting_point
from tensorly_hdr.dictionary.result import CodedResult
from tensorly_hdr.factorization.inner import DELTA, MOST_SWEEPS, plan_of
from tensorly_hdr.factorization.problem import Problem
from tensorly_hdr.factorization.result import as_cp
from tensorly_hdr.linalg import unfold
from tensorly_hdr.losses import Frobenius
from tensorly_hdr.penalties import NonNegative, Zero
from tensorly_hdr.solve import Stop, run


@check.known_options
def smooth_cp(
    T: Any,
    rank: int,
    basis: Any,
    *,
    mode: int = 0,
    nonneg: bool | Sequence[int] = True,
    init: Any = "auto",
    n_inner: int | None = None,
    n_init: int = 1,
    seed: int | None = None,
    **stop: Unpack[Stop],
) -> CodedResult:
    r"""CP decomposition with a factor in a basis: :math:`\min \frac12 \|T - [\![U Z, A_2, \dots, A_d]\!]\|_F^2` [1]_.

    With :math:`U = QR`, :math:`Q^T Q = I`, the misfit is that of the small tensor :math:`T \times_1 Q^T` to
    :math:`[\![R Z, A_2, \dots, A_d]\!]`, plus a constant: the tensor is compressed once, and the rest costs as much as
    the small one. Signs are a constraint on ``Z``, not on :math:`Q^T A`: the nonnegative orthant is no orthant once
    rotated, hence nonnegative codes are found in the normal equations of :math:`R`.

    Parameters
    ----------
    T : array of two dimensions or more
        Array-like or DataArray; signs are free.
    rank : int
        Number of components.
    basis : array of shape (n_mode, p)
        ``U``, for instance ``bspline_dictionary(points, p)``; its columns need not be independent.
    mode : int
        Which factor is in its span.
    nonneg : bool or sequence of modes
        Modes that are nonnegative, True for all: the entries of ``Z`` for ``mode``, those of the factor for others.
        ``Z >= 0`` makes ``U Z`` nonnegative where ``U`` is, and asks for more than that; without it ``U Z`` may be
        negative.
    init, n_init, seed
        As in :func:`~tensorly_hdr.factorization.ncp`; the given factor of ``mode`` is fitted by the basis first.
    n_inner : int, optional
        Most sweeps of a visit of a factor.
    **stop
        See :class:`tensorly_hdr.solve.Stop`.

    Returns
    -------
    CodedResult
        ``factors[mode]`` is ``U @ codes[mode]``. The loss is that of ``T`` itself, and never rises.

    Raises
    ------
    TypeError, ValueError
        When an argument is not numeric, not finite or out of range, or ``basis`` has not the rows (and labels) of the
        mode.

    References
    ----------
    .. [1] M. E. Timmerman and H. A. L. Kiers, Three-way component analysis with smoothness constraints, 2002;
       manuscript, section 12.2.3.

    Examples
    --------
    >>> import numpy as np
    >>> U = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])
    >>> T = np.einsum("i,j,k->ijk", U @ [1.0, 2.0], [3.0, 1.0], [1.0, 1.0])
    >>> smooth_cp(T, 1, U, seed=0).loss < 1e-12
    True
    """
    axes, order, init = axes_of(T), check.order_of("T", T, matrix=False), check.start(init)
    mode, positive = check.one_mode("mode", mode, order), check.signs(nonneg, order)
    check.labels_of_mode("basis", basis, "T", T, mode)
    T, U = check.same_dtype(check.as_array("T", T), check.as_array("basis", basis, ndim=2))
    check.rows_of_mode("basis", U, T, mode)
    check.nonzero_atoms("basis", U)
    rank, rng = check.rank(rank, T.shape), check.generator(seed)
    gs = tuple(NonNegative() if p and m != mode else Zero() for m, p in enumerate(positive))
    whole, small = Problem(T, None, Frobenius(), gs), _compressed(T, U, mode)
    problem = Problem(small.T, None, Frobenius(), gs)
    plan = plan_of(problem, "auto", n_inner, (), init, None)
    coder = nonnegative_coder(small.R, n_inner or MOST_SWEEPS, DELTA) if positive[mode] else free_coder(small.R)
    options, runs = check.stop_options(stop), []
    for k in range(check.positive_int("n_init", n_init)):
        start = starting_point(whole, rank, "auto" if k else init, positive, rng)
        first = Quadratic(np.eye(rank, dtype=T.dtype), small.Q.T @ start[mode])
        X = coder(np.zeros((U.shape[1], rank), dtype=T.dtype), first)
        steps = alternate(problem, start, {mode: X}, {mode: small.R}, {mode: coder}, plan)
        full = partial(_expanded, U, mode)
        runs.append(run(steps, lambda s: problem.fit(s.state) + small.rest, view=full, **options))
    losses = np.array([trace.loss[-1] for _, trace, _, _ in runs])
    best, trace, status, n_iter = runs[int(np.argmin(losses))]
    return CodedResult(as_cp(full(best)), trace, status, n_iter, "smooth", axes, starts=losses, codes=best.codes)


class _Compressed(NamedTuple):
    """``T x_mode Q'``, the basis ``U = Q R``, and half the squared norm of what is outside the span."""

    T: NDArray
    Q: NDArray
    R: NDArray
    rest: float


def _compressed(T: NDArray, U: NDArray, mode: int) -> _Compressed:
    """Compression by an orthonormal basis of the span of ``U``, whose columns may be dependent."""
    V, s, Wt = np.linalg.svd(U, full_matrices=False)
    kept = s > max(U.shape) * float(np.finfo(U.dtype).eps) * s[0]
    Q, R = V[:, kept], s[kept, None] * Wt[kept]
    Y = unfold(T, mode)
    small = Q.T @ Y
    others = [n for m, n in enumerate(T.shape) if m != mode]
    folded = np.ascontiguousarray(np.moveaxis(small.reshape(len(small), *others), 0, mode))
    return _Compressed(folded, Q, R, half_square(Y - Q @ small))


def _expanded(U: NDArray, mode: int, s: Coded) -> tuple[NDArray, ...]:
    """From a state of the small problem to the factors of the tensor."""
    return tuple(U @ s.codes[m] if m == mode else u for m, u in enumerate(s.state.factors))
