"""Nonnegative matrix and tensor factorization by alternating block regression."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Unpack

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr._labels import axes_of
from tensorly_hdr._validation import is_sparse
from tensorly_hdr.blocks import Entrywise, Quadratic, fill, half_square
from tensorly_hdr.factorization.init import given_factors, random_factors
from tensorly_hdr.factorization.inner import inner_iterations, updates_of
from tensorly_hdr.factorization.result import FactorResult, as_cp
from tensorly_hdr.linalg import gram_hadamard, khatri_rao, mttkrp, reconstruct, unfold
from tensorly_hdr.losses import LOSSES, Beta, Frobenius, Loss
from tensorly_hdr.penalties import NonNegative, Penalty, keeps_nonneg
from tensorly_hdr.regression import Update, interior, needs_interior
from tensorly_hdr.solve import Iterate, Stop, run

Block = Quadratic | Entrywise


def nmf(
    Y: Any,
    rank: int,
    *,
    loss: str | Loss = "frobenius",
    penalties: Penalty | Sequence[Penalty] | None = None,
    solver: str | Update = "auto",
    init: Any = "auto",
    n_inner: int | None = None,
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
        "Y", Y, rank, loss=loss, penalties=penalties, solver=solver, init=init, n_inner=n_inner, fixed=fixed, mask=mask,
        seed=seed, stop=stop,
    )  # fmt: skip


def ncp(
    T: Any,
    rank: int,
    *,
    loss: str | Loss = "frobenius",
    penalties: Penalty | Sequence[Penalty] | None = None,
    solver: str | Update = "auto",
    init: Any = "auto",
    n_inner: int | None = None,
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
        free one (see :func:`tensorly_hdr.balancing.balance`).
    solver : {"auto"}, a key of ``LS_SOLVERS`` or ``KL_SOLVERS``, or an update function
        "auto" is HALS for entrywise penalties and projected gradient for others; coordinate descent, "ccd", for
        Kullback-Leibler where numba compiles it, and "mu" for the other losses.
    init : {"auto", "random"}, FactorResult, CPTensor or a sequence of arrays (None: random)
        The start; random factors are scaled to the data.
    n_inner : int, optional
        Iterations of the solver at each visit of a factor; 5 for least squares, 3 otherwise, 1 for the active set.
    fixed : sequence of modes
        Factors that keep their value in ``init``.
    mask : boolean array of the shape of ``T``
        True where ``T`` is observed; values elsewhere, NaN included, are ignored.
    seed : int, optional
        Seed of the random start.
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

    Examples
    --------
    >>> import numpy as np
    >>> T = np.einsum("i,j,k->ijk", [1.0, 2.0], [3.0, 1.0], [1.0, 1.0])
    >>> ncp(T, 1, seed=0).loss < 1e-12
    True
    """
    return _factorize(
        "T", T, rank, loss=loss, penalties=penalties, solver=solver, init=init, n_inner=n_inner, fixed=fixed, mask=mask,
        seed=seed, stop=stop,
    )  # fmt: skip


class _State(NamedTuple):
    """Factors, and the block of the mode that was updated last (its products give the loss for free)."""

    factors: tuple[NDArray, ...]
    block: Block
    mode: int


@dataclass(frozen=True)
class _Problem:
    """Checked data, loss and penalties: builds the block of each mode and evaluates the objective."""

    T: Any
    mask: NDArray | None
    loss: Loss
    penalties: tuple[Penalty, ...]

    @property
    def is_quadratic(self) -> bool:
        """Whether the loss is Frobenius."""
        return isinstance(self.loss, Frobenius)

    @cached_property
    def const(self) -> float:
        """Half the squared norm of the data."""
        return half_square(self.T)

    @cached_property
    def unfoldings(self) -> tuple[Any, ...]:
        """Data and mask seen from each mode, in memory order, for the losses that need every entry."""
        if is_sparse(self.T):
            return ((self.T, None), (self.T.T.tocsr(), None))
        arrays = (self.T, self.mask)
        seen = [[None if a is None else np.ascontiguousarray(unfold(a, m)) for a in arrays] for m in range(self.T.ndim)]
        return tuple((Y, mask) for Y, mask in seen)

    def block(self, factors: Sequence[NDArray], mode: int) -> Block:
        """Subproblem in the factor of ``mode``."""
        if not self.is_quadratic:
            Y, mask = self.unfoldings[mode]
            return Entrywise(Y, khatri_rao(factors, mode), self.loss, mask)
        T, const = self.T, self.const
        if self.mask is not None:
            T = fill(T, self.mask, reconstruct(factors))
            const = half_square(T)
        return Quadratic(gram_hadamard(factors, mode), mttkrp(T, factors, mode), const)

    def fit(self, state: _State) -> float:
        """Loss at the factors; computed entry by entry where the products would cancel."""
        value = state.block.value(state.factors[state.mode])
        if not self.is_quadratic:
            return value
        if self.mask is not None:
            return 0.5 * float(np.sum((self.T - reconstruct(state.factors))[self.mask] ** 2))
        cancels = value < (1e-6 if self.T.dtype == np.float64 else 1e-2) * self.const
        return (
            half_square(self.T - reconstruct(state.factors)) if cancels and not is_sparse(self.T) else max(value, 0.0)
        )

    def objective(self, state: _State) -> float:
        """Loss plus penalties."""
        return self.fit(state) + sum(g.value(u) for g, u in zip(self.penalties, state.factors, strict=True))


