"""Checks of dictionaries of notes, of the files that hold them, and of what is learnt from notes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr._validation.arguments import nonneg_float, positive_int
from tensorly_hdr._validation.arrays import as_array, same_size
from tensorly_hdr._validation.sound import recorded, rising_times, whole_numbers


def notes_by_pitch(name: str, value: Any) -> dict[int, Any]:
    """Recordings of isolated notes, one a pitch."""
    if not isinstance(value, Mapping) or not value:
        raise TypeError(f"{name} must be a mapping from pitches (60 for C4) to recordings, got {type(value).__name__}.")
    return dict(zip(whole_numbers(f"the pitches of {name}", list(value), 0, 127).tolist(), value.values(), strict=True))


def heard(name: str, pitch: int, spectra: NDArray) -> None:
    """Refuse a note without sound."""
    if not spectra.any():
        raise ValueError(f"{name}[{pitch}] is silent: there is no note to learn; leave it out.")


def is_instance(name: str, value: Any, kind: type, remedy: str) -> Any:
    """Refuse what is not made by the function that the remedy names."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be {kind.__name__}, from {remedy}, got {type(value).__name__}.")
    return value


def some_of(name: str, values: Any, kind: type, remedy: str) -> list[Any]:
    """Refuse an empty sequence, or one of other things."""
    if not isinstance(values, Sequence) or isinstance(values, str) or not values:
        raise TypeError(f"{name} must be a sequence of {kind.__name__}, at least one, got {type(values).__name__}.")
    return [is_instance(f"{name}[{k}]", v, kind, remedy) for k, v in enumerate(values)]


def alike(name: str, parts: Sequence[tuple[Any, ...]]) -> None:
    """Refuse dictionaries made with different spectrograms."""
    other = next((k for k, part in enumerate(parts) if part != parts[0]), None)
    if other is not None:
        raise ValueError(
            f"{name}[{other}] and {name}[0] come from different spectrograms or have different lengths, "
            f"{parts[other]} against {parts[0]}; learn them with the same options."
        )


def in_common(name: str, pitches: NDArray) -> None:
    """Refuse dictionaries that share no pitch."""
    if not pitches.size:
        raise ValueError(f"{name} have no pitch in common.")


def templates_file(path: Any, found: Any, needed: Sequence[str], marker: str) -> None:
    """Refuse a file that is no dictionary of notes."""
    missing = [key for key in needed if key not in found]
    if missing or str(found["format"]) != marker:
        what = f"it lacks {missing}" if missing else f"its format is {str(found['format'])[:40]!r}"
        raise ValueError(f"{str(path)!r} holds no templates ({what}); give a file written by Templates.save.")


def small_archive(members: Sequence[Any], largest: int) -> None:
    """Refuse an archive that unpacks to more than any dictionary of notes takes."""
    size = sum(m.file_size for m in members)
    if size > largest:
        raise ValueError(f"it unpacks to {size} bytes, more than {largest}")


def templates_arrays(W: Any, latency: NDArray, threshold: NDArray) -> None:
    """Refuse templates that do not fit together, are negative or not finite, or lack a frequency or a pitch."""
    n = W.sizes["pitch"]
    if not W.sizes["tap"]:
        raise ValueError("W must have one tap or more.")
    as_array("W", W.values, nonneg=True)
    delays, least = as_array("latency", latency, ndim=1), as_array("threshold", threshold, ndim=1, nonneg=True)
    same_size(pitches_of_W=n, latency=len(delays), threshold=len(least))
    if not (np.abs(delays) <= 10.0).all():
        raise ValueError(f"latency must be seconds between -10 and 10, got {delays[:5].tolist()}.")


def templates_settings(frequency: NDArray, pitch: NDArray, power: Any, **counts: Any) -> None:
    """Refuse templates whose frequencies or pitches do not increase, or that no spectrogram goes with."""
    rising_times("the frequencies of W", frequency, at_least=2)
    rising_times("the pitches of W", whole_numbers("the pitches of W", pitch, 0, 127), at_least=1)
    nonneg_float("power", power, positive=True)
    recorded("the templates", 0, positive_int("rate", counts["rate"]))
    n_fft = positive_int("n_fft", counts["n_fft"], at_most=2**20)
    positive_int("hop", counts["hop"], at_most=n_fft, why=", n_fft")


def one_or_each(name: str, values: Any, n: int) -> NDArray:
    """Nonnegative numbers, one for each pitch; a single one holds for all."""
    array: NDArray = as_array(name, np.atleast_1d(values), ndim=1, nonneg=True)
    if array.size not in (1, n):
        raise ValueError(f"{name} must be one number, or one for each of the {n} pitches, got {array.size}.")
    return np.broadcast_to(array, (n,))


def same_counts(recordings: int, truths: int) -> None:
    """Refuse recordings without their notes."""
    if recordings != truths:
        raise ValueError(f"each recording needs its notes, got {recordings} recording(s) and {truths} set(s) of notes.")
