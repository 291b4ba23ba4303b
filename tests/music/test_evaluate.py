"""Scores of transcriptions: hand-made cases, brute-force matching, and mir_eval itself."""

from itertools import permutations

import mir_eval
import numpy as np
import pytest

from tensorly_hdr.music import Notes, evaluate, frame_score, match_notes, note_score, octave_errors

TRUTH = Notes([0.0, 1.0, 2.0], [0.9, 1.5, 4.0], [60, 64, 67])
NOTHING = Notes([], [], [])


def random_notes(rng, n):
    onset = rng.uniform(0.1, 1.0, n)
    return Notes(onset, onset + rng.uniform(0.05, 0.8, n), rng.integers(60, 63, n))


def most_pairs(truth, estimate, offsets):
    """Largest number of pairs, trying all assignments."""
    right = np.abs(truth.onset[:, None] - estimate.onset) <= 0.05
    right &= truth.pitch[:, None] == estimate.pitch
    if offsets:
        width = np.maximum(0.05, 0.2 * (truth.offset - truth.onset))[:, None]
        right &= np.abs(truth.offset[:, None] - estimate.offset) <= width
    small, large = sorted(right.shape)
    table = right if right.shape[0] == small else right.T
    return max(sum(table[i, p[i]] for i in range(small)) for p in permutations(range(large), small))


