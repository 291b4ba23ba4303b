"""Minimum-volume factorization: atoms as close to the data as possible, without pure observations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal, NamedTuple, Unpack

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr._labels import axes_of
from tensorly_hdr.blocks import least_squares
from tensorly_hdr.factorization.init import given_factors, scaled
from tensorly_hdr.factorization.problem import Problem
from tensorly_hdr.factorization.result import MinVolResult, as_cp
from tensorly_hdr.factorization.separable import snpa
from tensorly_hdr.factorization.volume import DataFit, Volume, data_fit
from tensorly_hdr.losses import LOSSES, Loss
from tensorly_hdr.penalties import NonNegative, Simplex
from tensorly_hdr.regression import interior
from tensorly_hdr.regression.registry import active_set
from tensorly_hdr.solve import Iterate, Stop, run


@check.known_options
def minvol_nmf(
    Y: Any,
    rank: int,
    *,
    loss: str | Loss = "frobenius",
    weight: float = 0.1,
    delta: float = 0.1,
    sum_to_one: Literal["H", "W"] = "H",
    init: Any = "snpa",
    seed: int | None = None,
    **stop: Unpack[Stop],
) -> MinVolResult:
    r"""Minimum-volume NMF: :math:`\min_{W, H \ge 0} f(Y, W H^T) + \lambda V(W)` [1]_ [2]_.

    Here :math:`V(W) = \log\det(W^T W / s^2 + \delta I) - \log\det(\delta I) \ge 0`, and the logarithm is natural. The
    volume of ``W`` makes the factorization unique where NMF alone is not: observations
    have to surround each face of the hull of the atoms, none has to be pure. Alternates between ``H``, and ``W`` on a
    majorant of the volume that is quadratic; the objective never rises.

    Parameters
    ----------
    Y : nonnegative array of shape (m, n)
        One observation per column.
    rank : int
        Number of atoms.
    loss : {"frobenius", "kl"}
        Half the squared Frobenius distance, or the Kullback-Leibler divergence.
    weight : float
        How much the volume counts: :math:`\lambda = \mathtt{weight}\, f_0 / V_0`, with :math:`f_0` and :math:`V_0` the
        loss and the volume of the start (where this fits exactly, as on separable data, :math:`f_0` is a millionth of
        :math:`\frac12 \|Y\|_F^2`, or of the sum of ``Y`` for Kullback-Leibler). Its value is ``result.weight``. The
        smaller, the closer to the atoms of least volume among those that fit, and the slower.
    delta : float
        Relative to the squares of the columns: the scale :math:`s` is the root mean square length of the columns of
        ``W`` at the start.
    sum_to_one : {"H", "W"}
        What fixes the scale: rows of ``H`` that sum to one (each observation is a mean of atoms), or columns of ``W``
        that do.
    init : {"snpa", "random"} or a sequence of two arrays
        The start; "snpa" picks columns of the data.
    seed : int, optional
        Seed of a random start.
    **stop
        See :class:`tensorly_hdr.solve.Stop`.

    Returns
    -------
    MinVolResult
        ``W, H = result.factors``; the loss includes the volume, whose values are ``trace.extra["volume"]``.

    Raises
    ------
    TypeError, ValueError
        When an argument is not numeric, not finite, negative, or of the wrong shape, when there is no update for the
        loss, or when the data have fewer than ``rank`` vertices for a start by SNPA.

    References
    ----------
    .. [1] V. Leplat, A. Ang and N. Gillis, Minimum-volume rank-deficient nonnegative matrix factorizations, 2019.
    .. [2] V. Leplat, N. Gillis and J. Idier, SIAM J. Matrix Analysis and Applications, 2021 (multiplicative updates
       under equality constraints); manuscript, section 6.1.3.

    Examples
    --------
    >>> import numpy as np
    >>> t = np.array([0.2, 0.5, 0.8])
    >>> result = minvol_nmf(np.vstack([t, 1 - t]), 2, weight=0.01)
    >>> bool(np.linalg.det(result.factors[0]) ** 2 < 0.5)  # 1 for the atoms (1, 0) and (0, 1)
    True
    """
    axes = axes_of(Y)
    init = "snpa" if init is None else check.start(init)
    Y = check.as_array("Y", Y, ndim=2, nonneg=True)
    rank = check.rank(rank, Y.shape)
    losses = {name: LOSSES[name] for name in ("frobenius", "kl")}
    divergence: Loss = check.loss(loss, losses)
    check.has_update("minvol_nmf", divergence, losses)
    check.choice("sum_to_one", sum_to_one, {"H": None, "W": None})
    weight, delta = check.nonneg_float("weight", weight), check.nonneg_float("delta", delta, positive=True)
    rng, options = check.generator(seed), check.stop_options(stop)
    data = Y.astype(np.float64, copy=False)
    fit = data_fit(data, divergence, sum_to_one)
    W, H = _start(data, rank, divergence, sum_to_one, init, rng)
    volume = Volume.at(W, delta)
    lam = weight * max(fit.value(W, H), 1e-6 * fit.size) / (volume(W) or 1.0)
    volume = replace(volume, weight=lam)
    state, trace, status, n_iter = run(
        _alternate(fit, volume, W, H),
        lambda s: s.fit + lam * volume(s.W),
        view=lambda s: (s.W, s.H),
        watch=lambda s: {"volume": volume(s.W)},
        **options,
    )
    factors = tuple(u.astype(Y.dtype, copy=False) for u in (state.W, state.H))
    return MinVolResult(as_cp(factors), trace, status, n_iter, fit.name, axes, weight=lam)


class _State(NamedTuple):
    W: NDArray
    H: NDArray
    fit: float


def _alternate(fit: DataFit, volume: Volume, W: NDArray, H: NDArray) -> Iterator[Iterate]:
    """Alternate from an extrapolated ``W``, and again from ``W`` itself if the objective has risen."""
    value = fit.value(W, H)
    yield _State(W, H, value), {}
    before, beta = W, min(0.5, fit.momentum)
    while True:
        best = value + volume.weight * volume(W)
        for b in (beta, 0.0) if beta > 0 else (0.0,):
            guess = np.maximum(W + b * (W - before), 0.1 * W)
            new_H = fit.coefficients(guess, H)
            new_W, value = fit.atoms(guess, new_H, volume)
            if value + volume.weight * volume(new_W) <= best:
                break
        beta = min(1.05 * beta, fit.momentum) if b > 0 else 0.5 * beta
        before, W, H = W, new_W, new_H
        yield _State(W, H, value), {}


def _start(
    Y: NDArray, rank: int, loss: Loss, sum_to_one: str, init: Any, rng: np.random.Generator
) -> tuple[NDArray, NDArray]:
    """Factors that satisfy the constraint; inside the orthant for the multiplicative updates."""
    if isinstance(init, str):
        check.choice("init", init, {"snpa": None, "random": None})
    if isinstance(init, str) and init == "snpa":
        W, H = _pure_columns(Y, rank, sum_to_one)
    else:
        W, H = scaled(Problem(Y, None, loss, (NonNegative(), NonNegative())), rank, rng)
        if isinstance(init, str):
            size = float(H.sum(axis=1).mean())
            W, H = W * size, H / size
        else:
            W, H = (np.maximum(u, 0.0) for u in given_factors(init, Y.shape, rank, [W, H]))
    if loss.beta == 1.0:
        W, H = interior(W), interior(H)
    if sum_to_one == "H":
        return W, np.ascontiguousarray(Simplex(axis=1).prox(H, 0.0)) if loss.beta == 2.0 else H / H.sum(axis=1)[:, None]
    sums = W.sum(axis=0)
    W[:, sums == 0] = 1.0  # an atom of zeros has no multiple that sums to one
    return W / W.sum(axis=0), H * sums


def _pure_columns(Y: NDArray, rank: int, sum_to_one: str) -> tuple[NDArray, NDArray]:
    """SNPA; when scale is free, on columns of sum one, and with nonnegative coefficients of any sum."""
    if sum_to_one == "H":
        found = snpa(Y, rank)
        return found.W, found.H
    sums = Y.sum(axis=0)
    W = snpa(np.divide(Y, sums, out=np.zeros_like(Y), where=sums > 0), rank).W
    H, _ = active_set(np.ones((Y.shape[1], rank)), least_squares(Y.T, W), NonNegative())
    return W, H
