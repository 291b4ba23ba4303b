"""Mixed sparse coding: sparse codes of a factor in a dictionary, in one process, in turn.

Against few lines of NumPy, and scikit-learn for the pursuit alone, which is what it has; supports are compared. Run
``python benchmarks/bench_sparse_coding.py [--quick] [--rounds N]``.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from time import process_time
from typing import Any

import numpy as np
from _common import main
from _race import Outcome
from sklearn.linear_model import orthogonal_mp, orthogonal_mp_gram
from threadpoolctl import threadpool_limits

from tensorly_hdr import mixed_sparse_coding

Supports = list[set[int]]


def coding_problem(m: int, d: int, r: int, n: int, k: int) -> tuple[np.ndarray, ...]:
    """Signed codes of ``k`` Gaussian atoms a column, 5 % of noise."""
    rng = np.random.default_rng(0)
    D, B, X = rng.standard_normal((m, d)), rng.random((n, r)), np.zeros((d, r))
    D /= np.linalg.norm(D, axis=0)
    for x in X.T:
        x[rng.choice(d, k, replace=False)] = rng.choice([-1, 1], k) * rng.uniform(0.5, 1.5, k)
    Y = D @ X @ B.T
    N = rng.standard_normal(Y.shape)
    return Y + 0.05 * np.linalg.norm(Y) / np.linalg.norm(N) * N, D, B, X


def numpy_omp(D: np.ndarray, Z: np.ndarray, k: int) -> np.ndarray:
    """The pursuit as it is written on the board, one column after the other."""
    X = np.zeros((D.shape[1], Z.shape[1]))
    for i, z in enumerate(Z.T):
        S: list[int] = []
        residual = z
        for _ in range(k):
            S.append(int(np.argmax(np.abs(D.T @ residual))))
            x = np.linalg.lstsq(D[:, S], z, rcond=None)[0]
            residual = z - D[:, S] @ x
        X[S, i] = x
    return X


def numpy_block_fista(Y: np.ndarray, D: np.ndarray, B: np.ndarray, k: int, steps: int = 500) -> np.ndarray:
    """FISTA of the whole problem with weights that are 5 % of those that give zero; the largest entries are kept."""
    cross, gram = D.T @ (Y @ B), B.T @ B
    weights = 0.05 * np.abs(cross).max(axis=0)
    step = 1.0 / (np.linalg.norm(D, 2) ** 2 * np.linalg.norm(gram, 2))
    X, V, t = np.zeros_like(cross), np.zeros_like(cross), 1.0
    for _ in range(steps):
        new = V - step * (D.T @ (D @ V) @ gram - cross)
        new = np.sign(new) * np.maximum(np.abs(new) - step * weights, 0.0)
        t_new = (1 + np.sqrt(1 + 4 * t * t)) / 2
        V, X, t = new + (t - 1) / t_new * (new - X), new, t_new
    return np.where(np.abs(X) >= -np.sort(-np.abs(X), axis=0)[k - 1], X, 0.0)


def race(task: str, calls: dict[str, Callable[[], Any]], truth: np.ndarray, rounds: int) -> list[dict[str, Any]]:
    """One row a method: time, ratio to ours, columns with the planted atoms, and with the same atoms as ours."""
    found: dict[str, Any] = {}
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            start = process_time()
            found[name] = call()
            seconds[name].append(process_time() - start)
    ours, rows = next(iter(calls)), []
    for name, X in found.items():
        row = {"task": task, "method": name, "ms": 1e3 * float(np.median(seconds[name]))}
        row["times ours"] = row["ms"] / (1e3 * float(np.median(seconds[ours])))
        row |= {"planted": _equal(X, truth), "as ours": _equal(X, found[ours]), "columns": truth.shape[1]}
        rows.append(row)
    return rows


def mixed(m: int, d: int, r: int, n: int, k: int, rounds: int) -> list[dict[str, Any]]:
    """Trick-OMP, where the pursuit is all there is to do, then the relaxation."""
    Y, D, B, X = coding_problem(m, d, r, n, k)

    def solve(solver: str) -> Callable[[], Any]:
        return lambda: mixed_sparse_coding(Y, D, B, k, solver=solver, nonneg=False).x

    def pulled() -> np.ndarray:
        return Y @ B @ np.linalg.inv(B.T @ B)

    pursuits = {
        "ours, trick_omp": solve("trick_omp"),
        "NumPy OMP": lambda: numpy_omp(D, pulled(), k),
        "scikit-learn orthogonal_mp": lambda: orthogonal_mp(D, pulled(), n_nonzero_coefs=k),
    }
    if d <= 5000:  # it needs the correlations of all pairs of atoms
        pursuits["scikit-learn orthogonal_mp_gram"] = lambda: orthogonal_mp_gram(
            D.T @ D, D.T @ pulled(), n_nonzero_coefs=k
        )
    joint = {f"ours, {name}": solve(name) for name in ("block_fista", "homp", "ista_l11")}
    joint["NumPy FISTA"] = lambda: numpy_block_fista(Y, D, B, k)
    size = f"{d} atoms x {m}, {r} columns, k={k}"
    return race(f"pursuit, {size}", pursuits, X, rounds) + race(f"mixed sparse coding, {size}", joint, X, rounds)


def _equal(X: np.ndarray, other: np.ndarray) -> int:
    """Columns of equal support."""
    return int(((X != 0) == (other != 0)).all(axis=0).sum())


def tasks(asked: Namespace) -> Outcome:
    """A dictionary of a few hundred atoms, and one of 20000: an image that is its own dictionary."""
    rounds = 1 if asked.quick else asked.rounds
    sizes = [(12, 40, 3, 10, 2)] if asked.quick else [(100, 400, 6, 300, 5), (200, 20_000, 6, 300, 4)]
    mixed(12, 40, 3, 10, 2, 1)  # compiles
    with threadpool_limits(1):
        return Outcome([row for size in sizes for row in mixed(*size, rounds)])


if __name__ == "__main__":
    main("sparse_coding", tasks)
