"""The pianos: recorded notes of a real one, and sound fonts; each plays a list of notes."""

from __future__ import annotations

import hashlib
import sys
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
import pretty_midi
import soundfile
from numpy.typing import NDArray
from scipy.signal import resample_poly

from tensorly_hdr.music import Notes, render

RATE = 44100
PITCHES = np.arange(21, 109)
PAUSE = 3.5
_LETTERS = {"C": 0, "D#": 3, "F#": 6, "A": 9}
FINGERPRINTS = {
    "recordings": "9b7c6037f4782ac7aea81e2f1edcb318481b3c17760dcd08a61b27c170f19dcd",
    "FluidR3_GM.sf2": "74594e8f4250680adf590507a306655a299935343583256f3b722c48a1bc1cb0",
    "MuseScore_General_Full.sf2": "59287cbb0f424ec76d1bc269eee40dfe0b02252588d72eb016b5d2382e710a8f",
    "TimGM6mb.sf2": "82475b91a76de15cb28a104707d3247ba932e228bada3f47bba63c6b31aaf7a1",
}


class Piano(Protocol):
    """What plays notes as one channel of audio at 44.1 kHz, of peak 0.9."""

    name: str

    def play(self, notes: Notes) -> NDArray: ...


class Samples:
    """A piano of which thirty notes were recorded: the others are made by playing the nearest one faster or slower."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.recorded = {pitch_of(f): f for f in folder.glob("*.ogg")}
        self.note = cache(self._note)

    def play(self, notes: Notes) -> NDArray:
        """Sum of the notes; a released note dies in a tenth of a second, as under a damper."""
        out = np.zeros(round((notes.end + 0.5) * RATE))
        for onset, offset, pitch, velocity in zip(notes.onset, notes.offset, notes.pitch, notes.velocity, strict=True):
            start, held = round(onset * RATE), round((offset - onset) * RATE)
            sound = self.note(int(pitch))[: min(held + RATE // 2, out.size - start)].copy()
            sound[held:] *= np.exp(-np.arange(max(sound.size - held, 0)) / (0.08 * RATE))
            out[start : start + sound.size] += (velocity / 127.0) ** 2 * sound
        return (0.9 * out / np.abs(out).max()).astype(np.float32)

    def _note(self, pitch: int) -> NDArray:
        nearest = min(self.recorded, key=lambda p: (abs(p - pitch), p))
        sound, rate = soundfile.read(self.recorded[nearest], always_2d=True)
        mono = sound.mean(axis=1)
        # the recordings begin 6 to 21 ms before the hammer strikes: less one millisecond, that is cut
        struck = int(np.argmax(np.abs(mono) > 0.02 * np.abs(mono).max()))
        ratio = Fraction(RATE / rate / 2.0 ** ((pitch - nearest) / 12.0)).limit_denominator(400)
        return resample_poly(mono[max(struck - rate // 1000, 0) :], ratio.numerator, ratio.denominator)


class SoundFont:
    """A sound font: its first General MIDI piano, played by midirenderer."""

    def __init__(self, name: str, file: Path) -> None:
        self.name, self.file = name, file

    def play(self, notes: Notes) -> NDArray:
        return render(notes, self.file).values


def all_pianos(folder: Path) -> dict[str, Piano]:
    """The four pianos, after a check of the files they are made of."""
    fonts = {"FluidR3": "FluidR3_GM.sf2", "MuseScore General": "MuseScore_General_Full.sf2"}
    files = {name: folder / file for name, file in fonts.items()}
    files["TimGM6mb"] = Path(pretty_midi.__file__).parent / "TimGM6mb.sf2"
    for file in files.values():
        checked(file.name, [file])
    return {"Yamaha C5": Samples("Yamaha C5", audio_of(folder)), **{n: SoundFont(n, f) for n, f in files.items()}}


def audio_of(folder: Path) -> Path:
    """Folder of the thirty recordings, after a check of their contents."""
    audio = folder / "package" / "audio"
    checked("recordings", sorted(audio.glob("*.ogg"), key=pitch_of))
    return audio


def checked(name: str, files: list[Path]) -> str:
    """Fingerprint of some files, which must be the known ones."""
    missing = [f for f in files if not f.is_file()]
    if missing or not files:
        sys.exit(f"{name}: {missing or 'no file'} not there; run experiments/music/fetch.sh first, see README.md")
    found = hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()
    if found != FINGERPRINTS[name]:
        sys.exit(f"{name}: sha256 {found} instead of {FINGERPRINTS[name]}: other files than the table was made with")
    return found


def isolated(piano: Piano, seconds: float = 2.0, velocity: int = 80) -> dict[int, NDArray]:
    """All 88 notes one by one, as loud one relative to the other as the piano plays them."""
    onset = 0.2 + PAUSE * np.arange(len(PITCHES))
    sound = piano.play(Notes(onset, onset + seconds, PITCHES, velocity))
    starts = np.rint((onset - 0.2) * RATE).astype(int)
    return {int(p): sound[a : a + round(PAUSE * RATE) - RATE // 10] for p, a in zip(PITCHES, starts, strict=True)}


def pitch_of(file: Path) -> int:
    """MIDI number of a recording, from its name: D#4v10.ogg."""
    name = file.name.split("v")[0]
    return 12 * (int(name[-1]) + 1) + _LETTERS[name[:-1]]
