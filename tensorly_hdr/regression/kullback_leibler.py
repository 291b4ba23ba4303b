"""``nnkl``: penalized regression for the Kullback-Leibler and the other beta divergences, with a certificate."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np
from array_api_compat import array_namespace, is_numpy_array

from tensorly_hdr import _validation as check
from tensorly_hdr import kernels
from tensorly_hdr.blocks import Entrywise
from tensorly_hdr.losses import LOSSES, Loss
from tensorly_hdr.penalties import NonNegative, Penalty, scale_free
from tensorly_hdr.regression.base import Update
from tensorly_hdr.regression.certificate import kl_gap_bound
from tensorly_hdr.regression.door import at_the_door, in_good_units, pick, repeat
from tensorly_hdr.regression.registry import KL_SOLVERS
from tensorly_hdr.solve import Result, Stop


@check.known_options
def nnkl(
    A: Any,
    Y: Any,
    *,
    loss: str | Loss = "kl",
    penalty: Penalty | None = None,
    solver: str | Update = "auto",
    init: Any = None,
    tol_gap: float | None = None,
    **stop: Unpack[Stop],
) -> Result:
    r"""Solve :math:`\min_{X \ge 0} \sum y \log\frac{y}{(AX)} - y + AX + g(X)`, the generalized KL regression [1]_.

    The maximum likelihood estimate when ``Y`` holds Poisson counts of mean ``A @ X``. The data are never normalized.
    Every iterate comes with a certificate, ``result.trace.extra["gap"]``: its objective exceeds the least possible one
    by no more than that [2]_.

    Parameters
    ----------
    A : nonnegative array of shape (m, r)
        One atom per column. A row of zeros under a positive ``Y`` is an error: the divergence would be infinite.
    Y : nonnegative array of shape (m, n) or (m,)
        One observation per column; may be scipy.sparse, and then only its nonzeros are touched. PyTorch tensors with
        the solvers "mu", "mu_extrapolated", "msom" and "mirror".
    loss : {"kl", "is"} or a Loss, default "kl"
        ``Beta(b)`` replaces the divergence by another one, solved by "mu" and without a certificate; convex for ``b``
        in [1, 2].
    penalty : NonNegative, default ``NonNegative()``
        Exact for ``l1``, ``l2`` and both (other divergences: l1 for ``b <= 1``).
    solver : {"auto", "ccd", "newton", "mu", "mu_extrapolated", "msom", "mirror"} or an update function
        "auto" is coordinate descent, "ccd", on NumPy and sparse arrays where numba compiles it, and the multiplicative
        updates, "mu", elsewhere. None lets the objective rise. Entries stay above a floor of at most
        1e-16 (1e-8 in single precision) times the largest of their column.
    init : array of the shape of ``X``, optional
        The start; by default a constant per column, scaled so that the model has the sum of the data.
    tol_gap : float, optional
        Stop when the certified gap, summed over the observations and in the unit of the loss (nats for counts), is at
        most this. ``tol`` is then off unless it is given too.
    **stop
        See :class:`tensorly_hdr.solve.Stop`.

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
    .. [2] T. M. Cover, An algorithm for maximizing expected log investment return, 1984.

    Examples
    --------
    >>> result = nnkl([[1.0, 0.0], [0.0, 2.0]], [3.0, 4.0], tol_gap=1e-9)
    >>> result.x.round(6)
    array([3., 2.])
    >>> bool(result.trace.extra["gap"][-1] <= 1e-9)
    True
    """
    task = at_the_door(A, Y, penalty, init, stop, nonneg=True)
    check.finite_divergence(task.Y, task.A)
    divergence: Loss = check.divergence(loss, LOSSES, task.Y, task.penalty)
    if divergence.beta == 1.0 and scale_free(task.penalty):
        # these solvers suit unequal atoms: only the range of the numbers is at stake
        task = in_good_units(task, spread=2.0**60)
    options = check.gap_options(tol_gap, task.stop, divergence)
    name, update = pick(solver, KL_SOLVERS, task.penalty, _auto(task.A, divergence))
    check.supports_loss(name, update, divergence)

    def certificate(u: Any, block: Entrywise) -> dict[str, float]:
        if divergence.beta != 1.0 or not isinstance(task.penalty, NonNegative):
            return {}
        return {"gap": kl_gap_bound(u, block, task.penalty)}

    def block() -> Entrywise:
        Y = task.observations
        # rows in memory order: each iteration runs over them several times
        return Entrywise(np.ascontiguousarray(Y) if is_numpy_array(Y) else Y, task.A, divergence)

    # the divergence of an exact fit is a difference of entries, each known to rounding; others have no such scale
    total = task.Y.sum() if check.is_sparse(task.Y) else array_namespace(task.Y).sum(task.Y)
    floor = 8.0 * np.finfo(np.float64).eps * float(total) if divergence.beta == 1.0 else 0.0
    return repeat(task, name, update, block, watch=certificate, floor=floor, **options)


def _auto(A: Any, loss: Loss) -> str:
    return "ccd" if is_numpy_array(A) and loss.beta == 1.0 and kernels.is_compiled else "mu"
