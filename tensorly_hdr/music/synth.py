"""Notes to sound with exact ground truth: a small additive piano, sound fonts, and a room."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr.music._extra import package
from tensorly_hdr.music.audio import PEAK, RATE, as_audio, load_audio
from tensorly_hdr.music.midi import write_midi
from tensorly_hdr.music.notes import Notes
from tensorly_hdr.music.pitch import A4, pitch_to_hz

if TYPE_CHECKING:
    import xarray as xr

RELEASE = 0.06  # seconds in which a damper takes a string to 1/e
TAIL = 0.5  # seconds that are kept after the last offset
_BLOCK = 512


@dataclass(frozen=True)
class Tone:
    r"""One instrument of :func:`synthesize`.

    Partial :math:`k` of the fundamental :math:`f` lies at :math:`k f \sqrt{1 + B k^2}`, has amplitude
    :math:`k^{-\mathrm{slope}} |\sin(\pi k\, \mathrm{strike})|` and decays in :math:`\mathrm{decay} / (1 + 0.3 k)`
    seconds (to 1/e, at A4; half of it two octaves above, twice two octaves below).

    Parameters
    ----------
    inharmonicity : float
        :math:`B` at A4; it doubles every octave.
    slope : float
        How fast the partials fall: the larger, the softer.
    strike : float
        Where the hammer meets the string, as a fraction of its length.
    decay : float
        Seconds.
    attack : float
        Level of the noise of the hammer, which lasts 15 ms.

    Raises
    ------
    TypeError, ValueError
        When a number is negative or not finite, ``decay`` is zero, or ``strike`` above one.

    Examples
    --------
    >>> Tone(decay=0.0)
    Traceback (most recent call last):
    ValueError: decay must be a positive finite number, got 0.0.
    """

    inharmonicity: float = 4e-4
    slope: float = 1.2
    strike: float = 0.12
    decay: float = 1.6
    attack: float = 0.05

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name in ("inharmonicity", "slope", "attack"):
            check.nonneg_float(name, getattr(self, name))
        check.fraction("strike", self.strike)
        check.nonneg_float("decay", self.decay, positive=True)


TONES = {
    "grand": Tone(),
    "bright": Tone(inharmonicity=2e-4, slope=0.8, strike=0.09, decay=2.0, attack=0.1),
    "soft": Tone(inharmonicity=6e-4, slope=1.8, strike=0.14, decay=1.2, attack=0.02),
}
"""Instruments of :func:`synthesize` by name."""


@check.known_options
def synthesize(
    notes: Notes, tone: str | Tone = "grand", *, rate: int = RATE, seed: int | None = 0, peak: float | None = PEAK
) -> xr.DataArray:
    """Play notes on a small additive piano: decaying partials, a noisy attack, dampers; no recording is used.

    Linear in the notes but for the level: a chord is the sum of its notes if ``peak`` is None. A note is heard from its
    onset on, its amplitude is proportional to its velocity, and after its offset it fades to 1/e in 60 ms.

    Parameters
    ----------
    notes : Notes
    tone : {"grand", "bright", "soft"} or Tone
    rate : int, default 44100
        Samples a second.
    seed : int, optional
        Of the hammers' noise, a different one for each pitch, and of the partials' phases.
    peak : float or None, default 0.9
        Largest absolute sample; None for none in particular.

    Returns
    -------
    xarray.DataArray
        As of :func:`~tensorly_hdr.music.load_audio`, until half a second after the last offset.

    Raises
    ------
    TypeError, ValueError
        When ``notes`` is no ``Notes``, or an argument is out of range.

    Examples
    --------
    >>> audio = synthesize(Notes([0.25], [0.5], [69]), rate=8000)
    >>> float(audio.time[-1]), bool((audio.sel(time=slice(0, 0.249)) == 0).all())
    (0.999875, True)
    """
    check.is_notes("notes", notes)
    per_second = check.rate("rate", rate)
    parameters = tone if isinstance(tone, Tone) else check.choice("tone", tone, TONES)
    rng = check.generator(seed)
    check.not_too_long("notes", (notes.end + TAIL) * per_second)
    seeds = rng.integers(2**32, size=128)
    out = np.zeros(round((notes.end + TAIL) * per_second))
    columns: Any = (notes.onset, notes.offset, notes.pitch, notes.velocity)
    for begin, end, pitch, velocity in zip(*columns, strict=True):
        first = round(begin * per_second)
        n = min(round((end - begin + TAIL) * per_second), len(out) - first)
        held = round((end - begin) * per_second)
        noise = np.random.default_rng(int(seeds[pitch]))
        out[first : first + n] += velocity / 127 * _note(int(pitch), n, held, per_second, parameters, noise)
    level = None if peak is None else check.nonneg_float("peak", peak, positive=True)
    height = float(np.abs(out).max(initial=0.0))
    scale = 1.0 if level is None or height == 0 else level / height
    return as_audio((out * scale).astype(np.float32), per_second)


@check.known_options
def render(
    notes: Notes, soundfont: Any = None, *, program: int = 0, rate: int = RATE, peak: float | None = PEAK
) -> xr.DataArray:
    """Play notes with a sound font, by the package ``midirenderer``.

    Parameters
    ----------
    notes : Notes
    soundfont : path, optional
        An sf2 or sf3 file; by default TimGM6mb, which comes with ``pretty_midi``.
    program : int, default 0
        General MIDI instrument, 0 to 127.
    rate : int, default 44100
        Samples a second.
    peak : float or None, default 0.9
        Largest absolute sample; None for that of the font.

    Returns
    -------
    xarray.DataArray
        As of :func:`~tensorly_hdr.music.load_audio`, until about half a second after the last offset; note by note, the
        sound begins with the attack of the font.

    Raises
    ------
    FileNotFoundError, ImportError, ValueError
        When there is no such font, ``midirenderer`` is missing, or the file is no sound font.

    Examples
    --------
    >>> audio = render(Notes([0.5], [1.0], [69]))  # doctest: +SKIP
    """
    check.is_notes("notes", notes)
    check.not_too_long("notes", (notes.end + TAIL) * check.rate("rate", rate))
    player = package("midirenderer", extra="notebooks")
    font = check.file_there("soundfont", _default_font() if soundfont is None else soundfont)
    file = BytesIO()
    write_midi(notes, file, program=program, silence=TAIL)
    try:
        wav = player.render_wave_from(Path(font).read_bytes(), file.getvalue())
    except RuntimeError as error:
        raise check.unreadable("soundfont", font, "a sound font (.sf2, .sf3)", error) from error
    return load_audio(BytesIO(wav), target_rate=rate, peak=peak, allow_silence=True)


@check.known_options
def room(
    audio: Any, rate: float | None = None, *, rt60: float = 0.6, wet: float = 0.3, seed: int | None = 0
) -> xr.DataArray:
    r"""Add the echo of a simulated room, :math:`s * (\delta + \mathrm{wet}\, h)`.

    The tail :math:`h(t)` is white Gaussian noise that falls by 60 dB in ``rt60`` seconds, of unit energy, and begins
    one sample after the direct sound, so that no onset moves. The result has the length and the peak of the input.

    Parameters
    ----------
    audio : DataArray or array of shape (n,)
        One channel; a plain array needs its ``rate``.
    rate : int, optional
        Samples a second.
    rt60 : float, default 0.6
        Seconds.
    wet : float, default 0.3
        Square root of the energy of the tail, that of the direct sound being one; 0 for no room.
    seed : int, optional
        Of the noise.

    Examples
    --------
    >>> dry = np.zeros(800); dry[100] = 1.0
    >>> int(abs(room(dry, 1000)).argmax("time"))
    100
    """
    from scipy.signal import fftconvolve

    samples, per_second = check.as_array("audio", audio, ndim=1), check.sampled("audio", audio, rate)
    seconds, share = check.nonneg_float("rt60", rt60, positive=True), check.nonneg_float("wet", wet)
    check.not_too_long("rt60", seconds * per_second)
    times = np.arange(1, round(seconds * per_second) + 1) / per_second
    tail = check.generator(seed).standard_normal(times.size) * 10.0 ** (-3.0 * times / seconds)
    response = np.concatenate([[1.0], share * tail / (np.linalg.norm(tail) or 1.0)])
    wet_samples = fftconvolve(samples.astype(float), response)[: len(samples)]
    height = float(np.abs(wet_samples).max()) or 1.0
    return as_audio((wet_samples * (np.abs(samples).max() / height)).astype(samples.dtype), per_second)


def _note(pitch: int, n: int, held: int, rate: int, tone: Tone, rng: np.random.Generator) -> NDArray:
    """Samples of one note of full velocity, ``held`` of them before the damper falls."""
    f, octaves = float(pitch_to_hz(pitch)), (pitch - A4) / 12.0
    k = np.arange(1, 61)
    partials = k * f * np.sqrt(1.0 + tone.inharmonicity * 2.0**octaves * k**2)
    k, partials = k[partials < 0.45 * rate], partials[partials < 0.45 * rate]
    amplitudes = k**-tone.slope * np.abs(np.sin(np.pi * k * tone.strike))
    rates = (1.0 + 0.3 * k) / (tone.decay * 2.0 ** (-0.5 * octaves))
    phases = np.exp(2j * np.pi * rng.random(k.size))
    sound = _decaying(amplitudes * phases, (2j * np.pi * partials - rates) / rate, n)
    hammer = rng.standard_normal(n) * np.exp(-np.arange(n) / (0.015 * rate))
    sound += tone.attack * hammer
    sound[held:] *= np.exp(-np.arange(max(n - held, 0)) / (RELEASE * rate))
    return sound


def _decaying(starts: NDArray, exponents: NDArray, n: int) -> NDArray:
    """Real part of ``sum_k starts_k exp(exponents_k t)``, t < n: a product of two short tables."""
    coarse = starts[:, None] * np.exp(exponents[:, None] * _BLOCK * np.arange(-(-n // _BLOCK)))
    fine = np.exp(exponents[:, None] * np.arange(_BLOCK))
    table = coarse.real.T @ fine.real - coarse.imag.T @ fine.imag
    return np.asarray(table.ravel()[:n])


def _default_font() -> Path:
    return Path(package("pretty_midi").__file__).parent / "TimGM6mb.sf2"
