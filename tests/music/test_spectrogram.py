"""Spectrograms: where a click falls, what a sinusoid shows, and pitches."""

import numpy as np
import pytest

from tensorly_hdr.music import as_audio, chromagram, hz_to_pitch, pitch_name, pitch_number, pitch_to_hz, spectrogram

RATE = 44_100


def click(sample, n=20_000):
    out = np.zeros(n)
    out[sample] = 1.0
    return out


@pytest.mark.parametrize("frame", [0, 3, 10, 22])
def test_a_click_is_largest_in_the_frame_centred_at_it(frame):
    S = spectrogram(click(882 * frame), RATE)
    assert int(S.sum("frequency").argmax("time")) == frame
    np.testing.assert_allclose(float(S.time[frame]), 882 * frame / RATE)


def test_frames_around_a_click_are_symmetric():
    energy = spectrogram(click(882 * 10), RATE).sum("frequency").values
    np.testing.assert_allclose(energy[10 - 3 : 10], energy[10 + 3 : 10 : -1], rtol=1e-12)


@pytest.mark.parametrize("n", [4096, 4097, 20_000, 882 * 1100 + 5])
def test_there_is_a_frame_for_each_hop_begun(n):
    S = spectrogram(np.ones(n, dtype=np.float32), RATE)
    assert S.sizes["time"] == -(-n // 882)


def test_long_recordings_are_cut_into_chunks_without_a_seam(rng):
    s = rng.standard_normal(1200 * 64)
    whole = spectrogram(s, 8000, n_fft=256, hop=64)
    part = spectrogram(s[1000 * 64 : 1060 * 64], 8000, n_fft=256, hop=64)
    np.testing.assert_allclose(whole[:, 1003:1057], part[:, 3:57], rtol=1e-9)


def test_it_is_the_transform_written_out(rng):
    s, n_fft, hop = rng.standard_normal(2000), 256, 100
    S = spectrogram(s, 8000, n_fft=n_fft, hop=hop, fmax=None)
    w = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    frame = s[700 - 128 : 700 + 128] * w
    expected = 2 * np.abs(np.fft.rfft(frame)) / w.sum()
    expected[[0, -1]] /= 2
    np.testing.assert_allclose(S[:, 7], expected, rtol=1e-10)


def test_a_sinusoid_on_a_bin_shows_its_amplitude():
    f = 100 * RATE / 4096
    S = spectrogram(0.3 * np.sin(2 * np.pi * f * np.arange(20_000) / RATE), RATE)
    np.testing.assert_allclose(S.sel(frequency=f, method="nearest")[5:15], 0.3, rtol=1e-9)


def test_frequencies_stop_at_fmax():
    last = float(spectrogram(click(0), RATE).frequency[-1])
    assert last <= 5000 < last + RATE / 4096
    assert spectrogram(click(0), RATE, fmax=None).sizes["frequency"] == 2049


def test_power_is_an_exponent(rng):
    s = rng.standard_normal(9000)
    np.testing.assert_allclose(spectrogram(s, RATE, power=0.7), spectrogram(s, RATE) ** 0.7, rtol=1e-12)


def test_float32_stays_and_agrees(rng):
    s = rng.standard_normal(9000)
    S32 = spectrogram(as_audio(s.astype(np.float32), RATE))
    assert S32.dtype == np.float32
    np.testing.assert_allclose(S32, spectrogram(s, RATE), rtol=1e-3, atol=1e-7)


def test_one_stationary_sinusoid_has_a_rank_one_spectrogram():
    s = np.sin(2 * np.pi * 50 * RATE / 4096 * np.arange(40_000) / RATE)
    values = np.linalg.svd(spectrogram(s, RATE).values[:, 3:-3], compute_uv=False)
    assert values[1] < 1e-9 * values[0]


def test_magnitudes_of_a_mixture_stay_below_the_sum_of_magnitudes(rng):
    a, b = rng.standard_normal((2, 9000))
    mixed, apart = spectrogram(a + b, RATE), spectrogram(a, RATE) + spectrogram(b, RATE)
    assert bool((mixed <= apart * (1 + 1e-12)).all())


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: spectrogram(np.zeros(4095), RATE), "too short"),
        (lambda: spectrogram(np.zeros(9000)), "rate is needed"),
        (lambda: spectrogram(np.zeros((9000, 2)), RATE), "1 dimension"),
        (lambda: spectrogram(np.full(9000, np.nan), RATE), "NaN"),
        (lambda: spectrogram(np.zeros(9000), RATE, hop=5000), "hop must be at most 4096"),
        (lambda: spectrogram(np.zeros(9000), RATE, fmax=-1.0), "fmax"),
        (lambda: spectrogram(np.zeros(9000), RATE, power=0.0), "power"),
        (lambda: chromagram(np.zeros((3, 3))), "S must be a DataArray"),
    ],
)
def test_bad_input_is_refused(call, words):
    with pytest.raises((TypeError, ValueError), match=words):
        call()


def test_pitches_and_frequencies_are_inverse():
    pitches = np.linspace(0, 127, 300)
    np.testing.assert_allclose(hz_to_pitch(pitch_to_hz(pitches)), pitches, atol=1e-9)
    assert float(pitch_to_hz(69)) == 440.0
    np.testing.assert_allclose(pitch_to_hz(81) / pitch_to_hz(69), 2.0)


def test_names_and_numbers_are_inverse():
    assert [pitch_number(pitch_name(p)) for p in range(128)] == list(range(128))
    assert pitch_number("Db4") == pitch_number("C#4") == 61


@pytest.mark.parametrize("bad", ["H3", "C", "4", "", "C99", "C٤", "C" + 5000 * "9", 60, None])
def test_bad_names_are_refused(bad):
    with pytest.raises((TypeError, ValueError), match=r"name of a pitch|between 0 and 127"):
        pitch_number(bad)


@pytest.mark.parametrize("bad", [-1, 128, 60.5])
def test_bad_numbers_are_refused(bad):
    with pytest.raises(ValueError, match="between 0 and 127"):
        pitch_name(bad)


def test_octaves_share_a_row_of_the_chromagram():
    time = np.arange(20_000) / RATE
    for pitch in (57, 69, 81):
        C = chromagram(spectrogram(np.sin(2 * np.pi * pitch_to_hz(pitch) * time), RATE))
        assert int(C.sum("time").argmax("pitch_class")) == 9


def test_low_bins_are_left_out_of_the_chromagram():
    s = np.sin(2 * np.pi * 50.0 * np.arange(8000) / 8000)  # a pitch of its own, between G1 and G#1
    S = spectrogram(s, 8000, n_fft=800, hop=400)
    kept = S.sel(frequency=slice(60.0, None)).sum()
    np.testing.assert_allclose(chromagram(S).sum(), kept)
    np.testing.assert_allclose(chromagram(S, fmin=50.0).sum(), S.sel(frequency=slice(50.0, None)).sum())
