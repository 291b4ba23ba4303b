"""Thresholds of notes, learnt on pieces whose notes are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr.music.evaluate import match_notes
from tensorly_hdr.music.notes import Notes
from tensorly_hdr.music.transcribe import Transcription

GRID = np.geomspace(0.02, 1.0, 40)
TRUST = 30.0  # notes of a pitch at which its own counts weigh as much as those of all pitches


def learn_threshold(
    transcriptions: Sequence[Transcription],
    truths: Sequence[Notes],
    *,
    per_note: bool = False,
    grid: Any = GRID,
) -> NDArray:
    """Threshold that makes the mean note-onset F of some pieces largest; use it on others.

    Parameters
    ----------
    transcriptions : sequence of Transcription
        Of the same dictionary; their own thresholds do not matter.
    truths : sequence of Notes
        What is played in each.
    per_note : bool
        A threshold for each pitch, from the counts of right, extra and missed notes of that pitch, to which those of
        all pitches are added with the weight of 30 notes: a pitch that was seldom heard keeps the common threshold.
    grid : increasing sequence of float
        The thresholds that are tried.

    Returns
    -------
    array of shape (n_pitches,)
        For ``transcribe(..., threshold=...)``; all the same without ``per_note``.

    Examples
    --------
    >>> from tensorly_hdr.music import Notes, learn_templates, synthesize, transcribe
    >>> sounds = {p: synthesize(Notes([0.1], [0.6], [p]), peak=None) for p in (60, 64)}
    >>> notes = Notes([0.2, 0.6], [0.5, 0.9], [60, 64])
    >>> found = transcribe(synthesize(notes), templates=learn_templates(sounds, max_shift=0))
    >>> learn_threshold([found], [notes]).shape
    (2,)
    """
    runs = check.some_of("transcriptions", transcriptions, Transcription, "transcribe")
    notes = check.some_of("truths", truths, Notes, "Notes or read_midi")
    check.same_counts(len(runs), len(notes))
    values = check.as_array("grid", grid, ndim=1, nonneg=True)
    pitches = runs[0].templates.pitch
    counts = np.array([[note_counts(t, n, v) for v in values] for t, n in zip(runs, notes, strict=True)])
    mean_f = _f(counts.sum(axis=2)).mean(axis=0)
    common = int(_middle_of_best(mean_f))
    if not per_note:
        return np.full(len(pitches), values[common])
    of_pitch = counts.sum(axis=0)
    total = of_pitch.sum(axis=1, keepdims=True)
    total = TRUST * total / max(float(total[common, 0, 1]), 1.0)
    own = _f(of_pitch + total)
    return np.array([values[_middle_of_best(own[:, q])] for q in range(len(pitches))])


def note_counts(found: Transcription, truth: Notes, threshold: Any) -> NDArray:
    """Right, true and estimated notes of each pitch of the dictionary, shape (n_pitches, 3), with one threshold."""
    estimate = found.pick(threshold).notes
    pairs = match_notes(truth, estimate)
    # a true note that the dictionary lacks is missed at any threshold: it changes none of the comparisons
    places = found.templates.pitch
    columns = (truth.pitch[pairs[:, 0]], truth.pitch[np.isin(truth.pitch, places)], estimate.pitch)
    return np.stack([np.bincount(np.searchsorted(places, p), minlength=len(places)) for p in columns], axis=1)


def _f(counts: NDArray) -> NDArray:
    """F measure of right, true and estimated notes, the last axis."""
    right, true, estimated = np.moveaxis(counts, -1, 0)
    return np.asarray(2.0 * right / np.maximum(true + estimated, 1e-12))


def _middle_of_best(values: NDArray) -> int:
    """Middle of the entries that reach the maximum: far from both sides of a plateau."""
    best = np.flatnonzero(values >= values.max() - 1e-12)
    return int(best[len(best) // 2])
