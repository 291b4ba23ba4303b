"""Names and coordinates of the axes of the data, carried from a DataArray to the factors."""

from __future__ import annotations

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


def axes_of(x: Any, default: str = "mode") -> tuple[Axis, ...] | None:
    """Axes of a DataArray; None for everything else (``xarray`` is not imported to find out)."""
    if not (type(x).__module__.startswith("xarray") and hasattr(x, "dims")):
        return None
    check.distinct_names("the data", [str(d) for d in x.dims])
    return tuple(_axis(x, d) for d in x.dims)


def _axis(x: xr.DataArray, dim: Any) -> Axis:
    line = x.isel({d: 0 for d in x.dims if d != dim}, drop=True)
    return Axis(str(dim), line.coords)


def default_axes(order: int) -> tuple[Axis, ...]:
    """Axes ``mode_0``, ``mode_1``, ... of unlabelled data."""
    return tuple(Axis(f"mode_{m}") for m in range(order))


def labelled(array: Any, *axes: Axis) -> xr.DataArray:
    """Return ``array`` as a DataArray on ``axes``."""
    import xarray as xr

    out = xr.DataArray(array, dims=[a.name for a in axes])
    for axis in axes:
        if axis.coords is not None:
            out = out.assign_coords(axis.coords)
    return out


def component_axis(rank: int, others: tuple[Axis, ...] = ()) -> Axis:
    """Return the axis of the components, numbered from zero; ``component_2`` when the data use that name."""
    import numpy as np
    import xarray as xr

    taken = {name for axis in others for name in (axis.name, *map(str, axis.coords if axis.coords is not None else ()))}
    name, numbers = "component_2" if "component" in taken else "component", np.arange(rank)
    return Axis(name, xr.DataArray(numbers, dims=name, coords={name: numbers}).coords)


SHARPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def pitch_name(number: int) -> str:
    """Name of a MIDI number; middle C, 60, is C4."""
    return f"{SHARPS[number % 12]}{number // 12 - 1}"
