"""Maps: one image a component."""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr.plotting.style import several, with_units


@check.known_options
def abundance_maps(maps: Any, *, axes: Any = None, label: str = "Abundance") -> NDArray:
    """Draw one image a component, all on one colour scale from zero to the largest value.

    Parameters
    ----------
    maps : DataArray of dimensions (row, column, component), or pair (H, shape)
        Images stacked along the last dimension, whose coordinate gives the titles: abundances, but also some bands of
        a hyperspectral image. Or a tall factor ``H`` (pixels, components) and the ``shape`` (rows, columns) of the
        image, whose pixels are numbered row by row.
    axes : array of matplotlib.axes.Axes, optional
        One for each component; a new figure by default.
    label : str
        What the colour means, if the DataArray does not say.

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes
        One for each component; the colour bar has axes of its own.

    Examples
    --------
    >>> from tensorly_hdr import datasets
    >>> scene = datasets.synthetic.hyperspectral_scene((8, 9), n_bands=20, rank=3, seed=0)
    >>> [ax.get_title() for ax in abundance_maps(scene.truth["abundances"])]
    ['component 0', 'component 1', 'component 2']
    """
    check.is_text("label", label)
    stack = _stack(maps)
    n = stack.sizes[stack.dims[2]]
    panels = several(axes, n, n_cols=2 if n in (2, 4) else 3, panel=(1.9, 2.1), below=0.8)
    values = stack.values
    low, high = min(0.0, float(np.nanmin(values))), float(np.nanmax(values))
    for k, ax in enumerate(panels):
        image = ax.imshow(values[:, :, k], vmin=low, vmax=high, origin="upper")
        ax.set(xticks=[], yticks=[], title=_title(stack, k))
        ax.spines[:].set_visible(False)
    bar = {"location": "bottom", "shrink": 0.7, "aspect": 30}
    panels[0].figure.colorbar(image, ax=list(panels), label=with_units(stack, label), **bar)
    return panels


def _stack(maps: Any) -> xr.DataArray:
    if isinstance(maps, tuple):
        H, shape = check.pair("maps", maps, "(H, shape)")
        H = check.as_array("maps[0]", H, ndim=2)
        rows, columns = check.sizes("maps[1]", shape, count=2)
        check.same_size(rows_of_H=H.shape[0], pixels_of_shape=rows * columns)
        maps = H.reshape(rows, columns, H.shape[1])
    values = check.as_array("maps", maps, ndim=3, finite=False)
    return maps if isinstance(maps, xr.DataArray) else xr.DataArray(values, dims=("row", "column", "component"))


def _title(stack: xr.DataArray, k: int) -> str:
    last = str(stack.dims[2])
    value = stack[last].values[k]
    if last not in stack.coords:
        return f"{last} {k}"
    if value.dtype.kind not in "fiu":
        return str(value)
    units = stack[last].attrs.get("units", "")
    return f"{value:g} {units}".strip() if units else f"{last} {value:g}"
