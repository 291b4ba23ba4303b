"""One valid call of each public function of music, figures and simulated data; see ``registry.py``."""

import io
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

import tensorly_hdr as hdr
from tensorly_hdr import music, plotting
from tensorly_hdr.datasets import synthetic

from .door import Door

RATE = 4000
SETTINGS = {"n_fft": 256, "hop": 80}
NOTES = music.Notes([0.0, 0.3], [0.25, 0.6], [60, 64])
SOUND = music.synthesize(NOTES, rate=RATE, peak=None)
SPECTROGRAM = music.spectrogram(SOUND, fmax=1500.0, **SETTINGS)
ISOLATED = {p: music.synthesize(music.Notes([0.0], [0.3], [p]), rate=RATE, peak=None) for p in (60, 64)}
TEMPLATES = music.learn_templates(ISOLATED, n_taps=3, n_iter=3, seconds=0.2, **SETTINGS)
HEARD = music.transcribe(SOUND, templates=TEMPLATES, n_iter=3, rounds=1)
TIMES = np.linspace(0.0, 0.5, 4)
W = np.random.default_rng(0).random((6, 2)) + 0.1
PLANE = np.random.default_rng(1).dirichlet(np.ones(3), 8).T
MAPS = xr.DataArray(np.random.default_rng(2).random((4, 5, 2)), dims=("row", "column", "component"))


def _midi() -> Any:
    file = io.BytesIO()
    music.write_midi(NOTES, file)
    return file.getvalue()


