"""Nonnegative Kullback-Leibler regression and factorization: time to a given distance from the best loss.

The optimum of a regression is known to rounding, by its certificate; that of a factorization is the best that any
method of the race found. Run ``python benchmarks/bench_nnkl.py [--quick] [--rounds N]``.
"""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import numpy as np
from _common import main
from _peers import Contestant
from _race import Outcome, race
from scipy.sparse import csr_array, issparse

import tensorly_hdr as hdr
from tensorly_hdr.regression import KL_SOLVERS

SKLEARN = {"solver": "mu"}


def dense_counts(rng: np.random.Generator, part: int) -> tuple[Any, Any]:
    A = rng.gamma(1.0, 1.0, (200, 20))
    return A, rng.poisson(A @ rng.gamma(0.5, 1.0, (20, 500 // part))).astype(float)


def spectrogram(rng: np.random.Generator, part: int) -> tuple[Any, Any]:
    """Fourteen harmonic notes, 1025 frequencies, 600 frames; speckle as in the modulus of a Fourier transform."""
    bins = np.arange(1025)[:, None, None]
    pitch, harmonics = 12.0 * 2 ** (np.arange(14) / 7), np.arange(1, 16)
    peaks = np.exp(-0.5 * ((bins - pitch[:, None] * harmonics) / 2.0) ** 2) * 0.7**harmonics
    A = peaks.sum(axis=2) + 1e-4
    X = rng.gamma(0.3, 1.0, (14, 600 // part))
    return A, A @ X * rng.rayleigh(1.0, (1025, 600 // part))


def sparse_counts(rng: np.random.Generator, part: int) -> tuple[Any, Any]:
    """2000 x 10000 counts, 2 % of them positive, rank 20."""
    A, X = rng.gamma(0.3, 1.0, (2000, 20)), rng.gamma(0.3, 1.0, (20, 10_000 // part))
    scale, A = 0.022 * 2000 * X.shape[1] / (A.sum(axis=0) @ X.sum(axis=1)), A + 1e-3
    return A, csr_array(rng.poisson(scale * (A @ X)).astype(float))


def low_rank_counts(rng: np.random.Generator, part: int) -> Any:
    """500 x 800 counts of mean 5 around a model of rank 10, half of whose factors is zero."""
    W, H = (rng.random((n, 10)) * (rng.random((n, 10)) < 0.5) for n in (500, 800 // part))
    return rng.poisson(5.0 * W @ H.T / (W @ H.T).mean()).astype(float)


def regression(task: str, A: Any, Y: Any, seconds: float, asked: Namespace) -> Outcome:
    """Race every solver from the default start, its atoms given."""
    best = hdr.nnkl(A, Y, tol_gap=1e-9 * float(Y.sum()), max_iter=3000).loss
    start = np.ones((A.shape[1], 1)) * np.asarray(Y.sum(axis=0))[None] / A.sum()
    contestants = [
        Contestant("ours, auto", "hdr nnkl"),
        *(Contestant(f"ours, {name}", "hdr nnkl", {"solver": name}) for name in KL_SOLVERS if name != "ccd"),
        Contestant("NumPy mu", "NumPy mu"),
        Contestant("scikit-learn mu", "scikit-learn", {"regression": True, **SKLEARN}),
        Contestant("torchnmf", "torchnmf", {"regression": True}),
    ]
    levels = (1e-2, 1e-3, 1e-4)
    return race(
        task, contestants, levels=levels, best=best, rounds=asked.rounds, Y=Y, factors=[A, start.T], beta=1,
        seconds=seconds,
    )  # fmt: skip


def factorization(task: str, Y: Any, rank: int, seconds: float, levels: tuple[float, ...], asked: Namespace) -> Outcome:
    """Race from one random start of the mass of the data."""
    rng = np.random.default_rng(1)
    W, H = rng.random((Y.shape[0], rank)), rng.random((Y.shape[1], rank))
    scale = np.sqrt(Y.sum() / (W.sum(axis=0) @ H.sum(axis=0)))
    contestants = [
        Contestant("ours, auto", "hdr factorization"),
        *(
            Contestant(f"ours, {name}", "hdr factorization", {"solver": name})
            for name in ("newton", "mu_extrapolated", "mu")
        ),
        Contestant("scikit-learn mu", "scikit-learn", SKLEARN),
        Contestant("torchnmf", "torchnmf"),
    ]
    if not issparse(Y):
        contestants.append(Contestant("nn-fac mu", "nn-fac"))
    return race(
        task, contestants, levels=levels, rounds=asked.rounds, Y=Y, factors=[scale * W, scale * H], beta=1,
        seconds=seconds,
    )  # fmt: skip


def tasks(asked: Namespace) -> Outcome:
    """Three regressions and three factorizations."""
    rng, part = np.random.default_rng(0), 20 if asked.quick else 1
    counts, sounds, events = dense_counts(rng, part), spectrogram(rng, part), sparse_counts(rng, part)
    budget = (lambda seconds: 0.1) if asked.quick else float
    return (
        regression("NNKL, counts 200x500, 20 atoms", *counts, budget(1), asked)
        + regression("NNKL, spectrogram 1025x600, 14 atoms", *sounds, budget(2), asked)
        + regression("NNKL, sparse counts 2000x10000, 20 atoms", *events, budget(3), asked)
        + factorization(
            "KL NMF, counts 500x800, rank 10", low_rank_counts(rng, part), 10, budget(3), (1e-2, 1e-3), asked
        )
        + factorization("KL NMF, spectrogram 1025x600, rank 14", sounds[1], 14, budget(4), (1e-2, 1e-3), asked)
        + factorization(
            "KL NMF, sparse counts 2000x10000, rank 20", events[1], 20, budget(6), (2e-2, 1e-2, 1e-3), asked
        )
    )


if __name__ == "__main__":
    main("nnkl", tasks)
