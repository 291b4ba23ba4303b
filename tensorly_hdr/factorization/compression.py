"""Projected alternating least squares: on the tensor (pro-ALS), or on its compression (proco-ALS)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr._labels import axes_of
from tensorly_hdr.factorization.cp import ncp
from tensorly_hdr.factorization.init import starting_factors
from tensorly_hdr.factorization.problem import Problem, floor_of_fit
from tensorly_hdr.factorization.projected import Target, even, steps
from tensorly_hdr.factorization.result import FactorResult, TuckerResult
from tensorly_hdr.factorization.tucker import tucker_compress
from tensorly_hdr.losses import Frobenius
from tensorly_hdr.penalties import NonNegative
from tensorly_hdr.solve import Callback, Stop, Trace, run

HOOI_ROUNDS = 3  # of a compression made on the way: the truncated SVD is already close to the best


@check.known_options
def pro_als(
    T: Any, rank: int, *, init: Any = "auto", n_polish: int = 100, seed: int | None = None, **stop: Unpack[Stop]
) -> FactorResult:
    r"""Nonnegative CP by projected least squares, :math:`A_i \leftarrow [T_{(i)} K_i (K_i^T K_i)^{-1}]_+` [1]_.

    Each factor is solved for without its constraint, then clipped at zero; a column without a positive entry is
    flipped. The loss may rise, and a fixed point need not be optimal, so the best iterate is kept and improved at the
    end by HALS, which never raises the loss.

    Parameters
    ----------
    T : array of two dimensions or more
        Nonnegative array-like or DataArray.
    rank : int
        Number of components.
    init : a name, FactorResult, CPTensor or a sequence of arrays (None: scaled)
        The start, as in :func:`ncp`.
    n_polish : int, default 100
        At most so many rounds of HALS at the end; 0 for none.
    seed : int, optional
        Seed of the random start.
    **stop
        See :class:`tensorly_hdr.solve.Stop`. ``max_iter`` counts the projected rounds only; ``tol`` stops each of the
        two stages, ``max_time`` both together.

    Returns
    -------
    FactorResult
        Nonnegative factors. ``trace.extra["stage"]`` is 0 while projecting and 1 from the best iterate on, which is the
        first entry of stage 1.

    Raises
    ------
    TypeError, ValueError
        When ``T`` is sparse, negative or not finite, or an argument is out of range.

    References
    ----------
    .. [1] J. E. Cohen, R. C. Farias and P. Comon, Fast decomposition of large nonnegative tensors, 2015; manuscript,
       section 14.1.

    Examples
    --------
    >>> import numpy as np
    >>> T = np.einsum("i,j,k->ijk", [1.0, 2.0], [3.0, 1.0], [1.0, 1.0])
    >>> pro_als(T, 1, seed=0).loss < 1e-12
    True
    """
    return _projected(T, rank, lambda T: Target(T), init, n_polish, seed, stop, "pro_als")


@check.known_options
def proco_als(
    T: Any,
    rank: int,
    ranks: int | Sequence[int] | TuckerResult,
    *,
    exact: bool = False,
    init: Any = "auto",
    n_polish: int = 100,
    seed: int | None = None,
    **stop: Unpack[Stop],
) -> FactorResult:
    r"""Nonnegative CP by projected least squares on a Tucker compression [1]_.

    With :math:`T \approx (U_1 \otimes \dots \otimes U_d) G`, solves for :math:`x`, the coordinates of a factor in
    :math:`U_i`, on the core :math:`G`, and projects: the factor is :math:`[U_i x]_+`. With Gram matrices of these
    nonnegative factors the iterates are those of :func:`pro_als` on the compressed tensor, at the cost of its core.

    Parameters
    ----------
    T, rank, init, n_polish, seed, **stop
        As in :func:`pro_als`; the compression counts in ``trace.time[0]``.
    ranks : int, one for each mode, or what ``tucker_compress(T, ranks)`` returned
        Size of the core. Compress once where several starts or ranks are tried.
    exact : bool
        Replace the clipping by the nearest point with :math:`U_i x \ge 0` (:func:`project_on_cone`): slower, and the
        factors stay in the span of the bases.

    Returns
    -------
    FactorResult
        As in :func:`pro_als`. In stage 0 the loss is that of the nonnegative factors on the compressed tensor, plus
        what the compression left out: the loss on ``T`` itself when ``exact``, or when the compression loses nothing;
        from stage 1 on it is always the loss on ``T``.

    Raises
    ------
    TypeError, ValueError
        As in :func:`pro_als` and :func:`tucker_compress`.

    References
    ----------
    .. [1] J. E. Cohen, R. C. Farias and P. Comon, Fast decomposition of large nonnegative tensors, 2015; manuscript,
       section 14.3.2 (where the Gram matrices are those of the coordinates).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> T = np.einsum("ir,jr,kr->ijk", *(rng.random((n, 2)) for n in (7, 8, 9)))
    >>> proco_als(T, 2, 2, seed=0).loss < 1e-12
    True
    """
    check.flag("exact", exact)

    def target(T: NDArray) -> Target:
        small = ranks if isinstance(ranks, TuckerResult) else tucker_compress(T, ranks, max_iter=HOOI_ROUNDS)
        check.same_shape("the tensor that ranks compresses", tuple(len(U) for U in small.factors), T.shape)
        bases = tuple(U.astype(T.dtype, copy=False) for U in small.factors)
        return Target(small.core.astype(T.dtype, copy=False), bases, small.loss, exact)

    return _projected(T, rank, target, init, n_polish, seed, stop, "proco_als")


def _projected(
    T: Any,
    rank: Any,
    target: Callable[[NDArray], Target],
    init: Any,
    n_polish: Any,
    seed: Any,
    stop: Any,
    name: str,
) -> FactorResult:
    """Check, run the projected stage, then HALS from its best iterate; the two traces are put end to end."""
    axes, init = axes_of(T), check.start(init)
    check.order_of("T", T, matrix=False)
    T = check.as_array("T", T, nonneg=True)
    rank, options = check.rank(rank, T.shape), check.stop_options(stop)
    n_polish = check.count("n_polish", n_polish)
    problem = Problem(T, None, Frobenius(), (NonNegative(),) * T.ndim)
    factors = [np.maximum(u, 0.0) for u in starting_factors(problem, rank, init, check.generator(seed))]
    rounds = steps(lambda: target(T), factors)
    floor = floor_of_fit(T, Frobenius())
    state, trace, status, n_iter = run(rounds, lambda s: s.loss, view=lambda s: s.factors, floor=floor, **options)
    is_over = status in ("callback", "max_time")
    options |= {"max_iter": 0 if is_over else n_polish}
    options |= {"max_time": max(options.get("max_time", np.inf) - trace.time[-1], 0.0)}
    options |= {"callback": _later(options.get("callback"), n_iter + 1)}
    polished = ncp(T, rank, init=even(state.best), **options)
    joined = _joined(trace, polished.trace)
    status = status if is_over else polished.status
    return FactorResult(polished.x, joined, status, len(joined.loss) - 1, f"{name}, {polished.solver}", axes)


def _later(callback: Callback | None, shift: int) -> Callback | None:
    """Count the iterations of the second stage from the end of the first."""
    return None if callback is None else lambda k, x, info: callback(k + shift, x, info)


def _joined(first: Trace, second: Trace) -> Trace:
    stage = np.concatenate([first.extra["stage"], np.ones(len(second.loss))])
    time = np.concatenate([first.time, first.time[-1] + second.time])
    return Trace(np.concatenate([first.loss, second.loss]), time, {"stage": stage})
