"""NMF, nonnegative CP and separable NMF: time to come within 1 % and 0.1 % of the best loss of the race.

Run ``python benchmarks/bench_factorization.py [--quick] [--rounds N]``.
"""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import numpy as np
from _common import main
from _peers import Contestant
from _race import Outcome, race, timed
from scipy.sparse import issparse, random_array

import tensorly_hdr as hdr
from tensorly_hdr.linalg import reconstruct

DENSE = [
    Contestant("TensorLy HALS", "TensorLy HALS"),
    Contestant("nn-fac HALS", "nn-fac"),
    Contestant("mcrnmf", "mcrnmf"),
]


def factorize(task: str, Y: Any, rank: int, seconds: float, asked: Namespace) -> Outcome:
    """Frobenius loss, a uniform start scaled to the data."""
    rng = np.random.default_rng(0)
    factors = [rng.random((n, rank)) for n in Y.shape]
    scale = (Y.sum() / np.prod([u.sum(axis=0) for u in factors], axis=0).sum()) ** (1 / Y.ndim)
    contestants = [
        Contestant("ours", "hdr factorization"),
        Contestant("ours, extrapolated", "hdr factorization", {"extrapolate": True}),
    ]
    if Y.ndim == 2:
        contestants.append(Contestant("scikit-learn cd", "scikit-learn", {"solver": "cd"}))
    if not issparse(Y):
        contestants += DENSE if Y.ndim == 2 else DENSE[:2]
    return race(
        task, contestants, rounds=asked.rounds, Y=Y, factors=[scale * u for u in factors], beta=2, seconds=seconds
    )


def separable(task: str, Y: np.ndarray, rank: int, asked: Namespace) -> Outcome:
    """Pick columns: ours by successive projections, and by nonnegative ones, which mcrnmf has too."""
    ours = [Contestant("ours, snpa", "hdr separable", {"function": "snpa"})]
    others = [Contestant("mcrnmf SNPA", "mcrnmf SNPA"), Contestant("ours, spa", "hdr separable", {"function": "spa"})]
    rows, picked = timed(task, ours + others, rounds=asked.rounds, Y=Y, rank=rank, seconds=4.0)
    mine = picked["ours, snpa"]
    for row in rows:
        if row["method"] in picked:
            row["same picks"] = int(np.isin(picked[row["method"]], mine).sum())
    return Outcome(rows)


def tasks(asked: Namespace) -> Outcome:
    """Dense, sparse and tensor data, made up and measured."""
    rng, part = np.random.default_rng(1), 20 if asked.quick else 1
    budget = (lambda seconds: 0.1) if asked.quick else float
    m, n = 1000 // part, 2000 // part
    # noise of a tenth of the mean: with much less the loss falls for minutes, and no level of it can be compared
    planted = np.maximum(rng.random((m, 20)) @ rng.random((20, n)) + 0.5 * rng.standard_normal((m, n)), 0)
    cube = hdr.datasets.load("indian_pines").data
    pixels = cube.stack(pixel=("row", "column")).transpose("wavelength", "pixel").values[:, ::part]
    pixels = np.ascontiguousarray(pixels / pixels.max())
    sparse = random_array((2000 // part, 10_000 // part), density=0.02, rng=rng, format="csr")
    side = 100 // min(part, 5)
    tensor = reconstruct([rng.random((side, 10)) for _ in range(3)]) + 0.1 * rng.random((side, side, side))
    eem = hdr.datasets.load("kinetic_fluorescence").data.isel(time=0).fillna(0).clip(0).values
    mixtures = rng.random((200, 10)) @ rng.dirichlet(np.full(10, 0.3), 100_000 // part).T
    mixtures = np.maximum(mixtures + 0.01 * rng.standard_normal(mixtures.shape), 0)
    return (
        factorize("NMF, 1000x2000, rank 20", planted, 20, budget(8), asked)
        + factorize("NMF, Indian Pines 200x21025, rank 6", pixels, 6, budget(8), asked)
        + factorize("NMF, sparse 2000x10000 at 2 %, rank 20", sparse, 20, budget(3), asked)
        + factorize("Nonnegative CP, 100x100x100, rank 10", tensor, 10, budget(3), asked)
        + factorize("Nonnegative CP, fluorescence 18x251x21, rank 3", eem, 3, budget(2), asked)
        + separable("Separable NMF, Indian Pines 200x21025, rank 10", pixels, 10, asked)
        + separable("Separable NMF, mixtures 200x100000, rank 10", mixtures, 10, asked)
    )


if __name__ == "__main__":
    main("factorization", tasks)
