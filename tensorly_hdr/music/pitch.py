"""Pitches: MIDI numbers (A4 = 69 = 440 Hz, equal temperament), frequencies and names."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from tensorly_hdr import _labels
from tensorly_hdr import _validation as check

A4 = 69
LOWEST, HIGHEST = 21, 108
"""The 88 keys of a piano, A0 to C8."""
_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_NAME = re.compile(r"([A-Ga-g])([#b♯♭]?)(-?[0-9]{1,3})")


@check.known_options
def pitch_to_hz(pitch: Any) -> Any:
    r"""Frequency of a MIDI number, :math:`440 \cdot 2^{(p - 69) / 12}`; fractions of a semitone are allowed.

    Examples
    --------
    >>> float(pitch_to_hz(69)), round(float(pitch_to_hz(60)), 3)
    (440.0, 261.626)
    """
    return 440.0 * 2.0 ** ((check.numbers("pitch", pitch, at_most=1000.0) - A4) / 12.0)


@check.known_options
def hz_to_pitch(frequency: Any) -> Any:
    r"""MIDI number, with its fraction, of a frequency above zero: :math:`69 + 12 \log_2(f / 440)`.

    Examples
    --------
    >>> float(hz_to_pitch(880.0))
    81.0
    """
    values = check.numbers("frequency", frequency)
    check.positive_entries("frequency", values)
    return A4 + 12.0 * np.log2(values / 440.0)


@check.known_options
def pitch_name(pitch: int) -> str:
    """Name of a MIDI number, with sharps; middle C is C4.

    Examples
    --------
    >>> pitch_name(60), pitch_name(21), pitch_name(58)
    ('C4', 'A0', 'A#3')
    """
    return _labels.pitch_name(int(check.whole_numbers("pitch", pitch, 0, 127)[0]))


@check.known_options
def pitch_number(name: str) -> int:
    """MIDI number of a name with sharps or flats; a minus belongs to the octave, and ``"B-1"`` is the B of octave -1.

    Examples
    --------
    >>> pitch_number("C4"), pitch_number("Bb3"), pitch_number("F#2")
    (60, 58, 42)
    """
    letter, accidental, octave = check.parsed_name(name, _NAME.fullmatch(check.known_name(name)))
    shift = {"#": 1, "♯": 1, "b": -1, "♭": -1, "": 0}[accidental]
    return int(check.whole_numbers("pitch", 12 * (int(octave) + 1) + _LETTERS[letter.upper()] + shift, 0, 127)[0])
