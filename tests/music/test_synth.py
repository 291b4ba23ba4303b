"""Sound made from notes: linear, in tune, on time; a room that moves no onset."""

import numpy as np
import pytest

from tensorly_hdr.music import TONES, Notes, Tone, as_audio, pitch_to_hz, render, room, spectrogram, synthesize

CHORD = Notes([0.1, 0.3], [0.6, 0.9], [60, 67], [100, 60])


@pytest.mark.parametrize("tone", [*TONES, Tone(inharmonicity=0.0)])
def test_a_chord_is_the_sum_of_its_notes(tone):
    chord = synthesize(CHORD, tone, peak=None)
    alone = [synthesize(CHORD.take([k]), tone, peak=None).values for k in range(2)]
    n = [len(a) for a in alone]
    total = np.pad(alone[0], (0, len(chord) - n[0])) + np.pad(alone[1], (0, len(chord) - n[1]))
    np.testing.assert_allclose(chord, total, atol=1e-6)


def test_before_the_onset_there_is_silence_and_then_sound():
    audio = synthesize(Notes([0.25], [0.5], [60]))
    before, after = audio[: round(0.25 * 44_100)], audio[round(0.25 * 44_100) :]
    assert not before.any()
    assert float(abs(after[:441]).max()) > 0.05


@pytest.mark.parametrize("pitch", [33, 57, 69, 93])
def test_notes_are_in_tune(pitch):
    S = spectrogram(synthesize(Notes([0.0], [1.5], [pitch]), Tone(inharmonicity=0.0)), n_fft=16_384)
    peak = S.isel(time=slice(20, 50)).sum("time")
    near = peak.sel(frequency=slice(0.97 * pitch_to_hz(pitch), 1.03 * pitch_to_hz(pitch)))
    others = peak.sel(frequency=slice(1.1 * pitch_to_hz(pitch), 1.9 * pitch_to_hz(pitch)))
    assert float(near.max()) > 20 * float(others.max())


@pytest.mark.parametrize(("pitch", "octaves"), [(69, 0), (57, -1)])
def test_partials_are_stretched_as_stated(pitch, octaves):
    B, f = 1e-3 * 2.0**octaves, 440.0 * 2.0**octaves
    audio = synthesize(Notes([0.0], [2.0], [pitch]), Tone(inharmonicity=1e-3, attack=0.0))
    spectrum = spectrogram(audio, n_fft=44_100, hop=4410).isel(time=10)
    for k in (1, 2, 5, 10):
        expected = k * f * np.sqrt(1 + B * k**2)
        found = spectrum.sel(frequency=slice(expected - 40, expected + 40))
        assert abs(float(found.frequency[int(found.argmax("frequency"))]) - expected) <= 1.0


def test_the_amplitude_follows_the_velocity():
    loud, soft = (synthesize(Notes([0.0], [0.5], [60], v), peak=None) for v in (120, 40))
    np.testing.assert_allclose(loud, 3 * soft, rtol=1e-4, atol=1e-6)


def test_the_damper_ends_the_note():
    audio = synthesize(Notes([0.0], [0.5], [45]), peak=None)
    at, later = (float((audio.sel(time=slice(t, t + 0.05)) ** 2).mean()) for t in (0.45, 0.8))
    assert later < 1e-3 * at


def test_the_same_seed_makes_the_same_sound():
    np.testing.assert_array_equal(synthesize(CHORD, seed=3), synthesize(CHORD, seed=3))
    assert not np.array_equal(synthesize(CHORD, seed=3), synthesize(CHORD, seed=4))


def test_no_notes_are_silent():
    assert not synthesize(Notes([], [], [])).any()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: synthesize([60]), "notes must be Notes"),
        (lambda: synthesize(CHORD, "organ"), "tone must be one of"),
        (lambda: synthesize(CHORD, rate=0), "rate"),
        (lambda: synthesize(CHORD, seed=-1), "seed"),
        (lambda: room(np.zeros(100)), "rate is needed"),
        (lambda: room(np.zeros((100, 2)), 100), "1 dimension"),
        (lambda: room(np.zeros(100), 100, rt60=0.0), "rt60"),
        (lambda: room(np.zeros(100), 100, wet=-1.0), "wet"),
    ],
)
def test_bad_input_is_refused(call, words):
    with pytest.raises((TypeError, ValueError), match=words):
        call()


