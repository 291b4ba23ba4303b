"""Nonnegative least squares against its peers: many columns, tall and wide, and at most k atoms.

Every method solves the same problem in the same run, in turn; CPU seconds, medians, validation and stopping included.
The TensorLy active set takes one column at a time in Python: it is timed on a few and scaled. ``misfit`` is the largest
violation of the KKT conditions relative to the data (empty for k-sparse problems: loss above the best instead).
"""

from __future__ import annotations

from collections.abc import Callable
from time import process_time
from typing import Any

import numpy as np
from _common import report
from scipy.linalg import qr
from scipy.optimize import nnls as scipy_nnls

from tensorly_hdr import nnls, nnomp, sparse_nnls

TASKS = [
    ("20000 columns of 6", 200, 6, 20_000),
    ("2000 columns of 50", 200, 50, 2000),
    ("2000 columns, 20 x 60", 20, 60, 2000),
]
SPARSE = [(6, 2), (12, 3), (12, 4), (20, 4)]
FEW = 50


def data(m: int, r: int, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Uniform atoms, half of the coefficients zero, noise."""
    rng = np.random.default_rng(seed)
    A = rng.random((m, r))
    return A, A @ np.maximum(rng.standard_normal((r, n)), 0) + 0.3 * rng.standard_normal((m, n))


def scipy_loop(A: np.ndarray, Y: np.ndarray) -> np.ndarray:
    return np.column_stack([scipy_nnls(A, y)[0] for y in Y.T])


def scipy_on_qr(A: np.ndarray, Y: np.ndarray) -> np.ndarray:
    Q, R = qr(A, mode="economic")
    return scipy_loop(R, Q.T @ Y)


def peers() -> dict[str, tuple[Callable[..., Any] | None, bool]]:
    """Methods by name, None where a package is absent, and whether to time a few columns only."""
    found: dict[str, tuple[Callable[..., Any] | None, bool]] = {
        "SciPy on the QR factor": (scipy_on_qr, False),
        "SciPy, column by column": (scipy_loop, False),
        "TensorLy hals_nnls": (None, False),
        "TensorLy active_set_nnls": (None, True),
    }
    try:
        from tensorly.solvers.nnls import active_set_nnls, hals_nnls
    except ImportError:
        return found
    found["TensorLy hals_nnls"] = (lambda A, Y: hals_nnls(A.T @ Y, A.T @ A), False)
    found["TensorLy active_set_nnls"] = (
        lambda A, Y: np.column_stack([active_set_nnls(A.T @ y, A.T @ A) for y in Y.T]),
        True,
    )
    return found


def race(calls: dict[str, Callable[[], Any]], repeats: int) -> tuple[dict[str, float], dict[str, Any]]:
    """Median CPU seconds of each call, taken in turn, after one that warms up; and what each returns.

    TensorLy compiles nothing: where its first call takes a second, it is not repeated.
    """
    results, seconds = {}, {name: [] for name in calls}
    for turn in range(repeats + 1):
        for name, call in calls.items():
            if turn and name.startswith("TensorLy") and seconds[name][0] > 1.0:
                continue
            start = process_time()
            results[name] = call()
            seconds[name].append(process_time() - start)
    return {name: float(np.median(s[1:] or s)) for name, s in seconds.items()}, results


def misfit(A: np.ndarray, Y: np.ndarray, X: np.ndarray) -> float:
    slope = A.T @ (A @ X - Y)
    return float(np.abs(np.minimum(X, slope)).max() / np.abs(A.T @ Y).max())


def dense_rows(task: str, m: int, r: int, n: int) -> list[dict[str, Any]]:
    A, Y = data(m, r, n)
    calls: dict[str, Callable[[], Any]] = {}
    columns = {}
    for solver in ("block_pivoting", "active_set", "auto"):
        calls[f"nnls, {solver}"] = lambda s=solver: nnls(A, Y, solver=s).x
    absent = []
    for name, (call, slow) in peers().items():
        if call is None:
            absent.append({"task": task, "method": name, "ms": "absent"})
        elif name != "SciPy on the QR factor" or m > r:
            columns[name] = FEW if slow else n
            calls[name] = lambda c=call, k=columns[name]: c(A, Y[:, :k])
    seconds, results = race(calls, 5)
    ours = seconds["nnls, auto"]
    rows = []
    for name, spent in seconds.items():
        k = columns.get(name, n)
        whole = spent * n / k
        error = misfit(A, Y[:, :k], results[name])
        rows.append({"task": task, "method": name, "ms": 1e3 * whole, "times auto": whole / ours, "misfit": error})
    return rows + absent


def sparse_rows(r: int, k: int, n: int = 21_025) -> list[dict[str, Any]]:
    """Race enumeration, branch and bound and the heuristic; the slow one on a few columns, scaled."""
    A, Y = data(200, r, n)
    some = 2000 if r < 10 else 200 if r < 20 else 10
    calls = {
        "sparse_nnls, enumeration": lambda: sparse_nnls(A, Y, k, solver="enumeration"),
        "sparse_nnls, branch_and_bound": lambda: sparse_nnls(A, Y[:, :some], k, solver="branch_and_bound"),
        "nnomp": lambda: nnomp(A, Y, k),
    }
    seconds, results = race(calls, 3)
    exact = results["sparse_nnls, enumeration"]
    rows = []
    for name, result in results.items():
        columns = result.x.shape[1]
        best = float(exact.path_loss[0, :columns].sum())
        rows.append(
            {
                "task": f"{n} columns, r={r}, k={k}",
                "method": name,
                "ms": 1e3 * seconds[name] * n / columns,
                "times enumeration": seconds[name] * n / columns / seconds["sparse_nnls, enumeration"],
                "loss above best": result.loss / best - 1.0,
                "nodes a column": float(result.trace.extra["nodes"][-1]) / columns if result.trace.extra else None,
            }
        )
    return rows


def main() -> None:
    report("nnls", [row for task in TASKS for row in dense_rows(*task)], "tensorly", "tensorly-hdr")
    report("sparse_nnls", [row for r, k in SPARSE for row in sparse_rows(r, k)], "tensorly-hdr")


if __name__ == "__main__":
    main()
