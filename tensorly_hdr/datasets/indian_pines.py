"""Indian Pines: an airborne hyperspectral image of farmland, with its land-cover classes.

Three facts the file names do not tell, all visible in the loaded array:

* the spectrometers of AVIRIS overlap, so the bands are not stored by increasing wavelength:
  here they are sorted, and the coordinate ``band`` keeps the stored position;
* two of the 200 wavelengths listed by TensorLy are 48 nm too long, see ``MISPRINTS``;
* 20 bands in which water vapour absorbs all light are left out: two gaps, near 1400 and 1900 nm.
"""

from pathlib import Path

import numpy as np
import xarray as xr
from tensorly import datasets as tensorly_datasets

from tensorly_hdr.datasets._record import Dataset, check_files

SHA256 = {
    "Indian_pines_corrected.npy": ("8f038e4d81569e38ebfc72a15c9984c150de42580ab260be10a13442e912e451"),
    "Indian_pines_gt.npy": "44610d21625b311b05b8e0c4ba9a6cc755c2fbb9df48e4d89419024aa6ad3f9d",
}

#: Stored band -> wavelength in nm. TensorLy lists 2260.22 and 2270.15: a jump of 58 nm in a run of
#: steps of 9.93 nm, undone two bands later, while each image resembles its stored neighbours more
#: than those at the listed wavelength (tests/datasets/test_indian_pines.py). 48 nm less fits both.
MISPRINTS = {170: 2212.22, 171: 2222.15}

CLASSES = (
    "unlabelled",
    "alfalfa",
    "corn, no till",
    "corn, minimum till",
    "corn",
    "grass, pasture",
    "grass, trees",
    "grass, mown pasture",
    "hay in windrows",
    "oats",
    "soybean, no till",
    "soybean, minimum till",
    "soybean, clean till",
    "wheat",
    "woods",
    "buildings, grass, trees, drives",
    "stone and steel towers",
)

DESCRIPTION = (
    "AVIRIS image of 145 x 145 pixels over farmland west of West Lafayette, Indiana, 12 June 1992, "
    "200 bands from 400 to 2499 nm. A value is 1000 + 500 times the radiance at the sensor, says "
    "Purdue's note on the scene: subtract the offset before you read zero as darkness. "
    "truth['classes'] holds the land cover, 0 where nobody labelled it; its attrs name the classes."
)


def read() -> Dataset:
    """Read the image that TensorLy carries: ``data`` (row, column, wavelength), in counts."""
    check_files(Path(tensorly_datasets.__file__).parent / "data", SHA256)
    bunch = tensorly_datasets.load_indian_pines()
    counts = np.asarray(bunch.tensor, dtype=np.float64)
    labels, listed = bunch.ticks
    wavelength = np.array(listed, dtype=np.float64)
    wavelength[list(MISPRINTS)] = list(MISPRINTS.values())
    return Dataset(
        name="indian_pines",
        data=_image(counts, wavelength),
        truth={"classes": _classes(np.asarray(labels))},
        description=DESCRIPTION,
        source="tensorly.datasets.load_indian_pines; note: "
        "https://engineering.purdue.edu/~biehl/MultiSpec/aviris_documentation.html",
        licence=str(bunch.LICENCE),
        citation=str(bunch.reference),
        sha256=dict(SHA256),
    )


def _image(counts: np.ndarray, wavelength: np.ndarray) -> xr.DataArray:
    nm = {"long_name": "Wavelength", "units": "nm"}
    band = np.arange(wavelength.size)
    coords = {
        **_pixels(counts.shape[:2]),
        "wavelength": ("wavelength", wavelength, nm),
        "band": ("wavelength", band, {"long_name": "Position in the file"}),
    }
    attrs = {"long_name": "Radiance with offset", "units": "counts"}
    image = xr.DataArray(counts, dims=("row", "column", "wavelength"), coords=coords, attrs=attrs, name="radiance")
    return image.sortby("wavelength")


def _classes(labels: np.ndarray) -> xr.DataArray:
    return xr.DataArray(
        labels.astype(np.int64),
        dims=("row", "column"),
        coords=_pixels(labels.shape),
        attrs={"long_name": "Land cover", "classes": CLASSES},
        name="classes",
    )


def _pixels(shape: tuple[int, ...]) -> dict[str, tuple[str, np.ndarray, dict[str, str]]]:
    return {
        dim: (dim, np.arange(size), {"long_name": dim.capitalize(), "units": "pixel"})
        for dim, size in zip(("row", "column"), shape, strict=True)
    }
