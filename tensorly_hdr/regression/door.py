"""What ``nnls`` and ``nnkl`` share: checks at the door, then one update repeated on one block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any

import numpy as np
from array_api_compat import array_namespace, is_numpy_array

from tensorly_hdr import _validation as check
from tensorly_hdr._labels import Axis, axes_of, default_axes
from tensorly_hdr.blocks import Entrywise, Quadratic
from tensorly_hdr.penalties import NonNegative, Penalty, orthant, scale_free, tall
from tensorly_hdr.regression.base import Update, interior, is_declared, needs_interior
from tensorly_hdr.regression.optimality import misses
from tensorly_hdr.regression.registry import KL_SOLVERS, LS_SOLVERS
from tensorly_hdr.solve import Iterate, Result, Stop, rounding_floor, run

Block = Quadratic | Entrywise


@dataclass(frozen=True)
class Task:
    """Checked arguments: the problem in the tall factor ``u = X.T`` of shape (n, r)."""

    A: Any
    Y: Any
    penalty: Penalty
    init: Any
    is_vector: bool
    axes: tuple[Axis, ...] | None
    stop: dict[str, Any]
    square: float
    """``||Y||^2``, which checking the entries gave."""
    units: Any = None
    """Powers of two that multiplied the columns of ``A``; None for ones."""

    @property
    def observations(self) -> Any:
        """``Y.T``: one observation per row."""
        return self.Y.T.tocsr() if check.is_sparse(self.Y) else self.Y.T

    @property
    def shape(self) -> tuple[int, int]:
        """Shape (n, r) of the tall factor."""
        return self.Y.shape[1], self.A.shape[1]

    def untall(self, u: Any) -> Any:
        """From the tall factor to ``X``."""
        u = u if self.units is None else u * self.units
        return u[0, :] if self.is_vector else u.T


def at_the_door(
    A: Any, Y: Any, penalty: Penalty | None, init: Any, stop: dict[str, Any] | Stop, *, nonneg: bool
) -> Task:
    """Check and convert the arguments; ``nonneg`` refuses negative entries."""
    check.same_labels("A", A, "Y", Y, dims=1)
    axes = _axes(A, Y)
    A = check.as_array("A", A, ndim=2, nonneg=nonneg, any_namespace=True)
    Y, square = check.measured_array("Y", Y, ndim=(1, 2), nonneg=nonneg)
    is_vector = len(Y.shape) == 1
    check.same_size(rows_of_A=A.shape[0], rows_of_Y=Y.shape[0])
    A, Y = check.same_dtype(A, Y)
    Y = Y.reshape((-1, 1)) if is_vector and is_numpy_array(Y) else Y[:, None] if is_vector else Y
    g: Penalty = NonNegative() if penalty is None else penalty
    check.is_penalty("penalty", g)
    if init is not None:
        init = check.as_array("init", init, ndim=1 if is_vector else 2, any_namespace=True)
        wanted = (A.shape[1],) if is_vector else (A.shape[1], Y.shape[1])
        check.same_shape("init", tuple(init.shape), wanted)
        init = init[None, :] if is_vector else init.T
        A, init = check.same_dtype(A, init)
        init = array_namespace(init).asarray(init, copy=True)
    return Task(A, Y, tall(g), init, is_vector, axes, check.stop_options(stop), square)


def in_good_units(task: Task, spread: float = 1.0) -> Task:
    """Scale the columns of ``A`` by powers of two to norms between 0.8 and 1.6, where no penalty depends on the scale.

    The problem stays the same to the last bit, but squares of entries no longer leave the range of the numbers, and
    steps that are the same for all coordinates suit them all. Nothing is done where norms differ less than ``spread``.
    """
    if not scale_free(task.penalty):
        check.squares_in_range("A", task.A)
        return task
    units, xp = _powers_of_two(task.A), array_namespace(task.A)
    if float(xp.max(units)) < spread * float(xp.min(units)):
        return task
    init = None if task.init is None else task.init / units
    return replace(task, A=task.A * units, init=init, units=units)


def _powers_of_two(A: Any) -> Any:
    """One power of two for each column, as a row: the inverse of its norm, rounded; zeros are taken for the largest.

    The power changes at norms of ``2 ** (k + 0.7)``. At ``2 ** k`` rounding would choose it, since norms of one are
    common, and two machines would take different steps; so it would at ``2 ** (k + 0.5)``, that of two equal entries.
    """
    xp = array_namespace(A)
    if is_numpy_array(A):
        # where the squares are in range, which is usual, one pass tells the norms
        squares, far = np.einsum("ij,ij->j", A, A)[None, :], 1e200 if A.dtype == np.float64 else 1e20
        if 1.0 / far < squares.min() and squares.max() < far:
            return 2.0 ** -np.floor(0.5 * np.log2(squares) + 0.3)
    top = xp.max(xp.abs(A), axis=0, keepdims=True)
    top = xp.where(top > 0, top, xp.max(top) if bool(xp.any(top > 0)) else xp.ones_like(top))
    shape = xp.sqrt(xp.sum((A / top) ** 2, axis=0, keepdims=True))  # at least one
    exponent = xp.floor(xp.log2(top) + xp.log2(xp.where(shape > 0, shape, xp.ones_like(shape))) + 0.3)
    most = 1000.0 if float(xp.finfo(A.dtype).eps) < 1e-10 else 120.0
    return 2.0 ** xp.clip(-exponent, min=-most, max=most)


def _axes(A: Any, Y: Any) -> tuple[Axis, ...] | None:
    """Axes of ``X``: the columns of ``A``, then those of ``Y``; None when neither has names."""
    of_A, of_Y = axes_of(A, ("mode_0", "component")), axes_of(Y)
    if of_A is None and of_Y is None:
        return None
    atoms = of_A[-1] if of_A else Axis("component")
    others = of_Y[1:] if of_Y else default_axes(getattr(Y, "ndim", 1))[1:]
    check.distinct_names("A and Y", [axis.name for axis in (atoms, *others)])
    return (atoms, *others)


def pick(solver: str | Update, table: dict[str, Update], penalty: Penalty, auto: str) -> tuple[str, Update]:
    """Name and update: the one that was asked for, or the automatic choice, checked against the penalty."""
    name = auto if isinstance(solver, str) and solver == "auto" else solver
    update = check.solver(name, {**table, "auto": None})
    label = name if isinstance(name, str) else check.name_of(name)
    check.made_for(label, update, table, {*LS_SOLVERS.values(), *KL_SOLVERS.values()})
    check.supported(label, update, penalty, automatic=solver == "auto")
    return label, update


def repeat(
    task: Task,
    name: str,
    update: Update,
    build: Callable[[], Block],
    *,
    watch: Callable[[Any, Any], dict[str, float]] | None = None,
    **options: Any,
) -> Result:
    """Run ``update`` on the block of the task until the loss settles; ``watch(u, block)`` adds to the trace."""
    check.supports_library(name, update, task.A)
    block: Block
    is_exact = getattr(getattr(update, "func", update), "exact", False)
    asked_again = 0

    def steps() -> Iterator[Iterate]:
        nonlocal block
        block = build()
        start = _scaled_start(task, block) if task.init is None else task.init
        u, memory = task.penalty.prox(start, 0.0), None
        u = interior(u) if needs_interior(update) or (orthant(task.penalty) and not is_declared(update)) else u
        yield u, {}
        while True:
            u, memory = update(u, block, task.penalty, memory=memory)
            check.same_result_shape(name, u, task.shape)
            yield u, {}
            if is_exact:
                return

    def objective(u: Any) -> float:
        return max(block.value(u), 0.0) + task.penalty.value(u)

    def seen(u: Any) -> dict[str, float]:
        return {} if watch is None else watch(u, block)

    def settled(u: Any, info: dict[str, float], losses: list[float]) -> bool:
        nonlocal asked_again
        k = len(losses) - 1
        if k < min(asked_again, options.get("max_iter", 500)):
            return False
        # the residual costs several iterations: once it says no, the loss may stay flat for a tenth more of them
        asked_again = k + 1 + k // 10
        limit = max(1e-5, 10.0 * sqrt(options.get("tol", 1e-8)))
        return misses(u, block, task.penalty, info, losses) <= limit

    options = {"floor": _floor(task), **task.stop, **options, "settled": settled}
    u, trace, status, n_iter = run(steps(), objective, view=task.untall, watch=seen, **options)
    return Result(task.untall(u), trace, status, n_iter, name, task.axes)


def _floor(task: Task) -> float:
    """What rounding alone leaves of the squares of an exact fit."""
    return rounding_floor(0.5 * task.square, array_namespace(task.A).finfo(task.A.dtype).eps)


def _scaled_start(task: Task, block: Block) -> Any:
    """One positive constant per observation, the one that fits best: no solver starts from a wrong scale."""
    xp = array_namespace(task.A)
    ones = xp.ones(task.shape, dtype=task.A.dtype)
    if isinstance(block, Quadratic):
        fit, size = xp.sum(block.cross, axis=1, keepdims=True), float(xp.sum(block.gram))
        return xp.clip(fit, min=0.0) / (size or 1.0) * ones
    sums = task.Y.sum(axis=0) if check.is_sparse(task.Y) else xp.sum(task.Y, axis=0)
    return xp.reshape(xp.asarray(sums), (-1, 1)) / (float(xp.sum(task.A)) or 1.0) * ones
