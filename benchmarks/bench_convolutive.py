"""Convolutive KL-NMF of a spectrogram: time of one iteration, templates fixed or not, against torchnmf and a loop.

All do the same multiplicative updates from the same start; torchnmf updates the templates before the activations, and
has no activation in the last frames, where a template would be cut. ``KL`` is the divergence after the iterations that
were timed; the clock stops while we evaluate it, after each of ours, while torchnmf's own test of every tenth counts.
Run ``python benchmarks/bench_convolutive.py [--quick] [--rounds N]``.
"""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import numpy as np
from _common import main
from _peers import Contestant
from _race import Outcome, timed

import tensorly_hdr as hdr
from tensorly_hdr.factorization import convolve

ITERATIONS = 20
CONTESTANTS = [
    Contestant("ours", "hdr convolutive"),
    Contestant("torchnmf NMFD", "torchnmf NMFD"),
    Contestant("NumPy, a loop over the lags", "NumPy lags"),
]


def spectrogram(rng: np.random.Generator, shape: tuple[int, int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Decaying notes at random instants, with speckle as in the modulus of a Fourier transform; and the notes."""
    n_rows, n_frames, n_taps, rank = shape
    bins, harmonics = np.arange(n_rows)[:, None, None], np.arange(1, 16)
    pitch = 12.0 * 2 ** (np.arange(rank) / 7)
    spectra = (np.exp(-0.5 * ((bins - pitch[:, None] * harmonics) / 2.0) ** 2) * 0.7**harmonics).sum(axis=2) + 1e-4
    W = spectra[:, None, :] * np.exp(-np.arange(n_taps) / 5.0)[:, None]
    H = rng.gamma(2.0, 1.0, (n_frames, rank)) * (rng.random((n_frames, rank)) < 0.05)
    H[n_frames - n_taps + 1 :] = 0.0
    return (convolve(W, H) + 1e-6) * rng.rayleigh(1.0, (n_rows, n_frames)), W


def divergence(Y: np.ndarray, found: np.ndarray, shape: tuple[int, int, int]) -> float:
    """Kullback-Leibler divergence at what a method returned: its templates, then its activations, in one row."""
    size = int(np.prod(shape))
    W, H = found[:size].reshape(shape), found[size:].reshape(-1, shape[2])
    return hdr.KullbackLeibler().value(Y.astype(float), convolve(W, H).astype(float))


def tasks(asked: Namespace) -> Outcome:
    """Templates fixed and free, in double and in single precision."""
    outcome, rng = Outcome(), np.random.default_rng(0)
    shape = (128, 60, 10, 5) if asked.quick else (2048, 400, 10, 14)
    Y, W = spectrogram(rng, shape)
    H = np.full((shape[1], shape[3]), Y.sum() / (W.sum() * shape[1]))
    for dtype in (np.float64, np.float32):
        arrays: dict[str, Any] = {"Y": Y.astype(dtype), "factors": [u.astype(dtype) for u in (W, H)]}
        for fixed in (True, False):
            task = f"{shape[0]} x {shape[1]}, T = {shape[2]}, rank {shape[3]}, {np.dtype(dtype).name}"
            task += ", activations" if fixed else ", activations and templates"
            options = {"fixed": fixed, "iterations": ITERATIONS}
            contestants = [Contestant(one.label, one.method, options) for one in CONTESTANTS]
            rows, answers = timed(task, contestants, rounds=asked.rounds, seconds=3.0, **arrays)
            for row in rows:
                if row["method"] in answers:
                    row["ms"] /= ITERATIONS
                    row["KL"] = divergence(Y, answers[row["method"]], W.shape)
            outcome += Outcome(rows)
    return outcome


if __name__ == "__main__":
    main("convolutive", tasks)
