"""Dictionaries of notes: for each pitch a short spectrogram, learnt from a recording of that note alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr.factorization import convolutive_nmf
from tensorly_hdr.music.audio import RATE, load_audio
from tensorly_hdr.music.picking import contrast
from tensorly_hdr.music.pitch import HIGHEST, LOWEST, pitch_name
from tensorly_hdr.music.spectrogram import FMAX, HOP, N_FFT, spectrogram

LEAD = 2  # frames before the onset with which a template begins, if their windows hear it already
REST = 10  # frames of silence before the onset of a note that is learnt
THRESHOLD = 0.3
"""Threshold of notes until :func:`~tensorly_hdr.music.learn_threshold` finds a better one."""


@dataclass(frozen=True, eq=False, repr=False)
class Templates:
    """A dictionary of notes and what is needed to use it.

    Parameters
    ----------
    W : DataArray (frequency, tap, pitch)
        ``W[:, :, q]`` is the spectrogram of the note as it was recorded, from its onset on.
    latency : array of shape (n_pitches,)
        Seconds from the onset of a note to the peak of its activation, negative where the peak comes first.
    threshold : array of shape (n_pitches,)
        How far an activation must rise above its surroundings, relative to the recording's usual note.
    rate, n_fft, hop, power
        Parameters of the spectrogram.
    source : dict of str
        Where the sounds come from: name, author, licence...
    """

    W: xr.DataArray
    latency: NDArray
    threshold: NDArray
    rate: int = RATE
    n_fft: int = N_FFT
    hop: int = HOP
    power: float = 0.5
    source: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that the arrays go together."""
        order = ("frequency", "tap", "pitch")
        check.has_dims("W", self.W, order)
        object.__setattr__(self, "W", self.W.transpose(*order))
        settings = {"rate": self.rate, "n_fft": self.n_fft, "hop": self.hop}
        check.templates_settings(self.W["frequency"].values, self.pitch, self.power, **settings)
        check.templates_arrays(self.W, self.latency, self.threshold)

    def __repr__(self) -> str:
        """One line: which notes, how long, from where."""
        low, high = pitch_name(self.pitch[0]), pitch_name(self.pitch[-1])
        name = self.source.get("name", "unnamed")
        return f"Templates({len(self.pitch)} notes, {low} to {high}, {self.W.sizes['tap']} taps, source: {name})"

    @property
    def pitch(self) -> NDArray:
        """MIDI numbers of the notes, increasing."""
        return np.asarray(self.W["pitch"].values)

    @property
    def settings(self) -> tuple[Any, ...]:
        """What two dictionaries must share to be used together: taps, and parameters of the spectrogram."""
        return (self.W.sizes["tap"], self.W.sizes["frequency"], self.rate, self.n_fft, self.hop, float(self.power))

    def spectrogram(self, audio: Any) -> xr.DataArray:
        """Spectrogram of one channel at ``rate``, as the dictionary needs it."""
        fmax = float(self.W["frequency"][-1]) + 0.1
        return spectrogram(audio, self.rate, n_fft=self.n_fft, hop=self.hop, fmax=fmax, power=self.power)

    def save(self, file: Any) -> None:
        """Write the dictionary as a compressed .npz file; see ``tensorly_hdr.music.storage``."""
        from tensorly_hdr.music.storage import save_templates

        save_templates(self, file)


