"""The one style of the book, and where axes come from."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from importlib.resources import files
from math import ceil
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from tensorly_hdr import _validation as check

#: The colours of Okabe and Ito by name, as in ``hdr.mplstyle``.
PALETTE = {
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "vermilion": "#D55E00",
    "purple": "#CC79A7",
    "sky": "#56B4E9",
    "black": "#000000",
    "yellow": "#F0E442",
}


def _path() -> str:
    return str(files("tensorly_hdr.plotting") / "hdr.mplstyle")


@check.known_options
def style() -> AbstractContextManager[None]:
    """Return a context in which new figures have the style of the book.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> with style():
    ...     plt.rcParams["font.size"]
    12.0
    """
    return plt.style.context(_path())


@check.known_options
def use_style() -> None:
    """Set the style of the book for all figures to come: this changes matplotlib's global settings."""
    plt.style.use(_path())


def one(ax: Axes | None, *, figsize: tuple[float, float] | None = None) -> Axes:
    """Return ``ax``, or the axes of a new figure."""
    if ax is not None:
        return check.is_instance("ax", ax, Axes, "plt.subplots()")  # type: ignore[no-any-return]
    return plt.subplots(figsize=figsize, layout="constrained")[1]


def several(axes: Any, n: int, *, n_cols: int, panel: tuple[float, float], below: float = 0.0) -> NDArray:
    """Return ``axes`` as a flat array of ``n``, or the axes of a new figure.

    A panel has the size ``panel`` and there is room of ``below`` under all of them, in inches.
    """
    if axes is not None:
        check.not_dataset("axes", axes)
        given = np.atleast_1d(np.asarray(axes, dtype=object)).ravel()
        check.same_size(axes_given=given.size, panels=n)
        for ax in given:
            check.is_instance("each of axes", ax, Axes, "plt.subplots()")
        return given
    n_cols = min(n, n_cols)
    n_rows = ceil(n / n_cols)
    size = (panel[0] * n_cols, panel[1] * n_rows + below)
    figure, grid = plt.subplots(n_rows, n_cols, figsize=size, layout="constrained", squeeze=False)
    for spare in grid.ravel()[n:]:
        figure.delaxes(spare)
    return np.asarray(grid.ravel()[:n])


def with_units(x: Any, default: str) -> str:
    """Label of an axis: long name and units of a DataArray, else ``default``."""
    attrs = getattr(x, "attrs", {})
    name, units = attrs.get("long_name", default), attrs.get("units")
    return f"{name} ({units})" if units and units != "1" else str(name)


def legend(ax: Axes, labels: Sequence[object], *, title: str | None = None) -> None:
    """Draw a legend if there is something to tell apart."""
    if len(labels) > 1:
        ax.legend(title=title)


def legend_below(panels: NDArray, labels: Sequence[object], *, title: str) -> None:
    """Draw one legend for all panels, under them."""
    if len(labels) > 1:
        handles = panels[0].get_legend_handles_labels()
        panels[0].figure.legend(*handles, loc="outside lower center", ncols=min(len(labels), 6), title=title)
