"""Structure of songs: bars, similarities, and the best cut, checked against all cuts."""

from itertools import combinations, pairwise

import mir_eval
import numpy as np
import pytest
import xarray as xr

from tensorly_hdr import nonnegative_tucker
from tensorly_hdr.music import (
    Notes,
    autosimilarity,
    bar_tensor,
    boundary_score,
    chromagram,
    segment,
    spectrogram,
    synthesize,
)


def all_cuts(n):
    """Every way to cut ``n`` bars."""
    for k in range(n):
        for inner in combinations(range(1, n), k):
            yield (0, *inner, n)


def objective(A, max_size, band, weight, favoured):
    """The value of a cut, term by term; what a section is worth is computed once."""

    def p(n):
        return 0.0 if n == favoured else 0.25 if n % max(favoured // 2, 1) == 0 else 0.5 if n % 2 == 0 else 1.0

    def mean(i, j):
        inside = [A[a, b] for a in range(i, j) for b in range(i, j) if a != b and abs(a - b) <= band]
        return sum(inside) / (j - i)

    n = len(A)
    means = {(i, j): mean(i, j) for i in range(n) for j in range(i + 1, n + 1)}
    size = min(favoured, n)
    level = max(0.0, *(means[i, i + size] for i in range(n - size + 1)))
    worth = {(i, j): m - weight * level * p(j - i) if j - i <= max_size else -np.inf for (i, j), m in means.items()}
    return lambda cut: sum(worth[int(i), int(j)] for i, j in pairwise(cut))


def similarity(rng, n):
    return autosimilarity(rng.random((n, 3)) ** 2)


@pytest.mark.parametrize(
    ("max_size", "band", "weight", "favoured"),
    [(12, None, 0.0, 8), (12, None, 0.5, 4), (5, None, 1.0, 4), (12, 2, 0.3, 8), (12, 3, 1.0, 3)],
)
def test_as_good_as_the_best_of_all_cuts_of_twelve_bars(max_size, band, weight, favoured, rng):
    A = similarity(rng, 12)
    value = objective(A, max_size, 12 if band is None else band, weight, favoured)
    found = segment(A, max_size=max_size, band=band, weight=weight, favoured=favoured)
    assert value(found) == pytest.approx(max(map(value, all_cuts(12))), abs=1e-12)


def test_the_same_with_fewer_bars_than_are_favoured(rng):
    for _ in range(5):
        A = rng.random((6, 6)) ** 4
        A = A + A.T
        value = objective(A, 6, 6, 1.0, 8)
        assert value(segment(A)) == pytest.approx(max(map(value, all_cuts(6))), abs=1e-12)


def test_lengths_do_not_matter_where_the_favoured_one_is_bad():
    apart = np.abs(np.subtract.outer(np.arange(10), np.arange(10)))
    A = np.where(apart == 1, -1.0, np.where(apart == 2, 3.0, 0.0))
    value = objective(A, 10, 10, 5.0, 2)
    assert value(segment(A, weight=5.0, favoured=2)) == pytest.approx(max(map(value, all_cuts(10))), abs=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_blocks_are_found_exactly(seed):
    sizes = np.random.default_rng(seed).integers(1, 9, 7)
    A = np.zeros((sizes.sum(), sizes.sum()))
    borders = np.concatenate([[0], sizes.cumsum()])
    for i, j in pairwise(borders):
        A[i:j, i:j] = 1.0
    np.testing.assert_array_equal(segment(A, weight=0.0), borders)


def test_the_penalty_prefers_the_favoured_length():
    np.testing.assert_array_equal(segment(np.ones((32, 32)), weight=100.0), [0, 8, 16, 24, 32])
    np.testing.assert_array_equal(segment(np.ones((32, 32)), weight=0.0), [0, 32])


def test_sections_are_at_most_as_long_as_said():
    assert np.diff(segment(np.ones((30, 30)), max_size=7, weight=0.0)).max() <= 7


def test_one_bar_is_one_section():
    np.testing.assert_array_equal(segment(np.ones((1, 1))), [0, 1])


def test_scaling_the_similarities_changes_nothing(rng):
    A = similarity(rng, 20)
    np.testing.assert_array_equal(segment(A), segment(7.0 * A))


def test_similarities_are_cosines(rng):
    X = rng.standard_normal((5, 7))
    A = autosimilarity(X)
    np.testing.assert_allclose(np.diag(A), 1.0)
    np.testing.assert_allclose(A[1, 3], X[1] @ X[3] / np.linalg.norm(X[1]) / np.linalg.norm(X[3]))
    assert not autosimilarity(np.vstack([X, np.zeros(7)]))[5].any()


def test_similarities_of_a_tensor_are_those_of_its_slices(rng):
    T = xr.DataArray(rng.random((3, 4, 5)), dims=("frequency", "position", "bar"))
    np.testing.assert_allclose(autosimilarity(T), autosimilarity(T.values.reshape(12, 5).T))
    np.testing.assert_allclose(autosimilarity(T), autosimilarity(T.transpose("bar", "frequency", "position")))


def test_bars_on_the_grid_are_cut_out(rng):
    S = rng.random((3, 40))
    T = bar_tensor(S, np.arange(0, 41, 8), n_frames=8)
    assert T.dims == ("frequency", "position", "bar")
    np.testing.assert_allclose(T, S.reshape(3, 5, 8).transpose(0, 2, 1))


def test_whole_numbers_are_interpolated_like_others():
    S = xr.DataArray(np.arange(12)[None, :], dims=("frequency", "time"), coords={"time": np.arange(12)})
    np.testing.assert_array_equal(bar_tensor(S, [0, 4, 11], n_frames=2), [[[0.0, 4.0], [2.0, 7.5]]])


def test_bars_of_another_tempo_look_the_same():
    time = np.linspace(0, 10, 2001)
    beats = np.array([0.0, 1.0, 3.0, 7.0, 9.0])
    phase = np.interp(time, beats, np.arange(5.0))
    S = xr.DataArray(np.stack([phase % 1.0 * (1 - phase % 1.0)]), dims=("frequency", "time"), coords={"time": time})
    T = bar_tensor(S, beats, n_frames=16).values[0]
    np.testing.assert_allclose(T, np.repeat(T[:, :1], 4, axis=1), atol=2e-3)


def test_labels_travel():
    C = chromagram(spectrogram(np.random.default_rng(0).standard_normal(30_000).astype(np.float32), 44_100))
    T = bar_tensor(C, [0.0, 0.3, 0.6])
    assert T.dtype == np.float32
    assert T.sizes == {"pitch_class": 12, "position": 96, "bar": 2}
    np.testing.assert_array_equal(T["pitch_class"], np.arange(12))
    np.testing.assert_array_equal(T["start"], [0.0, 0.3])


def test_a_song_in_two_parts_is_cut_where_they_meet():
    chords = [(60, 64, 67), (57, 60, 64)] * 3 + [(62, 66, 69), (59, 62, 66)] * 3  # a bar of half a second each
    onset, pitch = zip(*[(0.5 * b, p) for b, chord in enumerate(chords) for p in chord], strict=True)
    audio = synthesize(Notes(onset, np.array(onset) + 0.45, pitch), rate=11_025)
    C = chromagram(spectrogram(audio, n_fft=2048, hop=220), fmin=150.0)
    beats = np.arange(13) * 0.5
    T = bar_tensor(C, beats, n_frames=24)
    result = nonnegative_tucker(T, (6, 3, 4), loss="kl", max_iter=60)
    for features in (T, result.factors[2]):
        found = segment(autosimilarity(features), weight=0.0)
        assert boundary_score(beats[[0, 6, 12]], beats[found]).f == 1.0


def test_borders_are_scored_as_by_mir_eval():
    rng = np.random.default_rng(1)
    truth, found = (np.concatenate([[0.0], np.sort(rng.uniform(1, 59, n)), [60.0]]) for n in (9, 11))
    intervals = [np.stack([b[:-1], b[1:]], axis=1) for b in (truth, found)]
    for tolerance in (0.5, 3.0):
        for trim in (False, True):
            theirs = mir_eval.segment.detection(*intervals, window=tolerance, trim=trim)
            np.testing.assert_allclose(boundary_score(truth, found, tolerance=tolerance, trim=trim)[:3], theirs)


def test_borders_by_hand():
    assert boundary_score([0, 10, 20], [0, 10.5, 11, 20])[3:] == (3, 4, 3)
    assert boundary_score([0, 10, 20], [0, 10.6, 20])[3:] == (2, 3, 3)
    assert boundary_score([0, 20], [0, 20], trim=True).f == 1.0
    assert boundary_score([0, 20], [0, 10, 20], trim=True).f == 0.0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: segment(np.ones((3, 4))), "square"),
        (lambda: segment(np.triu(np.ones((3, 3)))), "symmetric"),
        (lambda: segment(np.full((3, 3), np.nan)), "NaN"),
        (lambda: segment(np.eye(3), max_size=0), "max_size"),
        (lambda: segment(np.eye(3), band=0), "band"),
        (lambda: segment(np.eye(3), weight=-1.0), "weight"),
        (lambda: segment(np.eye(3), favoured=0.5), "favoured"),
        (lambda: bar_tensor(np.ones((2, 9)), [0]), "downbeats must be 2 or more"),
        (lambda: bar_tensor(np.ones((2, 9)), [0, 4, 4]), "increasing"),
        (lambda: bar_tensor(np.ones((2, 9)), [0, 9.5]), "must lie in the recording"),
        (lambda: bar_tensor(np.ones((2, 9)), [-1.5, 4]), "must lie in the recording"),
        (lambda: bar_tensor(xr.DataArray(np.ones((2, 9)), dims=("frequency", "time")), [0, 4]), "coordinate 'time'"),
        (lambda: bar_tensor(np.ones((2, 9)), [0, 4], n_frames=0), "n_frames"),
        (lambda: boundary_score([1.0], [0, 1]), "truth must be 2 or more"),
        (lambda: boundary_score([0, 1], [0, 1], tolerance=0), "tolerance"),
    ],
)
def test_bad_input_is_refused(call, words):
    with pytest.raises((TypeError, ValueError), match=words):
        call()
