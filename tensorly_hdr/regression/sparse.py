"""The best nonnegative combination of at most ``k`` atoms: exact by search, and a greedy heuristic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import comb
from typing import Any, Literal, Unpack

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr import kernels
from tensorly_hdr.blocks import least_squares
from tensorly_hdr.penalties import NonNegative
from tensorly_hdr.regression._exact import Normal, normal_equations, portions
from tensorly_hdr.regression.active_set import active_set
from tensorly_hdr.regression.door import Task, at_the_door, in_good_units
from tensorly_hdr.solve import UNLIMITED, Iterate, Result, Stop, run

FEW_SUPPORTS = 10_000
"""Up to this many supports they are all tried, whatever the number of observations."""
PER_OBSERVATION = 25_000
"""So many supports are tried in the time that branch and bound usually takes for one observation (10 ms)."""
_MOST_SUPPORTS = 1_000_000
_NODES = 20_000  # nodes of the tree between two looks at the clock
_WORK = 50_000_000  # supports times observations between two looks at the clock


@dataclass(frozen=True, repr=False)
class SparseResult(Result):
    """A sparse regression: ``x``, at most ``k`` nonzeros a column, and the best for each level of sparsity searched.

    Attributes
    ----------
    sparsity : array of shape (p,)
        Levels searched: ``[k]``, or 1, ..., k with ``path=True``.
    path : array of shape (p, r, n) or (p, r)
        Best ``x`` for each level.
    path_loss : array of shape (p, n) or (p,)
        Half the squared residual of each observation: the Pareto front of misfit and sparsity.
    """

    sparsity: NDArray = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    path: NDArray = field(default_factory=lambda: np.empty((0, 0)))
    path_loss: NDArray = field(default_factory=lambda: np.empty(0))


@check.known_options
def sparse_nnls(
    A: Any,
    Y: Any,
    k: int,
    *,
    path: bool = False,
    solver: Literal["auto", "enumeration", "branch_and_bound"] = "auto",
    **stop: Unpack[Stop],
) -> SparseResult:
    r"""Solve :math:`\min \frac12 \|y - A x\|^2, x \ge 0, \|x\|_0 \le k` exactly for every column ``y`` of ``Y`` [1]_.

    Parameters
    ----------
    A : array of shape (m, r)
        One atom per column; signs are free.
    Y : array of shape (m, n) or (m,)
        One observation per column; may be scipy.sparse.
    k : int
        Largest number of nonzeros in a column of ``X``.
    path : bool
        Search every level of sparsity from 1 to ``k`` (see ``SparseResult.path``) instead of ``k`` alone.
    solver : {"auto", "enumeration", "branch_and_bound"}
        "enumeration" tries all supports at once for many observations; "auto" takes it up to 10000 supports for
        one observation, up to 25000 for each of several, and one million at most.
        "branch_and_bound" removes atoms from the full regression, the smallest coefficients first, and cuts a branch
        that cannot beat the best known solution; the first of these comes from :func:`nnomp`.
    **stop
        See :class:`tensorly_hdr.solve.Stop`. There is no limit of iterations by default; an iteration is 20000 nodes,
        or a block of observations. Branch and bound may leave out what would gain less than ``tol`` (here 0 by default)
        times the loss of zero.

    Returns
    -------
    SparseResult
        With the status "optimal" when the search is complete, which is a proof up to rounding in the products
        ``A.T @ A`` and ``A.T @ Y``. ``trace.extra["nodes"]`` counts the nonnegative regressions or supports tried.

    Raises
    ------
    TypeError, ValueError
        When an argument is not numeric, not finite, empty or of the wrong shape, or the supports are too many to list.

    References
    ----------
    .. [1] N. Nadisic, A. Vandaele, N. Gillis and J. E. Cohen, Exact sparse nonnegative least squares, 2020.

    Examples
    --------
    >>> result = sparse_nnls([[2, 0, 1], [0, 2, 1]], [1, 1.2], 1)
    >>> result.x, result.status
    (array([0. , 0. , 1.1]), 'optimal')
    """
    task, k = _checked(A, Y, k, stop)
    sizes = list(range(1, k + 1)) if check.flag("path", path) else [k]
    count = sum(comb(task.A.shape[1], p) for p in range(1, k + 1))
    n = task.shape[0]
    few = FEW_SUPPORTS if n == 1 else min(PER_OBSERVATION * n, _MOST_SUPPORTS)
    name = check.search("solver", solver, count, few, _MOST_SUPPORTS)
    options = {"max_iter": UNLIMITED, **task.stop, "tol": 0.0}
    search = _Search(task, sizes, task.stop.get("tol", 0.0))
    steps = search.enumeration(count) if name == "enumeration" else search.branch_and_bound()
    _, trace, status, n_iter = run(steps, lambda u: search.loss(), view=lambda u: search.all()[0][-1], **options)
    x, losses = search.all()
    state = "optimal" if status == "converged" else status
    return SparseResult(x[-1], trace, state, n_iter, name, task.axes, np.array(sizes), x, losses)


@check.known_options
def nnomp(A: Any, Y: Any, k: int) -> Result:
    r"""Approximate :func:`sparse_nnls` by nonnegative orthogonal matching pursuit [1]_.

    The atom of largest normalised correlation with the residual enters, the regression on the atoms in use is solved
    exactly (some may leave), and so on up to ``k`` atoms. Not optimal in general.

    Parameters
    ----------
    A, Y, k
        As in :func:`sparse_nnls`.

    Returns
    -------
    Result
        ``x`` of shape (r, n) or (r,).

    Raises
    ------
    TypeError, ValueError
        As :func:`sparse_nnls`.

    References
    ----------
    .. [1] T. T. Nguyen, J. Idier, C. Soussen and E.-H. Djermoune, Non-negative orthogonal greedy algorithms, 2019.

    Examples
    --------
    >>> nnomp([[2, 0, 1], [0, 2, 1]], [1, 1.2], 1).x
    array([0. , 0. , 1.1])
    """
    task, k = _checked(A, Y, k, {})
    block = least_squares(task.observations, task.A, task.square)

    def steps() -> Iterator[Iterate]:
        normal = normal_equations(block, NonNegative())
        u = np.zeros(task.shape)
        yield u, {}
        u = np.zeros(task.shape)
        for rows in portions(len(u)):
            kernels.omp_rows(u[rows], normal.gram, normal.cross[rows], k, normal.tol)
        yield u * normal.scale, {}

    u, trace, status, n_iter = run(steps(), block.value, tol=0.0)
    return Result(task.untall(u.astype(task.A.dtype, copy=False)), trace, status, n_iter, "nnomp", task.axes)


def _checked(A: Any, Y: Any, k: Any, stop: Any) -> tuple[Task, int]:
    task = in_good_units(at_the_door(A, Y, None, None, stop, nonneg=False))
    check.supports_library("active_set", active_set, task.A)  # the search is made of its kernels
    return task, min(check.positive_int("k", k), task.A.shape[1])


class _Search:
    """Best solutions known for at most ``sizes`` atoms, in the units of the normal equations."""

    def __init__(self, task: Task, sizes: list[int], tol: float) -> None:
        self.task, self.sizes, self.tol = task, sizes, tol
        self.best = np.zeros((len(sizes), *task.shape))
        self.gain = np.zeros((len(sizes), task.shape[0]))  # twice what the loss of zero falls by
        self.half: NDArray = np.zeros(task.shape[0])
        self.scale: NDArray = np.ones(task.shape[1])

    def prepare(self) -> Normal:
        """Products with the data: what the set-up consists of."""
        Y, A = self.task.Y, self.task.A
        normal = normal_equations(least_squares(self.task.observations, A, self.task.square), NonNegative())
        squares = (Y * Y).sum(axis=0) if check.is_sparse(Y) else np.einsum("ij,ij->j", Y, Y, dtype=np.float64)
        self.half, self.scale = 0.5 * np.asarray(squares, dtype=np.float64).ravel(), normal.scale
        return normal

    def loss(self) -> float:
        """Loss of the best solutions for the last size, summed over the observations."""
        return float((self.half - 0.5 * self.gain[-1]).sum())

    def all(self) -> tuple[NDArray, NDArray]:
        """Best ``X`` and losses for every size; a larger one never does worse, even when the search was interrupted."""
        for level in range(1, len(self.sizes)):
            self._carry(level)
        units = 1.0 if self.task.units is None else self.task.units
        x = (self.best * self.scale * units).transpose(0, 2, 1).astype(self.task.A.dtype)
        losses = np.maximum(self.half - 0.5 * self.gain, 0.0)
        return (x[:, :, 0], losses[:, 0]) if self.task.is_vector else (x, losses)

    def enumeration(self, count: int) -> Iterator[Iterate]:
        """Try every support, for one block of observations after the other."""
        normal = self.prepare()
        nodes, k, cross = 0, self.sizes[-1], np.ascontiguousarray(normal.cross.T)
        yield self.best, {"nodes": 0}
        width = max(128, _WORK // count)
        supports = np.full((count, k), -1)
        for first in range(0, len(self.half), width):
            rows = slice(first, first + width)
            part = np.ascontiguousarray(cross[:, rows])
            gain, found = np.empty((k, part.shape[1])), np.empty((k, part.shape[1]), dtype=np.int64)
            kernels.enumerate_supports(gain, found, supports, normal.gram, part)
            for p in range(1, k):  # at most p + 1 atoms: fewer may be as good
                found[p] = np.where(gain[p] > gain[p - 1], found[p], found[p - 1])
                gain[p] = np.maximum(gain[p], gain[p - 1])
            for level, p in enumerate(self.sizes):
                self.gain[level, rows] = gain[p - 1]
                kernels.solve_supports(self.best[level, rows], supports, found[p - 1], normal.gram, normal.cross[rows])
            nodes += count * part.shape[1]
            yield self.best, {"nodes": nodes}

    def branch_and_bound(self) -> Iterator[Iterate]:
        """Search one size after the other, each from the greedy solution or from the best of the size before."""
        normal = self.prepare()
        nodes, stack = np.zeros(len(self.half), dtype=np.int64), kernels.new_stack(len(self.scale))
        for level, k in enumerate(self.sizes):
            for rows in portions(len(self.half)):
                kernels.omp_rows(self.best[level, rows], normal.gram, normal.cross[rows], k, normal.tol)
            self.gain[level] = (self.best[level] * normal.cross).sum(axis=1)
        yield self.best, {"nodes": 0}
        for level, k in enumerate(self.sizes):
            place = np.array([0, -1])
            self._carry(level)
            while place[0] < len(self.half):
                kernels.branch_and_bound_rows(
                    self.best[level],
                    self.gain[level],
                    nodes,
                    place,
                    stack,
                    normal.gram,
                    normal.cross,
                    2.0 * self.tol * self.half,
                    k,
                    normal.tol,
                    _NODES,
                )
                yield self.best, {"nodes": int(nodes.sum())}

    def _carry(self, level: int) -> None:
        """Take the best solution of the size before where it beats what is known for this one."""
        better = self.gain[level - 1] > self.gain[level]
        if level > 0 and better.any():
            self.best[level, better] = self.best[level - 1, better]
            self.gain[level, better] = self.gain[level - 1, better]