@pytest.mark.parametrize("offsets", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_as_many_pairs_as_brute_force_finds(seed, offsets):
    rng = np.random.default_rng(seed)
    onset = rng.uniform(0.1, 0.4, 6)  # so that many pairs compete
    truth = Notes(onset, onset + rng.uniform(0.1, 0.8, 6), rng.integers(60, 62, 6))
    of = rng.integers(0, 6, 7)
    onset, offset = truth.onset[of] + rng.uniform(-0.05, 0.05, 7), truth.offset[of] + rng.uniform(-0.09, 0.09, 7)
    score = note_score(
        truth, estimate := Notes(onset, np.maximum(offset, onset + 0.01), truth.pitch[of]), offsets=offsets
    )
    assert 0 < score.n_right == most_pairs(truth, estimate, offsets)
    pairs = match_notes(truth, estimate, offsets=offsets)
    assert len(set(pairs[:, 0])) == len(set(pairs[:, 1])) == len(pairs)


def test_a_greedy_pairing_would_find_less():
    truth = Notes([0.0, 0.05], [1.0, 1.0], [60, 60])
    assert note_score(truth, Notes([0.05, 0.1], [1.0, 1.0], [60, 60])).f == 1.0


@pytest.mark.parametrize(("shift", "right"), [(0.0, 3), (0.05, 3), (0.0502, 0)])
def test_the_tolerance_is_included(shift, right):
    shifted = Notes(TRUTH.onset + shift, TRUTH.offset + shift, TRUTH.pitch)
    assert note_score(TRUTH, shifted).n_right == right


def test_a_semitone_is_wrong():
    assert note_score(TRUTH, Notes(TRUTH.onset, TRUTH.offset, TRUTH.pitch + 1)).f == 0.0


def test_a_wider_tolerance_is_for_offsets_too():
    truth, estimate = Notes([0.0], [0.5], [60]), Notes([0.1], [0.65], [60])
    assert note_score(truth, estimate, tolerance=0.2, offsets=True).f == 1.0
    assert note_score(truth, estimate, tolerance=0.12, offsets=True).f == 0.0


def test_offsets_may_be_off_by_a_fifth_of_the_length():
    # lengths 0.9, 0.5, 2.0: a tenth of a second is too much for none, 0.3 s for the first two
    assert note_score(TRUTH, Notes(TRUTH.onset, TRUTH.offset + 0.1, TRUTH.pitch), offsets=True).n_right == 3
    assert note_score(TRUTH, Notes(TRUTH.onset, TRUTH.offset + 0.3, TRUTH.pitch), offsets=True).n_right == 1


@pytest.mark.parametrize("seed", range(3))
def test_the_same_as_mir_eval(seed):
    rng = np.random.default_rng(seed)
    truth, estimate = random_notes(rng, 30), random_notes(rng, 25)
    given = (truth.intervals, truth.frequency, estimate.intervals, estimate.frequency)
    for offsets in (False, True):
        p, r, f, _ = mir_eval.transcription.precision_recall_f1_overlap(*given, offset_ratio=0.2 if offsets else None)
        np.testing.assert_allclose(note_score(truth, estimate, offsets=offsets)[:3], (p, r, f), rtol=1e-12)


def test_frames_are_those_of_mir_eval():
    rng = np.random.default_rng(5)
    truth, estimate = random_notes(rng, 12), random_notes(rng, 10)
    grid = np.arange(200) * 0.01
    rolls = [n.roll(grid).values for n in (truth, estimate)]
    lists = [[440.0 * 2 ** ((np.flatnonzero(c) - 69) / 12) for c in roll.T] for roll in rolls]
    p, r = mir_eval.multipitch.metrics(grid, lists[0], grid, lists[1])[:2]
    np.testing.assert_allclose(frame_score(truth, estimate)[:2], (p, r), rtol=1e-12)


def test_counts_by_hand():
    estimate = Notes([0.01, 1.0, 3.0], [0.9, 1.1, 3.5], [60, 64, 70])
    scores = evaluate(TRUTH, estimate)
    assert scores["onset"][3:] == (2, 3, 3)
    assert scores["offset"][3:] == (1, 3, 3)
    assert scores["frame"][3:] == (89 + 10, 89 + 10 + 50, 90 + 50 + 200)
    np.testing.assert_allclose(scores["onset"][:3], 2 / 3)


def test_empty_sets():
    for score in evaluate(NOTHING, NOTHING).values():
        assert score[:3] == (1.0, 1.0, 1.0)
    for pair in ((TRUTH, NOTHING), (NOTHING, TRUTH)):
        for score in evaluate(*pair).values():
            assert score[:3] == (0.0, 0.0, 0.0)
    assert octave_errors(NOTHING, NOTHING) == (0, 0, 0, 0)


def test_octave_errors_are_told_from_others():
    estimate = Notes([0.0, 0.0, 1.0, 2.0], [0.9, 0.9, 1.5, 4.0], [60, 48, 65, 79])
    # 48 is an octave below 60, 65 is a semitone off, 79 an octave above the missed 67
    assert octave_errors(TRUTH, estimate) == (3, 2, 2, 1)


def test_an_octave_that_no_longer_sounds_does_not_count():
    assert octave_errors(Notes([0.0], [0.5], [60]), Notes([0.0, 2.0], [0.5, 2.5], [60, 72])) == (1, 0, 0, 0)


@pytest.mark.parametrize("call", [match_notes, note_score, frame_score, octave_errors, evaluate])
@pytest.mark.parametrize("bad", [None, [1, 2], "a.mid"])
def test_what_is_no_notes_is_refused(call, bad):
    with pytest.raises(TypeError, match="must be Notes"):
        call(TRUTH, bad)
    with pytest.raises(TypeError, match="must be Notes"):
        call(bad, TRUTH)


def test_a_tolerance_is_positive():
    with pytest.raises(ValueError, match="tolerance"):
        note_score(TRUTH, TRUTH, tolerance=0.0)


@pytest.mark.parametrize(("onset", "counts"), [(0.94, 0), (0.96, 1), (1.5, 1), (2.0, 1), (2.01, 0)])
def test_an_octave_counts_from_the_tolerance_before_the_note_to_its_end(onset, counts):
    errors = octave_errors(Notes([1.0], [2.0], [60]), Notes([onset], [3.0], [72]))
    assert errors.octave_false_positives == counts


def test_a_note_struck_twice_is_no_octave_error():
    errors = octave_errors(Notes([0.0], [1.0], [60]), Notes([0.0, 0.5], [0.4, 1.0], [60, 60]))
    assert errors == (1, 0, 0, 0)