def _factorize(
    name: str,
    T: Any,
    rank: Any,
    *,
    loss: Any,
    penalties: Any,
    solver: Any,
    init: Any,
    n_inner: Any,
    fixed: Any,
    mask: Any,
    seed: Any,
    stop: Any,
) -> FactorResult:
    """Check everything, then alternate."""
    axes = axes_of(T)
    loss = check.loss(loss, LOSSES)
    loss = Frobenius() if loss == Beta(2.0) else loss
    init = check.start(init)
    order = check.order_of(name, T, matrix=name == "Y")
    gs = check.per_mode("penalties", penalties, order, NonNegative())
    nonneg = loss.beta != 2.0 or all(keeps_nonneg(g) for g in gs)
    T, mask = check.as_data(name, T, mask, nonneg=nonneg, beta=loss.beta)
    rank = check.positive_int("rank", rank)
    check.beta_penalties(loss, gs)
    problem = _Problem(T, mask, loss, gs)
    updates = updates_of(solver, problem.loss, gs)
    free = check.free_modes(fixed, order, init)
    inner = [
        inner_iterations(update, loss) if n_inner is None else check.positive_int("n_inner", n_inner)
        for _, update in updates
    ]
    rng = check.generator(seed)
    options = check.stop_options(stop)
    start = _start(problem, rank, init, rng, [u for _, u in updates], free)
    steps = _alternate(problem, start, updates, inner, free)
    state, trace, status, n_iter = run(steps, problem.objective, view=lambda s: s.factors, **options)
    label = ", ".join(dict.fromkeys(label for label, _ in updates))
    return FactorResult(as_cp(state.factors), trace, status, n_iter, label, axes)


def _start(
    problem: _Problem, rank: int, init: Any, rng: np.random.Generator, updates: Sequence[Update], free: Sequence[int]
) -> list[NDArray]:
    """Factors to start from, each projected on the domain of its penalty, and inside it where the update needs so."""
    factors = random_factors(problem.T, rank, problem.loss, problem.mask, rng)
    if isinstance(init, str):
        check.choice("init", init, {"auto": None, "random": None})
    else:
        factors = given_factors(init, problem.T.shape, rank, factors)
    starts = [np.asarray(g.prox(u, 0.0)) for g, u in zip(problem.penalties, factors, strict=True)]
    return [interior(u) if m in free and needs_interior(updates[m]) else u for m, u in enumerate(starts)]


def _alternate(
    problem: _Problem,
    factors: list[NDArray],
    updates: Sequence[tuple[str, Update]],
    n_inner: Sequence[int],
    free: Sequence[int],
) -> Iterator[Iterate]:
    """Improve the free factors in turn; one iterate a round."""
    memory: list[Any] = [None] * len(factors)
    block = problem.block(factors, free[0])
    yield _State(tuple(factors), block, free[0]), {}
    is_new = True  # the block of the first mode is already there in the first round
    while True:
        for m in free:
            block = block if is_new else problem.block(factors, m)
            is_new = False
            label, update = updates[m]
            u, memory[m] = update(factors[m], block, problem.penalties[m], n_inner[m], memory[m])
            check.same_result_shape(label, u, factors[m].shape)
            factors[m] = u
        yield _State(tuple(factors), block, free[-1]), {}
