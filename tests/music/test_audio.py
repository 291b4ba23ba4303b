"""Sound: one channel, one rate, one level, and clear words for what is no sound."""

import io

import numpy as np
import pytest
import soundfile
import xarray as xr

from tensorly_hdr.music import as_audio, load_audio, rate_of

TIME = np.arange(22_050) / 44_100
SINE = 0.5 * np.sin(2 * np.pi * 440.0 * TIME)


@pytest.mark.parametrize("extension", ["wav", "flac", "ogg", "mp3"])
def test_files_of_each_format_are_read(tmp_path, extension):
    file = tmp_path / f"a.{extension}"
    soundfile.write(file, np.stack([SINE, SINE], axis=1), 44_100)
    audio = load_audio(file)
    assert rate_of(audio) == 44_100
    n = min(audio.sizes["time"], len(SINE)) - 4000
    close = np.abs(audio.values[2000:n] / 0.9 - SINE[2000:n] / 0.5).max()
    assert close < (1e-3 if extension in ("wav", "flac") else 0.1)  # the last two lose what is not heard


def test_the_peak_is_nine_tenths_and_the_first_time_zero():
    audio = load_audio(SINE, 44_100)
    assert audio.dtype == np.float32
    np.testing.assert_allclose(float(abs(audio).max()), 0.9, rtol=1e-6)
    assert float(audio.time[0]) == 0.0


def test_no_peak_keeps_the_level():
    np.testing.assert_allclose(load_audio(SINE, 44_100, peak=None), SINE, atol=1e-7)


def test_channels_are_averaged():
    left, right = np.random.default_rng(0).standard_normal((2, 5000))
    both = load_audio(np.stack([left, right], axis=1), 44_100, peak=None)
    np.testing.assert_allclose(both, 0.5 * (left + right), atol=1e-6)


def test_whole_numbers_of_unknown_scale_are_refused():
    for dtype in (np.int64, np.uint64):
        with pytest.raises(TypeError, match="divide them by their full scale"):
            load_audio(1000 * np.ones(50, dtype), 44_100)


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.uint8])
def test_integers_are_full_scale(dtype):
    half = 2.0 ** (8 * np.dtype(dtype).itemsize - 1)
    shift = half if np.dtype(dtype).kind == "u" else 0.0
    integers = (np.round(SINE * (half - 1)) + shift).astype(dtype)
    np.testing.assert_allclose(load_audio(integers, 44_100, peak=None), SINE, atol=1.1 / half)
    labelled = xr.DataArray(integers, dims="time", coords={"time": TIME})
    np.testing.assert_allclose(load_audio(labelled, peak=None), SINE, atol=1.1 / half)


def test_labelled_channels_may_come_first(rng):
    times = np.arange(500) / 44_100
    both = xr.DataArray(rng.standard_normal((2, 500)), dims=("channel", "time"), coords={"time": times})
    for source in (both, both.T, both[:, :2]):  # two samples of two channels too
        np.testing.assert_allclose(load_audio(source, peak=None), source.mean("channel"), atol=1e-6)


@pytest.mark.parametrize("time", [[0.0, 0.0], [2.0, 1.0, 0.0], [0.0, 1.0, 4.0, 9.0], [0.0, np.nan]])
def test_times_must_increase_evenly(time):
    with pytest.raises(ValueError, match="increase evenly"):
        rate_of(xr.DataArray(np.ones(len(time)), dims="time", coords={"time": time}))


def test_times_of_single_precision_are_even_enough():
    audio = as_audio(np.zeros(44_100), 44_100)
    late = audio.assign_coords(time=(audio.time + 3600.0).astype(np.float32))
    assert rate_of(late) == pytest.approx(44_100, rel=1e-3)


@pytest.mark.parametrize("rate", [48_000, 22_050, 8_000])
def test_resampling_keeps_a_sinusoid(rate):
    time = np.arange(rate) / rate
    audio = load_audio(np.sin(2 * np.pi * 440.0 * time), rate, peak=None)
    assert audio.sizes["time"] == 44_100
    inner = slice(4000, 40_000)
    np.testing.assert_allclose(audio[inner], np.sin(2 * np.pi * 440.0 * audio.time[inner]), atol=2e-3)


