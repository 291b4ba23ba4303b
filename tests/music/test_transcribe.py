"""Transcription: silence, single notes, planted pieces, adaptation, thresholds, ends, loudness."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from tensorly_hdr import convolutive_nmf
from tensorly_hdr.factorization import convolve
from tensorly_hdr.music import (
    Notes,
    Tone,
    Transcriber,
    assign_pitches,
    comb,
    held_out_thresholds,
    learn_threshold,
    match_notes,
    note_score,
    room,
    synthesize,
    transcribe,
    transcribe_blind,
)
from tensorly_hdr.music.audio import as_audio
from tensorly_hdr.music.picking import Peaks, contrast, ends, peaks
from tensorly_hdr.music.transcribe import _envelope, click_template, heard

from .conftest import SETTINGS, isolated, play

RNG = np.random.default_rng(0)


def piece(seed, n=30, low=55, high=80, step=0.2):
    """Two notes at a time, at random, as long as a template; no key is struck twice in a row."""
    rng = np.random.default_rng(seed)
    pairs = [rng.choice(np.arange(low + k % 2, high, 2), size=2, replace=False) for k in range(n)]
    onset = 0.2 + step * np.repeat(np.arange(n), 2)
    return Notes(onset, onset + 0.15, np.concatenate(pairs), rng.integers(60, 110, 2 * n))


def test_silence_gives_no_note(plucked):
    for sound in (np.zeros(44_100), 1e-5 * RNG.standard_normal(44_100)):
        found = transcribe(sound, 44_100, templates=plucked, adapt=True, n_iter=2, rounds=1)
        assert len(found.notes) == 0
        assert not found.activations.values.any()


def test_a_single_note_gives_that_note_at_every_pitch(plucked):
    onset = 0.1 + 0.7 * np.arange(88)
    line = play(Notes(onset, onset + 0.3, np.arange(21, 109)), peak=None)
    found = {}
    for k, pitch in enumerate(range(21, 109)):
        sound = line.values[round((onset[k] - 0.1) * 44_100) :][: round(0.65 * 44_100)]
        # templates of neighbouring low notes are alike: the activations take longer to tell them apart
        found[pitch] = transcribe(sound, 44_100, templates=plucked, n_iter=40 if pitch < 30 else 12).notes
    assert {p: n.pitch.tolist() for p, n in found.items()} == {p: [p] for p in found}
    assert max(abs(n.onset[0] - 0.1) for n in found.values()) < 0.03


def test_a_constant_added_to_the_samples_changes_nothing(plucked):
    sound = 0.3 * play(piece(0, n=6)).values
    plain, moved = (transcribe(x, 44_100, templates=plucked).notes for x in (sound, sound + 0.2))
    assert sorted(plain.pitch) == sorted(piece(0, n=6).pitch)
    np.testing.assert_array_equal(moved.pitch, plain.pitch)
    np.testing.assert_array_equal(moved.onset, plain.onset)


def test_a_click_is_no_note():
    truth = Notes([0.3, 0.9], [0.7, 1.3], [60, 67])
    sound = play(truth).values
    when = np.array([8000, 22_000, 35_000, 50_000])
    sound[when] += 10.0
    found = {c: transcribe(sound, 44_100, click=c).notes for c in (True, False)}
    near = {c: (np.abs(n.onset[:, None] - when / 44_100) < 0.06).sum() for c, n in found.items()}
    assert near[True] == 0
    assert near[False] > 0
    assert found[True].pitch[np.argsort(found[True].velocity)[-2:]].tolist() == [60, 67]


@pytest.mark.parametrize("adapt", [False, True])
def test_clicks_alone_are_no_notes(adapt):
    clicks = np.zeros(44_100)
    clicks[[5000, 20_000, 30_000]] = 0.5, 1.0, 0.3
    found = transcribe(clicks, 44_100, adapt=adapt)
    assert len(found.notes) == 0
    assert not found.activations.values.any()
    assert not found.envelope.values.any()
    assert len(found.pick(0.0).notes) == 0


def test_a_soft_note_among_loud_clicks_is_heard(plucked):
    sound = 3e-4 * play(Notes([0.3], [0.7], [60]), peak=1.0).values
    sound[[8000, 35_000]] = 1.0
    notes = transcribe(sound, 44_100, templates=plucked).notes
    assert notes.pitch[notes.velocity.argmax()] == 60


def test_what_is_silent_adapts_nothing(soft):
    found = transcribe(np.zeros(9000), 44_100, templates=soft, adapt=True, click=False)
    assert found.templates is soft


@pytest.mark.parametrize("n_taps", [1, 4, 10])
def test_the_template_of_a_click_is_its_spectrogram(plucked, n_taps):
    dictionary = replace(plucked, W=plucked.W.isel(tap=slice(0, n_taps)))
    click = np.zeros(44_100)
    click[20 * plucked.hop] = 1.0
    seen = plucked.spectrogram(as_audio(click, 44_100)).values[:, 18 : 18 + n_taps]
    # at zero frequency there is one component, not two conjugate ones
    found = click_template(dictionary)[1:, :, 0]
    np.testing.assert_allclose(found / found.max(), seen[1:] / seen.max(), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("pitch", [30, 60, 90])
def test_with_the_shipped_templates_the_loudest_note_of_another_piano_is_right(pitch):
    notes = transcribe(synthesize(Notes([0.2], [0.8], [pitch]))).notes
    assert notes.pitch[notes.velocity.argmax()] == pitch


def test_the_first_and_the_last_sample_may_sound(plucked):
    sound = play(Notes([0.0, 0.3], [0.2, 0.4], [60, 64]))[: round(0.45 * 44_100)]
    notes = transcribe(sound, templates=plucked, n_iter=15).notes
    assert notes.pitch.tolist() == [60, 64]
    np.testing.assert_allclose(notes.onset, [0.0, 0.3], atol=0.03)


def test_a_recording_is_heard_between_two_silences(plucked):
    S = heard(np.full(8820, 0.1), 44_100, plucked)
    np.testing.assert_allclose(S.time, 0.02 * np.arange(-10, 20))
    assert not S.sel(time=slice(None, -0.05)).values.any()
    assert not S.sel(time=slice(0.25, None)).values.any()
    longer = replace(plucked, W=plucked.W.isel(tap=np.arange(30) % 10).assign_coords(tap=np.arange(30)))
    assert heard(np.full(8820, 0.1), 44_100, longer).sizes["time"] == 10 + 10 + 30


def test_a_planted_piece_is_found(plucked):
    truth = piece(1)
    notes = transcribe(play(truth), templates=plucked).notes
    assert note_score(truth, notes).f == 1.0


def test_level_rate_and_channels_do_not_matter(plucked):
    truth = piece(2, n=6)
    sound = play(truth, rate=48_000).values
    few = {"templates": plucked, "n_iter": 15}
    one = transcribe(sound, 48_000, **few).notes
    two = transcribe(np.stack([0.02 * sound] * 2, axis=1), 48_000, **few).notes
    np.testing.assert_array_equal(one.pitch, two.pitch)
    np.testing.assert_allclose(one.onset, two.onset)
    assert note_score(truth, one).f == 1.0


def test_adaptation_helps_across_pianos(soft):
    truths = [piece(seed, n=20) for seed in (3, 4)]
    sounds = [synthesize(t, "bright") for t in truths]
    scores = {}
    for adapt in (False, True):
        found = [transcribe(s, templates=soft, adapt=adapt, n_iter=20) for s in sounds]
        limits = held_out_thresholds(found, truths)
        notes = [f.pick(t).notes for f, t in zip(found, limits, strict=True)]
        scores[adapt] = np.mean([note_score(t, n).f for t, n in zip(truths, notes, strict=True)])
    assert scores[True] > scores[False]


def test_adapted_templates_fit_better_and_a_strong_pull_keeps_them(soft):
    sound = synthesize(piece(5, n=5), "bright")
    runs = {m: transcribe(sound, templates=soft, adapt=m, n_iter=5, rounds=3).templates.W for m in (0.0, 1.0, 1e6)}
    moved = {m: float(abs(W - soft.W).sum()) for m, W in runs.items()}
    assert moved[1e6] < 1e-3 * moved[1.0]
    assert moved[1.0] < moved[0.0]
    assert transcribe(sound, templates=soft, n_iter=2).templates.W.equals(soft.W)


def test_adaptation_goes_on_from_the_activations_three_updates_of_which_precede_each_one_of_the_templates(soft):
    sound = synthesize(piece(5, n=3), "bright")
    found = transcribe(sound, templates=soft, adapt=0.7, click=False, n_iter=9, rounds=2)
    S, W = found.spectrogram.values, soft.W.values
    first = convolutive_nmf(S, templates=W, max_iter=4, tol=0.0).H
    expected = convolutive_nmf(S, templates=W, adapt=0.7, init=(None, first), n_inner=3, max_iter=2, tol=0.0)
    np.testing.assert_array_equal(found.activations, expected.H)
    np.testing.assert_array_equal(found.templates.W, expected.W)


def test_velocities_grow_as_the_square_root_of_amplitudes(plucked):
    velocity = np.array([40, 70, 100])  # amplitudes of the little synthesizer are in proportion to these
    truth = Notes([0.2, 0.8, 1.4], [0.5, 1.1, 1.7], [60, 60, 60], velocity)
    found = transcribe(play(truth), templates=plucked, n_iter=20).notes.velocity
    np.testing.assert_allclose(found / 80, np.sqrt(velocity / 70), rtol=0.03)


def test_a_note_that_is_held_ends_later(plucked):
    truth = Notes([0.2, 0.2], [0.4, 0.9], [60, 67])
    found = transcribe(synthesize(truth, "grand"), templates=plucked, n_iter=30).notes
    assert found.pitch.tolist() == [60, 67]
    np.testing.assert_allclose(found.offset, truth.offset, atol=0.15)


def test_with_decay_components_the_activations_of_attacks_are_sparser(plucked):
    sound = play(Notes([0.2], [1.2], [60]))
    plain, lasting = (transcribe(sound, templates=plucked, decay=d, n_iter=30) for d in (False, True))
    after = {"time": slice(0.4, 1.2), "pitch": 60}
    tail = [float(f.activations.sel(after).sum() / f.activations.sel(pitch=60).max()) for f in (plain, lasting)]
    assert tail[1] < tail[0]
    assert lasting.notes.pitch.tolist() == [60]


@pytest.mark.parametrize("decay", [False, True])
def test_without_a_click_the_notes_share_the_whole_spectrogram(decay, plucked):
    """The updates preserve mass."""
    sound = play(Notes([0.2], [0.9], [60]))
    found = transcribe(sound, templates=plucked, decay=decay, click=False, n_iter=5)
    assert float(found.envelope.sum()) == pytest.approx(float(found.spectrogram.sum()), rel=1e-4)


@pytest.mark.parametrize("n_frames", [3, 12])
@pytest.mark.parametrize("extra", [0, 1])
def test_the_decay_of_a_note_belongs_to_it_and_a_click_to_none(n_frames, extra):
    rng = np.random.default_rng(0)
    W, H = rng.random((5, 4, 6 + extra)), rng.random((n_frames, 6 + extra))
    parts = [convolve(W[:, :, q : q + 1], H[:, q : q + 1]).sum(axis=0) for q in range(6)]
    np.testing.assert_allclose(_envelope(W, H, 6, False).T, parts, rtol=1e-12)
    np.testing.assert_allclose(_envelope(W, H, 3, True).T, np.add(parts[:3], parts[3:]), rtol=1e-12)


def test_short_notes_can_be_left_out(plucked):
    found = transcribe(synthesize(Notes([0.2, 0.6], [0.3, 1.4], [60, 67]), "grand"), templates=plucked, n_iter=20)
    assert found.notes.pitch.tolist() == [60, 67]
    assert found.pick(found.threshold, min_duration=0.35).notes.pitch.tolist() == [67]


def test_higher_thresholds_keep_fewer_notes(plucked):
    found = transcribe(room(play(piece(6, n=8))), templates=plucked, n_iter=10)
    counts = [len(found.pick(t).notes) for t in (0.0, 0.1, 0.3, 1.0, 100.0)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[2] > counts[4] == 0


def test_a_learnt_threshold_is_as_good_as_any(plucked):
    truths = [piece(seed, n=8) for seed in (7, 8)]
    found = [transcribe(room(play(t), wet=0.6), templates=plucked, n_iter=6) for t in truths]
    grid = np.geomspace(0.05, 1.0, 9)
    common = learn_threshold(found, truths, grid=grid)
    f = {v: np.mean([note_score(t, r.pick(v).notes).f for r, t in zip(found, truths, strict=True)]) for v in grid}
    assert len(set(common)) == 1
    assert f[common[0]] == pytest.approx(max(f.values()))


def test_a_pitch_that_is_never_heard_gets_the_threshold_that_is_best_for_all_notes_together(plucked, monkeypatch):
    monkeypatch.setattr(sys.modules["tensorly_hdr.music.threshold"], "TRUST", 0.1)  # else these few notes agree
    truths = [piece(7, n=8), piece(8, n=3)]
    found = [transcribe(room(play(t), wet=0.6), templates=plucked, n_iter=6) for t in truths]
    found = [replace(r, activations=r.activations.where(r.activations.pitch > 50, 0.0)) for r in found]
    grid = np.geomspace(0.05, 1.0, 9)
    own = learn_threshold(found, truths, grid=grid, per_note=True)
    runs = {v: [r.pick(v).notes for r in found] for v in grid}
    right = {v: sum(len(match_notes(t, n)) for t, n in zip(truths, notes, strict=True)) for v, notes in runs.items()}
    f = np.array([2 * right[v] / (sum(map(len, truths)) + sum(map(len, runs[v]))) for v in grid])
    best = grid[np.flatnonzero(f >= f.max() - 1e-12)]
    assert set(own[plucked.pitch <= 50]) == {best[len(best) // 2]}
    assert best[len(best) // 2] != grid[len(grid) // 2]
    assert len(set(own)) > 1


def test_the_threshold_of_a_piece_does_not_depend_on_its_own_notes(plucked):
    truths = [piece(seed, n=6) for seed in (9, 10, 11)]
    found = [transcribe(play(t), templates=plucked, n_iter=15) for t in truths]
    lied = [found[0].pick(0.0).notes, *truths[1:]]  # as if every peak were a note: low thresholds would be best
    honest, other = held_out_thresholds(found, truths), held_out_thresholds(found, lied)
    np.testing.assert_array_equal(honest[0], other[0])
    np.testing.assert_array_equal(honest[0], learn_threshold(found[1:], truths[1:]))
    assert (learn_threshold(found, lied) != honest[0]).all()  # the lie would tell


def test_contrast_is_zero_for_a_constant_and_its_sum_over_an_isolated_peak_is_zero():
    np.testing.assert_allclose(contrast(np.full((50, 2), 3.0)), 0.0, atol=1e-12)
    H = np.zeros((60, 1))
    H[30] = 21.0
    C = contrast(H)[:, 0]
    assert C[30] == pytest.approx(20.0)
    np.testing.assert_allclose(C[20:30], -1.0)
    assert C[19] == 0.0


def test_peaks_are_apart_and_the_first_of_equals_wins():
    H = np.zeros((40, 1))
    H[[10, 11, 12, 20, 22, 30], 0] = [1.0, 2.0, 2.0, 1.0, 3.0, 1.0]
    assert peaks(H).frame.tolist() == [11, 22, 30]
    for gap, frames in ((4, [14]), (5, [9, 14])):
        H = np.zeros((40, 1))
        H[[14 - gap, 14], 0] = 2.0, 3.0
        assert peaks(H).frame.tolist() == frames
        assert peaks(H[::-1]).frame.tolist() == [39 - n for n in frames[::-1]]


def test_a_note_ends_where_its_key_is_quiet_or_struck_again():
    struck_twice = Peaks(np.array([1, 5]), np.array([0, 0]), np.ones(2))
    assert ends(np.ones((10, 1)), struck_twice, 0.1).tolist() == [5, 10]
    fades = np.full((40, 1), 0.01)
    fades[1:4, 0], fades[30, 0] = (1.0, 0.5, 0.2), 2.0  # what is loud much later is another sound
    assert ends(fades, Peaks(np.array([1]), np.array([0]), np.ones(1)), 0.1).tolist() == [4]


@pytest.mark.parametrize(("later", "end"), [(8, 10), (9, 5)])
def test_a_note_is_loudest_in_the_nine_frames_from_its_peak_on(later, end):
    swells = np.full((40, 1), 0.01)
    swells[1:5, 0], swells[1 + later, 0] = 0.2, 1.0
    assert ends(swells, Peaks(np.array([1]), np.array([0]), np.ones(1)), 0.1).tolist() == [end]


def test_the_usual_note_does_not_depend_on_the_length_of_the_recording():
    H = np.zeros((100, 2))
    H[50, 0], H[80, 1] = 1.0, 1.0
    longer = np.concatenate([H, np.zeros((5000, 2))])
    assert peaks(H).usual == peaks(longer).usual == pytest.approx(20 / 21)
    assert peaks(np.zeros((50, 2))).usual == 0.0
    heights = np.array([0.2, 1.2, 0.5, 1.0])  # the first is a ghost
    assert Peaks(np.arange(4), np.zeros(4, int), heights).usual == 1.0


def test_a_transcriber_is_its_templates_and_its_options(soft):
    sounds = isolated("soft", [60, 64])
    instrument = Transcriber.fit(sounds, **SETTINGS)
    np.testing.assert_array_equal(instrument.templates.pitch, [60, 64])
    again = replace(instrument, options={"n_iter": 7, "threshold": 50.0})
    sound = synthesize(Notes([0.1], [0.5], [64]), "soft")
    assert len(again.transcribe(sound).notes) == 0
    assert again.transcribe(sound, threshold=0.3).notes.pitch.tolist() == [64]


def test_combs_have_the_pitch_they_are_made_for():
    frequency = np.arange(0.0, 5000.0, 10.0)
    pitches = np.arange(45, 90)
    np.testing.assert_array_equal(assign_pitches(comb(frequency, pitches), frequency, pitches), pitches)
    np.testing.assert_allclose(np.linalg.norm(comb(frequency, pitches), axis=0), 1.0)


def test_blind_transcription_finds_notes_that_never_sound_together():
    truth = Notes([0.2, 0.7, 1.2], [0.6, 1.1, 1.6], [60, 65, 69])
    found = transcribe_blind(synthesize(truth, Tone(attack=0.0)), rank=3, power=1.0)
    assert note_score(truth, found.notes).f == 1.0
    assert len(transcribe_blind(np.zeros(20_000), 44_100).notes) == 0


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"templates": 3}, TypeError, "must be Templates"),
        ({"templates": "nowhere.npz"}, FileNotFoundError, "no file"),
        ({"adapt": -1.0}, ValueError, "adapt"),
        ({"threshold": -1.0}, ValueError, "threshold"),
        ({"threshold": [0.1, 0.2]}, ValueError, "one for each of the 25 pitches"),
        ({"n_iter": 0}, ValueError, "n_iter"),
        ({"rounds": 0}, ValueError, "rounds"),
        ({"release": 2.0}, ValueError, "release"),
        ({"min_duration": -1.0}, ValueError, "min_duration"),
    ],
)
def test_bad_options_are_refused_before_the_work(options, error, message, soft, monkeypatch):
    module = sys.modules["tensorly_hdr.music.transcribe"]  # the name is also that of a function
    monkeypatch.setattr(module, "heard", lambda *_: pytest.fail("the recording was analysed"))
    with pytest.raises(error, match=message):
        transcribe(RNG.standard_normal(9000), 44_100, **{"templates": soft, "n_iter": 1, **options})


def test_nothing_of_the_caller_is_changed_and_both_precisions_agree(soft):
    sound = synthesize(Notes([0.1], [0.4], [64]), "soft")
    before, W = sound.copy(deep=True), soft.W.copy(deep=True)
    labelled = transcribe(sound, templates=soft, adapt=True, n_iter=5, rounds=2)
    double = transcribe(sound.values.astype(float), 44_100, templates=soft, adapt=True, n_iter=5, rounds=2)
    assert before.identical(sound)
    assert W.identical(soft.W)
    np.testing.assert_array_equal(labelled.notes.pitch, double.notes.pitch)
    np.testing.assert_allclose(labelled.activations, double.activations, rtol=1e-5)


def test_recordings_shorter_than_a_window_are_refused(soft):
    with pytest.raises(ValueError, match="too short"):
        transcribe(np.ones(1000), 44_100, templates=soft)


def test_thresholds_need_the_notes_of_each_recording(soft):
    found = transcribe(np.zeros(9000), 44_100, templates=soft)
    with pytest.raises(ValueError, match="each recording needs its notes"):
        learn_threshold([found], [Notes([], [], [])] * 2)
    with pytest.raises(TypeError, match="at least one"):
        learn_threshold([], [])
    with pytest.raises(ValueError, match="positive integer"):
        held_out_thresholds([found], [Notes([], [], [])])
