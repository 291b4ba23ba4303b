"""Checks of sound files, samples and notes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr._validation.arguments import nonneg_float
from tensorly_hdr._validation.arrays import as_array
from tensorly_hdr._validation.containers import not_dataset

LOWEST_RATE, HIGHEST_RATE = 100, 1_000_000
MOST_SAMPLES = 2**31


def waveform(name: str, x: Any) -> NDArray:
    """Samples (n,) or (n, channels) as floating numbers; integers are scaled to [-1, 1)."""
    if "time" in getattr(x, "dims", ()):
        x = x.transpose("time", ...)
    array: NDArray = as_array(name, x, ndim=(1, 2))
    kind = x.dtype if isinstance(x, np.ndarray) or hasattr(x, "dims") else array.dtype
    if array.ndim == 2 and array.shape[1] > array.shape[0]:
        raise ValueError(f"{name} must have shape (samples, channels), got {array.shape}; pass its transpose.")
    if kind.kind not in "iu":
        return array
    if kind.itemsize > 4:  # divided by half the range of such a type, 16-bit sound would be silent
        raise TypeError(f"{name} has samples of {kind}, which no recording has; divide them by their full scale.")
    half = 2.0 ** (8 * kind.itemsize - 1)
    return array / half - (1.0 if kind.kind == "u" else 0.0)


def not_silent(name: str, samples: NDArray) -> None:
    """Refuse samples that are all the same: there is nothing to hear, and no peak to bring to a level."""
    if not samples.any():
        raise ValueError(f"{name} is silent: every sample is zero. Check the recording, or pass allow_silence=True.")


def audible(recording: str, samples: NDArray, least: float) -> None:
    """Refuse a recording of which nothing can be heard."""
    if not (np.abs(samples) > least).any():
        raise ValueError(
            f"{recording!r} is silent: nothing in it exceeds {least:g} of full scale. Check the recording, and that "
            "its channels do not cancel."
        )


def recorded(name: str, frames: int, per_second: int) -> None:
    """Refuse what the head of a sound file says if it is damaged: impossible rates and lengths."""
    if not LOWEST_RATE <= per_second <= HIGHEST_RATE:
        raise ValueError(
            f"{name} must have a rate between {LOWEST_RATE} and {HIGHEST_RATE} samples a second, got {per_second}."
        )
    if frames > MOST_SAMPLES:
        raise ValueError(f"{name} has {frames} samples, more than {MOST_SAMPLES} (13 hours); cut it, if it is whole.")


def not_too_long(name: str, samples: float) -> None:
    """Refuse to make more samples than a recording may have."""
    if not samples <= MOST_SAMPLES:
        raise ValueError(f"{name} would take {samples:.3g} samples, more than {MOST_SAMPLES} (13 hours); cut it.")


def some_samples(name: str, path: Any, samples: NDArray) -> None:
    """Refuse a sound file without sound."""
    if not samples.size:
        raise ValueError(f"{name}: {str(path)!r} is empty: it is a sound file of no length.")


def rate(name: str, value: Any) -> int:
    """Samples a second, a whole number."""
    number = nonneg_float(name, value, positive=True)
    if number != round(number):
        raise ValueError(f"{name} must be a whole number of samples a second, got {value!r}.")
    return round(number)


def sampled(name: str, x: Any, given: Any) -> int:
    """Sampling rate of an array (given beside it) or of a DataArray (from its coordinate ``time`` in seconds)."""
    if hasattr(x, "dims"):
        return _rate_of_labelled(name, x, given)
    if given is None:
        raise ValueError(f"rate is needed with a plain array: how many samples of {name} make a second?")
    return rate("rate", given)


def _rate_of_labelled(name: str, x: Any, given: Any) -> int:
    if "time" not in x.coords or x.sizes["time"] < 2:
        raise ValueError(f"{name} must have a coordinate 'time' in seconds, of two samples or more.")
    time = np.asarray(x["time"], dtype=float)
    step = float(time[-1] - time[0]) / (len(time) - 1)
    steady = np.linspace(time[0], time[-1], len(time))
    # single precision cannot tell the samples of a long recording apart
    if not step > 0 or np.abs(time - steady).max() > max(0.5 * step, 1e-6 * float(np.abs(time).max())):
        raise ValueError(f"the times of {name} must increase evenly, as those of music.as_audio do.")
    found = 1.0 / step
    if given is not None and abs(rate("rate", given) - found) > 0.5:
        raise ValueError(f"rate={given!r} contradicts the times of {name}, which make {found:g} samples a second.")
    return max(round(found), 1)


def long_enough(name: str, n: int, window: int, per_second: int) -> None:
    """Refuse a recording shorter than one window of the spectrogram."""
    if n < window:
        raise ValueError(
            f"{name} is too short: {n} samples ({n / per_second:.3g} s), and one window takes {window} "
            f"({window / per_second:.3g} s)."
        )


def whole_numbers(name: str, values: Any, low: int, high: int) -> NDArray:
    """Whole numbers between ``low`` and ``high``, one per note."""
    not_dataset(name, values)
    array = np.atleast_1d(np.asarray(values))
    if array.size == 0:
        return np.zeros(0, dtype=np.int64)
    if array.ndim != 1 or array.dtype.kind not in "fiu":
        raise TypeError(f"{name} must be a sequence of whole numbers, got {type(values).__name__} of {array.dtype}.")
    if not np.isfinite(array).all() or (array != np.round(array)).any() or array.min() < low or array.max() > high:
        raise ValueError(f"{name} must be whole numbers between {low} and {high}, got {array[:5].tolist()}...")
    return array.astype(np.int64)


def seconds(name: str, values: Any) -> NDArray:
    """Nonnegative times, one per note."""
    not_dataset(name, values)
    if np.size(values) == 0:
        return np.zeros(0)
    array: NDArray = as_array(name, np.atleast_1d(values), ndim=1, nonneg=True)
    return array.astype(np.float64)


def later(offset: NDArray, onset: NDArray) -> None:
    """Refuse notes that end before they begin, or at once."""
    bad = np.flatnonzero(offset <= onset)
    if bad.size:
        raise ValueError(
            f"offset must be later than onset, but note(s) {bad[:5].tolist()} end at {offset[bad[:5]].tolist()} "
            f"and begin at {onset[bad[:5]].tolist()}."
        )


def is_notes(name: str, x: Any) -> None:
    """Refuse what is no set of notes."""
    if not all(hasattr(x, field) for field in ("onset", "offset", "pitch", "velocity")):
        raise TypeError(f"{name} must be Notes(onset, offset, pitch), got {type(x).__name__}.")


def known_name(text: Any) -> str:
    """Refuse what is no text: a pitch is written as 'C4', 'F#3' or 'Bb3'."""
    if not isinstance(text, str):
        raise TypeError(f"the name of a pitch must be text such as 'C4' or 'Bb3', got {text!r}.")
    return text


def parsed_name(text: str, match: Any) -> Sequence[str]:
    """Letter, accidental and octave of a pitch, found by a regular expression."""
    if match is None:
        raise ValueError(f"the name of a pitch is a letter, an optional # or b, and an octave ('Bb3'), got {text!r}.")
    parts: Sequence[str] = match.groups()
    if int(parts[-1]) < -1:
        raise ValueError(f"octaves begin at -1, got {text!r}; a flat is written with b, as in 'Bb3', not with a minus.")
    return parts


def rising_times(name: str, values: Any, *, at_least: int) -> NDArray:
    """Strictly increasing numbers, at least so many."""
    array: NDArray = as_array(name, values, ndim=1)
    if len(array) < at_least or (np.diff(array) <= 0).any():
        raise ValueError(f"{name} must be {at_least} or more strictly increasing numbers, got {array[:6].tolist()}.")
    return array


def labelled(name: str, x: Any, dims: tuple[str, ...]) -> None:
    """Refuse what is no DataArray with these dimensions, in any order, and coordinates along them."""
    if tuple(sorted(map(str, getattr(x, "dims", ())))) != tuple(sorted(dims)) or any(d not in x.coords for d in dims):
        got = getattr(x, "dims", type(x).__name__)
        raise TypeError(f"{name} must be a DataArray with the dimensions and coordinates {dims}, got {got}.")
    as_array(name, x)


def has_dims(name: str, x: Any, dims: tuple[str, ...]) -> None:
    """Refuse what is no DataArray, or one with other dimensions; their order is free."""
    not_dataset(name, x)
    if not hasattr(x, "dims") or not hasattr(x, "coords"):
        raise TypeError(f"{name} must be a DataArray with the dimensions {dims}, got {type(x).__name__}.")
    if sorted(map(str, x.dims)) != sorted(dims):
        raise ValueError(f"{name} must have the dimensions {dims}, got {x.dims}; rename them.")


def index_pairs(name: str, values: Any, n_first: int, n_second: int) -> NDArray:
    """Integer array (n, 2) of indices below ``n_first`` and ``n_second``, none twice."""
    if values is None:
        raise ValueError(f"{name} is needed with an estimate: music.match_notes(notes, estimate).")
    not_dataset(name, values)
    array = np.asarray(values)
    array = array.reshape(-1, 2).astype(np.intp) if array.size == 0 else array
    if array.ndim != 2 or array.shape[1] != 2 or array.dtype.kind not in "iu":
        raise ValueError(f"{name} must be integers of shape (n, 2), got {array.dtype} of shape {array.shape}.")
    for column, n in zip(array.T, (n_first, n_second), strict=True):
        if column.size and (column.min() < 0 or column.max() >= n or len(set(column.tolist())) < column.size):
            raise ValueError(f"{name} does not fit the notes: an index is out of range, or there twice.")
    return array


def timed(name: str, x: Any) -> None:
    """Refuse a DataArray without increasing times."""
    if "time" not in x.coords or x["time"].ndim != 1:
        raise ValueError(f"{name} must have a coordinate 'time', got the coordinates {tuple(map(str, x.coords))}.")
    rising_times(f"the times of {name}", np.asarray(x["time"], dtype=float), at_least=1)


def covered(name: str, values: NDArray, low: float, high: float) -> None:
    """Refuse times outside of a recording."""
    if values[0] < low or values[-1] > high:
        raise ValueError(
            f"{name} must lie in the recording, which lasts from {low:.4g} to {high:.4g}, got {values[0]:.4g} to "
            f"{values[-1]:.4g}."
        )


def symmetric(name: str, A: NDArray) -> NDArray:
    """Refuse a matrix that is not its own transpose, up to rounding."""
    if A.shape[0] != A.shape[1]:
        raise ValueError(f"{name} must be square, a similarity for each pair, got shape {A.shape}.")
    gap, size = float(np.abs(A - A.T).max()), float(np.abs(A).max())
    if gap > 1e-5 * size:
        raise ValueError(f"{name} must be symmetric, but differs from its transpose by {gap:.3g}.")
    return A


def countable(name: str, n: float) -> None:
    """Refuse a step of which so many are taken that they cannot be told apart."""
    if not n < 2.0**52:
        raise ValueError(f"{name} is too small: the notes last {n:.3g} steps.")


def numbers(name: str, x: Any, *, at_most: float = np.inf) -> NDArray:
    """One real number, or an array of them, in double precision; as large as ``at_most`` in absolute value."""
    not_dataset(name, x)
    shape = np.shape(x)
    array = as_array(name, [x] if shape == () else x).astype(np.float64)
    if np.abs(array).max() > at_most:
        raise ValueError(f"{name} must lie between {-at_most:g} and {at_most:g}, got {array.ravel()[:5].tolist()}.")
    return np.asarray(array.reshape(shape))
