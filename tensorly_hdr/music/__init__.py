"""Music: sound, spectrograms, notes, how well notes are transcribed, and sections.

What reads files, scores notes or renders fonts needs the extra ``music``, and says how to install it.
"""

from tensorly_hdr.music.audio import as_audio, load_audio, rate_of
from tensorly_hdr.music.blind import assign_pitches, comb, transcribe_blind
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
from tensorly_hdr.music.storage import load_templates
from tensorly_hdr.music.structure import autosimilarity, bar_tensor, boundary_score, segment
from tensorly_hdr.music.synth import TONES, Tone, render, room, synthesize
from tensorly_hdr.music.templates import Templates, average_templates, learn_templates
from tensorly_hdr.music.threshold import held_out_thresholds, learn_threshold
from tensorly_hdr.music.transcribe import Transcriber, Transcription, transcribe

__all__ = [
    "TONES",
    "Notes",
    "OctaveErrors",
    "Score",
    "Templates",
    "Tone",
    "Transcriber",
    "Transcription",
    "as_audio",
    "assign_pitches",
    "autosimilarity",
    "average_templates",
    "bar_tensor",
    "boundary_score",
    "chromagram",
    "comb",
    "evaluate",
    "frame_score",
    "held_out_thresholds",
    "hz_to_pitch",
    "learn_templates",
    "learn_threshold",
    "load_audio",
    "load_templates",
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
    "transcribe",
    "transcribe_blind",
    "write_midi",
]
