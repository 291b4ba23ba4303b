"""Names and coordinates of the axes of the data, carried from a DataArray or a DataFrame to the factors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tensorly_hdr import _validation as check

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Axis:
    """One axis of the data: its name and the coordinates that live on it alone."""

    name: str
    coords: Any = None


def axes_of(x: Any, default: Sequence[str] = ()) -> tuple[Axis, ...] | None:
    """Axes of a DataArray or of what pandas holds; None without labels (neither library is imported to find out).

    Axes of a DataFrame that have no name take it from ``default``, or else are ``mode_0``, ``mode_1``.
    """
    if type(x).__module__.startswith("xarray") and hasattr(x, "dims"):
        check.distinct_names("the data", [str(d) for d in x.dims])
        return tuple(_axis(x, d) for d in x.dims)
    lines = check.pandas_lines(x)
    if all(name is None and index is None for name, index in lines):
        return None
    names = [str(default[m] if m < len(default) else f"mode_{m}") for m in range(len(lines))]
    return tuple(
        named_axis(free if name is None else str(name), index) for free, (name, index) in zip(names, lines, strict=True)
    )


def _axis(x: xr.DataArray, dim: Any) -> Axis:
    """Axis with the coordinates that depend on it alone, or on nothing: a latitude of both modes is of neither."""
    own = [name for name, c in x.coords.items() if set(c.dims) <= {dim}]
    return Axis(str(dim), x.coords.to_dataset()[own].coords)


def named_axis(name: str, index: Any) -> Axis:
    """Axis of given names of the entries, of which a MultiIndex has several; None for an axis without them."""
    import xarray as xr

    if index is None:
        return Axis(name)
    if getattr(index, "nlevels", 1) > 1:
        return Axis(name, xr.Coordinates.from_pandas_multiindex(index, name))
    return Axis(name, xr.Dataset(coords={name: (name, index)}).coords)


def default_axes(order: int) -> tuple[Axis, ...]:
    """Axes ``mode_0``, ``mode_1``, ... of unlabelled data."""
    return tuple(Axis(f"mode_{m}") for m in range(order))


def labelled(array: Any, *axes: Axis, name: str = "") -> xr.DataArray:
    """Return ``array`` as a DataArray on ``axes``; it is called ``<first axis>_factor``: merging needs names."""
    import xarray as xr

    name = _free(name or f"{axes[0].name}_factor", _names(axes))
    out = xr.DataArray(array, dims=[a.name for a in axes], name=name)
    for axis in axes:
        if axis.coords is not None:
            out = out.assign_coords(axis.coords)
    return out


def component_axis(rank: int, others: tuple[Axis, ...] = (), wanted: str = "component") -> Axis:
    """Return the axis of the components, numbered from zero; ``component_2`` when the data use that name."""
    import numpy as np

    return named_axis(_free(wanted, _names(others)), np.arange(rank))


def with_picks(arrays: tuple[xr.DataArray, ...], axis: Axis | None, indices: Any) -> tuple[xr.DataArray, ...]:
    """Give the components the coordinates of what was picked along ``axis``.

    A name that the factors use already gets ``atom_`` in front: the ``pixel`` of a component is not one of the image.
    """
    if axis is None or axis.coords is None:
        return arrays
    taken = {str(name) for u in arrays for name in (*u.dims, *u.coords)}
    picked = {
        f"atom_{name}" if str(name) in taken else name: (c.values[indices], c.attrs)
        for name, c in axis.coords.items()
        if c.dims and getattr(c.to_index(), "nlevels", 1) == 1  # of a stacked axis the levels, not the pairs
    }
    return tuple(u.assign_coords({n: (u.dims[1], *of_picks) for n, of_picks in picked.items()}) for u in arrays)


def _names(axes: tuple[Axis, ...]) -> set[str]:
    return {name for axis in axes for name in (axis.name, *map(str, axis.coords if axis.coords is not None else ()))}


def _free(name: str, taken: set[str]) -> str:
    return f"{name}_2" if name in taken else name


SHARPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def pitch_name(number: int) -> str:
    """Name of a MIDI number; middle C, 60, is C4."""
    return f"{SHARPS[number % 12]}{number // 12 - 1}"
