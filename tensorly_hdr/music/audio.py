"""Sound as numbers: files and arrays become one channel at one rate and one level."""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr.music._extra import package

if TYPE_CHECKING:
    import xarray as xr

RATE = 44_100
"""Samples a second that the rest of ``tensorly_hdr.music`` expects by default."""
_PIECE = 2**20  # frames of a file that are read at a time
PEAK = 0.9
"""Largest absolute sample after normalization."""


@check.known_options
def load_audio(
    source: Any,
    rate: float | None = None,
    *,
    target_rate: int = RATE,
    peak: float | None = PEAK,
    allow_silence: bool = False,
) -> xr.DataArray:
    r"""Mono recording at ``target_rate`` whose largest absolute sample is ``peak``.

    Channels are averaged, the mean is resampled by a polyphase filter (``scipy.signal.resample_poly``), and all
    samples are multiplied by :math:`\mathrm{peak} / \max_t |s(t)|`.

    Parameters
    ----------
    source : path, file object, array of shape (n,) or (n, channels), or DataArray
        A sound file (wav, flac, ogg, mp3: what libsndfile reads), or samples. Integer samples are full scale: they are
        divided by half the range of their type, of 32 bits at most.
    rate : int, optional
        Samples a second of an array; a file and a DataArray with a coordinate ``time`` know theirs.
    target_rate : int, default 44100
        Samples a second of the result.
    peak : float or None, default 0.9
        Level of the result; None keeps the level of the source.
    allow_silence : bool
        Return zeros for a recording that is all zero, instead of refusing it.

    Returns
    -------
    xarray.DataArray
        float32, dimension ``time`` in seconds, the first sample at 0 s.

    Raises
    ------
    FileNotFoundError, TypeError, ValueError
        When there is no such file, it is empty or no sound file, samples are not finite or all zero, or ``rate`` is
        missing.

    Examples
    --------
    >>> stereo = np.stack([np.ones(480), np.zeros(480)], axis=1)
    >>> audio = load_audio(stereo, 48_000)
    >>> audio.sizes["time"], round(float(abs(audio).max()), 6)
    (441, 0.9)
    """
    target = check.rate("target_rate", target_rate)
    check.recorded("the result", 0, target)
    check.flag("allow_silence", allow_silence)
    level = None if peak is None else check.nonneg_float("peak", peak, positive=True)
    samples, given = _samples(source, rate)
    mono = samples.mean(axis=1) if samples.ndim == 2 else samples
    mono = _resampled(mono, given, target)
    if not allow_silence:
        check.not_silent("source", mono)
    height = float(np.abs(mono).max())
    if level is not None and height > 0:
        mono = mono * (level / height)
    return as_audio(mono.astype(np.float32), target)


@check.known_options
def as_audio(samples: NDArray, rate: int) -> xr.DataArray:
    """Label samples with their times in seconds, the first at 0 s.

    Examples
    --------
    >>> as_audio(np.zeros(3), 2).time.values.tolist()
    [0.0, 0.5, 1.0]
    """
    import xarray as xr

    check.as_array("samples", samples, ndim=1)
    check.rate("rate", rate)
    time = ("time", np.arange(len(samples)) / rate, {"long_name": "Time", "units": "s"})
    return xr.DataArray(np.asarray(samples), dims=("time",), coords={"time": time}, attrs={"long_name": "Amplitude"})


@check.known_options
def rate_of(audio: xr.DataArray) -> int:
    """Samples a second, from the times.

    Examples
    --------
    >>> rate_of(as_audio(np.zeros(3), 8000))
    8000
    """
    return check.sampled("audio", audio, None)


def _samples(source: Any, rate: Any) -> tuple[NDArray, int]:
    """Samples as floating numbers and their rate."""
    if check.is_path(source) or hasattr(source, "read"):
        return _from_file(source)
    samples = check.waveform("source", source)
    return samples, check.sampled("source", source, rate)


def _from_file(source: Any) -> tuple[NDArray, int]:
    soundfile = package("soundfile")
    file = check.file_there("source", source) if check.path_or_file("source", source, "read") else source
    try:
        with soundfile.SoundFile(file) as sound:
            check.recorded("source", sound.frames, sound.samplerate)
            samples, rate = _mono(sound), int(sound.samplerate)
    except (soundfile.SoundFileError, EOFError, OSError, RuntimeError, TypeError) as error:
        raise check.unreadable("source", source, "a wav, flac, ogg or mp3 file", error) from error
    check.some_samples("source", source, samples)
    return check.as_array("source", samples), rate


def _mono(sound: Any) -> NDArray:
    """Mean of the channels, read in pieces: memory is taken for what is there, not for what the head claims."""
    pieces = [np.zeros(0, dtype=np.float32)]
    while len(piece := sound.read(_PIECE, dtype="float32", always_2d=True)):
        pieces.append(piece.mean(axis=1))
    return np.concatenate(pieces)


def _resampled(samples: NDArray, rate: int, target: int) -> NDArray:
    from scipy.signal import resample_poly

    if rate == target:
        return samples
    check.recorded("source", len(samples), rate)
    check.not_too_long("source", len(samples) * target / rate)
    common = gcd(rate, target)
    return np.asarray(resample_poly(samples, target // common, rate // common))
