"""Nonnegative least squares against its peers: many columns, tall and wide; each call solves its problem to the end.

Methods that take one column at a time in Python are timed on a few and scaled. ``misfit`` is the largest violation of
the optimality conditions, relative to the data. Run ``python benchmarks/bench_nnls.py [--quick] [--rounds N]``.
"""

from __future__ import annotations

from argparse import Namespace

import numpy as np
from _common import main
from _peers import Contestant
from _race import Outcome, timed

TASKS = [
    ("NNLS, 20000 columns of 6", 200, 6, 20_000),
    ("NNLS, 2000 columns of 50", 200, 50, 2000),
    ("NNLS, 2000 columns, 20 x 60", 20, 60, 2000),
]
CONTESTANTS = [
    Contestant("ours, auto", "hdr nnls"),
    Contestant("ours, block_pivoting", "hdr nnls", {"solver": "block_pivoting"}),
    Contestant("ours, active_set", "hdr nnls", {"solver": "active_set"}),
    Contestant("SciPy on the QR factor", "SciPy nnls on QR"),
    Contestant("SciPy, column by column", "SciPy nnls"),
    Contestant("fnnls, column by column", "fnnls", {"columns": 200}),
    Contestant("TensorLy active_set_nnls", "TensorLy active_set_nnls", {"columns": 50}),
    Contestant("TensorLy hals_nnls", "TensorLy hals_nnls"),
]
# A wide matrix has no useful QR factor; fnnls has no guard against cycles and never ends; HALS takes a minute.
NOT_WIDE = ("SciPy nnls on QR", "fnnls", "TensorLy hals_nnls")


def data(m: int, r: int, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Uniform atoms, half of the coefficients zero, noise."""
    rng = np.random.default_rng(seed)
    A = rng.random((m, r))
    return A, A @ np.maximum(rng.standard_normal((r, n)), 0) + 0.3 * rng.standard_normal((m, n))


def misfit(A: np.ndarray, Y: np.ndarray, X: np.ndarray) -> float:
    Y = Y[:, : X.shape[1]]
    slope = A.T @ (A @ X - Y)
    return float(np.abs(np.minimum(X, slope)).max() / np.abs(A.T @ Y).max())


def tasks(asked: Namespace) -> Outcome:
    """Tall with few and with many unknowns, and wide."""
    outcome = Outcome()
    for task, m, r, n in TASKS:
        A, Y = data(m, r, n // 100 if asked.quick else n)
        asked_of = [one for one in CONTESTANTS if m > r or one.method not in NOT_WIDE]
        rows, answers = timed(task, asked_of, rounds=asked.rounds, A=A, Y=Y, seconds=2.0)
        for row in rows:
            if row["method"] in answers:
                row["misfit"] = misfit(A, Y, answers[row["method"]])
        outcome += Outcome(rows)
    return outcome


if __name__ == "__main__":
    main("nnls", tasks)
