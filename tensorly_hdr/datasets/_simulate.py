"""What the simulators share: noise of a stated level, labelled arrays, the record."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from tensorly_hdr.datasets._record import Dataset

Seed = int | np.random.Generator | None


def noisy(clean: NDArray, noise: float, rng: np.random.Generator) -> NDArray:
    """Add white noise whose norm is ``noise`` times the norm of ``clean``."""
    white = rng.standard_normal(clean.shape)
    return np.asarray(clean + white * (noise * np.linalg.norm(clean) / np.linalg.norm(white)))


def array(values: NDArray, *dims: str, coords: Mapping[str, object] | None = None) -> xr.DataArray:
    """Label ``values``; of ``coords`` only those of its own dimensions are used."""
    own = {dim: coord for dim, coord in (coords or {}).items() if dim in dims}
    return xr.DataArray(values, dims=dims, coords=own)


def simulated(name: str, data: xr.DataArray, truth: dict[str, xr.DataArray], text: str) -> Dataset:
    """Wrap simulated data and their truth into a record."""
    return Dataset(
        name=name,
        data=data.rename(name),
        truth={key: value.rename(key) for key, value in truth.items()},
        description=text,
        source=f"tensorly_hdr.datasets.synthetic.{name}",
        licence="BSD-3-Clause",
    )
