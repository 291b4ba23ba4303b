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

GRID = np.geomspace(0.05, 1.0, 31)
TRUST = 30.0  # notes of a pitch at which its own counts weigh as much as those of all pitches


@check.known_options
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
        all pitches are added with the weight of 30 notes: a pitch that was never heard gets what is best for all notes
        together.
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
    counts, values, _ = _counted(transcriptions, truths, grid)
    return _best(counts, values, check.flag("per_note", per_note))


@check.known_options
def held_out_thresholds(
    transcriptions: Sequence[Transcription], truths: Sequence[Notes], *, per_note: bool = False, grid: Any = GRID
) -> NDArray:
    """Thresholds for each of some pieces, learnt on the others: :func:`learn_threshold` with one piece left out.

    Returns
    -------
    array of shape (n_pieces, n_pitches)

    Examples
    --------
    >>> from tensorly_hdr.music import Notes, learn_templates, synthesize, transcribe
    >>> sounds = {p: synthesize(Notes([0.1], [0.6], [p]), peak=None) for p in (60, 64)}
    >>> notes = Notes([0.2, 0.6], [0.5, 0.9], [60, 64])
    >>> found = transcribe(synthesize(notes), templates=learn_templates(sounds, max_shift=0))
    >>> held_out_thresholds([found, found], [notes, notes]).shape
    (2, 2)
    """
    counts, values, n = _counted(transcriptions, truths, grid)
    check.positive_int("the number of transcriptions but one", n - 1)
    check.flag("per_note", per_note)
    return np.array([_best(np.delete(counts, k, axis=0), values, per_note) for k in range(n)])


def _counted(transcriptions: Any, truths: Any, grid: Any) -> tuple[NDArray, NDArray, int]:
    """Counts of every piece at every threshold, shape (n_pieces, n_thresholds, n_pitches, 3); the thresholds."""
    runs = check.some_of("transcriptions", transcriptions, Transcription, "transcribe")
    notes = check.some_of("truths", truths, Notes, "Notes or read_midi")
    check.same_counts(len(runs), len(notes))
    check.alike("transcriptions", [tuple(t.templates.pitch.tolist()) for t in runs])
    values = check.as_array("grid", grid, ndim=1, nonneg=True)
    return np.array([_counts(t, n, values) for t, n in zip(runs, notes, strict=True)]), values, len(runs)


def _counts(found: Transcription, truth: Notes, thresholds: NDArray) -> NDArray:
    """Right, true and estimated notes of each pitch of the dictionary, shape (n_thresholds, n_pitches, 3)."""
    places, every = found.templates.pitch, found.peaks
    onsets = found.onsets(every)
    out = []
    for threshold in thresholds:
        kept = np.flatnonzero(every.height > threshold * every.usual)
        estimate = Notes(onsets[kept], onsets[kept] + 0.1, places[every.key[kept]])
        pairs = match_notes(truth, estimate)
        # a true note that the dictionary lacks is missed at any threshold: it changes none of the comparisons
        columns = (truth.pitch[pairs[:, 0]], truth.pitch[np.isin(truth.pitch, places)], estimate.pitch)
        out.append([np.bincount(np.searchsorted(places, p), minlength=len(places)) for p in columns])
    return np.swapaxes(np.array(out), 1, 2)


def _best(counts: NDArray, values: NDArray, per_note: bool) -> NDArray:
    """Thresholds, one a pitch, for which F is largest."""
    n_pitches = counts.shape[2]
    common = _middle_of_best(_f(counts.sum(axis=2)).mean(axis=0))
    if not per_note:
        return np.full(n_pitches, values[common])
    of_pitch = counts.sum(axis=0)
    total = of_pitch.sum(axis=1, keepdims=True)
    own = _f(of_pitch + TRUST * total / max(float(total[common, 0, 1]), 1.0))
    return np.array([values[_middle_of_best(own[:, q])] for q in range(n_pitches)])


def _f(counts: NDArray) -> NDArray:
    """F measure of right, true and estimated notes, the last axis."""
    right, true, estimated = np.moveaxis(counts, -1, 0)
    return np.asarray(2.0 * right / np.maximum(true + estimated, 1e-12))


def _middle_of_best(values: NDArray) -> int:
    """Middle of the entries that reach the maximum: far from both sides of a plateau."""
    best = np.flatnonzero(values >= values.max() - 1e-12)
    return int(best[len(best) // 2])
