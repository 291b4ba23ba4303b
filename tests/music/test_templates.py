"""Dictionaries of notes: scale, shift, mean; files that hold them, and files that do not."""

import json
import zipfile
from dataclasses import replace
from importlib.resources import files
from io import BytesIO

import numpy as np
import pytest

from tensorly_hdr.music import (
    Templates,
    average_templates,
    learn_templates,
    load_templates,
    pitch_to_hz,
    transcribe,
)

from .conftest import PLUCKED, SETTINGS, isolated


def test_the_note_that_was_learnt_has_an_activation_that_peaks_at_one():
    sounds = isolated(PLUCKED, [60])
    learnt = learn_templates(sounds, **{**SETTINGS, "seconds": 2.0})
    loud = sounds[60] * 0.9 / float(abs(sounds[60]).max())
    # templates are learnt without the click, which takes its share of an attack
    found = transcribe(loud, templates=learnt, click=False, n_iter=20)
    louder = 0.9 / float(abs(sounds[60]).max())
    np.testing.assert_allclose(found.peaks.height.max(), louder**learnt.power, rtol=0.05)


def test_a_note_twice_as_loud_has_a_template_larger_by_the_power():
    sound = isolated(PLUCKED, [60])[60]
    one, two = (learn_templates({60: x}, **SETTINGS, power=0.7).W for x in (sound, 2 * sound))
    np.testing.assert_allclose(two, 2**0.7 * one, rtol=1e-3)


def test_templates_are_longer_than_one_frame_because_a_note_changes(plucked):
    early, late = plucked.W[:, 2, :], plucked.W[:, -1, :]
    high = plucked.W["frequency"] > 2500
    share = [
        float((w[high].sum("frequency") / w.sum("frequency")).sel(pitch=slice(60, 72)).mean()) for w in (early, late)
    ]
    assert share[1] < share[0]


def test_a_missing_pitch_is_made_from_its_neighbour_and_is_in_tune():
    learnt = learn_templates(isolated(PLUCKED, [69]), **{**SETTINGS, "max_shift": 2})
    assert learnt.pitch.tolist() == [67, 68, 69, 70, 71]
    for pitch in learnt.pitch:
        spectrum = learnt.W.sel(pitch=pitch).sum("tap").sel(frequency=slice(300, 600))
        assert abs(float(spectrum.frequency[spectrum.argmax("frequency")]) - pitch_to_hz(pitch)) < 11.0


def test_pitches_out_of_reach_are_left_out():
    learnt = learn_templates(isolated(PLUCKED, [60, 66]), **{**SETTINGS, "max_shift": 1})
    assert learnt.pitch.tolist() == [59, 60, 61, 65, 66, 67]


def test_silence_before_the_note_changes_nothing():
    sound = isolated(PLUCKED, [60])[60].values
    plain = learn_templates({60: sound}, 44_100, **SETTINGS)
    later = learn_templates({60: np.concatenate([np.zeros(1000, np.float32), sound])}, 44_100, **SETTINGS)
    np.testing.assert_allclose(plain.W, later.W, rtol=1e-5)


def test_one_tap_is_the_closed_form_of_rank_one():
    from tensorly_hdr import rank_one_kl
    from tensorly_hdr.music.templates import _from_onset

    sound = isolated(PLUCKED, [60])[60].values
    learnt = learn_templates({60: sound}, 44_100, **{**SETTINGS, "n_taps": 1, "n_iter": 20})
    padded = np.pad(_from_onset(sound, learnt.hop, 22_050), (0, learnt.hop + learnt.n_fft))
    w = rank_one_kl(learnt.spectrogram(padded).values).factors[0]
    np.testing.assert_allclose(learnt.W.values[:, 0, 0] / learnt.W.values.sum(), w[:, 0] / w.sum(), atol=1e-6)


