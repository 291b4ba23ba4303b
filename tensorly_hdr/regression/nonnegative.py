"""``nnls``: penalized least squares regression."""

from __future__ import annotations

from typing import Any, Unpack

from array_api_compat import is_numpy_array

from tensorly_hdr import _validation as check
from tensorly_hdr.blocks import least_squares
from tensorly_hdr.penalties import Penalty, convex, entrywise, orthant, per_observation
from tensorly_hdr.regression.base import Update
from tensorly_hdr.regression.door import Task, at_the_door, in_good_units, pick, repeat
from tensorly_hdr.regression.registry import LS_SOLVERS
from tensorly_hdr.solve import Result, Stop


@check.known_options
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
        One atom per column; signs are free. The size of an atom changes but the unit of its coefficients, unless the
        penalty depends on these.
    Y : array of shape (m, n) or (m,)
        One observation per column, same unit as ``A @ X``; may be scipy.sparse. NumPy arrays, array-likes, DataArrays;
        PyTorch tensors with the solvers "mu", "msom", "pgd", "fista" and "admm".
    penalty : Penalty, default ``NonNegative()``
        ``g``, a function of ``X`` as it is returned: ``Simplex()`` makes each column sum to one.
    solver : {"auto", "block_pivoting", "active_set", "hals", "mu", "msom", "pgd", "fista", "spg", "admm"} or a function
        The first two are exact, in one iteration. "auto" takes block pivoting for ``NonNegative``, the active set when
        ``A`` has more columns than rows, ``Y`` only one, or each column of ``X`` lies in a ``Simplex``; HALS for other
        entrywise penalties, FISTA for other convex ones, projected gradient else. A function of your own has the
        signature of :data:`~tensorly_hdr.regression.base.Update`.
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
    task = in_good_units(at_the_door(A, Y, penalty, init, stop, nonneg=False))
    name, update = pick(solver, LS_SOLVERS, task.penalty, _auto_least_squares(task))
    return repeat(task, name, update, lambda: least_squares(task.observations, task.A, task.square))


def _auto_least_squares(task: Task) -> str:
    if not is_numpy_array(task.A):
        return "fista" if convex(task.penalty) else "pgd"
    if orthant(task.penalty):
        few, many = task.A.shape[1] <= task.A.shape[0], task.Y.shape[1] > 1
        return "block_pivoting" if few and many else "active_set"
    if per_observation(task.penalty):
        return "active_set"
    return "hals" if entrywise(task.penalty) else "fista" if convex(task.penalty) else "pgd"
