"""The pieces: their notes, read from scores that the package music21 carries, played with a little freedom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr.music import Notes

SECONDS = 30.0


@dataclass(frozen=True)
class Piece:
    """Where a score lies in the corpus of music21, and how fast it is played (quarter notes a minute)."""

    name: str
    path: str
    composer: str
    died: int
    encoding: str
    tempo: float


# Every composer died more than a century ago. music21 assumes no change of licence of the encodings: they are read in
# place, from the installed package, and nothing of them is kept in this repository.
_SAPP = "C. S. Sapp, 2005, kern"
_MUSE = "MuseScore, by a user of it"
_NONE = "not stated in the file"
PIECES = [
    Piece("Bach, Prelude in C, BWV 846", "bach/bwv846.mxl", "J. S. Bach", 1750, _NONE, 72),
    Piece("Bach, chorale BWV 66.6", "bach/bwv66.6.mxl", "J. S. Bach", 1750, _NONE, 80),
    Piece("Bach, chorale BWV 269", "bach/bwv269.mxl", "J. S. Bach", 1750, _NONE, 80),
    Piece("Bach, chorale BWV 7.7", "bach/bwv7.7.mxl", "J. S. Bach", 1750, _NONE, 80),
    Piece("C. P. E. Bach, H. 186", "cpebach/h186.mxl", "C. P. E. Bach", 1788, _NONE, 100),
    Piece("Mozart, Sonata K. 545, 1", "mozart/k545/movement1_exposition.mxl", "W. A. Mozart", 1791, _NONE, 120),
    Piece("Mozart, Quartet K. 155, 1", "mozart/k155/movement1.mxl", "W. A. Mozart", 1791, _NONE, 120),
    Piece("Mozart, Quartet K. 155, 2", "mozart/k155/movement2.mxl", "W. A. Mozart", 1791, _NONE, 66),
    Piece("Mozart, Quartet K. 80, 1", "mozart/k80/movement1.mxl", "W. A. Mozart", 1791, _NONE, 66),
    Piece("Mozart, Quartet K. 458, 1", "mozart/k458/movement1.mxl", "W. A. Mozart", 1791, _NONE, 130),
    Piece("Joplin, Maple Leaf Rag", "joplin/maple_leaf_rag.mxl", "S. Joplin", 1917, _MUSE, 90),
    Piece("Chopin, Mazurka op. 6 no. 2", "chopin/mazurka06-2.krn", "F. Chopin", 1849, _SAPP, 160),
    Piece("C. Schumann, Polonaise op. 1 no. 1", "schumann_clara/polonaise_op1n1.mxl", "C. Schumann", 1896, _NONE, 96),
    Piece("C. Schumann, Polonaise op. 1 no. 2", "schumann_clara/polonaise_op1n2.mxl", "C. Schumann", 1896, _NONE, 96),
    Piece("C. Schumann, Polonaise op. 1 no. 3", "schumann_clara/polonaise_op1n3.mxl", "C. Schumann", 1896, _NONE, 96),
    Piece("C. Schumann, Polonaise op. 1 no. 4", "schumann_clara/polonaise_op1n4.mxl", "C. Schumann", 1896, _NONE, 96),
]


def notes_of(piece: Piece, seed: int) -> Notes:
    """Notes of the first thirty seconds; a note ends before it is struck again.

    Loudness and onsets vary a little, as they do under human hands: notes of exactly the same strength that start
    exactly on a frame would be easier than music.
    """
    beats = _beats(piece.path)
    rng = np.random.default_rng(seed)
    notes = np.empty((len(beats), 4))
    notes[:, :2] = beats[:, :2] * 60.0 / piece.tempo
    notes[:, :2] += rng.normal(0.0, 0.005, len(beats))[:, None] + 0.2
    notes[:, 2] = beats[:, 2]
    notes[:, 3] = np.clip(np.rint(rng.normal(80.0, 10.0, len(beats))), 40, 120)
    notes = notes[notes[:, 0] < SECONDS - 0.5]
    notes[:, 1] = np.clip(notes[:, 1], notes[:, 0] + 0.02, SECONDS)
    played = _restruck(notes[np.lexsort((notes[:, 2], notes[:, 0]))])
    return Notes(*played.T)


def _beats(path: str) -> NDArray:
    """Rows (start, end, pitch), in quarter notes: every pitch of the score once at a time, ornaments left out."""
    from music21 import corpus

    sounds = corpus.parse(path).stripTies().flatten().notes
    rows = {
        (float(s.offset), int(p.midi)): float(s.offset + s.quarterLength)
        for s in sounds
        if s.quarterLength > 0
        for p in s.pitches
    }
    return np.array([(start, end, pitch) for (start, pitch), end in sorted(rows.items())])


def _restruck(notes: NDArray) -> NDArray:
    """Cut a note where the same key is struck again; of two strokes less than 60 ms apart, keep the first."""
    kept: list[NDArray] = []
    last: dict[int, NDArray] = {}
    for note in notes:
        before = last.get(int(note[2]))
        if before is not None and note[0] - before[0] < 0.06:
            continue
        if before is not None:
            before[1] = min(before[1], note[0] - 0.01)
        last[int(note[2])] = note
        kept.append(note)
    return np.array(kept)
