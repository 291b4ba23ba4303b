"""Dictionaries: atoms for a factor, and the whole alternation, with an image of 21025 pixels as its own dictionary.

The peers are straightforward NumPy: all scores at once and a dense assignment; and the loop of the manuscript (section
12.1) on TensorLy's HALS, with the assignment put right.
Run ``python benchmarks/bench_dictionary.py [--quick] [--rounds N]``.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from time import process_time
from typing import Any

import numpy as np
from _common import main
from _race import Outcome
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from tensorly.solvers.nnls import hals_nnls
from threadpoolctl import threadpool_limits

from tensorly_hdr import datasets, one_sparse_dlra
from tensorly_hdr.dictionary.assignment import Pool

RANK = 5


def image(step: int) -> NDArray:
    """Indian Pines, one spectrum a column, every ``step``-th pixel."""
    data = datasets.load("indian_pines").data.values[::step, ::step]
    return np.ascontiguousarray((data / data.max()).reshape(-1, data.shape[2]).T)


def timed(calls: dict[str, Callable[[], Any]], rounds: int) -> tuple[dict[str, float], dict[str, Any]]:
    """Median seconds and answer of each call; a first one compiles."""
    answers = {name: call() for name, call in calls.items()}
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            start = process_time()
            answers[name] = call()
            seconds[name].append(process_time() - start)
    return {name: float(np.median(s)) for name, s in seconds.items()}, answers


def atoms_of_columns(D: NDArray, rank: int, rounds: int) -> list[dict[str, Any]]:
    """Different atoms for the columns of a noisy factor; the totals of both must agree."""
    rng = np.random.default_rng(0)
    A = D[:, rng.choice(D.shape[1], rank)] + 0.01 * rng.random((len(D), rank))
    unit = D / np.linalg.norm(D, axis=0)

    def dense() -> NDArray:
        rows, columns = linear_sum_assignment(np.abs(unit.T @ A), maximize=True)
        return np.asarray(rows[np.argsort(columns)])

    pool = Pool(D, (D.shape[1],), (rank,))
    calls = {"ours": lambda: pool.choose(A, "correlation", True), "NumPy, dense assignment": dense}
    seconds, answers = timed(calls, rounds)
    total = {name: float(np.sum(unit[:, atoms] * A)) for name, atoms in answers.items()}
    return [
        {
            "task": f"{rank} atoms of {D.shape[1]}",
            "method": name,
            "ms": 1e3 * seconds[name],
            "times ours": seconds[name] / seconds["ours"],
            "score below best": 1.0 - total[name] / max(total.values()),
        }
        for name in calls
    ]


def published(Y: NDArray, D: NDArray, rank: int, seed: int) -> float:
    """Mean squared error where the loop of the manuscript ends."""
    unit, previous = D / np.linalg.norm(D, axis=0), np.inf
    B = np.random.default_rng(seed).random((Y.shape[1], rank))
    for _ in range(100):
        estimate = hals_nnls(B.T @ Y.T, B.T @ B, n_iter_max=20).T
        rows, columns = linear_sum_assignment(np.abs(unit.T @ estimate), maximize=True)
        A = unit[:, rows[np.argsort(columns)]]
        B = np.asarray(hals_nnls(A.T @ Y, A.T @ A, n_iter_max=20).T)
        error = float(np.mean((Y - A @ B.T) ** 2))
        if error == previous:
            break
        previous = error
    return error


def alternations(Y: NDArray, rounds: int) -> list[dict[str, Any]]:
    """From a random start: the published loop, ours as far, and ours with swaps; from the subspace, with swaps."""

    def ours(**options: Any) -> float:
        return 2.0 * one_sparse_dlra(Y, Y, RANK, restart=0, seed=0, **options).loss / Y.size

    calls = {
        "ours, no swap": lambda: ours(init="random", swap=False),
        "ours": lambda: ours(init="random"),
        "ours, from the subspace": ours,
        "manuscript's loop, TensorLy": lambda: published(Y, Y, RANK, 0),
    }
    seconds, errors = timed(calls, rounds)
    best = min(errors.values())
    return [
        {
            "task": f"{RANK} of {Y.shape[1]} pixels, whole alternation",
            "method": name,
            "ms": 1e3 * seconds[name],
            "times ours, no swap": seconds[name] / seconds["ours, no swap"],
            "mean squared error": errors[name],
            "above best": errors[name] / best - 1.0,
        }
        for name in calls
    ]


def tasks(asked: Namespace) -> Outcome:
    """Atoms of an image, then the image as its own dictionary."""
    Y, rounds = (image(12), 1) if asked.quick else (image(1), max(3, asked.rounds))
    with threadpool_limits(1):
        rows = [row for rank in (5, 20) for row in atoms_of_columns(Y, rank, rounds)]
        return Outcome(rows + alternations(Y, rounds))


if __name__ == "__main__":
    main("dictionary", tasks)
