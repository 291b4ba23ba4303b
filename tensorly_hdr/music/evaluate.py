"""How close a transcription is to the score.

Conventions, those of ``mir_eval``: an estimated note is right when it has the pitch of a true note and begins within
50 ms of it, both ends included; with offsets it must also end within 50 ms, or a fifth of the true note's length if
that is more. Notes are paired one to one, as many as possible (a largest matching, not a greedy one). Times are
compared after rounding to a tenth of a millisecond. Precision is the share of estimated notes that are right, recall
the share of true notes that are found, F their harmonic mean. Unlike ``mir_eval``, two empty sets agree: all three are
one; if just one set is empty all three are zero.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr.music._extra import package
from tensorly_hdr.music.notes import Notes

ONSET_TOLERANCE = 0.05


class Score(NamedTuple):
    """Precision, recall and F, and the counts they come from: right, estimated and true notes (or frames)."""

    precision: float
    recall: float
    f: float
    n_right: int
    n_estimated: int
    n_true: int


class OctaveErrors(NamedTuple):
    """Wrong notes, and how many of them lie whole octaves from notes of the other set that sound at their onset."""

    false_positives: int
    octave_false_positives: int
    false_negatives: int
    octave_false_negatives: int


@check.known_options
def match_notes(truth: Notes, estimate: Notes, *, tolerance: float = ONSET_TOLERANCE, offsets: bool = False) -> NDArray:
    """Pair true and estimated notes: indices of shape (n_pairs, 2), into ``truth`` and into ``estimate``.

    Parameters
    ----------
    truth, estimate : Notes
    tolerance : float, default 0.05
        Largest distance of two onsets (and of two offsets, if longer than a fifth of the true note), in seconds.
    offsets : bool
        Compare offsets too.

    Examples
    --------
    >>> match_notes(Notes([0.0, 1.0], [0.5, 1.5], [60, 62]), Notes([1.04], [1.2], [62]))
    array([[1, 0]])
    """
    check.is_notes("truth", truth)
    check.is_notes("estimate", estimate)
    width = check.nonneg_float("tolerance", tolerance, positive=True)
    if not (len(truth) and len(estimate)):
        return np.zeros((0, 2), dtype=np.intp)
    pairs = package("mir_eval.transcription").match_notes(
        truth.intervals,
        truth.frequency,
        estimate.intervals,
        estimate.frequency,
        onset_tolerance=width,
        offset_ratio=0.2 if check.flag("offsets", offsets) else None,
        offset_min_tolerance=width,
    )
    return np.array(sorted(pairs), dtype=np.intp).reshape(-1, 2)


@check.known_options
def note_score(truth: Notes, estimate: Notes, *, tolerance: float = ONSET_TOLERANCE, offsets: bool = False) -> Score:
    """Score note by note; see ``tensorly_hdr.music.evaluate`` for the conventions, :func:`match_notes` for options.

    Examples
    --------
    >>> truth = Notes([0.0, 1.0], [0.5, 2.0], [60, 62])
    >>> note_score(truth, Notes([0.02], [0.5], [60])).recall
    0.5
    """
    pairs = match_notes(truth, estimate, tolerance=tolerance, offsets=offsets)
    return score_of(len(pairs), len(estimate), len(truth))


@check.known_options
def frame_score(truth: Notes, estimate: Notes, *, step: float = 0.01) -> Score:
    """Score pitch by pitch on a grid of times ``0, step, 2 step, ...``.

    A note sounds when ``onset <= t < offset``. Counts are summed over all times before the ratios are taken.

    Examples
    --------
    >>> frame_score(Notes([0.0], [1.0], [60]), Notes([0.0], [0.5], [60])).recall
    0.5
    """
    check.is_notes("truth", truth)
    check.is_notes("estimate", estimate)
    width = check.nonneg_float("step", step, positive=True)
    spans = [_frames(notes, width) for notes in (truth, estimate)]
    borders = np.unique(np.concatenate([s.ravel() for s in spans]))
    a, b = (_sounding(borders, s, notes.pitch) for s, notes in zip(spans, (truth, estimate), strict=True))
    lengths = np.diff(borders)
    right, heard, there = (int((lengths @ cells).sum()) for cells in (a & b, b, a))
    return score_of(right, heard, there)


def _frames(notes: Notes, step: float) -> NDArray:
    """First frame at which each note sounds, and the first at which it does not any more, shape (n, 2)."""
    check.countable("step", notes.end / step)
    frames = np.ceil(notes.intervals / step).astype(np.int64)
    # the quotient is rounded; the product decides
    frames -= (frames - 1) * step >= notes.intervals
    return np.asarray(frames + (frames * step < notes.intervals))


def _sounding(borders: NDArray, frames: NDArray, pitch: NDArray) -> NDArray:
    """Tell which pitches sound from one border to the next, shape (borders - 1, 128)."""
    cells = np.zeros((max(len(borders) - 1, 0), 128), dtype=bool)
    for (first, last), p in zip(np.searchsorted(borders, frames), pitch, strict=True):
        cells[first:last, p] = True
    return cells


@check.known_options
def octave_errors(truth: Notes, estimate: Notes, *, tolerance: float = ONSET_TOLERANCE) -> OctaveErrors:
    """Count the wrong notes that are a whole number of octaves away from what sounds, by onset matching.

    A false positive counts when a true note of the same pitch class and another pitch sounds at its onset, from
    ``tolerance`` before it begins until it ends; a false negative when an estimated note does.

    Examples
    --------
    >>> octave_errors(Notes([0.0], [1.0], [60]), Notes([0.0, 0.0], [1.0, 1.0], [60, 72]))
    OctaveErrors(false_positives=1, octave_false_positives=1, false_negatives=0, octave_false_negatives=0)
    """
    pairs = match_notes(truth, estimate, tolerance=tolerance)
    extra = estimate.take(np.setdiff1d(np.arange(len(estimate)), pairs[:, 1]))
    missed = truth.take(np.setdiff1d(np.arange(len(truth)), pairs[:, 0]))
    return OctaveErrors(
        len(extra), _octaves_away(extra, truth, tolerance), len(missed), _octaves_away(missed, estimate, tolerance)
    )


@check.known_options
def evaluate(truth: Notes, estimate: Notes) -> dict[str, Score]:
    """Three scores: ``onset`` (50 ms), ``offset`` (onset and offset), ``frame`` (10 ms).

    Examples
    --------
    >>> notes = Notes([0.0], [1.0], [60])
    >>> {name: score.f for name, score in evaluate(notes, notes).items()}
    {'onset': 1.0, 'offset': 1.0, 'frame': 1.0}
    """
    return {
        "onset": note_score(truth, estimate),
        "offset": note_score(truth, estimate, offsets=True),
        "frame": frame_score(truth, estimate),
    }


def _octaves_away(wrong: Notes, other: Notes, tolerance: float) -> int:
    interval = wrong.pitch[:, None] - other.pitch[None, :]
    when = wrong.onset[:, None]
    sounds = (other.onset - tolerance <= when) & (when <= other.offset)
    return int(((interval != 0) & (interval % 12 == 0) & sounds).any(axis=1).sum())


def score_of(n_right: int, n_estimated: int, n_true: int) -> Score:
    """Precision, recall and F of three counts; two empty sets agree."""
    if not (n_estimated or n_true):
        return Score(1.0, 1.0, 1.0, 0, 0, 0)
    f = 2.0 * n_right / (n_estimated + n_true)
    return Score(n_right / max(n_estimated, 1), n_right / max(n_true, 1), f, n_right, n_estimated, n_true)