def test_the_echo_of_a_click_falls_by_sixty_decibels_in_rt60():
    rate, rt60 = 8000, 0.5
    echo = room(as_audio(np.eye(1, 2 * rate)[0], rate), rt60=rt60, wet=1.0).values[1:]
    energy = np.array([np.mean(echo[a : a + 400] ** 2) for a in range(0, int(rt60 * rate), 400)])
    slope = np.polyfit(np.arange(len(energy)) * 400 / rate, 10 * np.log10(energy), 1)[0]
    np.testing.assert_allclose(slope, -60 / rt60, rtol=0.1)
    assert not echo[int(rt60 * rate) + 1 :].any() or abs(echo[int(rt60 * rate) + 1 :]).max() < 1e-12


def test_a_room_is_linear_moves_nothing_and_keeps_the_peak():
    dry = np.zeros(4000)
    dry[1000] = 0.7
    out = room(dry, 8000, wet=0.5)
    assert int(abs(out).argmax("time")) == 1000
    np.testing.assert_allclose(float(abs(out).max()), 0.7)
    assert float(abs(out[:1000]).max()) < 1e-12
    np.testing.assert_allclose(room(2 * dry, 8000, wet=0.5), 2 * out, atol=1e-12)
    np.testing.assert_allclose(room(dry, 8000, wet=0.0), dry, atol=1e-12)
    assert not room(np.zeros(100), 8000).any()


def test_a_sound_font_plays_the_notes_on_time_and_in_tune():
    pytest.importorskip("midirenderer")
    audio = render(Notes([0.5], [1.5], [69]))
    heard = np.flatnonzero(np.abs(audio.values) > 1e-2)[0] / 44_100
    assert 0.49 < heard < 0.53
    assert float(audio.time[-1]) > 1.9
    np.testing.assert_allclose(float(abs(audio).max()), 0.9, rtol=1e-6)
    spectrum = spectrogram(audio, n_fft=16_384).sel(time=slice(0.7, 1.4)).sum("time").sel(frequency=slice(300, 600))
    assert abs(float(spectrum.frequency[int(spectrum.argmax("frequency"))]) - 440.0) < 4.0


def test_what_is_no_sound_font_is_refused(tmp_path):
    pytest.importorskip("midirenderer")
    with pytest.raises(FileNotFoundError, match="soundfont"):
        render(CHORD, tmp_path / "nowhere.sf2")
    (tmp_path / "bad.sf2").write_bytes(b"no sounds here")
    with pytest.raises(ValueError, match=r"soundfont.*cannot be read"):
        render(CHORD, tmp_path / "bad.sf2")


def test_a_missing_renderer_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "midirenderer", None)
    with pytest.raises(ImportError, match=r'midirenderer is needed here: pip install "tensorly-hdr\[notebooks\] @ git'):
        render(CHORD)


@pytest.mark.parametrize(
    "numbers",
    [{"decay": 0.0}, {"decay": -1.0}, {"inharmonicity": -1.0}, {"slope": np.nan}, {"strike": 2.0}, {"attack": "loud"}],
)
def test_a_tone_of_numbers_out_of_range_is_refused(numbers):
    with pytest.raises((TypeError, ValueError), match=next(iter(numbers))):
        Tone(**numbers)


def test_notes_decay_faster_the_higher_they_are():
    """By the half-life that is stated: one partial alone, no hammer."""
    tone = Tone(slope=30.0, decay=0.8, attack=0.0)
    for pitch, decay in ((69, 0.8), (93, 0.4), (45, 1.6)):
        s = synthesize(Notes([0.0], [1.0], [pitch]), tone, rate=8000, peak=None).values
        loud = [np.sqrt((s[a : a + 800] ** 2).mean()) for a in (800, 6400)]
        np.testing.assert_allclose(loud[1] / loud[0], np.exp(-0.7 * 1.3 / decay), rtol=1e-2)


def test_every_pitch_has_a_hammer_of_its_own():
    hammer = Tone(strike=0.0, attack=1.0)  # no partial is struck
    a, b, again = (synthesize(Notes([0.0], [0.1], [p]), hammer).values for p in (30, 31, 30))
    np.testing.assert_array_equal(a, again)
    assert abs(np.corrcoef(a[:2000], b[:2000])[0, 1]) < 0.5
