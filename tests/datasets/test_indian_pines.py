"""The hyperspectral image: the same numbers as TensorLy's, in the order of physics."""

import numpy as np
import pytest
from tensorly.datasets import load_indian_pines

from tensorly_hdr.datasets import load
from tensorly_hdr.datasets.indian_pines import CLASSES, MISPRINTS


@pytest.fixture(scope="module")
def scene():
    return load("indian_pines")


def test_dimensions_and_units(scene):
    assert scene.data.sizes == {"row": 145, "column": 145, "wavelength": 200}
    assert scene.data.wavelength.attrs["units"] == "nm"
    assert (float(scene.data.wavelength[0]), float(scene.data.wavelength[-1])) == (400.02, 2498.96)
    assert not scene.data.isnull().any()
    assert float(scene.data.min()) > 0


def test_band_restores_the_stored_order(scene):
    bunch = load_indian_pines()
    stored = scene.data.sortby("band")
    np.testing.assert_array_equal(stored, bunch.tensor)
    right = np.setdiff1d(np.arange(200), list(MISPRINTS))
    np.testing.assert_array_equal(stored.wavelength[right], np.array(bunch.ticks[1])[right])


def test_only_the_water_bands_leave_gaps(scene):
    step = scene.data.wavelength.diff("wavelength")
    after = step.wavelength[step > 15].values
    np.testing.assert_array_equal(after, [1422.34, 1953.26])


@pytest.mark.parametrize("band", sorted(MISPRINTS))
def test_misprinted_bands_resemble_their_new_neighbours(scene, band):
    """Correlation of the image with those of the two nearest bands, at the corrected and at the listed wavelength."""
    listed = load_indian_pines().ticks[1][band]
    others = scene.data.where(~scene.data.band.isin(list(MISPRINTS)), drop=True)
    image = scene.data.sel(wavelength=MISPRINTS[band]).values.ravel()

    def resemblance(wavelength):
        near = others.wavelength.values[np.argsort(np.abs(others.wavelength.values - wavelength))[:2]]
        return [np.corrcoef(image, others.sel(wavelength=w).values.ravel())[0, 1] for w in near]

    assert min(resemblance(MISPRINTS[band])) > max(resemblance(listed))


@pytest.mark.parametrize("band", sorted(MISPRINTS))
def test_misprinted_wavelengths_fill_an_even_run(scene, band):
    stored = scene.data.sortby("band").wavelength.values
    assert np.ptp(np.diff(stored[band - 2 : band + 3])) < 0.02


def test_classes(scene):
    classes = scene.truth["classes"]
    assert classes.sizes == {"row": 145, "column": 145}
    np.testing.assert_array_equal(classes, load_indian_pines().ticks[0])
    assert classes.attrs["classes"] == CLASSES
    assert int(classes.max()) == len(CLASSES) - 1
    assert np.unique(classes).size == len(CLASSES)
