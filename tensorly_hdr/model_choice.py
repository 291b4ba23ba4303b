"""How many components: fit, stability, core consistency and prediction, for several ranks."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, Unpack

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr.factorization import Extrapolation, FactorResult, holdout, ncp
from tensorly_hdr.linalg import reconstruct
from tensorly_hdr.losses import Loss
from tensorly_hdr.metrics import core_consistency, factor_match_score
from tensorly_hdr.penalties import Penalty
from tensorly_hdr.regression import Update
from tensorly_hdr.solve import Stop

if TYPE_CHECKING:
    import xarray as xr

ABOUT = {
    "loss": "Objective of each start",
    "best_loss": "Least objective",
    "spread": "Largest objective over least, minus one",
    "stability": "Mean factor match score of the other starts with the best",
    "core_consistency": "Core consistency of the best (%)",
    "holdout_error": "Relative error on the entries that were hidden",
}


class NcpOptions(Stop, total=False):
    """What :func:`compare_ranks` passes on to :func:`~tensorly_hdr.factorization.ncp`, which describes it."""

    loss: str | Loss
    penalties: Penalty | Sequence[Penalty] | None
    solver: str | Update
    init: Any
    n_inner: int | None
    extrapolate: bool | Extrapolation
    balance: Literal["start", "every"] | None
    fixed: Sequence[int]


@check.known_options
def compare_ranks(
    T: Any,
    ranks: Iterable[int],
    *,
    n_init: int = 5,
    fraction: float = 0.1,
    mask: Any = None,
    seed: int | None = None,
    **options: Unpack[NcpOptions],
) -> xr.Dataset:
    r"""Fit :func:`~tensorly_hdr.factorization.ncp` for several ranks and judge each one [1]_ [2]_.

    Parameters
    ----------
    T : array, dense, of two dimensions or more
    ranks : sequence of int
    n_init : int
        Starts for each rank.
    fraction : float
        Part of the observed entries that :func:`~tensorly_hdr.factorization.holdout` hides for one more fit a rank,
        from the best start's seed; the same entries for all ranks. 0: no such fit.
    mask : boolean array of the shape of ``T``, optional
        True where ``T`` is observed.
    seed : int, optional
        All seeds derive from it; the k-th start is that of the same seed for all ranks.
    **options
        Passed to :func:`~tensorly_hdr.factorization.ncp`.

    Returns
    -------
    xarray.Dataset
        On "rank": ``best_loss``; ``spread``, how much worse the worst start is; ``stability``, how well the other
        starts find the same factors (NaN with one start); ``core_consistency`` in % (NaN for a matrix);
        ``holdout_error``, the relative error on hidden entries (NaN without). On "rank" and "start": ``loss``. On
        "start": the coordinate ``seed``; ``ncp(T, rank, mask=mask, seed=int(table.seed[k]), **options)`` is the k-th
        start again.

    Raises
    ------
    TypeError, ValueError
        When an argument is not as described, or :func:`~tensorly_hdr.factorization.ncp` refuses the data.

    References
    ----------
    .. [1] R. Bro and H. A. L. Kiers, A new efficient method for determining the number of components in PARAFAC
       models, 2003.
    .. [2] S. Wold, Cross-validatory estimation of the number of components in factor and principal components models,
       1978.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> T = np.einsum("ir,jr,kr->ijk", *(rng.random((n, 2)) for n in (6, 7, 8)))
    >>> table = compare_ranks(T, [1, 2], n_init=2, seed=0, max_iter=200)
    >>> int(table["holdout_error"].idxmin())
    2
    """
    import xarray as xr

    check.order_of("T", T, matrix=False)
    check.dense("T", T)
    check.as_data("T", T, mask, nonneg=False)
    ranks = check.distinct_ints("ranks", ranks)
    n_init = check.positive_int("n_init", n_init)
    rng = check.generator(seed)
    seeds = rng.integers(2**63, size=n_init)
    train, hidden = holdout(T, fraction, mask=mask, seed=int(rng.integers(2**63)))
    observed = train | hidden
    data = np.where(observed, np.asarray(T), 0.0)
    unseen = [~np.moveaxis(observed, m, 0).reshape(n, -1).any(axis=1) for m, n in enumerate(observed.shape)]
    check.some_seen("T", unseen, stacklevel=3)
    rows = []
    for rank in ranks:
        runs = [_told_once(T, rank, mask=observed, seed=int(s), **options) for s in seeds]
        best = int(np.argmin([r.loss for r in runs]))
        row = _judged(runs, best, data, observed)
        if hidden.any():
            fitted = _told_once(T, rank, mask=train, seed=int(seeds[best]), **options)
            row["holdout_error"] = _relative_error(data, fitted, hidden)
        rows.append(row)
    columns = {k: (("rank", "start") if k == "loss" else "rank", [r[k] for r in rows], _labels(k)) for k in ABOUT}
    rank_axis = ("rank", list(ranks), {"long_name": "Rank"})
    coords = {"rank": rank_axis, "start": np.arange(n_init), "seed": ("start", seeds)}
    return xr.Dataset(columns, coords=coords)


def _told_once(T: Any, rank: int, **options: Any) -> FactorResult:
    """Fit :func:`ncp`; that the mask hides whole slices has been said."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="mask hides all of")
        return ncp(T, rank, **options)


def _judged(runs: list[FactorResult], best: int, data: NDArray, observed: NDArray) -> dict[str, Any]:
    """What is known of one rank without hiding entries."""
    loss = np.array([r.loss for r in runs])
    factors = runs[best].factors
    others = [factor_match_score(r.factors, factors) for k, r in enumerate(runs) if k != best]
    return {
        "loss": loss,
        "best_loss": loss[best],
        "spread": loss.max() / loss[best] - 1.0 if loss[best] > 0 else 0.0 if loss.max() == 0 else np.inf,
        "stability": float(np.mean(others)) if others else np.nan,
        "core_consistency": core_consistency(data, factors, mask=observed) if data.ndim > 2 else np.nan,
        "holdout_error": np.nan,
    }


def _relative_error(data: NDArray, fitted: FactorResult, where: NDArray) -> float:
    truth = data[where]
    return float(np.linalg.norm(reconstruct(fitted.factors)[where] - truth) / (np.linalg.norm(truth) or 1.0))


def _labels(name: str) -> dict[str, str]:
    return {"long_name": ABOUT[name]}