SOUND_DOORS: dict[str, Door] = {
    "music.Notes": Door(music.Notes, {"onset": [0.0], "offset": [1.0], "pitch": [60], "velocity": [80]}),
    "music.Tone": Door(
        music.Tone, {"inharmonicity": 4e-4, "slope": 1.2, "strike": 0.12, "decay": 1.6, "attack": 0.05}
    ),
    "music.Templates": Door(
        music.Templates,
        {"W": TEMPLATES.W, "latency": TEMPLATES.latency, "threshold": TEMPLATES.threshold, "rate": RATE, "n_fft": 256,
         "hop": 80, "power": 0.5, "source": {}},
    ),
    "music.Transcriber": Door(music.Transcriber, {"templates": TEMPLATES, "options": {"n_iter": 3}}),
    "music.as_audio": Door(music.as_audio, {"samples": np.sin(np.arange(400.0)), "rate": RATE}),
    "music.assign_pitches": Door(
        music.assign_pitches, {"W": W, "frequency": 500.0 * np.arange(6), "pitches": [60, 64, 72]}
    ),
    "music.autosimilarity": Door(music.autosimilarity, {"features": W}),
    "music.average_templates": Door(music.average_templates, {"several": [TEMPLATES, TEMPLATES]}),
    "music.bar_tensor": Door(music.bar_tensor, {"S": SPECTROGRAM, "downbeats": TIMES, "n_frames": 4}),
    "music.boundary_score": Door(
        music.boundary_score, {"truth": TIMES, "estimate": TIMES + 0.1, "tolerance": 0.5, "trim": False}
    ),
    "music.chromagram": Door(music.chromagram, {"S": SPECTROGRAM, "fmin": 60.0}),
    "music.comb": Door(music.comb, {"frequency": 500.0 * np.arange(6), "pitches": [60, 64]}),
    "music.evaluate": Door(music.evaluate, {"truth": NOTES, "estimate": NOTES}),
    "music.frame_score": Door(music.frame_score, {"truth": NOTES, "estimate": NOTES, "step": 0.01}),
    "music.held_out_thresholds": Door(
        music.held_out_thresholds,
        {"transcriptions": [HEARD, HEARD], "truths": [NOTES, NOTES], "per_note": False, "grid": [0.1, 0.3]},
    ),
    "music.learn_threshold": Door(
        music.learn_threshold, {"transcriptions": [HEARD], "truths": [NOTES], "per_note": True, "grid": [0.1, 0.3]}
    ),
    "music.hz_to_pitch": Door(music.hz_to_pitch, {"frequency": 440.0}),
    "music.hz_to_pitch_array": Door(music.hz_to_pitch, {"frequency": np.array([220.0, 440.0])}),
    "music.pitch_to_hz": Door(music.pitch_to_hz, {"pitch": 69}),
    "music.pitch_name": Door(music.pitch_name, {"pitch": 60}),
    "music.pitch_number": Door(music.pitch_number, {"name": "C4"}),
    "music.learn_templates": Door(
        music.learn_templates,
        {"notes": ISOLATED, "rate": None, "n_taps": 3, "power": 0.5, "max_shift": 1, "seconds": 0.2, **SETTINGS,
         "n_iter": 2, "source": None, "progress": False},
    ),
    "music.load_audio": Door(
        music.load_audio,
        {"source": SOUND, "rate": None, "target_rate": RATE, "peak": 0.9, "allow_silence": False},
    ),
    "music.load_templates": Door(music.load_templates, {"source": "piano"}),
    "music.match_notes": Door(
        music.match_notes, {"truth": NOTES, "estimate": NOTES, "tolerance": 0.05, "offsets": True}
    ),
    "music.note_score": Door(
        music.note_score, {"truth": NOTES, "estimate": NOTES, "tolerance": 0.05, "offsets": False}
    ),
    "music.octave_errors": Door(music.octave_errors, {"truth": NOTES, "estimate": NOTES, "tolerance": 0.05}),
    "music.rate_of": Door(music.rate_of, {"audio": SOUND}),
    "music.read_midi": Door(music.read_midi, {"file": io.BytesIO(_midi())}),
    "music.write_midi": Door(music.write_midi, {"notes": NOTES, "file": io.BytesIO(), "program": 0, "silence": 0.1}),
    "music.render": Door(music.render, {"notes": NOTES, "soundfont": None, "program": 0, "rate": RATE, "peak": 0.9}),
    "music.room": Door(music.room, {"audio": SOUND, "rate": None, "rt60": 0.2, "wet": 0.3, "seed": 0}),
    "music.segment": Door(
        music.segment, {"A": W @ W.T, "max_size": 4, "band": 2, "weight": 1.0, "favoured": 2}
    ),
    "music.spectrogram": Door(
        music.spectrogram,
        {"audio": SOUND.values, "rate": RATE, **SETTINGS, "fmax": 1500.0, "power": 1.0},
    ),
    "music.synthesize": Door(
        music.synthesize, {"notes": NOTES, "tone": "grand", "rate": RATE, "seed": 0, "peak": 0.9}
    ),
    "music.transcribe": Door(
        music.transcribe,
        {"audio": SOUND, "rate": None, "templates": TEMPLATES, "adapt": False, "decay": False, "click": True,
         "threshold": 0.2, "min_duration": 0.0, "release": 0.1, "n_iter": 2, "rounds": 1, "progress": False},
    ),
    "music.transcribe_blind": Door(
        music.transcribe_blind,
        {"audio": SOUND, "rate": None, "rank": 3, "power": 0.7, "threshold": 0.3, "n_iter": 2, "seed": 0},
    ),
    "plotting.abundance_maps": Door(plotting.abundance_maps, {"maps": MAPS, "axes": None, "label": "Abundance"}),
    "plotting.activations": Door(plotting.activations, {"H": W, "ax": None}),
    "plotting.autosimilarity": Door(
        plotting.autosimilarity, {"A": W @ W.T, "boundaries": [0, 3, 6], "ax": None}
    ),
    "plotting.cone2d": Door(plotting.cone2d, {"Y": PLANE[:2], "W": np.eye(2), "ax": None}),
    "plotting.convergence": Door(
        plotting.convergence,
        {"results": {"a": hdr.nmf(PLANE, 2, seed=0, max_iter=3)}, "ax": None, "x": "iteration", "relative_to": "best"},
    ),
    "plotting.factors": Door(plotting.factors, {"decomposition": [W, W], "axes": None, "coords": [None, range(6)]}),
    "plotting.piano_roll": Door(
        plotting.piano_roll, {"notes": NOTES, "estimate": NOTES, "pairs": [[0, 0], [1, 1]], "ax": None}
    ),
    "plotting.rank_choice": Door(
        plotting.rank_choice, {"table": hdr.compare_ranks(PLANE, [1, 2], n_init=2, seed=0, max_iter=3), "axes": None}
    ),
    "plotting.simplex": Door(plotting.simplex, {"points": PLANE, "vertices": np.eye(3), "ax": None}),
    "plotting.spectra": Door(plotting.spectra, {"W": W, "wavelengths": np.arange(6.0), "ax": None}),
    "plotting.spectrogram": Door(plotting.spectrogram, {"S": SPECTROGRAM, "ax": None, "floor": 80.0}),
    "plotting.templates": Door(
        plotting.templates, {"W": TEMPLATES.W, "components": [60], "axes": None, "floor": 60.0}
    ),
    "plotting.triangles": Door(
        plotting.triangles, {"points": PLANE, "dictionaries": [np.eye(3)], "ax": None}
    ),
    "synthetic.eem": Door(
        synthetic.eem, {"shape": (4, 5, 6), "rank": 2, "noise": 0.1, "profile": "gaussian", "seed": 0}
    ),
    "synthetic.hyperspectral_scene": Door(
        synthetic.hyperspectral_scene,
        {"shape": (4, 5), "n_bands": 6, "rank": 2, "noise": 0.1, "pure_pixels": True, "seed": 0},
    ),
    "synthetic.low_rank": Door(
        synthetic.low_rank, {"shape": (4, 5), "rank": 2, "noise": 0.1, "distribution": "uniform", "seed": 0}
    ),
    "synthetic.nnls_problem": Door(
        synthetic.nnls_problem, {"m": 6, "r": 3, "n": 2, "sparsity": 0.5, "noise": 0.1, "seed": 0}
    ),
    "synthetic.poisson_problem": Door(synthetic.poisson_problem, {"m": 6, "r": 3, "n": 2, "counts": 10.0, "seed": 0}),
    "synthetic.separable": Door(synthetic.separable, {"m": 6, "n": 8, "rank": 3, "noise": 0.1, "seed": 0}),
}  # fmt: skip


def close_figures() -> None:
    """A drawing leaves nothing open."""
    plt.close("all")
