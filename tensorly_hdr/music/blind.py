"""Transcription without a dictionary: KL-NMF, then a pitch for each component. What the dictionary is compared with."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr.factorization import nmf
from tensorly_hdr.music.audio import RATE
from tensorly_hdr.music.notes import no_notes
from tensorly_hdr.music.pitch import HIGHEST, LOWEST, pitch_to_hz
from tensorly_hdr.music.spectrogram import FMAX, HOP, N_FFT
from tensorly_hdr.music.templates import THRESHOLD, Templates
from tensorly_hdr.music.transcribe import Transcription, heard

PITCHES = np.arange(LOWEST, HIGHEST + 1)
PARTIALS = 12
FALL = 0.85  # of a comb, from one tooth to the next
WIDTH = 0.35  # of a tooth, in semitones, but no narrower than a bin
LATE = 0.04  # seconds from an onset to the peak of a component: the window has to fill


@check.known_options
def comb(frequency: Any, pitches: Any = PITCHES) -> NDArray:
    """Harmonic combs, one column a pitch: teeth at the multiples of the fundamental, ever lower.

    Columns have norm one; those of pitches above all bins are zero.

    Parameters
    ----------
    frequency : array of shape (F,)
        Of the bins, in Hz, evenly spaced.
    pitches : array of shape (r,)
        MIDI numbers.

    Examples
    --------
    >>> D = comb(np.arange(0.0, 5000.0, 10.0), [69, 57])
    >>> int(D[:, 0].argmax()), D.shape
    (44, (500, 2))
    """
    bins = check.rising_times("frequency", check.as_array("frequency", frequency, ndim=1, nonneg=True), at_least=2)
    k = np.arange(1, PARTIALS + 1)
    chosen = check.as_array("pitches", check.numbers("pitches", pitches, at_most=1000.0), ndim=1)
    teeth = pitch_to_hz(chosen)[:, None] * k
    width = np.maximum(WIDTH * np.log(2.0) / 12.0 * teeth, bins[1] - bins[0])
    heights = FALL ** (k - 1.0) * (teeth <= bins[-1])
    D = (heights * np.exp(-0.5 * ((bins[:, None, None] - teeth) / width) ** 2)).sum(axis=2)
    norms = np.linalg.norm(D, axis=0)
    return np.asarray(D / np.where(norms > 0, norms, 1.0))


@check.known_options
def assign_pitches(W: Any, frequency: Any, pitches: Any = PITCHES) -> NDArray:
    """Pitch of each column of ``W`` (F, r): that of the comb with the largest cosine."""
    spectra = check.as_array("W", W, ndim=2, nonneg=True)
    D = comb(frequency, pitches)
    check.same_size(rows_of_W=len(spectra), entries_of_frequency=len(D))
    nearest = (D.T @ spectra).argmax(axis=0)
    return np.asarray(np.asarray(pitches)[nearest])


@check.known_options
def transcribe_blind(
    audio: Any,
    rate: float | None = None,
    *,
    rank: int = 88,
    power: float = 0.7,
    threshold: Any = THRESHOLD,
    n_iter: int = 100,
    seed: int | None = 0,
) -> Transcription:
    """Transcribe without a dictionary: KL-NMF of the spectrogram, each component being given the pitch of a comb.

    Components of one pitch are summed. It needs no recorded note, and confuses what sounds together: compare it with
    :func:`transcribe`.

    Parameters
    ----------
    audio, rate
        As for :func:`transcribe`.
    rank : int, default 88
        Number of components.
    power : float, default 0.7
        Exponent of the magnitudes.
    threshold : float or array of shape (88,)
        See :meth:`Transcription.pick`.
    n_iter : int, default 100
        Rounds of updates.
    seed : int, optional
        Of the start.

    Returns
    -------
    Transcription
        ``templates`` are the spectra that were found, one for each pitch.

    Examples
    --------
    >>> from tensorly_hdr.music import Notes, synthesize
    >>> found = transcribe_blind(synthesize(Notes([0.2], [0.8], [69])), rank=1)
    >>> set(found.notes.pitch.tolist())
    {69}
    """
    components = check.positive_int("rank", rank)
    frequency = np.arange(int(FMAX * N_FFT / RATE) + 1) * RATE / N_FFT
    S = heard(audio, rate, _dictionary(comb(frequency), frequency, power))
    W, H = np.zeros((len(frequency), 1)), np.zeros((S.sizes["time"], 1))
    if S.values.any():
        W, H = nmf(S.values, components, loss="kl", solver="mu", seed=seed, max_iter=n_iter, tol=0.0).factors
    member = (assign_pitches(W, frequency)[:, None] == PITCHES).astype(W.dtype)
    activations = (H * W.sum(axis=0)) @ member
    labels = {"time": S["time"], "pitch": PITCHES}
    A = xr.DataArray(activations, dims=("time", "pitch"), coords=labels)
    found = _dictionary(W @ member, frequency, power)
    return Transcription(no_notes(), A, A, S, found, found.threshold).pick(threshold)


def _dictionary(W: NDArray, frequency: NDArray, power: float) -> Templates:
    """Spectra (F, 88), of a frame each, as a dictionary."""
    coords = {"frequency": frequency, "tap": [0], "pitch": PITCHES}
    spectra = xr.DataArray(W[:, None, :].astype(np.float32), dims=("frequency", "tap", "pitch"), coords=coords)
    n = len(PITCHES)
    return Templates(spectra, np.full(n, LATE), np.full(n, THRESHOLD), RATE, N_FFT, HOP, power, {"name": "blind"})
