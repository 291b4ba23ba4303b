"""At most k atoms, with proof: enumeration of the supports, branch and bound, and the greedy heuristic.

No other package solves this exactly, so the race is among ours, in one process, in turn. Branch and bound is timed on a
few columns and scaled. Run ``python benchmarks/bench_sparse_nnls.py [--quick] [--rounds N]``.
"""

from __future__ import annotations

from argparse import Namespace
from time import process_time
from typing import Any

import numpy as np
from _common import main
from _race import Outcome
from bench_nnls import data
from threadpoolctl import threadpool_limits

from tensorly_hdr import nnomp, sparse_nnls

SIZES = [(6, 2), (12, 3), (12, 4), (20, 4)]


def compare(r: int, k: int, n: int, rounds: int) -> list[dict[str, Any]]:
    """One row a method: time scaled to all columns, ratio to enumeration, loss above the best, nodes of the search."""
    A, Y = data(200, r, n)
    some = min(n, 2000 if r < 10 else 200 if r < 20 else 10)
    calls = {
        "enumeration": lambda: sparse_nnls(A, Y, k, solver="enumeration"),
        "branch_and_bound": lambda: sparse_nnls(A, Y[:, :some], k, solver="branch_and_bound"),
        "nnomp (heuristic)": lambda: nnomp(A, Y, k),
    }
    results: dict[str, Any] = {name: call() for name, call in calls.items()}  # compiles
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            start = process_time()
            results[name] = call()
            seconds[name].append(process_time() - start)
    exact, rows = results["enumeration"], []
    whole = {name: float(np.median(s)) * n / results[name].x.shape[1] for name, s in seconds.items()}
    for name, result in results.items():
        columns = result.x.shape[1]
        best = float(exact.path_loss[0, :columns].sum())
        nodes = float(result.trace.extra["nodes"][-1]) / columns if result.trace.extra else None
        row = {"task": f"{n} columns, r={r}, k={k}", "method": name, "ms": 1e3 * whole[name]}
        row |= {"times enumeration": whole[name] / whole["enumeration"], "loss above best": result.loss / best - 1.0}
        rows.append({**row, "nodes a column": nodes})
    return rows


def tasks(asked: Namespace) -> Outcome:
    """Few and many supports on an image of 21025 pixels."""
    n, rounds = (100, 1) if asked.quick else (21_025, max(3, asked.rounds))
    sizes = SIZES[:2] if asked.quick else SIZES
    with threadpool_limits(1):
        return Outcome([row for r, k in sizes for row in compare(r, k, n, rounds)])


if __name__ == "__main__":
    main("sparse_nnls", tasks)
