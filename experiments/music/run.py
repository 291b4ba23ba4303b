"""Transcribe sixteen pieces on four pianos and make the table of results: see README.md beside this file.

    python experiments/music/run.py FOLDER [--pieces N] [--peers PEERS]

Every threshold that scores a piece was learnt on the other pieces, played by the same piano.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib.metadata import version
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pianos
import scores
import soundfile
from numpy.typing import NDArray

from tensorly_hdr.music import (
    Notes,
    Templates,
    Transcription,
    average_templates,
    evaluate,
    held_out_thresholds,
    learn_templates,
    load_templates,
    note_score,
    octave_errors,
    read_midi,
    room,
    transcribe,
    transcribe_blind,
)

HERE = Path(__file__).resolve().parent
ROOM = {"rt60": 0.6, "wet": 0.3, "seed": 0}
REAL, FONT = "Yamaha C5", "FluidR3"
PACKAGES = ("numpy", "scipy", "tensorly-hdr", "music21", "midirenderer", "mir_eval", "pretty_midi")


@dataclass(frozen=True)
class Row:
    """One line of the table: a dictionary, what it is tried on, and how."""

    templates: str
    recording: str
    n_taps: int = 10
    adapt: bool = False
    decay: bool = False
    click: bool = True

    @property
    def options(self) -> str:
        words = [f"T = {self.n_taps}"] + ["adapted"] * self.adapt + ["decay"] * self.decay
        words += [] if self.click else ["no click"]
        return "blind, rank 88" if self.templates == "none" else ", ".join(words)


ROWS = [
    Row(REAL, REAL),
    Row(FONT, REAL, adapt=True),
    Row("others", REAL, adapt=True),
    Row(REAL, "room"),
    Row(FONT, REAL),
    Row("others", REAL),
    Row(REAL, REAL, 1),
    Row(REAL, FONT, adapt=True),
    Row(REAL, FONT),
    Row("others", FONT, adapt=True),
    Row("others", FONT),
    Row(FONT, FONT),
    Row("shipped", REAL),
    Row("shipped", FONT, adapt=True),
    Row(REAL, REAL, adapt=True),
    Row(REAL, "room", adapt=True),
    Row(FONT, REAL, 1),
    Row(REAL, FONT, 1),
    Row("others", REAL, 1),
    Row(REAL, REAL, 5),
    Row(REAL, REAL, decay=True),
    Row(REAL, FONT, click=False),
    Row(REAL, FONT, adapt=True, click=False),
    Row(FONT, REAL, click=False),
    Row(FONT, REAL, adapt=True, click=False),
    Row(REAL, REAL, click=False),
    Row("none", REAL),
    Row(REAL, REAL, 20),
]


class Study:
    """Pieces, pianos, dictionaries and recordings, each made once."""

    def __init__(self, folder: Path, n_pieces: int) -> None:
        self.pianos = pianos.all_pianos(folder)
        order = np.random.default_rng(0).permutation(len(scores.PIECES))[:n_pieces]
        self.pieces = [scores.PIECES[k] for k in sorted(order)]
        self.truths = [scores.notes_of(piece, int(k)) for k, piece in zip(sorted(order), self.pieces, strict=True)]
        self.learning: dict[str, float] = {}
        self.notes = cache(lambda name: pianos.isolated(self.pianos[name]))
        self.recordings = cache(self._recordings)
        self.dictionary = cache(self._dictionary)

    def _recordings(self, name: str) -> list[NDArray]:
        if name == "room":
            return [room(sound, pianos.RATE, **ROOM).values for sound in self.recordings(REAL)]
        return [self.pianos[name].play(notes) for notes in self.truths]

    def _dictionary(self, name: str, n_taps: int, target: str) -> Templates:
        if name == "shipped":
            return load_templates("piano")
        if name == "others":
            return average_templates([self.dictionary(p, n_taps, "") for p in self.pianos if p != target])
        start = process_time()
        learnt = learn_templates(self.notes(name), pianos.RATE, n_taps=n_taps, source={"name": name})
        self.learning[f"{name}, T = {n_taps}"] = round(process_time() - start, 1)
        # Among chords a spectrum alone peaks later than on a single note: without this, T = 1 would lose ten points
        # more. 40 ms is the best multiple of 20 ms on these very pieces: an advantage to T = 1.
        return replace(learnt, latency=np.full(len(learnt.pitch), 0.04)) if n_taps == 1 else learnt

    def transcribed(self, row: Row) -> list[Transcription]:
        sounds = self.recordings(row.recording)
        if row.templates == "none":
            return [transcribe_blind(sound, pianos.RATE) for sound in sounds]
        target = row.recording if row.templates == "others" else ""
        templates = self.dictionary(row.templates, row.n_taps, target)
        options: dict[str, Any] = {"templates": templates, "adapt": row.adapt, "decay": row.decay, "click": row.click}
        return [transcribe(sound, pianos.RATE, **options) for sound in sounds]


def measured(study: Study, row: Row) -> dict[str, Any]:
    """Scores of one row: means over the pieces, with leave-one-out thresholds, and the processor time it took."""
    study.recordings(row.recording)
    if row.templates != "none":
        study.dictionary(row.templates, row.n_taps, row.recording if row.templates == "others" else "")
    start = process_time()
    found = study.transcribed(row)
    seconds = process_time() - start
    out: dict[str, Any] = {"templates": row.templates, "recording": row.recording, "options": row.options}
    common = held_out(found, study.truths, per_note=False)
    own = held_out(found, study.truths, per_note=True)
    out.update(averages(study.truths, common))
    out["per_note"] = round(float(np.mean([note_score(n, e).f for n, e in zip(study.truths, own, strict=True)])), 4)
    out["pieces"] = [round(note_score(n, e).f, 3) for n, e in zip(study.truths, common, strict=True)]
    out["speed"] = round(seconds / (scores.SECONDS * len(found)), 3)
    return out


def held_out(found: list[Transcription], truths: list[Notes], *, per_note: bool) -> list[Notes]:
    """Notes of each piece, with the threshold learnt on the others."""
    thresholds = held_out_thresholds(found, truths, per_note=per_note)
    return [one.pick(threshold).notes for one, threshold in zip(found, thresholds, strict=True)]


def averages(truths: list[Notes], estimates: list[Notes]) -> dict[str, Any]:
    """Mean scores over the pieces; octave errors over all notes."""
    scored = [evaluate(n, e) for n, e in zip(truths, estimates, strict=True)]
    out: dict[str, Any] = {
        "onset_f": np.mean([s["onset"].f for s in scored]),
        "precision": np.mean([s["onset"].precision for s in scored]),
        "recall": np.mean([s["onset"].recall for s in scored]),
        "offset_f": np.mean([s["offset"].f for s in scored]),
        "frame_f": np.mean([s["frame"].f for s in scored]),
    }
    octaves = np.sum([octave_errors(n, e) for n, e in zip(truths, estimates, strict=True)], axis=0)
    names = ("extra", "extra_octave", "missed", "missed_octave")
    return {**{k: round(float(v), 4) for k, v in out.items()}, **dict(zip(names, map(int, octaves), strict=True))}


def peers_rows(study: Study, folder: Path) -> Iterator[dict[str, Any]]:
    """Scores of the MIDI files that peers.py left, one folder a peer: PEER/RECORDING/NUMBER.mid, with seconds.json."""
    for times in sorted(folder.glob("*/*/seconds.json")):
        estimates = [read_midi(times.parent / f"{k}.mid") for k in range(len(study.truths))]
        peer, recording = times.parent.parent.name, times.parent.name
        row = {"templates": peer, "recording": recording, "options": "as it comes"}
        row.update(averages(study.truths, estimates))
        row["pieces"] = [round(note_score(n, e).f, 3) for n, e in zip(study.truths, estimates, strict=True)]
        row["speed"] = round(json.loads(times.read_text()) / (scores.SECONDS * len(study.truths)), 3)
        yield row


def write_recordings(study: Study, folder: Path) -> None:
    """Write RECORDING/NUMBER.wav for the peers."""
    for name in (REAL, FONT):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for k, sound in enumerate(study.recordings(name)):
            soundfile.write(folder / name / f"{k}.wav", sound, pianos.RATE)


def provenance(study: Study, seconds: float) -> dict[str, Any]:
    threads = os.environ.get("OMP_NUM_THREADS", "not set")
    return {
        "date": date.today().isoformat(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "threads": threads,
        "packages": {name: version(name) for name in PACKAGES},
        "sha256": pianos.FINGERPRINTS,
        "room": ROOM,
        "pieces": [f"{p.name} ({p.path})" for p in study.pieces],
        "n_notes": sum(map(len, study.truths)),
        "seconds_to_learn_88_templates": study.learning,
        "minutes_of_the_last_run": round(seconds / 60.0, 1),
    }


def keep(study: Study, rows: list[dict[str, Any]], seconds: float, folder: Path) -> None:
    """Write results.json and results.md."""
    table = {"provenance": provenance(study, seconds), "rows": rows}
    (folder / "results.json").write_text(json.dumps(table, indent=1) + "\n")
    heads = ["templates", "recording", "options", "onset_f", "per_note", "offset_f", "frame_f", "speed"]
    cells = [[row.get(h, "") for h in heads] for row in rows]
    cells = [[f"{c:.3f}" if isinstance(c, float) else str(c) for c in line] for line in cells]
    lines = [heads, ["---"] * len(heads), *cells]
    (folder / "results.md").write_text("\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n")


def main(finished: Callable[[dict[str, Any]], None] = lambda row: print(row, flush=True)) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where fetch.sh put the sounds")
    parser.add_argument("--pieces", type=int, default=len(scores.PIECES), help="fewer, for a trial")
    parser.add_argument("--peers", type=Path, help="where peers.py put its transcriptions")
    parser.add_argument(
        "--only", nargs="+", metavar="PART", help="of an existing table, make again some rows, such as 'T = 1' decay"
    )
    parser.add_argument("--wav", type=Path, help="only write the recordings there, for peers.py")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the results")
    asked = parser.parse_args()
    start = perf_counter()
    study = Study(asked.folder, asked.pieces)
    if asked.wav:
        return write_recordings(study, asked.wav)
    made: dict[tuple[str, str, str], dict[str, Any]] = {}
    if asked.only is not None:
        table = json.loads((asked.out / "results.json").read_text())
        made = {key(row): row for row in table["rows"]}
        study.learning.update(table["provenance"]["seconds_to_learn_88_templates"])
    for row in ROWS:
        parts = {row.templates, row.recording, *row.options.split(", ")}
        if asked.only is None or parts & set(asked.only):
            scored = measured(study, row)
            made[key(scored)] = scored
            finished(scored)
            keep(study, list(made.values()), perf_counter() - start, asked.out)
    if asked.peers:
        made |= {key(row): row for row in peers_rows(study, asked.peers)}
    keep(study, list(made.values()), perf_counter() - start, asked.out)


def key(row: dict[str, Any]) -> tuple[str, str, str]:
    """What tells the rows of the table apart."""
    return row["templates"], row["recording"], row["options"]


if __name__ == "__main__":
    main()