def test_a_labelled_recording_knows_its_rate():
    audio = load_audio(as_audio(SINE, 22_050))
    assert rate_of(audio) == 44_100
    assert audio.sizes["time"] == 2 * len(SINE)
    with pytest.raises(ValueError, match="contradicts the times"):
        load_audio(as_audio(SINE, 22_050), 44_100)


def test_the_rate_survives_slicing():
    assert rate_of(as_audio(SINE, 44_100)[1000:3001]) == 44_100


def test_file_objects_are_read():
    file = io.BytesIO()
    soundfile.write(file, SINE, 44_100, format="WAV")
    file.seek(0)
    assert load_audio(file).sizes["time"] == len(SINE)


def test_input_is_unchanged():
    samples = SINE.copy()
    samples.flags.writeable = False
    load_audio(samples, 48_000)
    np.testing.assert_array_equal(samples, SINE)


def test_what_is_no_sound_file_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no file .*nowhere\.wav"):
        load_audio(tmp_path / "nowhere.wav")
    with pytest.raises(FileNotFoundError, match="is a folder"):
        load_audio(tmp_path)
    (tmp_path / "empty.wav").write_bytes(b"")
    with pytest.raises(ValueError, match="empty"):
        load_audio(tmp_path / "empty.wav")
    (tmp_path / "text.wav").write_text("no sound at all")
    with pytest.raises(ValueError, match=r"text\.wav.*cannot be read.*wav, flac, ogg or mp3"):
        load_audio(tmp_path / "text.wav")
    with pytest.raises(ValueError, match=r"cannot be read.*wav, flac, ogg or mp3"):
        load_audio(io.BytesIO(b"no sound at all"))
    soundfile.write(tmp_path / "none.wav", np.zeros(0), 44_100)
    with pytest.raises(ValueError, match=r"none\.wav' is empty"):
        load_audio(tmp_path / "none.wav")


def test_silence_is_refused_unless_allowed():
    with pytest.raises(ValueError, match="source is silent"):
        load_audio(np.zeros(5000), 44_100)
    assert not load_audio(np.zeros(5000), 44_100, allow_silence=True).any()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_samples_that_are_not_finite_are_refused(bad):
    with pytest.raises(ValueError, match="NaN or infinite"):
        load_audio(np.where(TIME[7] == TIME, bad, SINE), 44_100)


@pytest.mark.parametrize(
    ("source", "rate", "words"),
    [
        (SINE, None, "rate is needed"),
        (SINE, -3, "rate must be"),
        (SINE, 44_100.5, "whole number"),
        (np.zeros((2, 500)), 44_100, "transpose"),
        (np.zeros((2, 2, 2)), 44_100, "1 or 2 dimension"),
        (np.zeros(0), 44_100, "empty"),
        (xr.DataArray(SINE, dims="time"), None, "coordinate 'time'"),
        (None, 44_100, "real numeric"),
        (SINE.astype(complex), 44_100, "real numeric"),
    ],
)
def test_bad_samples_are_refused(source, rate, words):
    with pytest.raises((TypeError, ValueError), match=words):
        load_audio(source, rate)


@pytest.mark.parametrize("option", [{"target_rate": 0}, {"target_rate": "fast"}, {"peak": -1.0}, {"peak": 0.0}])
def test_bad_options_are_refused(option):
    with pytest.raises((TypeError, ValueError), match=next(iter(option))):
        load_audio(SINE, 44_100, **option)


def test_a_missing_package_is_named(monkeypatch, tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    monkeypatch.setitem(__import__("sys").modules, "soundfile", None)
    with pytest.raises(ImportError, match=r'soundfile is needed here: pip install "tensorly-hdr\[music\] @ git'):
        load_audio(tmp_path / "a.wav")
