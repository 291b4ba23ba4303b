"""How the quality of a model depends on its rank."""

from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr.plotting.style import several

TITLES = {
    "loss": "Objective",
    "stability": "Match of the starts",
    "core_consistency": "Core consistency (%)",
    "holdout_error": "Error on hidden entries",
}
FLOOR = -20.0  # % of core consistency; what is lower has no meaning but "not consistent", and would flatten the rest


@check.known_options
def rank_choice(table: Any, *, axes: Any = None) -> NDArray:
    """Draw what :func:`~tensorly_hdr.model_choice.compare_ranks` found: one panel a criterion that has values.

    The line is that of the best start, the small dots are the others. A core consistency under -20 % is drawn there, as
    a triangle that points down.

    Parameters
    ----------
    table : xarray.Dataset
        From :func:`~tensorly_hdr.model_choice.compare_ranks`.
    axes : sequence of matplotlib.axes.Axes, optional
        As many as there are criteria; a new figure by default.

    Returns
    -------
    array of matplotlib.axes.Axes

    Examples
    --------
    >>> import numpy as np
    >>> import tensorly_hdr as hdr
    >>> table = hdr.compare_ranks(np.random.default_rng(0).random((5, 6)), [1, 2], n_init=2, seed=0, max_iter=5)
    >>> [ax.get_ylabel() for ax in rank_choice(table)]
    ['Objective', 'Match of the starts', 'Error on hidden entries']
    """
    check.comparison("table", table, ("rank", "best_loss", *TITLES))
    ranks = table["rank"].values
    shown = [name for name in TITLES if np.isfinite(table[name].values).any()]
    panels = several(axes, len(shown), n_cols=2, panel=(3.2, 2.7))
    for ax, name in zip(panels, shown, strict=True):
        values = table[name].values
        if name == "loss":
            for start in values.T:
                ax.plot(ranks, start, ".", color="0.5", label="_nolegend_")
            values = table["best_loss"].values
        if name == "core_consistency":
            low = values < FLOOR
            values = np.maximum(values, FLOOR)
            ax.plot(ranks[low], values[low], "v", color="0.3", markersize=9, clip_on=False, zorder=3)
            ax.set_ylim(FLOOR, 105)
        ax.plot(ranks, values, "o-")
        ax.set(xlabel="Rank", ylabel=TITLES[name])
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return panels
