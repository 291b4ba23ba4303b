"""``nnls`` and ``nnkl``: checks at the door, then one update repeated on one block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Unpack

from array_api_compat import array_namespace, is_numpy_array

from tensorly_hdr import _validation as check
from tensorly_hdr._labels import Axis, axes_of, default_axes
from tensorly_hdr.blocks import Entrywise, Quadratic, least_squares
from tensorly_hdr.losses import KullbackLeibler
from tensorly_hdr.penalties import NonNegative, Penalty, convex, entrywise, orthant, per_observation, tall
from tensorly_hdr.regression.base import Update
from tensorly_hdr.regression.registry import KL_SOLVERS, LS_SOLVERS
from tensorly_hdr.solve import Iterate, Result, Stop, run

Block = Quadratic | Entrywise


def nnls(
    A: Any,
    Y: Any,
    *,
    penalty: Penalty | None = None,
    solver: str | Update = "auto",
    init: Any = None,
    **stop: Unpack[Stop],
) -> Result:
    r"""Solve :math:`\min_X \frac12 \|Y - A X\|_F^2 + g(X)`, by default :math:`X \ge 0` [1]_ [2]_.

    Parameters
    ----------
    A : array of shape (m, r)
        One atom per column; signs are free.
    Y : array of shape (m, n) or (m,)
        One observation per column, same unit as ``A @ X``; may be scipy.sparse. NumPy arrays, array-likes, DataArrays;
        PyTorch tensors with the solvers "mu", "msom", "pgd", "fista" and "admm".
    penalty : Penalty, default ``NonNegative()``
        ``g``, a function of ``X`` as it is returned: ``Simplex()`` makes each column sum to one.
    solver : {"auto", "active_set", "hals", "mu", "msom", "pgd", "fista", "admm"} or an update function
        "auto" takes the active set (exact) for ``NonNegative``, HALS for other entrywise penalties, FISTA for other
        convex ones, projected gradient else. A function of your own has the signature of
        :data:`~tensorly_hdr.regression.base.Update`.
    init : array of the shape of ``X``, optional
        The start; by default a constant per column, scaled to fit. It is projected on the domain of ``g``.
    **stop
        See :class:`tensorly_hdr.solve.Stop`.

    Returns
    -------
    Result
        ``x`` of shape (r, n) or (r,), float32 if ``A`` and ``Y`` both are, else float64.

    Raises
    ------
    TypeError, ValueError
        When an argument is not numeric, not finite, empty or of the wrong shape, or the solver refuses the penalty.

    References
    ----------
    .. [1] C. L. Lawson and R. J. Hanson, Solving Least Squares Problems, 1974.
    .. [2] J. Cohen, Regularized low-rank approximations, 2026, section 7.1.

    Examples
    --------
    >>> result = nnls([[1, 0], [1, 0], [0, 1]], [2, 1, -1])
    >>> result.x
    array([1.5, 0. ])
    """
    task = _at_the_door(A, Y, penalty, init, stop, nonneg=False)
    name, update = _pick(solver, LS_SOLVERS, task.penalty, _auto_least_squares(task))
    return _repeat(task, name, update, lambda: least_squares(task.observations, task.A))


def nnkl(
    A: Any,
    Y: Any,
    *,
    penalty: Penalty | None = None,
    solver: str | Update = "auto",
    init: Any = None,
    **stop: Unpack[Stop],
) -> Result:
    r"""Solve :math:`\min_{X \ge 0} \sum y \log\frac{y}{(AX)} - y + AX + g(X)`, the generalised KL regression [1]_.

    The maximum likelihood estimate when ``Y`` holds Poisson counts of mean ``A @ X``. The data are never normalised.

    Parameters
    ----------
    A : nonnegative array of shape (m, r)
        One atom per column. A row of zeros under a positive ``Y`` is an error: the divergence would be infinite.
    Y : nonnegative array of shape (m, n) or (m,)
        One observation per column; may be scipy.sparse, and then only its nonzeros are touched.
    penalty : NonNegative, default ``NonNegative()``
        Exact for ``l1``, ``l2`` and both.
    solver : {"auto", "mu"} or an update function
        "auto" is "mu", the multiplicative updates; entries stay above 1e-16 (1e-8 in single precision).
    init, **stop
        As in :func:`nnls`.

    Returns
    -------
    Result
        ``x`` of shape (r, n) or (r,).

    Raises
    ------
    TypeError, ValueError
        As :func:`nnls`, and when ``A`` or ``Y`` has negative entries.

    References
    ----------
    .. [1] J. Cohen, Regularized low-rank approximations, 2026, section 7.2.

    Examples
    --------
    >>> nnkl([[1.0, 0.0], [0.0, 2.0]], [3.0, 4.0]).x.round(6)
    array([3., 2.])
    """
    task = _at_the_door(A, Y, penalty, init, stop, nonneg=True)
    check.finite_divergence(task.Y, task.A)
    name, update = _pick(solver, KL_SOLVERS, task.penalty, "mu")
    return _repeat(task, name, update, lambda: Entrywise(task.observations, task.A, KullbackLeibler()))


@dataclass(frozen=True)
class _Task:
    """Checked arguments: the problem in the tall factor ``u = X.T`` of shape (n, r)."""

    A: Any
    Y: Any
    penalty: Penalty
    init: Any
    is_vector: bool
    axes: tuple[Axis, ...] | None
    stop: dict[str, Any]

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
        return u[0, :] if self.is_vector else u.T


def _at_the_door(
    A: Any, Y: Any, penalty: Penalty | None, init: Any, stop: dict[str, Any] | Stop, *, nonneg: bool
) -> _Task:
    axes = _axes(A, Y)
    A = check.as_array("A", A, ndim=2, nonneg=nonneg, any_namespace=True)
    Y = check.as_array("Y", Y, ndim=(1, 2), nonneg=nonneg, sparse=True, any_namespace=True)
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
    return _Task(A, Y, tall(g), init, is_vector, axes, check.stop_options(stop))


def _axes(A: Any, Y: Any) -> tuple[Axis, ...] | None:
    """Axes of ``X``: the columns of ``A``, then those of ``Y``; None when neither has names."""
    of_A, of_Y = axes_of(A), axes_of(Y)
    if of_A is None and of_Y is None:
        return None
    atoms = of_A[-1] if of_A else Axis("component")
    others = of_Y[1:] if of_Y else default_axes(getattr(Y, "ndim", 1))[1:]
    return (atoms, *others)


def _auto_least_squares(task: _Task) -> str:
    if not is_numpy_array(task.A):
        return "fista" if convex(task.penalty) else "pgd"
    if orthant(task.penalty):
        few, many = task.A.shape[1] <= task.A.shape[0], task.Y.shape[1] > 1
        return "block_pivoting" if few and many else "active_set"
    if per_observation(task.penalty):
        return "active_set"
    return "hals" if entrywise(task.penalty) else "fista" if convex(task.penalty) else "pgd"


def _pick(solver: str | Update, table: dict[str, Update], penalty: Penalty, auto: str) -> tuple[str, Update]:
    """Name and update: the one that was asked for, or the automatic choice, checked against the penalty."""
    name = auto if isinstance(solver, str) and solver == "auto" else solver
    update = check.choice("solver", name, {**table, "auto": None})
    label = name if isinstance(name, str) else check.name_of(name)
    check.supported(label, update, penalty)
    return label, update


def _repeat(task: _Task, name: str, update: Update, build: Callable[[], Block]) -> Result:
    """Run ``update`` on the block of the task until the loss settles."""
    check.supports_library(name, update, task.A)
    block: Block
    is_exact = getattr(getattr(update, "func", update), "exact", False)

    def steps() -> Iterator[Iterate]:
        nonlocal block
        block = build()
        start = _scaled_start(task, block) if task.init is None else task.init
        u, memory = task.penalty.prox(start, 0.0), None
        yield u, {}
        u, memory = update(u, block, task.penalty, memory=memory)
        yield u, {}
        while not is_exact:
            u, memory = update(u, block, task.penalty, memory=memory)
            yield u, {}

    def objective(u: Any) -> float:
        return block.value(u) + task.penalty.value(u)

    u, trace, status, n_iter = run(steps(), objective, view=task.untall, **task.stop)
    return Result(task.untall(u), trace, status, n_iter, name, task.axes)


def _scaled_start(task: _Task, block: Block) -> Any:
    """One positive constant per observation, the one that fits best: no solver starts from a wrong scale."""
    xp = array_namespace(task.A)
    ones = xp.ones(task.shape, dtype=task.A.dtype)
    if isinstance(block, Quadratic):
        fit, size = xp.sum(block.cross, axis=1, keepdims=True), float(xp.sum(block.gram))
        return xp.clip(fit, min=0.0) / (size or 1.0) * ones
    sums = task.Y.sum(axis=0) if check.is_sparse(task.Y) else xp.sum(task.Y, axis=0)
    return xp.reshape(xp.asarray(sums), (-1, 1)) / (float(xp.sum(task.A)) or 1.0) * ones