@check.known_options
def learn_templates(
    notes: Mapping[int, Any],
    rate: float | None = None,
    *,
    n_taps: int = 10,
    power: float = 0.5,
    max_shift: int = 3,
    seconds: float = 2.0,
    n_fft: int = N_FFT,
    hop: int = HOP,
    n_iter: int = 30,
    source: Mapping[str, str] | None = None,
    progress: bool = False,
) -> Templates:
    r"""Learn a dictionary from recordings of single notes, by convolutive KL-NMF of rank one [1]_.

    The spectrogram of each note, from its onset on, is approximated by :math:`\sum_t w[f, t]\, h[n - t]`, starting
    from its first frames. Templates are scaled such that the activation of the recorded note peaks at one; so the
    recordings should be as loud, one relative to the other, as the notes of the instrument.

    Parameters
    ----------
    notes : mapping from pitch to recording
        MIDI numbers; recordings as :func:`~tensorly_hdr.music.load_audio` takes them: files, or arrays.
    rate : int, optional
        Samples a second of recordings that are plain arrays.
    n_taps : int, default 10
        Length of the templates in frames (of 20 ms); one is NMF.
    power : float, default 0.5
        Exponent of the magnitudes of the spectrogram; below one, soft partials count for more.
    max_shift : int, default 3
        A pitch between A0 and C8 that was not recorded is made from the nearest one, played faster or slower by so many
        semitones at most.
    seconds : float, default 2
        How much of a recording is used.
    n_fft, hop : int
        Parameters of :func:`~tensorly_hdr.music.spectrogram`.
    n_iter : int, default 30
        Rounds of updates for each note.
    source : mapping, optional
        Where the sounds come from; kept with the templates.
    progress : bool
        Show a bar.

    Raises
    ------
    FileNotFoundError, TypeError, ValueError
        When there is no note, a recording cannot be read or is silent, or an argument is out of range.

    References
    ----------
    .. [1] H. Wu, A. Marmoret and J. E. Cohen, Semi-supervised convolutive NMF for automatic music transcription, 2022;
       manuscript, section 21.2.2.

    Examples
    --------
    >>> from tensorly_hdr.music import Notes, synthesize
    >>> sounds = {p: synthesize(Notes([0.1], [0.6], [p]), peak=None) for p in (60, 64)}
    >>> learn_templates(sounds, max_shift=0, n_iter=3)
    Templates(2 notes, C4 to E4, 10 taps, source: unnamed)
    """
    given = check.notes_by_pitch("notes", notes)
    n_taps, n_iter = check.positive_int("n_taps", n_taps), check.positive_int("n_iter", n_iter)
    reach, length = check.nonneg_float("max_shift", max_shift), check.nonneg_float("seconds", seconds, positive=True)
    pitches = _reachable(given, reach)
    sounds = {p: load_audio(x, rate, peak=None, allow_silence=True).values for p, x in given.items()}
    lead, found = min(LEAD, max(n_fft // 2 - 1, 0) // hop), []
    for pitch in _with_bar(pitches) if check.flag("progress", progress) else pitches:
        nearest = min(sounds, key=lambda p: (abs(p - pitch), p))
        sound = _from_onset(_shifted(sounds[nearest], pitch - nearest), hop, round(length * RATE))
        sound = np.pad(sound, (0, n_taps * hop + n_fft))
        S = spectrogram(sound, RATE, n_fft=n_fft, hop=hop, fmax=FMAX, power=power)
        check.heard("notes", pitch, S.values)
        found.append((S["frequency"], *_learnt(S.values, n_taps, n_iter, lead)))
    W = xr.DataArray(
        np.stack([w for _, w, _ in found], axis=2),
        dims=("frequency", "tap", "pitch"),
        coords={"frequency": found[0][0], "tap": np.arange(n_taps), "pitch": pitches},
    )
    latency = np.array([frames for *_, frames in found]) * hop / RATE
    source = {str(k): str(v) for k, v in (source or {}).items()}
    return Templates(W, latency, np.full(len(pitches), THRESHOLD), RATE, n_fft, hop, power, source)


@check.known_options
def average_templates(several: Sequence[Templates]) -> Templates:
    """Mean of dictionaries of several instruments: less like any of them, closer to one that was never heard.

    Each template is divided by its sum before the mean is taken, and keeps the mean of the sums. Pitches that one of
    the dictionaries lacks are left out.

    Parameters
    ----------
    several : sequence of Templates
        From :func:`learn_templates`, with the same options.

    Raises
    ------
    TypeError, ValueError
        When there are none, they were learnt with different options, or have no pitch in common.
    """
    parts: list[Templates] = check.some_of("several", several, Templates, "learn_templates")
    check.alike("several", [t.settings for t in parts])
    pitches = parts[0].pitch
    for t in parts[1:]:
        pitches = np.intersect1d(pitches, t.pitch)
    check.in_common("several", pitches)
    rows = [np.searchsorted(t.pitch, pitches) for t in parts]
    stacks = [t.W.values[:, :, r] for t, r in zip(parts, rows, strict=True)]
    sums = [w.sum(axis=(0, 1)) for w in stacks]
    W = np.mean([w / s for w, s in zip(stacks, sums, strict=True)], axis=0) * np.mean(sums, axis=0)
    latency, threshold = (
        np.mean([getattr(t, name)[r] for t, r in zip(parts, rows, strict=True)], axis=0)
        for name in ("latency", "threshold")
    )
    first = parts[0]
    names = [t.source.get("name", "unnamed") for t in parts]
    licences = sorted({t.source["licence"] for t in parts if "licence" in t.source})
    source = {"name": "mean of " + ", ".join(names), **({"licence": "; ".join(licences)} if licences else {})}
    labelled = first.W.sel(pitch=pitches).copy(data=W.astype(np.float32))
    return Templates(labelled, latency, threshold, first.rate, first.n_fft, first.hop, first.power, source)


def click_template(dictionary: Templates) -> NDArray:
    """Spectrogram of a click, shape (F, n_taps, 1): all frequencies alike, weighted as the window passes over it.

    Examples
    --------
    >>> from tensorly_hdr.music import load_templates
    >>> click_template(load_templates("piano"))[0, :6, 0].round(2)
    array([0.22, 0.78, 1.  , 0.78, 0.22, 0.  ], dtype=float32)
    """
    F, n_taps, _ = dictionary.W.shape
    half = dictionary.n_fft // 2
    first = -((half - 1) // dictionary.hop)
    away = dictionary.hop * np.arange(first, first + n_taps)
    # the periodic Hann window of the spectrogram, and its power
    heights = np.where(np.abs(away) < half, np.cos(0.5 * np.pi * away / half) ** 2, 0.0) ** dictionary.power
    return np.broadcast_to(heights[:, None], (F, n_taps, 1)).astype(np.float32)


def _with_bar(pitches: NDArray) -> Any:
    from tqdm.auto import tqdm  # on import it warns in notebooks without widgets

    return tqdm(pitches, desc="templates", unit="note")


def _reachable(given: Mapping[int, Any], reach: float) -> NDArray:
    every = np.arange(LOWEST, HIGHEST + 1)
    near = np.abs(every[:, None] - np.array(list(given))[None, :]).min(axis=1) <= reach
    return np.union1d(every[near], np.array(list(given)))


def _shifted(sound: NDArray, semitones: int) -> NDArray:
    """Play a recording faster or slower."""
    if semitones == 0:
        return sound
    from scipy.signal import resample_poly

    ratio = Fraction(2.0 ** (-semitones / 12.0)).limit_denominator(200)
    return np.asarray(resample_poly(sound, ratio.numerator, ratio.denominator))


def _from_onset(sound: NDArray, hop: int, length: int) -> NDArray:
    """The note from where it passes a twentieth of its peak, faded out at the end, between two silences.

    The silence after it is longer than a template: the model hears each template out.
    """
    loud = np.abs(sound)
    onset = int(np.argmax(loud >= 0.05 * loud.max()))
    kept = sound[onset : onset + length].copy()
    fade = min(len(kept), 2 * hop)
    kept[len(kept) - fade :] *= np.linspace(1.0, 0.0, fade)
    return np.concatenate([np.zeros(REST * hop), kept]).astype(np.float32)


def _learnt(S: NDArray, n_taps: int, n_iter: int, lead: int) -> tuple[NDArray, int]:
    """Template whose activation peaks at one, and the frames from the onset to that peak."""
    first = S.sum(axis=1, keepdims=True) if n_taps == 1 else S[:, REST - lead :][:, :n_taps]
    # what was silent in the first frames may sound later
    W = np.maximum(first, 1e-4 * first.max())[:, :, None]
    even = np.full((S.shape[1], 1), S.mean() / W.sum(), dtype=S.dtype)
    W = convolutive_nmf(S, 1, n_taps, init=(W, even), n_inner=3, max_iter=n_iter, tol=1e-5).W
    H = convolutive_nmf(S, templates=W, max_iter=20, tol=0.0).H
    rise = contrast(H)[:, 0]
    peak = int(rise.argmax())
    return np.asarray(W[:, :, 0] * rise[peak], dtype=np.float32), peak - REST
