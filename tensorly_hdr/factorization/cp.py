"""Nonnegative matrix and tensor factorization by alternating block regression."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr._labels import axes_of
from tensorly_hdr.balancing import scale
from tensorly_hdr.factorization.extrapolation import Extrapolation, extrapolated
from tensorly_hdr.factorization.init import starting_factors
from tensorly_hdr.factorization.inner import Plan, plan_of
from tensorly_hdr.factorization.problem import Problem, floor_of_fit
from tensorly_hdr.factorization.result import FactorResult, as_cp
from tensorly_hdr.losses import LOSSES, Beta, Frobenius, Loss
from tensorly_hdr.penalties import NonNegative, Penalty, keeps_nonneg
from tensorly_hdr.regression import Update
from tensorly_hdr.solve import Iterate, Stop, run


@check.known_options
def nmf(
    Y: Any,
    rank: int,
    *,
    loss: str | Loss = "frobenius",
    penalties: Penalty | Sequence[Penalty] | None = None,
    solver: str | Update = "auto",
    init: Any = "auto",
    n_init: int = 1,
    n_inner: int | None = None,
    extrapolate: bool | Extrapolation = False,
    balance: Literal["start", "every"] | None = None,
    fixed: Sequence[int] = (),
    mask: Any = None,
    seed: int | None = None,
    **stop: Unpack[Stop],
) -> FactorResult:
    r"""Nonnegative matrix factorization: :math:`\min_{W, H \ge 0} f(Y, W H^T) + g_0(W) + g_1(H)` [1]_.

    The two-mode case of :func:`ncp`, where every argument is described. ``Y`` of shape (m, n) may be scipy.sparse.

    Returns
    -------
    FactorResult
        ``W, H = result.factors``, of shapes (m, rank) and (n, rank).

    References
    ----------
    .. [1] J. Cohen, Regularized low-rank approximations, 2026, section 6.1.3.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> Y = rng.random((6, 2)) @ rng.random((2, 9))
    >>> W, H = nmf(Y, 2, seed=0).factors
    >>> bool(np.linalg.norm(Y - W @ H.T) < 1e-2 * np.linalg.norm(Y))
    True
    """
    return _factorize(
        "Y", Y, rank, loss=loss, penalties=penalties, solver=solver, init=init, n_init=n_init, n_inner=n_inner,
        extrapolate=extrapolate, balance=balance, fixed=fixed, mask=mask, seed=seed, stop=stop,
    )  # fmt: skip


@check.known_options
def ncp(
    T: Any,
    rank: int,
    *,
    loss: str | Loss = "frobenius",
    penalties: Penalty | Sequence[Penalty] | None = None,
    solver: str | Update = "auto",
    init: Any = "auto",
    n_init: int = 1,
    n_inner: int | None = None,
    extrapolate: bool | Extrapolation = False,
    balance: Literal["start", "every"] | None = None,
    fixed: Sequence[int] = (),
    mask: Any = None,
    seed: int | None = None,
    **stop: Unpack[Stop],
) -> FactorResult:
    r"""Nonnegative CP decomposition, any order: :math:`\min f(T, [\![A_1, \dots, A_d]\!]) + \sum_i g_i(A_i)` [1]_.

    Alternates over the modes; each factor is improved by a few iterations of a regression solver on its block.

    Parameters
    ----------
    T : array of two dimensions or more
        Array-like, DataArray (its names and coordinates label the factors), or a scipy.sparse matrix. Nonnegative,
        unless the loss is Frobenius and a penalty allows negative factors.
    rank : int
        Number of components.
    loss : {"frobenius", "kl", "is"} or a Loss
        :class:`~tensorly_hdr.losses.Frobenius` (with its 1/2), Kullback-Leibler, Itakura-Saito, or ``Beta(b)``.
    penalties : Penalty or one for each mode, default ``NonNegative()``
        Functions of the tall factors. Penalize every factor or none: scale moves freely from a penalized factor to a
        free one (see :func:`tensorly_hdr.balancing.balance`), and a UserWarning tells when it can.
    solver : {"auto"}, a key of ``LS_SOLVERS`` or ``KL_SOLVERS``, or an update function
        "auto" is HALS for entrywise penalties and projected gradient for others; coordinate descent, "ccd", for
        Kullback-Leibler where numba compiles it, and "mu" for the other losses.
    init : {"auto", "random", "scaled", "svd", "snpa"}, FactorResult, CPTensor or a sequence of arrays (None: scaled)
        The start: uniform entries, "random", and the same at the scale of the data, "scaled" or "auto"; parts of the
        leading singular vectors, all positive, "svd"; columns of a dense matrix picked by
        :func:`~tensorly_hdr.factorization.snpa`.
    n_init : int
        Number of starts; the best run is returned, and ``result.starts`` holds what each reached. Those after the first
        are random.
    n_inner : int, optional
        Iterations of the solver at each visit of a factor. By default 20 sweeps of HALS at most, fewer once they move
        little [2]_; 5 iterations of other solvers for least squares, 3 otherwise, 1 for the exact ones.
    extrapolate : bool or Extrapolation
        Extrapolate the factors between rounds, with restart [3]_: faster on ill-conditioned tensors. ``trace.extra``
        holds "beta", the step, and "restart".
    balance : {"start", "every"}, optional
        Balance the components against the penalties: at the start, scaled too (Frobenius, no missing entry, no fixed
        factor), or there and after every round. Needs a weight on every free factor.
    fixed : sequence of modes
        Factors that keep their value in ``init``.
    mask : boolean array of the shape of ``T``
        True where ``T`` is observed; values elsewhere, NaN included, are ignored. A slice that is hidden wholly gets
        zeros in its factor, where the penalty allows them, and a warning says so.
    seed : int, optional
        Seed of the random starts.
    **stop
        See :class:`tensorly_hdr.solve.Stop`.

    Returns
    -------
    FactorResult
        ``result.factors``: tall arrays, one a mode; ``result.x``: the same as a TensorLy ``CPTensor``.

    Raises
    ------
    TypeError, ValueError
        When an argument is not numeric, not finite, empty, negative or of the wrong shape, or when solver, loss and
        penalties do not go together.

    References
    ----------
    .. [1] J. Cohen, Regularized low-rank approximations, 2026, sections 6.2.2 and 8.
    .. [2] N. Gillis and F. Glineur, Neural Computation 24, 2012.
    .. [3] A. M. S. Ang, J. E. Cohen, N. Gillis and L. T. K. Hien, Numerical Linear Algebra with Applications, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> T = np.einsum("i,j,k->ijk", [1.0, 2.0], [3.0, 1.0], [1.0, 1.0])
    >>> ncp(T, 1, seed=0).loss < 1e-12
    True
    """
    return _factorize(
        "T", T, rank, loss=loss, penalties=penalties, solver=solver, init=init, n_init=n_init, n_inner=n_inner,
        extrapolate=extrapolate, balance=balance, fixed=fixed, mask=mask, seed=seed, stop=stop,
    )  # fmt: skip


class _Options(TypedDict):
    """What :func:`nmf` and :func:`ncp` share, as the user gave it."""

    loss: Any
    penalties: Any
    solver: Any
    init: Any
    n_init: Any
    n_inner: Any
    extrapolate: Any
    balance: Any
    fixed: Any
    mask: Any
    seed: Any
    stop: Stop


def _factorize(name: str, T: Any, rank: Any, **given: Unpack[_Options]) -> FactorResult:
    """Check everything, then alternate from each start, and keep the best."""
    axes = axes_of(T)
    loss = check.loss(given["loss"], LOSSES)
    loss = Frobenius() if loss == Beta(2.0) else loss
    init = check.start(given["init"])
    order = check.order_of(name, T, matrix=name == "Y")
    gs = check.per_mode("penalties", given["penalties"], order, NonNegative())
    nonneg = loss.beta != 2.0 or all(keeps_nonneg(g) for g in gs)
    T, mask = check.as_data(name, T, given["mask"], nonneg=nonneg, beta=loss.beta)
    rank = check.rank(rank, T.shape)
    check.beta_penalties(loss, gs)
    problem = Problem(T, mask, loss, gs)
    plan = plan_of(problem, given["solver"], given["n_inner"], given["fixed"], init, given["balance"])
    check.well_posed_scales(gs, plan.free, stacklevel=5)
    check.some_seen(name, problem.unseen, stacklevel=5)
    rule = check.rule_or_flag("extrapolate", given["extrapolate"], Extrapolation)
    rng, options = check.generator(given["seed"]), check.stop_options(given["stop"])
    runs, floor = [], floor_of_fit(problem.T, problem.loss)
    for k in range(check.positive_int("n_init", given["n_init"])):
        start = _start(problem, rank, init, rng, plan)
        init = init if k else _another(init, start, plan)
        steps = alternate(problem, start, plan) if rule is None else extrapolated(problem, start, plan, rule)
        runs.append(run(steps, problem.objective, view=lambda s: s.factors, floor=floor, **options))
    losses = np.array([trace.loss[-1] for _, trace, _, _ in runs])
    state, trace, status, n_iter = runs[0 if np.isnan(losses).all() else int(np.nanargmin(losses))]
    return FactorResult(
        as_cp(_seen(problem, state.factors, plan)), trace, status, n_iter, plan.label, axes, starts=losses
    )


def _start(problem: Problem, rank: int, init: Any, rng: np.random.Generator, plan: Plan) -> list[NDArray]:
    """Factors to start from, each in the domain of its penalty; scaled and balanced if that was asked for."""
    drawn = starting_factors(problem, rank, init, rng)
    if problem.is_quadratic:  # another loss may be infinite, or flat, at zero
        drawn = _seen(problem, drawn, plan)
    factors = [plan.inside(m, u) for m, u in enumerate(drawn)]
    if not plan.balances_start:
        return factors
    if problem.is_quadratic and problem.mask is None and len(plan.free) == len(factors):
        larger = scale(problem.T, factors, problem.penalties)
        factors = list(larger) if larger[0].any() else factors
    return [u * t for u, t in zip(factors, plan.balancing(factors), strict=True)]


def _seen(problem: Problem, factors: Sequence[NDArray], plan: Plan) -> list[NDArray]:
    """Zero in the rows of slices that the mask hides wholly, where a penalty allows it: they would keep their start."""
    out, unseen = list(factors), problem.unseen
    if unseen is None:
        return out
    for m in plan.free:
        rows = unseen[m]
        if rows.any() and np.isfinite(problem.penalties[m].value(v := np.where(rows[:, None], 0, out[m]))):
            out[m] = v.astype(out[m].dtype, copy=False)
    return out


def _another(init: Any, start: Sequence[NDArray], plan: Plan) -> Any:
    """What the starts after the first begin with: the fixed factors if there are any, and random ones."""
    if len(plan.free) < len(start):
        return [None if m in plan.free else u for m, u in enumerate(start)]
    return "random" if isinstance(init, str) and init == "random" else "scaled"


def alternate(problem: Problem, start: list[NDArray], plan: Plan) -> Iterator[Iterate]:
    """Improve the free factors in turn; one iterate a round."""
    factors, memory = list(start), plan.no_memory()
    state = problem.start(factors, plan.free[0])
    yield state, {}
    while True:
        for m in plan.free:
            block = problem.next_block(state, factors, m)
            factors[m], memory[m] = plan.improve(m, factors[m], block, memory[m])
        state = problem.after(factors, block, plan.free[-1], plan.free[0])
        if plan.balances:
            state = problem.scaled(state, plan.balancing(factors))
            factors, memory = list(state.factors), plan.no_memory()
        yield state, {}
