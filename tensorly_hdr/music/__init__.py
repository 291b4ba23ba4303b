"""Music: sound, spectrograms, notes, how well notes are transcribed, and sections.

What reads files, scores notes or renders fonts needs ``pip install "tensorly-hdr[music]"``, and says so.
"""

from tensorly_hdr.music.audio import as_audio, load_audio, rate_of
from tensorly_hdr.music.evaluate import (
    OctaveErrors,
    Score,
    evaluate,
    frame_score,
    match_notes,
    note_score,
    octave_errors,
)
from tensorly_hdr.music.midi import read_midi, write_midi
from tensorly_hdr.music.notes import Notes
from tensorly_hdr.music.pitch import hz_to_pitch, pitch_name, pitch_number, pitch_to_hz
from tensorly_hdr.music.spectrogram import chromagram, spectrogram
from tensorly_hdr.music.structure import autosimilarity, bar_tensor, boundary_score, segment
from tensorly_hdr.music.synth import TONES, Tone, render, room, synthesize

__all__ = [
    "TONES",
    "Notes",
    "OctaveErrors",
    "Score",
    "Tone",
    "as_audio",
    "autosimilarity",
    "bar_tensor",
    "boundary_score",
    "chromagram",
    "evaluate",
    "frame_score",
    "hz_to_pitch",
    "load_audio",
    "match_notes",
    "note_score",
    "octave_errors",
    "pitch_name",
    "pitch_number",
    "pitch_to_hz",
    "rate_of",
    "read_midi",
    "render",
    "room",
    "segment",
    "spectrogram",
    "synthesize",
    "write_midi",
]