def test_the_mean_keeps_common_pitches_and_has_the_mean_sum(plucked, soft):
    mean = average_templates([plucked, soft])
    assert mean.pitch.tolist() == soft.pitch.tolist()
    sums = [t.W.sel(pitch=mean.pitch).sum(["frequency", "tap"]).values for t in (plucked, soft, mean)]
    np.testing.assert_allclose(sums[2], 0.5 * (sums[0] + sums[1]), rtol=1e-5)
    assert mean.source == {"name": "mean of plucked, soft", "licence": "none"}


def test_the_mean_of_one_is_itself(soft):
    np.testing.assert_allclose(average_templates([soft, soft]).W, soft.W, rtol=1e-5)


def test_templates_survive_a_file(soft, tmp_path):
    soft.save(tmp_path / "soft.npz")
    again = load_templates(tmp_path / "soft.npz")
    np.testing.assert_allclose(again.W, soft.W, rtol=1e-3, atol=1e-6 * float(soft.W.max()))
    for name in ("latency", "threshold", "pitch"):
        np.testing.assert_allclose(getattr(again, name), getattr(soft, name), rtol=1e-6)
    assert (again.settings, again.source, again.W.dims) == (soft.settings, soft.source, soft.W.dims)
    np.testing.assert_allclose(again.W["frequency"], soft.W["frequency"])


def test_what_comes_with_the_package_says_where_it_is_from():
    piano = load_templates()
    assert piano.pitch.tolist() == list(range(21, 109))
    assert piano.source["author"] == "Alexander Holm"
    assert "CC BY 3.0" in piano.source["licence"]
    assert len(set(piano.threshold.tolist())) == 1
    beside = (files("tensorly_hdr.music") / "data" / "piano.txt").read_text(encoding="utf-8")
    assert all(f"{key}: {value}" in beside for key, value in piano.source.items())


