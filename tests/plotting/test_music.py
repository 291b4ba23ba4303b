"""Drawings of music: what is where, and what it is called."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex

from tensorly_hdr import plotting
from tensorly_hdr.music import Notes, match_notes, spectrogram

RNG = np.random.default_rng(0)
TRUTH = Notes([0.0, 0.5, 1.0], [0.4, 0.9, 2.0], [60, 64, 67])
ESTIMATE = Notes([0.01, 0.5, 1.0], [0.4, 0.9, 1.5], [60, 65, 67])


def test_the_spectrogram_is_in_decibels_below_its_top():
    S = np.array([[1.0, 0.1], [0.01, 0.0]])
    image = plotting.spectrogram(S, floor=60).images[0]
    np.testing.assert_allclose(image.get_array(), [[0, -20], [-40, -60]], atol=1e-12)
    assert image.get_clim() == (-60, 0)


def test_pixels_are_centred_at_their_coordinates():
    S = spectrogram(RNG.standard_normal(9000), 44_100)
    ax = plotting.spectrogram(S)
    left, right, bottom, top = ax.images[0].get_extent()
    np.testing.assert_allclose([left, right], [-0.01, 10.5 * 0.02], rtol=1e-9)
    np.testing.assert_allclose(bottom, -0.5 * 44_100 / 4096)
    assert ax.get_xlabel() == "Time (s)"
    assert ax.get_ylabel() == "Frequency (Hz)"
    assert top > float(S.frequency[-1])


def test_silence_can_be_drawn():
    assert (plotting.spectrogram(np.zeros((3, 3))).images[0].get_array() == -80).all()
    assert not plotting.activations(np.zeros((3, 3))).images[0].get_array().any()


def test_pitches_have_names_all_or_one_an_octave():
    def names(pitches):
        H = xr.DataArray(np.ones((5, len(pitches))), dims=("time", "pitch"), coords={"pitch": pitches})
        return [t.get_text() for t in plotting.activations(H).get_yticklabels()]

    assert names([60, 62, 69]) == ["C4", "D4", "A4"]
    assert names(np.arange(21, 109)) == [f"C{k}" for k in range(1, 9)]


def test_the_order_of_named_dimensions_is_free():
    H = xr.DataArray(RNG.random((5, 3)), dims=("time", "pitch"), coords={"pitch": [60, 62, 64]})
    a, b = (plotting.activations(x).images[0].get_array() for x in (H, H.T))
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(a, H.values.T)


def test_templates_are_chosen_and_named():
    W = xr.DataArray(RNG.random((6, 3, 4)), dims=("frequency", "tap", "pitch"), coords={"pitch": [57, 60, 69, 72]})
    assert [ax.get_title() for ax in plotting.templates(W, components=[57, 69])] == ["A3", "A4"]


def test_right_extra_and_missed_notes_differ_by_colour_and_form():
    ax = plotting.piano_roll(TRUTH, ESTIMATE, pairs=match_notes(TRUTH, ESTIMATE))
    bars = {(round(b.get_x(), 2), round(b.get_y() + 0.4)): b for b in ax.patches}
    assert len(bars) == 4
    right, extra, missed = bars[0.01, 60], bars[0.5, 65], bars[0.5, 64]
    assert to_hex(right.get_facecolor(), keep_alpha=False) == plotting.PALETTE["blue"].lower()
    assert extra.get_hatch()
    assert missed.get_facecolor()[3] == 0.0
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["right (2)", "extra (1)", "missed (1)"]


def test_missed_notes_are_those_of_the_truth():
    truth, estimate = Notes([0.0, 1.0], [0.5, 1.5], [60, 64]), Notes([1.0, 2.0], [1.5, 2.5], [64, 70])
    ax = plotting.piano_roll(truth, estimate, pairs=match_notes(truth, estimate))
    assert [round(b.get_y() + 0.4) for b in ax.patches if b.get_facecolor()[3] == 0.0] == [60]
    assert [round(b.get_y() + 0.4) for b in ax.patches if b.get_hatch()] == [70]


def test_the_scale_of_activations_is_that_of_those_that_are_not_zero():
    H = np.zeros((3000, 2))
    H[5, 1] = 0.25
    assert plotting.activations(H).images[0].get_clim() == (0.0, 0.25)


@pytest.mark.parametrize("notes", [TRUTH, Notes([], [], [])])
def test_bars_are_notes(notes):
    ax = plotting.piano_roll(notes)
    assert [b.get_width() for b in ax.patches] == pytest.approx((notes.offset - notes.onset).tolist())


def test_borders_are_drawn_where_they_are():
    ax = plotting.autosimilarity(np.eye(6), boundaries=[0, 2, 6])
    found = {x.get_xdata()[0] for x in ax.lines if x.get_xdata()[0] == x.get_xdata()[1]}
    assert found == {0.0, 2.0, 6.0}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: plotting.spectrogram(np.full((3, 3), -1.0)), "S must be nonnegative"),
        (lambda: plotting.spectrogram(np.ones(3)), "2 dimension"),
        (lambda: plotting.spectrogram(np.ones((3, 3)), floor=0.0), "floor"),
        (lambda: plotting.spectrogram(xr.DataArray(np.ones((3, 3)), dims=("a", "b"))), "must have the dimensions"),
        (lambda: plotting.templates(np.ones((3, 3))), "3 dimension"),
        (lambda: plotting.activations(np.full((3, 3), np.nan)), "NaN"),
        (lambda: plotting.piano_roll([1, 2]), "must be Notes"),
        (lambda: plotting.piano_roll(TRUTH, ESTIMATE), "pairs is needed"),
        (lambda: plotting.piano_roll(TRUTH, ESTIMATE, pairs=[[0, 9]]), "does not fit"),
        (lambda: plotting.piano_roll(TRUTH, ESTIMATE, pairs=[[0.5, 1.0]]), "integers of shape"),
        (lambda: plotting.autosimilarity(np.ones((3, 4))), "sizes must agree"),
    ],
)
def test_bad_input_is_refused(call, words):
    with pytest.raises((TypeError, ValueError), match=words):
        call()
    plt.close("all")
