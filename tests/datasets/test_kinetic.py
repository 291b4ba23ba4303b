"""The fluorescence tensor: what was not observed is NaN, all else is TensorLy's."""

import numpy as np
import pytest
from tensorly.datasets import load_kinetic

from tensorly_hdr.datasets import load


@pytest.fixture(scope="module")
def data():
    return load("kinetic_fluorescence").data


def test_dimensions_and_units(data):
    assert data.sizes == {"sample": 64, "emission": 12, "excitation": 10, "time": 60}
    assert [data[d].attrs["units"] for d in ("emission", "excitation", "time")] == ["nm", "nm", "min"]


def test_light_is_emitted_at_longer_wavelengths_than_it_is_absorbed(data):
    assert data.emission.min() > data.excitation.max()


def test_missing_is_nan_and_nothing_else_changed(data):
    bunch = load_kinetic()
    observed = data.notnull().values
    np.testing.assert_array_equal(observed, ~np.asarray(bunch.missing_values_position, dtype=bool))
    np.testing.assert_array_equal(data.values[observed], bunch.tensor[observed])
    assert round(100 * (1 - observed.mean()), 1) == 0.4  # per cent, as the description says


def test_most_missing_entries_end_one_run(data):
    missing = data.isnull()
    worst = missing.sum(("emission", "excitation", "time")).argmax("sample")
    last_third = missing.isel(sample=worst, time=slice(40, None))
    assert last_third.sum() > missing.sum() / 2


def test_outliers_are_marked(data):
    kept = data.sel(sample=~data.outlier)
    assert kept.sizes["sample"] == 64 - len(load_kinetic().outlier_measurements_idx)
    assert not set(kept.sample.values) & {i + 1 for i in load_kinetic().outlier_measurements_idx}
