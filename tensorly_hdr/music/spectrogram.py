"""Magnitude spectrograms, and what is summed from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr.music.pitch import hz_to_pitch

if TYPE_CHECKING:
    import xarray as xr

N_FFT = 4096
HOP = 882
FMAX = 5000.0
_CHUNK = 1024  # frames: bounds the memory that the complex values take


@check.known_options
def spectrogram(
    audio: Any,
    rate: float | None = None,
    *,
    n_fft: int = N_FFT,
    hop: int = HOP,
    fmax: float | None = FMAX,
    power: float = 1.0,
) -> xr.DataArray:
    r"""Magnitudes of the short-time Fourier transform, :math:`|\sum_t w(t - kh)\, s(t)\, e^{-2 i \pi \nu t}|^p`.

    Frame :math:`k` is centred at sample :math:`k h`, so at :math:`k h / \mathrm{rate}` seconds, and the recording is
    continued by zeros on both sides: a click at that time is largest in that frame. There are
    :math:`\lceil n / h \rceil` frames. The window is a periodic Hann window scaled such that a sinusoid of amplitude
    :math:`a` on a bin shows :math:`a` there.

    Parameters
    ----------
    audio : DataArray as :func:`~tensorly_hdr.music.load_audio` returns, or array of shape (n,)
        One channel. The numbers are taken as they are; float32 stays float32.
    rate : int, optional
        Samples a second of a plain array.
    n_fft, hop : int, default 4096 and 882
        Samples of a window, and from one frame to the next: 93 ms and 20 ms at 44.1 kHz [1]_.
    fmax : float or None, default 5000
        Highest frequency that is kept, in Hz; None for all.
    power : float, default 1
        Exponent of the magnitudes.

    Returns
    -------
    xarray.DataArray
        Dimensions ``frequency`` (Hz) and ``time`` (s).

    Raises
    ------
    TypeError, ValueError
        When the samples are not finite, not of one channel, or fewer than a window.

    References
    ----------
    .. [1] T. Cheng and others, An attack/decay model for piano transcription, ISMIR 2016; manuscript, section 21.1.2.

    Examples
    --------
    >>> s = np.sin(2 * np.pi * 1000.0 * np.arange(8000) / 8000)
    >>> S = spectrogram(s, 8000, n_fft=800, hop=400)
    >>> float(S.frequency[S[:, 5].argmax("frequency")]), round(float(S[:, 5].max()), 6), S.shape
    (1000.0, 1.0, (401, 20))
    """
    samples = check.as_array("audio", audio, ndim=1)
    per_second = check.sampled("audio", audio, rate)
    n_fft, hop = check.positive_int("n_fft", n_fft), check.positive_int("hop", hop, at_most=n_fft, why=", n_fft")
    exponent = check.nonneg_float("power", power, positive=True)
    check.long_enough("audio", len(samples), n_fft, per_second)
    frequencies = np.fft.rfftfreq(n_fft, 1.0 / per_second)
    n_kept = frequencies.size if fmax is None else max(int(np.searchsorted(frequencies, _top(fmax), "right")), 1)
    values = _magnitudes(samples, n_fft, hop, n_kept)
    if exponent != 1.0:
        values **= exponent
    return _labelled(values, frequencies[:n_kept], np.arange(values.shape[1]) * hop / per_second)


@check.known_options
def chromagram(S: xr.DataArray, *, fmin: float = 60.0) -> xr.DataArray:
    """Sum a spectrogram over the octaves: twelve rows, one for each pitch class from C to B.

    Every bin goes to the pitch class of the nearest semitone.

    Parameters
    ----------
    S : DataArray (frequency, time)
        A spectrogram, frequencies in Hz.
    fmin : float, default 60
        Bins below are left out. At 44.1 kHz a bin of 4096 samples is wider than a semitone below 181 Hz: pitch classes
        are blurred there.

    Examples
    --------
    >>> s = np.sin(2 * np.pi * 440.0 * np.arange(8000) / 8000)
    >>> C = chromagram(spectrogram(s, 8000, n_fft=800, hop=400))
    >>> int(C.sum("time").argmax("pitch_class")), C.shape
    (9, (12, 20))
    """
    import xarray as xr

    check.labelled("S", S, ("frequency", "time"))
    low = check.nonneg_float("fmin", fmin, positive=True)
    frequencies = np.asarray(S["frequency"], dtype=float)
    kept = np.flatnonzero(frequencies >= low)
    classes = np.round(hz_to_pitch(frequencies[kept])).astype(int) % 12 if kept.size else kept
    membership = (np.arange(12)[:, None] == classes[None, :]).astype(S.dtype)
    values = membership @ np.asarray(S.transpose("frequency", "time"))[kept]
    return xr.DataArray(values, dims=("pitch_class", "time"), coords={"pitch_class": np.arange(12), "time": S["time"]})


def _top(fmax: Any) -> float:
    return check.nonneg_float("fmax", fmax, positive=True)


def _magnitudes(samples: NDArray, n_fft: int, hop: int, n_kept: int) -> NDArray:
    from scipy.signal import ShortTimeFFT
    from scipy.signal.windows import hann

    transform = ShortTimeFFT(
        hann(n_fft, sym=False), hop=hop, fs=1.0, fft_mode="onesided2X", scale_to="magnitude", phase_shift=None
    )
    n_frames = -(-len(samples) // hop)
    out = np.empty((n_kept, n_frames), dtype=samples.dtype)
    for first in range(0, n_frames, _CHUNK):
        last = min(first + _CHUNK, n_frames)
        out[:, first:last] = np.abs(transform.stft(samples, p0=first, p1=last)[:n_kept])
    return out


def _labelled(values: NDArray, frequencies: NDArray, times: NDArray) -> xr.DataArray:
    import xarray as xr

    coords = {
        "frequency": ("frequency", frequencies, {"long_name": "Frequency", "units": "Hz"}),
        "time": ("time", times, {"long_name": "Time", "units": "s"}),
    }
    return xr.DataArray(values, dims=("frequency", "time"), coords=coords, attrs={"long_name": "Magnitude"})
