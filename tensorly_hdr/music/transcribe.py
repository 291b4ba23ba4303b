"""Transcription: from a recording and a dictionary of notes to the notes that are played."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr.factorization import convolutive_nmf
from tensorly_hdr.music.audio import PEAK, as_audio, load_audio
from tensorly_hdr.music.notes import Notes, no_notes
from tensorly_hdr.music.picking import RELEASE, Peaks, ends, peaks
from tensorly_hdr.music.storage import load_templates
from tensorly_hdr.music.templates import Templates, click_template, learn_templates

SILENCE = 1e-4  # of full scale: what is never louder is silent
FAINT = 1e-3  # of the loudest frame: notes that never sound more are what is left of the start of the updates
OFFSET = 1e-3  # of the peak: a larger mean is a constant that the recorder added
PAD = 10  # frames of silence put before and after a recording, so that its first and last notes have surroundings
PULL = 1.0
INNER = 3  # updates of the activations for each one of the templates
USUAL_VELOCITY = 80


@dataclass(frozen=True, eq=False, repr=False)
class Transcription:
    """Notes, and what they were read from.

    Parameters
    ----------
    notes : Notes
    activations : DataArray (time, pitch)
        How strongly each note begins at each frame; one is the note that the dictionary was learnt from.
    envelope : DataArray (time, pitch)
        How much of the spectrogram the model gives to each note, summed over frequencies.
    spectrogram : DataArray (frequency, time)
    templates : Templates
        The dictionary, adapted to the recording if that was asked for.
    threshold : array of shape (n_pitches,)
        See :class:`Templates`.
    """

    notes: Notes
    activations: xr.DataArray
    envelope: xr.DataArray
    spectrogram: xr.DataArray
    templates: Templates
    threshold: NDArray

    def __repr__(self) -> str:
        """One line: the notes, and the dictionary."""
        return f"Transcription({self.notes!r}, {self.templates!r})"

    @property
    def peaks(self) -> Peaks:
        """What may be a note, in columns and rows of ``activations``."""
        return peaks(self.activations.values)

    def onsets(self, found: Peaks) -> NDArray:
        """Seconds at which the notes of some peaks begin: the latency of each pitch is taken off."""
        step = self.templates.hop / self.templates.rate
        first = float(self.activations["time"][0])
        return np.asarray(np.maximum(first + found.frame * step - self.templates.latency[found.key], 0.0))

    def pick(self, threshold: Any, *, min_duration: float = 0.0, release: float = RELEASE) -> Transcription:
        """Read the notes again, with another threshold (one, or one for each pitch).

        An activation is a note where its peak rises above the mean of its surroundings (ten frames on each side) by
        more than ``threshold`` times what the usual note of the recording does. A note ends when its amplitude falls to
        ``release`` of its maximum, or when its key is struck again; notes shorter than ``min_duration`` seconds are
        left out.
        """
        limits = check.one_or_each("threshold", threshold, len(self.templates.pitch))
        shortest = check.nonneg_float("min_duration", min_duration)
        notes = _read_notes(self, self.peaks, limits, check.fraction("release", release), shortest)
        return replace(self, notes=notes, threshold=np.array(limits))


@check.known_options
def transcribe(
    audio: Any,
    rate: float | None = None,
    *,
    templates: Any = "piano",
    adapt: bool | float = False,
    decay: bool = False,
    click: bool = True,
    threshold: Any = None,
    min_duration: float = 0.0,
    release: float = RELEASE,
    n_iter: int = 40,
    rounds: int = 18,
    progress: bool = False,
) -> Transcription:
    r"""Transcribe a recording: which keys are struck, when, how hard, and until when [1]_.

    The magnitude spectrogram is approximated by :math:`\sum_{q, t} W[f, t, q]\, H[n - t, q]` in Kullback-Leibler
    divergence, the templates :math:`W` of all notes being known; notes are the peaks of the activations :math:`H`
    (:meth:`Transcription.pick`).

    Parameters
    ----------
    audio : path, file object, array or DataArray
        As :func:`~tensorly_hdr.music.load_audio` takes it; several channels are mixed to one.
    rate : int, optional
        Samples a second of a plain array.
    templates : "piano", Templates, or path
        The dictionary; a file written by :meth:`Templates.save`.
    adapt : bool or float, default False
        Let the templates follow the recording, pulled towards what they were: the larger the number, the more
        (True is 1). For an instrument that the dictionary does not know; see
        :func:`~tensorly_hdr.factorization.convolutive_nmf`.
    decay : bool
        Give each note a second component, the spectrum at the end of its template, which may sound as long as it
        likes: the activations of the attacks are sparser.
    click : bool, default True
        Give the model one component that is no note: all frequencies alike, for as long as a window hears a click. It
        takes the noise of hammers and pedals, which a dictionary of another piano would explain by its highest notes.
        It is our addition: neither the manuscript nor [1]_ has it.
    threshold : float or array of shape (n_pitches,), optional
        That of the templates by default; see :func:`~tensorly_hdr.music.learn_threshold`.
    min_duration, release : float
        See :meth:`Transcription.pick`.
    n_iter : int, default 40
        Updates of the activations; with ``adapt`` half as many come first.
    rounds : int, default 18
        Updates of the templates, with ``adapt``, each after three of the activations.
    progress : bool
        Show a bar.

    Returns
    -------
    Transcription
        Without a note when nothing in the recording exceeds a ten-thousandth of full scale, or nothing that a note
        explains exceeds a thousandth of the loudest frame, as where all is clicks.

    Raises
    ------
    FileNotFoundError, TypeError, ValueError
        When the recording or the templates cannot be read, the recording is shorter than a window, or an argument is
        out of range.

    References
    ----------
    .. [1] H. Wu, A. Marmoret and J. E. Cohen, Semi-supervised convolutive NMF for automatic music transcription, 2022;
       manuscript, section 21.2.3.

    Examples
    --------
    >>> from tensorly_hdr.music import Notes, synthesize
    >>> sounds = {p: synthesize(Notes([0.1], [0.6], [p]), peak=None) for p in (60, 64, 67)}
    >>> dictionary = learn_templates(sounds, max_shift=0)
    >>> transcribe(synthesize(Notes([0.2, 0.7], [0.6, 1.2], [64, 67])), templates=dictionary).notes.pitch
    array([64, 67])
    """
    dictionary = as_templates(templates)
    pull = None if adapt is False else check.nonneg_float("adapt", PULL if adapt is True else adapt)
    limits = dictionary.threshold if threshold is None else threshold
    check.one_or_each("threshold", limits, len(dictionary.pitch))  # before the work, and again by ``pick``
    check.nonneg_float("min_duration", min_duration), check.fraction("release", release)
    for name, value in (("decay", decay), ("click", click), ("progress", progress)):
        check.flag(name, value)
    n_iter, rounds = check.positive_int("n_iter", n_iter), check.positive_int("rounds", rounds)
    S = heard(audio, rate, dictionary)
    W = _with_decay(dictionary.W.values) if decay else dictionary.W.values
    if click:
        W = np.concatenate([W, click_template(dictionary)], axis=2)
    H = np.zeros((S.sizes["time"], W.shape[2]), dtype=np.float32)
    n, adapted = len(dictionary.pitch), dictionary
    if S.values.any():
        W, H = _fitted(S.values, W, pull, n_iter, rounds, progress)
        adapted = dictionary if pull is None else replace(dictionary, W=dictionary.W.copy(data=W[:, :, :n]))
    shares = _envelope(W, H, n, decay)
    if shares.max() <= FAINT * S.values.sum(axis=0).max():  # thresholds are relative to the usual note: there is none
        H, shares = np.zeros_like(H), np.zeros_like(shares)
    labels = {"time": S["time"], "pitch": dictionary.pitch}
    activations, envelope = (xr.DataArray(x, dims=("time", "pitch"), coords=labels) for x in (H[:, :n], shares))
    empty = Transcription(no_notes(), activations, envelope, S, adapted, adapted.threshold)
    return empty.pick(limits, min_duration=min_duration, release=release)


@dataclass(frozen=True)
class Transcriber:
    """An instrument that was learnt: ``Transcriber.fit(notes).transcribe(audio)``.

    Parameters
    ----------
    templates : Templates
    options : mapping, optional
        Options of :func:`transcribe` that are always the same, such as ``{"adapt": True}``.

    Examples
    --------
    >>> from tensorly_hdr.music import Notes, synthesize
    >>> sounds = {p: synthesize(Notes([0.1], [0.6], [p]), peak=None) for p in (60, 64, 67)}
    >>> instrument = Transcriber.fit(sounds, max_shift=0)
    >>> instrument.transcribe(synthesize(Notes([0.2], [0.6], [64]))).notes.pitch
    array([64])
    """

    templates: Templates
    options: Mapping[str, Any] | None = None

    @classmethod
    def fit(cls, notes: Mapping[int, Any], rate: float | None = None, **learning: Any) -> Transcriber:
        """Learn an instrument from recordings of its notes; see :func:`learn_templates` for the options."""
        return cls(learn_templates(notes, rate, **learning))

    def transcribe(self, audio: Any, rate: float | None = None, **options: Any) -> Transcription:
        """Transcribe a recording of the instrument; see :func:`transcribe` for the options."""
        return transcribe(audio, rate, templates=self.templates, **{**(self.options or {}), **options})


def as_templates(value: Any) -> Templates:
    """Templates themselves, those that come with the package, or those of a file."""
    if isinstance(value, str) or check.is_path(value) or hasattr(value, "read"):
        return load_templates(value)
    found: Templates = check.is_instance("templates", value, Templates, "learn_templates or load_templates")
    return found


def heard(audio: Any, rate: float | None, dictionary: Templates) -> xr.DataArray:
    """Spectrogram of a recording brought to one level, with silence at both ends; all zero for a silent recording.

    Its times are those of the recording, so that the first ones are negative.
    """
    sound = load_audio(audio, rate, target_rate=dictionary.rate, peak=None, allow_silence=True).values
    check.long_enough("audio", len(sound), dictionary.n_fft, dictionary.rate)
    mean, peak = float(sound.mean()), float(np.abs(sound).max())
    if abs(mean) > OFFSET * peak:  # it would begin and end with a click
        sound = sound - np.float32(mean)
        peak = float(np.abs(sound).max())
    level = np.float32(PEAK / peak if peak > SILENCE else 0.0)
    tail = max(PAD, dictionary.W.sizes["tap"]) * dictionary.hop
    padded = np.concatenate([np.zeros(PAD * dictionary.hop, np.float32), level * sound, np.zeros(tail, np.float32)])
    S = dictionary.spectrogram(as_audio(padded, dictionary.rate))
    times = S["time"].values - PAD * dictionary.hop / dictionary.rate
    return S.assign_coords(time=("time", times, S["time"].attrs))


def _with_decay(W: NDArray) -> NDArray:
    """Templates of one frame, the last one of each note, after those of the attacks."""
    lasting = np.zeros_like(W)
    lasting[:, 0] = W[:, -1]
    return np.concatenate([W, lasting], axis=2)


def _fitted(
    S: NDArray, W: NDArray, pull: float | None, n_iter: int, rounds: int, progress: bool
) -> tuple[NDArray, NDArray]:
    n_first = n_iter if pull is None else max(n_iter // 2, 1)
    first = convolutive_nmf(S, templates=W, max_iter=n_first, tol=0.0, progress=progress)
    if pull is None:
        return W, first.H
    second = convolutive_nmf(
        S, templates=W, adapt=pull, init=(None, first.H), n_inner=INNER, max_iter=rounds, tol=0.0, progress=progress
    )
    return second.W, second.H


def _envelope(W: NDArray, H: NDArray, n: int, decay: bool) -> NDArray:
    """Sum over frequencies of what each note adds to the model; its decay belongs to it, a click to none."""
    mass = W.sum(axis=0)
    out = mass[0] * H
    for t in range(1, min(len(mass), len(H))):
        out[t:] += mass[t] * H[:-t]
    return np.asarray(out[:, :n] + out[:, n : 2 * n] if decay else out[:, :n])


def _read_notes(found: Transcription, every: Peaks, limits: NDArray, release: float, shortest: float) -> Notes:
    usual = every.usual
    if usual == 0.0:
        return no_notes()
    kept = every.above(limits * usual)
    hop = found.templates.hop / found.templates.rate
    first = float(found.activations["time"][0])
    onset = found.onsets(kept)
    offset = np.maximum(first + ends(found.envelope.values, kept, release**found.templates.power) * hop, onset + hop)
    # twice the height at power p is 2^(1 / p) times the amplitude, which grows as the square of the velocity
    louder = (kept.height / usual) ** (0.5 / found.templates.power)
    velocity = np.clip(np.rint(USUAL_VELOCITY * louder), 1, 127).astype(int)
    notes = Notes(onset, offset, found.templates.pitch[kept.key], velocity)
    return notes.take(notes.offset - notes.onset >= shortest)
