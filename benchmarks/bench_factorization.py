"""NMF, nonnegative CP and separable NMF against scikit-learn and TensorLy: same data, same start, one run.

``time to 0.1 %`` is the computing time to come within 0.1 % of the best loss that any method reached; the ratio is that
of the peer over ours, so above one we are faster. Peers run with growing iteration budgets, since they keep no history.
Run with one thread: ``OMP_NUM_THREADS=1 python benchmarks/bench_factorization.py`` (``make bench`` does).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
from _common import median_time, report, time_to_reach
from scipy.sparse import random_array
from sklearn.decomposition import NMF
from tensorly.cp_tensor import CPTensor
from tensorly.decomposition import non_negative_parafac_hals

import tensorly_hdr as hdr
from tensorly_hdr.linalg import reconstruct

BUDGETS = (2, 4, 8, 15, 30, 60, 120, 250, 500)
Curve = tuple[np.ndarray, np.ndarray]


def budgets(run: Callable[[int], Any], loss: Callable[[Any], float], limit: float = 6.0) -> Curve:
    """Loss against time of a method that keeps no history: run it anew with each budget."""
    losses, seconds = [], []
    run(1)
    for n in BUDGETS:
        start = perf_counter()
        found = run(n)
        seconds.append(perf_counter() - start)
        losses.append(loss(found))
        if seconds[-1] > limit:
            break
    return np.array(losses), np.array(seconds)


def ours(call: Callable[[], Any]) -> Curve:
    """Loss against time of one of our runs, from its trace."""
    call()
    trace = call().trace
    return trace.loss, trace.time


def race(task: str, curves: dict[str, Curve], within: float = 1e-3) -> list[dict[str, Any]]:
    """One row a method: time to come close to the best loss of all, and the ratio to ours."""
    best = min(loss.min() for loss, _ in curves.values())
    times = {name: time_to_reach(*curve, best * (1 + within)) for name, curve in curves.items()}
    mine = next(iter(times.values()))
    return [
        {
            "task": task,
            "method": name,
            "time to 0.1 %": t,
            "ratio to ours": t / mine,
            "final loss": float(curves[name][0].min()),
        }
        for name, t in times.items()
    ]


def nmf_task(task: str, Y: Any, rank: int, max_time: float = 6.0) -> list[dict[str, Any]]:
    """Frobenius NMF: ours, scikit-learn's coordinate descent, TensorLy's HALS (dense data)."""
    rng = np.random.default_rng(0)
    W0, H0 = rng.random((Y.shape[0], rank)), rng.random((Y.shape[1], rank))
    dense = Y if isinstance(Y, np.ndarray) else None
    square = 0.5 * float((Y * Y).sum())

    def loss(factors: tuple[np.ndarray, np.ndarray]) -> float:
        W, H = factors
        return square - float(np.sum((Y @ H) * W)) + 0.5 * float(np.sum((W.T @ W) * (H.T @ H)))

    def sklearn(n: int) -> tuple[np.ndarray, np.ndarray]:
        model = NMF(rank, init="custom", tol=0, max_iter=n)
        W = model.fit_transform(Y, W=W0.copy(), H=H0.T.copy())
        return W, model.components_.T

    def tensorly(n: int) -> tuple[np.ndarray, np.ndarray]:
        start = CPTensor((None, [W0.copy(), H0.copy()]))
        weights, (W, H) = non_negative_parafac_hals(dense, rank, n_iter_max=n, init=start, tol=0)
        return W * weights, H

    curves = {"ours": ours(lambda: hdr.nmf(Y, rank, init=(W0, H0), max_iter=500, tol=0, max_time=max_time))}
    curves["scikit-learn cd"] = budgets(sklearn, loss, max_time)
    if dense is not None:
        curves["TensorLy HALS"] = budgets(tensorly, loss, max_time)
    return race(task, curves)


def ncp_task(task: str, T: np.ndarray, rank: int, max_time: float = 4.0) -> list[dict[str, Any]]:
    """Nonnegative CP: ours and TensorLy's HALS."""
    rng = np.random.default_rng(0)
    start = [rng.random((n, rank)) for n in T.shape]

    def tensorly(n: int) -> Any:
        init = CPTensor((None, [u.copy() for u in start]))
        return non_negative_parafac_hals(T, rank, n_iter_max=n, init=init, tol=0)

    def loss(found: Any) -> float:
        weights, factors = found
        return 0.5 * float(np.sum((T - reconstruct([factors[0] * weights, *factors[1:]])) ** 2))

    return race(
        task,
        {
            "ours": ours(lambda: hdr.ncp(T, rank, init=start, max_iter=500, tol=0, max_time=max_time)),
            "TensorLy HALS": budgets(tensorly, loss, max_time),
        },
    )


def main() -> None:
    """Run every task and keep the table."""
    warnings.simplefilter("ignore")  # peers warn that the small budgets do not converge: that is their purpose
    rng = np.random.default_rng(1)
    planted = rng.random((1000, 20)) @ rng.random((20, 2000))
    image = (
        hdr.datasets.load("indian_pines").data.stack(pixel=("row", "column")).transpose("wavelength", "pixel").values
    )
    sparse = random_array((2000, 10000), density=0.02, rng=rng, format="csr")
    factors = [rng.random((100, 10)) for _ in range(3)]
    tensor = reconstruct(factors) + 0.1 * rng.random((100, 100, 100))
    eem = hdr.datasets.load("kinetic_fluorescence").data.isel(time=0).fillna(0).clip(0).values
    rows = [
        *nmf_task("NMF 1000 x 2000, r = 20", planted + 0.1 * rng.random(planted.shape), 20),
        *nmf_task("NMF Indian Pines 200 x 21025, r = 6", np.ascontiguousarray(image / image.max()), 6),
        *nmf_task("NMF sparse 2000 x 10000, 2 %, r = 20", sparse, 20),
        *ncp_task("nCP 100 x 100 x 100, r = 10", tensor, 10),
        *ncp_task("nCP kinetic, first time, r = 3", eem, 3),
    ]
    pixels = image / image.max()
    rows += [
        {"task": "SPA 200 x 21025, r = 10", "method": "ours", "seconds": median_time(lambda: hdr.spa(pixels, 10), 3)},
        {"task": "SNPA 200 x 21025, r = 10", "method": "ours", "seconds": median_time(lambda: hdr.snpa(pixels, 10), 3)},
    ]
    report("factorization", rows, "scikit-learn", "tensorly")


if __name__ == "__main__":
    main()
