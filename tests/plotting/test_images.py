"""Maps show the pixels they are given, on one scale."""

import numpy as np
import pytest
import xarray as xr

from tensorly_hdr import plotting
from tensorly_hdr.datasets import load, synthetic


def shown(ax):
    (image,) = ax.images
    return image


def test_images_are_the_components():
    maps = synthetic.hyperspectral_scene((7, 5), 10, 3, seed=0).truth["abundances"]
    panels = plotting.abundance_maps(maps)
    assert [ax.get_title() for ax in panels] == ["component 0", "component 1", "component 2"]
    for k, ax in enumerate(panels):
        np.testing.assert_array_equal(shown(ax).get_array(), maps[:, :, k])
        assert shown(ax).get_clim() == (0.0, float(maps.max()))
    bar = panels[0].figure.axes[-1]
    assert bar.get_xlabel() == "Abundance"


def test_a_factor_is_read_row_by_row():
    H = np.arange(12.0).reshape(6, 2)
    first, second = plotting.abundance_maps((H, (2, 3)))
    np.testing.assert_array_equal(shown(first).get_array(), [[0, 2, 4], [6, 8, 10]])
    np.testing.assert_array_equal(shown(second).get_array(), [[1, 3, 5], [7, 9, 11]])
    with pytest.raises(ValueError, match=r"rows of H = 6, pixels of shape = 8"):
        plotting.abundance_maps((H, (2, 4)))


def test_bands_are_titled_by_wavelength():
    data = load("indian_pines").data.sel(wavelength=[547.6, 1650.73])
    panels = plotting.abundance_maps(data)
    assert [ax.get_title() for ax in panels] == ["547.6 nm", "1650.73 nm"]
    assert panels[0].figure.axes[-1].get_xlabel() == "Radiance with offset (counts)"


def test_names_are_titles_and_holes_are_allowed():
    maps = xr.DataArray(np.ones((2, 2, 1)), dims=("row", "column", "material"), coords={"material": ["soil"]})
    maps[0, 0] = np.nan
    (ax,) = plotting.abundance_maps(maps)
    assert ax.get_title() == "soil"
    assert int(np.ma.count_masked(shown(ax).get_array())) == 1


def test_negative_values_are_on_the_scale():
    (ax,) = plotting.abundance_maps(np.array([[[-2.0]], [[1.0]]]))
    assert shown(ax).get_clim() == (-2.0, 1.0)
