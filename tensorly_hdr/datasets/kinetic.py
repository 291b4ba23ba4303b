"""Kinetic fluorescence: a four-way tensor (sample, emission, excitation, time)."""

from pathlib import Path

import numpy as np
import xarray as xr
from tensorly import datasets as tensorly_datasets

from tensorly_hdr.datasets._record import Dataset, check_files

SHA256 = {
    "Kinetic.npy": "1d0bceb65e80631bcbe505e06f1bf5a446eaa4e8c9c5c8f56833b97ad9b908bf",
    "Kinetic_missing.npy": "18b84f5a2882e8249f048d1df3e2cb48563f5334abc11f63facca945b70a9ea8",
}

AXES = {
    "sample": {"long_name": "Sample"},
    "emission": {"long_name": "Emission wavelength", "units": "nm"},
    "excitation": {"long_name": "Excitation wavelength", "units": "nm"},
    "time": {"long_name": "Time", "units": "min"},
}

DESCRIPTION = (
    "Fluorescence of 64 samples of catecholamines while they react: intensity per emission "
    "wavelength, excitation wavelength and time. Missing entries (0.4 %, most of them at the end of "
    "one sample's run) are NaN: mask = data.notnull() is True where a value was observed. Some "
    "intensities are slightly negative: data.clip(min=0) makes them zero. The coordinate 'outlier' "
    "marks the five samples that TensorLy lists as outliers; data.sel(sample=~data.outlier) leaves "
    "them out."
)


def read() -> Dataset:
    """Read the tensor that TensorLy carries, its missing entries (stored as 0) set to NaN."""
    check_files(Path(tensorly_datasets.__file__).parent / "data", SHA256)
    bunch = tensorly_datasets.load_kinetic()
    missing = np.asarray(bunch.missing_values_position, dtype=bool)
    intensity = np.where(missing, np.nan, np.asarray(bunch.tensor, dtype=np.float64))
    coords = {
        dim: (dim, np.asarray(ticks), attrs) for (dim, attrs), ticks in zip(AXES.items(), bunch.ticks, strict=True)
    }
    outlier = np.isin(np.arange(intensity.shape[0]), bunch.outlier_measurements_idx)
    data = xr.DataArray(
        intensity,
        dims=tuple(AXES),
        coords={**coords, "outlier": ("sample", outlier, {"long_name": "Listed as an outlier"})},
        attrs={"long_name": "Fluorescence intensity", "units": "a.u."},
        name="fluorescence",
    )
    return Dataset(
        name="kinetic_fluorescence",
        data=data,
        description=DESCRIPTION,
        source="tensorly.datasets.load_kinetic; original: https://ucphchemometrics.com",
        licence=str(bunch.LICENCE),
        citation=" ".join(bunch.reference.split()),
        sha256=dict(SHA256),
    )
