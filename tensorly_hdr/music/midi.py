"""Notes to MIDI files and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorly_hdr import _validation as check
from tensorly_hdr.music._extra import package
from tensorly_hdr.music._files import replacing
from tensorly_hdr.music.notes import Notes

RESOLUTION = 500  # ticks a quarter note, which lasts half a second: a tick is a millisecond
_DAMAGED = (OSError, EOFError, ArithmeticError, LookupError, ValueError, TypeError, AttributeError, MemoryError)
TICK = 0.001
"""Smallest step of time in the files written here, in seconds."""


@check.known_options
def write_midi(notes: Notes, file: Any, *, program: int = 0, silence: float = 0.0) -> None:
    """Write notes as a MIDI file of one track, 120 quarter notes a minute, times rounded to a millisecond.

    A key cannot be struck while it is down: a note that still sounds when the same pitch begins again is cut there,
    and of two notes of one pitch that begin together the longer one is kept. A note lasts a millisecond at least.

    Parameters
    ----------
    notes : Notes
    file : path or binary file object
    program : int, default 0
        General MIDI instrument, 0 to 127; 0 is the acoustic grand piano.
    silence : float, default 0
        Seconds that the file lasts after its last note, for players that stop with the file.

    Raises
    ------
    TypeError, ValueError
        When ``notes`` is no ``Notes``, or ``program`` or ``silence`` is out of range.

    Examples
    --------
    >>> from io import BytesIO
    >>> file = BytesIO()
    >>> write_midi(Notes([0.5], [1.25], [60], 90), file)
    >>> _ = file.seek(0)
    >>> read_midi(file)
    Notes(1 notes, C4 to C4, 0.5 s to 1.25 s)
    """
    check.is_notes("notes", notes)
    check.path_or_file("file", file, "write")
    number = int(check.whole_numbers("program", program, 0, 127)[0])
    tail = check.nonneg_float("silence", silence)
    midi = package("pretty_midi")
    score, player = midi.PrettyMIDI(resolution=RESOLUTION), midi.Instrument(number)
    player.notes = [midi.Note(v, p, a * TICK, b * TICK) for a, b, p, v in _struck(notes)]
    if tail:
        player.control_changes.append(midi.ControlChange(64, 0, notes.end + tail))  # pedal up, which it is
    score.instruments.append(player)
    with replacing(file) as whole:
        score.write(whole)


@check.known_options
def read_midi(file: Any) -> Notes:
    """Notes of all tracks of a MIDI file, drums left out.

    Pedals, pitch bends and all other controls are ignored: an offset is when the key goes up. Tempo changes are
    followed, those of the first track: the format wants them there, and ``pretty_midi`` warns about others.

    Parameters
    ----------
    file : path or binary file object

    Raises
    ------
    FileNotFoundError, ValueError
        When there is no such file, or it is no MIDI file.

    Examples
    --------
    >>> read_midi("nowhere.mid")
    Traceback (most recent call last):
    FileNotFoundError: file: there is no file 'nowhere.mid'.
    """
    midi, mido = package("pretty_midi"), package("mido")
    source = check.file_there("file", file) if check.path_or_file("file", file, "read") else file
    try:
        score = midi.PrettyMIDI(source)
    except _DAMAGED as error:
        raise check.unreadable("file", file, "a standard MIDI file (.mid)", error) from error
    except mido.KeySignatureError as error:
        raise check.unreadable("file", file, "a standard MIDI file (.mid)", error) from error
    found = [n for player in score.instruments if not player.is_drum for n in player.notes if n.end > n.start]
    columns = [[getattr(n, field) for n in found] for field in ("start", "end", "pitch", "velocity")]
    return Notes(*(np.array(column) for column in columns))


def _struck(notes: Notes) -> list[tuple[int, int, int, int]]:
    """Onset, offset in ticks, pitch, velocity of what one keyboard can play."""
    begin, end = (np.round(t / TICK).astype(int) for t in (notes.onset, notes.offset))
    velocity = np.asarray(notes.velocity)
    out, following = [], dict[int, int]()
    for k in np.lexsort((end, begin))[::-1]:  # from the last note to the first, the longer of two first
        pitch = int(notes.pitch[k])
        limit = following.get(pitch)
        if limit == begin[k]:
            continue
        last = max(int(end[k]), int(begin[k]) + 1)
        out.append((int(begin[k]), last if limit is None else min(last, limit), pitch, int(velocity[k])))
        following[pitch] = int(begin[k])
    return out[::-1]
