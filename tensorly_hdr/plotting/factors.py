"""Factors of a decomposition, one panel a mode; spectra."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr.plotting.style import legend, legend_below, one, several, with_units


@check.known_options
def factors(decomposition: Any, *, axes: Any = None, coords: Sequence[ArrayLike | None] | None = None) -> NDArray:
    """Draw one panel a mode and one line a component.

    Parameters
    ----------
    decomposition : Result, CPTensor or sequence of arrays
        A result with ``to_xarray()``, a TensorLy ``CPTensor`` (its weights go to the first mode), or tall factors,
        as arrays or as DataArrays of dimensions (mode, component).
    axes : array of matplotlib.axes.Axes, optional
        One for each mode, the legend in the first; a new figure by default, its legend below the panels.
    coords : sequence of array, optional
        Horizontal coordinates of each mode, plain arrays or DataArrays with name and units; ``None`` keeps those of the
        mode.

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes
        One for each mode.

    Examples
    --------
    >>> from tensorly_hdr import datasets
    >>> truth = datasets.synthetic.eem((5, 30, 20), rank=2, seed=0).truth
    >>> [ax.get_xlabel() for ax in factors(list(truth.values()))]
    ['sample', 'Emission wavelength (nm)', 'Excitation wavelength (nm)']
    """
    modes = [
        _labelled(f"decomposition[{m}]", u, m) for m, u in enumerate(_tall_factors("decomposition", decomposition))
    ]
    if coords is not None:
        given = check.one_a_mode("coords", coords, len(modes))
        modes = [
            u if c is None else _placed(f"coords[{m}]", u, c) for m, (u, c) in enumerate(zip(modes, given, strict=True))
        ]
    panels = several(axes, len(modes), n_cols=2, panel=(3.2, 2.5), below=0.6)
    for ax, u in zip(panels, modes, strict=True):
        lines(ax, u)
    if axes is None:
        legend_below(panels, modes[0].component.values, title="component")
    else:
        legend(panels[0], modes[0].component.values, title="component")
    return panels


@check.known_options
def spectra(W: Any, *, wavelengths: ArrayLike | None = None, ax: Axes | None = None) -> Axes:
    """Draw the columns of ``W`` against the wavelength; a gap in the wavelengths is a gap in the line.

    Parameters
    ----------
    W : array or DataArray of shape (bands, components), or Result
        One spectrum a column; of a result the first factor is drawn.
    wavelengths : array of shape (bands,), optional
        In nm; those of the DataArray by default, or else band numbers.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from tensorly_hdr import datasets
    >>> scene = datasets.synthetic.hyperspectral_scene((6, 6), n_bands=30, rank=3, seed=0)
    >>> spectra(scene.truth["spectra"]).get_xlabel()
    'Wavelength (nm)'
    """
    u = _labelled("W", _tall_factors("W", W)[0] if hasattr(W, "to_xarray") and hasattr(W, "trace") else W, 0)
    if wavelengths is not None:
        attrs = {"long_name": "Wavelength", "units": "nm"}
        where = check.as_array("wavelengths", wavelengths, ndim=1).astype(float)
        check.same_size(wavelengths=len(where), rows_of_W=u.shape[0])
        u = u.assign_coords({u.dims[0]: (u.dims[0], where, attrs)})
    ax = one(ax)
    lines(ax, u, xlabel="Wavelength (nm)" if u.dims[0] in u.coords else "Band", ylabel="Spectrum")
    legend(ax, u.component.values, title="component")
    return ax


def lines(ax: Axes, u: xr.DataArray, *, xlabel: str | None = None, ylabel: str = "Factor") -> None:
    """Draw each component of one labelled factor."""
    where = _places(u[u.dims[0]].values)
    numeric = where.dtype.kind in "fiu"
    shown = _broken_at_gaps(where.astype(float)) if numeric else (where, np.arange(where.size), np.zeros(0, dtype=int))
    position, order, holes = shown
    for q, name in enumerate(u.component.values):
        values = np.insert(u.values[order, q].astype(float), holes, np.nan)
        ax.plot(position, values, "-" if numeric else "o", label=str(name))
    ax.set(xlabel=with_units(u[u.dims[0]], xlabel or str(u.dims[0])), ylabel=with_units(u, ylabel))


def _places(where: NDArray) -> NDArray:
    """Positions that can be drawn: those of a stacked image are numbered, an interval is its middle, others a text."""
    if where.dtype != object:
        return where
    if all(isinstance(v, tuple) for v in where):
        return np.arange(where.size)
    if all(hasattr(v, "mid") for v in where):
        return np.array([v.mid for v in where])
    return np.array([str(v) for v in where])


def _placed(name: str, u: xr.DataArray, values: Any) -> xr.DataArray:
    """Return a factor with these coordinates along its mode."""
    where = check.places(name, values, u.shape[0])
    return u.assign_coords({u.dims[0]: (u.dims[0], where, dict(getattr(values, "attrs", {})))})


def _broken_at_gaps(where: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Sort positions and put a hole into steps over three times the median: (positions, order, places of the holes)."""
    order = np.argsort(where, kind="stable")
    step = np.diff(where[order])
    holes = np.flatnonzero(step > 3 * np.median(step)) + 1 if step.size else np.zeros(0, dtype=int)
    return np.insert(where[order], holes, np.nan), order, holes


def _tall_factors(name: str, decomposition: Any) -> Sequence[Any]:
    if hasattr(decomposition, "to_xarray"):
        return tuple(decomposition.to_xarray())
    if hasattr(decomposition, "weights") and hasattr(decomposition, "factors"):
        return check.factors(name, decomposition)
    return check.some_factors(name, getattr(decomposition, "factors", decomposition))


def _labelled(name: str, u: Any, mode: int) -> xr.DataArray:
    """Return a factor as a DataArray (mode, component) whose components have names."""
    values = check.as_array(name, u, ndim=2)
    labelled = u if isinstance(u, xr.DataArray) else xr.DataArray(values, dims=(f"mode {mode}", "component"))
    if labelled.dims[1] != "component":
        labelled = labelled.rename({labelled.dims[1]: "component"})
    if "component" not in labelled.coords:
        labelled = labelled.assign_coords(component=np.arange(labelled.sizes["component"]))
    return labelled
