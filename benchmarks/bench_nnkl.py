"""Nonnegative Kullback-Leibler regression and factorization: time to a given gap, every solver against its peers.

Run ``python benchmarks/bench_nnkl.py [repeats]``. One thread and CPU time; all methods share data and start, and the
loss is evaluated with the clock stopped. The optimum of a regression is known to rounding, by its certificate.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from functools import partial
from time import process_time
from typing import Any
from unittest.mock import patch

import numpy as np
from _common import report, time_to_reach
from scipy.sparse import csr_array, issparse
from sklearn.decomposition import non_negative_factorization
from threadpoolctl import threadpool_limits

import tensorly_hdr as hdr
from tensorly_hdr.blocks import Entrywise
from tensorly_hdr.regression import KL_SOLVERS

LEVELS = (1e-2, 1e-3, 1e-4)
REPEATS = int(sys.argv[1]) if len(sys.argv) > 1 else 1
Curve = tuple[np.ndarray, np.ndarray]


def dense_counts(rng: np.random.Generator) -> tuple[Any, Any]:
    A = rng.gamma(1.0, 1.0, (200, 20))
    return A, rng.poisson(A @ rng.gamma(0.5, 1.0, (20, 500))).astype(float)


def spectrogram(rng: np.random.Generator) -> tuple[Any, Any]:
    """Fourteen harmonic notes, 1025 frequencies, 600 frames; speckle as in the modulus of a Fourier transform."""
    bins = np.arange(1025)[:, None, None]
    pitch, harmonics = 12.0 * 2 ** (np.arange(14) / 7), np.arange(1, 16)
    peaks = np.exp(-0.5 * ((bins - pitch[:, None] * harmonics) / 2.0) ** 2) * 0.7**harmonics
    A = peaks.sum(axis=2) + 1e-4
    X = rng.gamma(0.3, 1.0, (14, 600))
    return A, A @ X * rng.rayleigh(1.0, (1025, 600))


def sparse_counts(rng: np.random.Generator) -> tuple[Any, Any]:
    """2000 x 10000 counts, 2 % of them positive, rank 20."""
    A, X = rng.gamma(0.3, 1.0, (2000, 20)), rng.gamma(0.3, 1.0, (20, 10_000))
    scale, A = 0.022 * 2000 * 10_000 / (A.sum(axis=0) @ X.sum(axis=1)), A + 1e-3
    return A, csr_array(rng.poisson(scale * (A @ X)).astype(float))


def ours(A: Any, Y: Any, solver: str, seconds: float) -> Curve:
    with patch("tensorly_hdr.solve.perf_counter", process_time):
        trace = hdr.nnkl(A, Y, solver=solver, max_iter=5000, tol=0, max_time=seconds).trace
    return trace.loss, trace.time


def plain_numpy(A: Any, Y: Any, start: np.ndarray, loss: Callable[[np.ndarray], float], seconds: float) -> Curve:
    """Multiplicative updates in two lines of NumPy, the data dense."""
    T = Y.toarray() if issparse(Y) else Y
    x, losses, times, sums = start.copy(), [loss(start)], [0.0], A.sum(axis=0)[:, None]
    while times[-1] < seconds:
        tick = process_time()
        x = x * (A.T @ (T / (A @ x))) / sums
        times.append(times[-1] + process_time() - tick)
        losses.append(loss(x))
    return np.array(losses), np.array(times)


def scikit_learn(A: Any, Y: Any, start: np.ndarray, loss: Callable[[np.ndarray], float], seconds: float) -> Curve:
    """One call for each number of iterations, doubled until the time is over: it keeps no history."""
    data = csr_array(Y.T) if issparse(Y) else np.ascontiguousarray(Y.T)
    losses, times, n = [loss(start)], [0.0], 5
    while times[-1] < seconds:
        tick = process_time()
        W, _, _ = non_negative_factorization(
            data, start.T.copy(), A.T.copy(), n_components=A.shape[1], init="custom", update_H=False, solver="mu",
            beta_loss="kullback-leibler", max_iter=n, tol=0,
        )  # fmt: skip
        times.append(process_time() - tick)
        losses.append(loss(W.T))
        n = int(1.5 * n)
    return np.array(losses), np.array(times)


def regression(task: str, A: Any, Y: Any, seconds: float) -> list[dict[str, Any]]:
    best = hdr.nnkl(A, Y, tol_gap=1e-9 * float(Y.sum()), max_iter=3000)
    block = Entrywise(csr_array(Y.T) if issparse(Y) else np.ascontiguousarray(Y.T), A, hdr.KullbackLeibler())
    start = np.ones((A.shape[1], 1)) * np.asarray(Y.sum(axis=0))[None] / A.sum()

    def loss(x: np.ndarray) -> float:
        return block.value(np.ascontiguousarray(x.T))

    methods: dict[str, Callable[[], Curve]] = {name: partial(ours, A, Y, name, seconds) for name in KL_SOLVERS}
    methods["NumPy mu"] = lambda: plain_numpy(A, Y, start, loss, 2 * seconds)
    methods["scikit-learn mu"] = lambda: scikit_learn(A, Y, start, loss, 2 * seconds)
    return rows(task, methods, best.loss)


def factorization(task: str, Y: Any, rank: int, seconds: float) -> list[dict[str, Any]]:
    """Race from one random start; the reference is the best loss that any method found in the time given."""
    rng = np.random.default_rng(1)
    W, H = rng.random((Y.shape[0], rank)), rng.random((Y.shape[1], rank))
    scale = np.sqrt(Y.sum() / (W.sum(axis=0) @ H.sum(axis=0)))
    W, H = scale * W, scale * H
    kl = hdr.KullbackLeibler()

    def alternate(solver: str) -> Curve:
        with patch("tensorly_hdr.solve.perf_counter", process_time):
            hdr.nmf(Y, rank, loss="kl", solver=solver, init=(W, H), max_iter=1)
            trace = hdr.nmf(
                Y, rank, loss="kl", solver=solver, init=(W, H), max_iter=5000, tol=0, max_time=seconds
            ).trace
        return trace.loss, trace.time

    def peer() -> Curve:
        losses, times, n = [kl.value(Y, W @ H.T)], [0.0], 10
        while times[-1] < 4 * seconds:
            tick = process_time()
            w, h, _ = non_negative_factorization(
                Y, W.copy(), H.T.copy(), n_components=rank, init="custom", solver="mu", tol=0, max_iter=n,
                beta_loss="kullback-leibler",
            )  # fmt: skip
            times.append(process_time() - tick)
            losses.append(kl.value(Y, w @ h))
            n = int(1.5 * n)
        return np.array(losses), np.array(times)

    methods: dict[str, Callable[[], Curve]] = {
        name: partial(alternate, name) for name in ("ccd", "newton", "mu", "mu_extrapolated")
    }
    methods["scikit-learn mu"] = peer
    return rows(task, methods, None)


def rows(task: str, methods: dict[str, Callable[[], Curve]], best: float | None) -> list[dict[str, Any]]:
    """Race the methods in turn; medians of the times to each level (None: not reached), ratios to the best peer."""
    races = [{name: call() for name, call in methods.items()} for _ in range(REPEATS)]
    least = best or min(float(loss.min()) for race in races for loss, _ in race.values())
    times = {
        name: [np.median([time_to_reach(*race[name], least * (1 + level)) for race in races]) for level in LEVELS]
        for name in methods
    }
    peers = [name for name in methods if " " in name]
    out = []
    for name, reached in times.items():
        row: dict[str, Any] = {"task": task, "method": name}
        for level, seconds in zip(LEVELS, reached, strict=True):
            row[f"to {level:g} (s)"] = float(seconds) if np.isfinite(seconds) else None
        for k, level in enumerate(LEVELS):
            ratio = min(times[p][k] for p in peers) / reached[k] if np.isfinite(reached[k]) else np.inf
            row[f"peer/ours {level:g}"] = float(ratio) if np.isfinite(ratio) else None
        out.append(row)
    return out


def main() -> None:
    warnings.simplefilter("ignore")  # scikit-learn reports each run that was cut short
    rng = np.random.default_rng(0)
    table = regression("NNKL, counts 200x500, 20 atoms", *dense_counts(rng), 0.5)
    table += regression("NNKL, spectrogram 1025x600, 14 atoms", *spectrogram(rng), 1.0)
    table += regression("NNKL, sparse counts 2000x10000, 20 atoms", *sparse_counts(rng), 1.5)
    W, H = rng.random((500, 10)) * (rng.random((500, 10)) < 0.5), rng.random((800, 10)) * (rng.random((800, 10)) < 0.5)
    counts = rng.poisson(5.0 * W @ H.T / (W @ H.T).mean()).astype(float)
    table += factorization("KL NMF, counts 500x800, rank 10", counts, 10, 0.8)
    report("nnkl", table, "scikit-learn")


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
