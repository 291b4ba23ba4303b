"""Notes: what a score, a MIDI file and a transcription have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr.music.pitch import pitch_name, pitch_to_hz

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, eq=False, repr=False)
class Notes:
    """A table of notes, sorted by onset, then pitch; it may be empty.

    Parameters
    ----------
    onset, offset : array of shape (n,)
        When each note begins and ends, in seconds; ``0 <= onset < offset``.
    pitch : array of shape (n,)
        MIDI numbers, 0 to 127; 60 is middle C (C4), 69 is A4, 440 Hz.
    velocity : array of shape (n,) or int, default 80
        How hard the key is struck, 1 to 127.

    Raises
    ------
    TypeError, ValueError
        When the sizes differ, a note ends before it begins, or a number is out of range.

    Examples
    --------
    >>> notes = Notes(onset=[0.5, 0.0], offset=[1.0, 0.4], pitch=[64, 60])
    >>> notes, notes.pitch
    (Notes(2 notes, C4 to E4, 0 s to 1 s), array([60, 64]))
    """

    onset: NDArray
    offset: NDArray
    pitch: NDArray
    velocity: NDArray | int = 80

    def __post_init__(self) -> None:
        """Check the notes and sort them."""
        onset, offset = check.seconds("onset", self.onset), check.seconds("offset", self.offset)
        pitch = check.whole_numbers("pitch", self.pitch, 0, 127)
        velocity = check.whole_numbers("velocity", self.velocity, 1, 127)
        velocity = np.repeat(velocity, len(onset)) if np.ndim(self.velocity) == 0 else velocity
        check.same_size(onset=len(onset), offset=len(offset), pitch=len(pitch), velocity=len(velocity))
        check.later(offset, onset)
        order = np.lexsort((offset, pitch, onset))
        for name, values in (("onset", onset), ("offset", offset), ("pitch", pitch), ("velocity", velocity)):
            column = values[order]
            column.flags.writeable = False
            object.__setattr__(self, name, column)

    def __len__(self) -> int:
        return len(self.onset)

    def __repr__(self) -> str:
        """One line: how many, from which to which, when."""
        if not len(self):
            return "Notes(0 notes)"
        low, high = pitch_name(self.pitch.min()), pitch_name(self.pitch.max())
        return f"Notes({len(self)} notes, {low} to {high}, {self.onset[0]:.4g} s to {self.end:.4g} s)"

    @property
    def end(self) -> float:
        """When the last note ends, in seconds; 0 without notes."""
        return float(self.offset.max(initial=0.0))

    @property
    def intervals(self) -> NDArray:
        """Onset and offset of each note, shape (n, 2)."""
        return np.stack([self.onset, self.offset], axis=1)

    @property
    def frequency(self) -> NDArray:
        """Frequency of each pitch in equal temperament, in Hz."""
        return np.asarray(pitch_to_hz(self.pitch))

    def take(self, which: Any) -> Notes:
        """Some of the notes: indices or a boolean mask."""
        chosen = np.asarray(which)
        chosen = chosen if chosen.size else np.zeros(0, dtype=np.intp)
        velocity = np.asarray(self.velocity)[chosen]
        return Notes(self.onset[chosen], self.offset[chosen], self.pitch[chosen], velocity)

    def excerpt(self, start: float, stop: float) -> Notes:
        """Notes that begin in [start, stop), cut at ``stop``, their times counted from ``start``.

        Examples
        --------
        >>> Notes([0.0, 1.0], [0.9, 3.0], [60, 62]).excerpt(0.5, 2.0)
        Notes(1 notes, D4 to D4, 0.5 s to 1.5 s)
        """
        inside = self.take((self.onset >= start) & (self.onset < stop))
        ends = np.minimum(inside.offset, stop)
        return Notes(inside.onset - start, ends - start, inside.pitch, inside.velocity)

    def roll(self, times: Any) -> xr.DataArray:
        """Piano roll: True where a pitch (0 to 127) sounds at a time, that is ``onset <= time < offset``.

        Examples
        --------
        >>> Notes([0.0], [0.2], [60]).roll([0.0, 0.1, 0.2]).sel(pitch=60).values
        array([ True,  True, False])
        """
        import xarray as xr

        grid = np.asarray(times, dtype=float)
        when = ("time", grid, {"long_name": "Time", "units": "s"})
        values = np.zeros((128, grid.size), dtype=bool)
        for begin, end, pitch in zip(self.onset, self.offset, self.pitch, strict=True):
            values[pitch, np.searchsorted(grid, begin) : np.searchsorted(grid, end)] = True
        return xr.DataArray(values, dims=("pitch", "time"), coords={"pitch": np.arange(128), "time": when})


def no_notes() -> Notes:
    """Return a table without notes.

    Examples
    --------
    >>> no_notes()
    Notes(0 notes)
    """
    return Notes(np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.int64))
