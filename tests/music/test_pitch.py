"""Frequencies of pitches: numbers are taken, all else is refused by name."""

import numpy as np
import pytest

from tensorly_hdr.music import hz_to_pitch, pitch_to_hz


@pytest.mark.parametrize("convert", [pitch_to_hz, hz_to_pitch])
@pytest.mark.parametrize("odd", ["440", None, np.nan, [], ["440"], 1j, np.inf])
def test_what_is_no_number_is_refused(convert, odd):
    with pytest.raises((TypeError, ValueError), match=r"pitch|frequency"):
        convert(odd)


def test_shapes_are_kept_and_the_two_undo_each_other():
    for pitch in (69.0, np.array([60.0, 61.5]), np.array([[21.0], [108.0]])):
        np.testing.assert_allclose(hz_to_pitch(pitch_to_hz(pitch)), pitch)
        assert np.shape(pitch_to_hz(pitch)) == np.shape(pitch)