class Trap:
    """Raises an alarm when it is unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


def test_pickles_are_refused(tmp_path):
    np.savez(tmp_path / "trap.npz", W=np.array([Trap()], dtype=object))
    np.save(tmp_path / "trap.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    for name in ("trap.npz", "trap.npy"):
        with pytest.raises(ValueError, match="cannot be read"):
            load_templates(tmp_path / name)


def test_nobody_is_advised_to_trust_a_file_that_is_no_archive(tmp_path):
    (tmp_path / "sound.wav").write_bytes(b"RIFF....WAVE")
    with pytest.raises(ValueError, match=r"no such archive.*Templates.save") as error:
        load_templates(tmp_path / "sound.wav")
    assert "allow_pickle" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 a broken archive"])
def test_other_files_are_refused(content, tmp_path):
    path = tmp_path / "file.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"is empty|cannot be read"):
        load_templates(path)


def test_other_archives_are_refused(tmp_path, soft):
    np.savez(tmp_path / "other.npz", x=np.ones(3))
    with pytest.raises(ValueError, match="holds no templates"):
        load_templates(tmp_path / "other.npz")
    with zipfile.ZipFile(tmp_path / "empty.npz", "w"):
        pass
    with pytest.raises(ValueError, match="holds no templates"):
        load_templates(tmp_path / "empty.npz")
    with pytest.raises(FileNotFoundError, match="no file"):
        load_templates(tmp_path / "nowhere.npz")


def test_damaged_archives_are_refused_whatever_the_damage(tmp_path, soft):
    soft.save(tmp_path / "soft.npz")
    whole = (tmp_path / "soft.npz").read_bytes()
    rng = np.random.default_rng(0)
    outcomes = []
    for k in range(60):  # the directory of the archive, at its end, and the methods of compression it names
        damaged = np.frombuffer(whole, np.uint8).copy()
        damaged[rng.integers(len(whole) - 600, len(whole))] = rng.integers(256)
        try:
            load_templates(BytesIO(damaged.tobytes() if k % 4 else whole[: rng.integers(len(whole))]))
        except ValueError as error:
            outcomes.append(type(error.__cause__))
    assert len(outcomes) > 20
    assert NotImplementedError in outcomes


def test_the_order_of_dimensions_is_free(soft):
    turned = replace(soft, W=soft.W.transpose("pitch", "tap", "frequency"))
    assert turned.W.dims == ("frequency", "tap", "pitch")
    assert turned.settings == soft.settings
    np.testing.assert_array_equal(turned.W, soft.W)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rate": 0}, "rate"),
        ({"hop": -5}, "hop"),
        ({"n_fft": 0}, "n_fft"),
        ({"power": 0.0}, "power"),
        ({"W": lambda W: W.isel(pitch=slice(None, None, -1))}, "pitches"),
        ({"W": lambda W: W.assign_coords(pitch=W.pitch + 100)}, "pitches"),
        ({"W": lambda W: W.isel(frequency=slice(None, None, -1))}, "frequencies"),
    ],
)
def test_templates_that_no_spectrogram_goes_with_are_refused(change, message, soft):
    with pytest.raises(ValueError, match=message):
        replace(soft, **{k: v(soft.W) if callable(v) else v for k, v in change.items()})


@pytest.mark.parametrize("change", ["negative", "short", "no settings", "format"])
def test_archives_that_were_changed_are_refused(change, tmp_path, soft):
    soft.save(tmp_path / "soft.npz")
    with np.load(tmp_path / "soft.npz") as archive:
        arrays = {key: archive[key] for key in archive.files}
    if change == "negative":
        arrays["W"] = -arrays["W"]
    elif change == "short":
        arrays["threshold"] = arrays["threshold"][:-1]
    elif change == "no settings":
        arrays["about"] = np.array(json.dumps({"source": {}}))
    else:
        arrays["format"] = np.array("something else")
    np.savez(tmp_path / "changed.npz", **arrays)
    with pytest.raises(ValueError, match=r"cannot be read|holds no templates"):
        load_templates(tmp_path / "changed.npz")


@pytest.mark.parametrize(
    ("notes", "error", "message"),
    [
        ({}, TypeError, "mapping from pitches"),
        ([1, 2], TypeError, "mapping from pitches"),
        ({200: np.ones(9000)}, ValueError, "between 0 and 127"),
        ({60: np.zeros(9000)}, ValueError, "silent"),
        ({60: "nowhere.wav"}, FileNotFoundError, "no file"),
    ],
)
def test_bad_notes_are_refused(notes, error, message):
    with pytest.raises(error, match=message):
        learn_templates(notes, 44_100, **SETTINGS)


def test_dictionaries_of_different_lengths_have_no_mean(soft):
    other = learn_templates(isolated("soft", [60]), **{**SETTINGS, "n_taps": 3})
    with pytest.raises(ValueError, match="different"):
        average_templates([soft, other])
    with pytest.raises(TypeError, match="sequence of Templates"):
        average_templates([])
    with pytest.raises(TypeError, match=r"several\[0\]"):
        average_templates(["piano"])
    far = learn_templates(isolated("soft", [30]), **SETTINGS)
    with pytest.raises(ValueError, match="no pitch in common"):
        average_templates([soft, far])


def test_repr_tells_the_notes(soft):
    assert repr(soft) == "Templates(25 notes, G3 to G5, 10 taps, source: soft)"
    assert isinstance(soft, Templates)


@pytest.mark.parametrize(
    ("n_fft", "hop", "n_taps"), [(4096, 4096, 2), (4095, 4095, 1), (4096, 2048, 2), (1024, 1024, 3)]
)
def test_windows_may_be_apart(n_fft, hop, n_taps):
    sounds = isolated(PLUCKED, [60, 67])
    learnt = learn_templates(sounds, n_fft=n_fft, hop=hop, n_taps=n_taps, n_iter=5, max_shift=0)
    assert (learnt.W.sum(("frequency", "tap")) > 0).all()
    np.testing.assert_array_equal(learnt.latency, 0.0)
    notes = transcribe(sounds[67], templates=learnt, n_iter=30).notes
    assert notes.pitch[notes.velocity.argmax()] == 67


def test_a_template_begins_two_frames_before_its_note_whose_windows_hear_it(plucked, soft):
    for learnt in (plucked, soft):
        np.testing.assert_allclose(learnt.latency, -0.04)
