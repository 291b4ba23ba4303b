"""Factors and spectra: one line a component, at the coordinates of the mode."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from tensorly.cp_tensor import CPTensor

from tensorly_hdr import plotting
from tensorly_hdr.datasets import load, synthetic

RNG = np.random.default_rng(0)
U, V = RNG.random((6, 2)), RNG.random((4, 2))
TRUTH = list(synthetic.eem((5, 12, 9), rank=2, seed=0).truth.values())


def drawn(ax):
    return np.stack([line.get_ydata() for line in ax.lines], axis=1)


@pytest.mark.parametrize(
    "given",
    [
        (U, V),
        [U.tolist(), V],
        CPTensor((None, [U, V])),
        SimpleNamespace(to_xarray=lambda: tuple(xr.DataArray(u, dims=("n", "component")) for u in (U, V))),
    ],
    ids=["arrays", "list", "CPTensor", "result"],
)
def test_lines_are_the_columns(given):
    panels = plotting.factors(given)
    assert len(panels) == 2
    for ax, u in zip(panels, (U, V), strict=True):
        np.testing.assert_array_equal(drawn(ax), u)


def test_weights_go_to_the_first_mode():
    first, second = plotting.factors(CPTensor((np.array([2.0, 3.0]), [U, V])))
    np.testing.assert_array_equal(drawn(first), U * [2.0, 3.0])
    np.testing.assert_array_equal(drawn(second), V)


def test_labels_come_from_the_arrays():
    panels = plotting.factors(TRUTH)
    assert [ax.get_xlabel() for ax in panels] == ["sample", "Emission wavelength (nm)", "Excitation wavelength (nm)"]
    assert [ax.get_ylabel() for ax in panels] == ["Concentration (a.u.)", "Emission", "Excitation"]
    np.testing.assert_array_equal(panels[1].lines[0].get_xdata(), TRUTH[1].emission)
    (legend,) = panels[0].figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["0", "1"]


def test_coordinates_may_be_given():
    data = load("kinetic_fluorescence").data
    first, second = plotting.factors([V, RNG.random((12, 2))], coords=[None, data.emission])
    np.testing.assert_array_equal(second.lines[0].get_xdata(), data.emission)
    assert (first.get_xlabel(), second.get_xlabel()) == ("mode 0", "Emission wavelength (nm)")
    with pytest.raises(ValueError, match=r"coords must hold one entry .* each of the 2 modes, got 1"):
        plotting.factors([U, V], coords=[None])


def test_names_are_marks_not_lines():
    u = xr.DataArray(U[:3], dims=("city", "component"), coords={"city": ["Oslo", "Lyon", "Rennes"]})
    (ax,) = plotting.factors([u])
    assert {line.get_linestyle() for line in ax.lines} == {"None"}
    ax.figure.canvas.draw()
    assert [text.get_text() for text in ax.get_xticklabels()] == ["Oslo", "Lyon", "Rennes"]


def test_axes_given_take_the_legend():
    panels = plotting.factors([U, V], axes=plt.subplots(2)[1])
    assert panels[0].get_legend() is not None
    assert not panels[0].figure.legends


def test_spectra_break_at_gaps_and_nowhere_else():
    data = load("indian_pines").data
    W = data.isel(row=0, column=[0, 7]).transpose("wavelength", "column").reset_coords(drop=True)
    ax = plotting.spectra(W)
    for q, line in enumerate(ax.lines):
        shown = np.isfinite(line.get_ydata())
        np.testing.assert_array_equal(line.get_ydata()[shown], W[:, q])
        np.testing.assert_array_equal(line.get_xdata()[shown], W.wavelength)
        assert (~shown).sum() == 2  # the water bands
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Wavelength (nm)", "Radiance with offset (counts)")


def test_spectra_are_sorted_by_wavelength():
    ax = plotting.spectra(U[:3], wavelengths=[500.0, 400.0, 600.0])
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [400.0, 500.0, 600.0])
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), U[[1, 0, 2], 0])
    assert ax.get_xlabel() == "Wavelength (nm)"


def test_spectra_without_wavelengths_are_numbered():
    ax = plotting.spectra(U)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Band", "Spectrum")
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), np.arange(6))


@pytest.mark.parametrize("bad", [np.ones(3), np.array([[np.nan, 1.0]]), "spectra"])
def test_bad_spectra_are_refused(bad):
    with pytest.raises((ValueError, TypeError), match=r"^W (must|contains)"):
        plotting.spectra(bad)


def test_results_and_odd_coordinates_are_drawn(rng):
    import pandas as pd

    import tensorly_hdr as hdr
    from tensorly_hdr import linalg, plotting

    image = xr.DataArray(rng.random((4, 3, 2)), dims=("band", "row", "column")).assign_coords(
        row=range(3), column=[0, 1]
    )
    result = hdr.nmf(image.stack(pixel=("row", "column")), 2, seed=0, max_iter=3)
    panels = plotting.factors(result)
    assert panels[1].lines[0].get_xdata().tolist() == list(range(6))
    assert len(plotting.spectra(result).lines) == 2
    assert len(plotting.convergence(result).lines) == 2
    np.testing.assert_allclose(linalg.reconstruct(result), result.factors[0] @ result.factors[1].T)
    for coordinate, first in ((pd.interval_range(0, 4), 0.5), (pd.period_range("2020", periods=4, freq="Y"), "2020")):
        u = xr.DataArray(rng.random((4, 2)), dims=("when", "component"), coords={"when": coordinate})
        assert plotting.factors([u])[0].lines[0].get_xdata()[0] == first
