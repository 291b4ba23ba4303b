"""Every contestant by name: how it is timed, and a function that prepares its call from the problem and its options.

``budgets``: the call takes a number of iterations and returns tall factors. ``repeats``: it takes nothing and returns
an array. ``traced``: it returns one of our results; ``laps``: the trace of one, and an array. What a package needs in
another form is converted before the clock runs.
"""

from __future__ import annotations

from collections.abc import Callable
from time import process_time
from typing import Any
from unittest.mock import patch

import numpy as np

Problem, Options, Prepare = (
    dict[str, Any],
    dict[str, Any],
    Callable[[dict[str, Any], dict[str, Any]], Callable[..., Any]],
)


def hdr_factorization(problem: Problem, options: Options) -> Callable[[], Any]:
    import tensorly_hdr as hdr

    Y, start = problem["Y"], problem["factors"]
    solve = hdr.nmf if Y.ndim == 2 else hdr.ncp
    rank, beta = start[0].shape[1], hdr.Frobenius() if problem["beta"] == 2 else hdr.KullbackLeibler()

    def call(max_iter: int = 1_000_000) -> Any:
        with patch("tensorly_hdr.solve.perf_counter", process_time):
            limit = float(problem["seconds"])
            return solve(Y, rank, loss=beta, init=start, tol=0, max_iter=max_iter, max_time=limit, **options)

    call(1)
    return call


def hdr_nnkl(problem: Problem, options: Options) -> Callable[[], Any]:
    import tensorly_hdr as hdr

    A, Y, seconds = problem["factors"][0], problem["Y"], float(problem["seconds"])

    def call(max_iter: int = 1_000_000) -> Any:
        with patch("tensorly_hdr.solve.perf_counter", process_time):
            return hdr.nnkl(A, Y, tol=0, max_iter=max_iter, max_time=seconds, **options)

    call(1)
    return call


def hdr_nnls(problem: Problem, options: Options) -> Callable[[], Any]:
    import tensorly_hdr as hdr

    hdr.nnls(problem["A"], problem["Y"][:, :2], **options)  # compiles
    return lambda: hdr.nnls(problem["A"], problem["Y"], **options).x


def hdr_separable(problem: Problem, options: Options) -> Callable[[], Any]:
    import tensorly_hdr as hdr

    pick = getattr(hdr, options["function"])
    pick(problem["Y"][:, :50], 2)  # compiles
    return lambda: pick(problem["Y"], int(problem["rank"])).indices


def scikit_learn(problem: Problem, options: Options) -> Callable[[int], Any]:
    """Coordinate descent or multiplicative updates; with ``regression`` the first factor keeps its value."""
    from sklearn.decomposition import non_negative_factorization as nmf

    W, H = problem["factors"]
    regression = options.get("regression", False)
    Y = problem["Y"].T if regression else problem["Y"]
    Y = Y.tocsr() if hasattr(Y, "indptr") else np.ascontiguousarray(Y)
    first, second = (H, W) if regression else (W, H)
    loss = {2: "frobenius", 1: "kullback-leibler"}[int(problem["beta"])]

    def call(n: int) -> list[np.ndarray]:
        one, two, _ = nmf(
            Y, first.copy(), second.T.copy(), n_components=W.shape[1], init="custom", update_H=not regression,
            solver=options["solver"], beta_loss=loss, tol=0, max_iter=n,
        )  # fmt: skip
        return [W, one] if regression else [one, two.T]

    return call


def tensorly_hals(problem: Problem, options: Options) -> Callable[[int], Any]:
    from tensorly.cp_tensor import CPTensor
    from tensorly.decomposition import non_negative_parafac_hals

    start, Y = problem["factors"], problem["Y"]

    def call(n: int) -> list[np.ndarray]:
        init = CPTensor((None, [u.copy() for u in start]))
        weights, (first, *others) = non_negative_parafac_hals(Y, start[0].shape[1], n_iter_max=n, init=init, tol=0)
        return [first * weights, *others]

    return call


def nn_fac(problem: Problem, options: Options) -> Callable[[int], Any]:
    """Its accelerated HALS, or multiplicative updates for Kullback-Leibler."""
    from nn_fac.nmf import nmf
    from nn_fac.ntf import ntf

    Y, start, beta = problem["Y"], problem["factors"], int(problem["beta"])
    rank, rule = start[0].shape[1], "hals" if beta == 2 else "mu"

    def call(n: int) -> list[np.ndarray]:
        W, *others = [u.copy() for u in start]
        if others[1:]:
            return ntf(Y, rank, init="custom", factors_0=[W, *others], n_iter_max=n, tol=0, update_rule=rule, beta=beta)
        shared = {"n_iter_max": n, "tol": 0, "update_rule": rule, "beta": beta}
        U, V = nmf(Y, rank, init="custom", U_0=W, V_0=np.ascontiguousarray(others[0].T), **shared)
        return [U, V.T]

    return call


def torchnmf(problem: Problem, options: Options) -> Callable[[int], Any]:
    """Multiplicative updates by autograd; with ``regression`` the first factor keeps its value."""
    import torch
    from torchnmf.nmf import NMF

    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    Y, (W, H) = problem["Y"], problem["factors"]
    fixed = options.get("regression", False)
    if hasattr(Y, "indptr"):
        entries = Y.tocoo()
        where = np.stack([entries.row, entries.col]).astype(np.int64)
        V = torch.sparse_coo_tensor(where, entries.data, Y.shape).coalesce()
    else:
        V = torch.from_numpy(Y)

    def call(n: int) -> list[np.ndarray]:
        model = NMF(W=torch.from_numpy(H), H=torch.from_numpy(W), trainable_H=not fixed)
        model.fit(V, beta=int(problem["beta"]), tol=-np.inf, max_iter=n)
        return [model.H.detach().numpy(), model.W.detach().numpy()]

    return call


def hdr_convolutive(problem: Problem, options: Options) -> Callable[[], Any]:
    """Trace of some iterations, and both factors in one row; with ``fixed`` the templates keep their value."""
    import tensorly_hdr as hdr

    Y, (W, H) = problem["Y"], problem["factors"]
    given = {"templates": W, "init": (None, H)} if options["fixed"] else {"init": (W, H)}

    def call() -> Any:
        with patch("tensorly_hdr.solve.perf_counter", process_time):
            found = hdr.convolutive_nmf(Y, W.shape[2], W.shape[1], max_iter=options["iterations"], tol=0, **given)
        return found.trace, np.concatenate([found.W.ravel(), found.H.ravel()])

    return call


def torchnmf_nmfd(problem: Problem, options: Options) -> Callable[[], Any]:
    """Its updates by autograd. Activations end where the last template begins that is not cut."""
    import torch
    from torchnmf.nmf import NMFD

    torch.set_num_threads(1)
    Y, (W, H) = problem["Y"], problem["factors"]
    torch.set_default_dtype(torch.float64 if Y.dtype == np.float64 else torch.float32)
    last = W.shape[1] - 1
    V, short = torch.from_numpy(Y)[None], torch.from_numpy(np.ascontiguousarray(H[: len(H) - last].T))[None]
    templates = torch.from_numpy(np.ascontiguousarray(W.transpose(0, 2, 1)))

    def call() -> np.ndarray:
        model = NMFD(W=templates, H=short, trainable_W=not options["fixed"])
        model.fit(V, beta=1, tol=-np.inf, max_iter=options["iterations"])
        found_W = model.W.detach().numpy().transpose(0, 2, 1)
        return np.concatenate([found_W.ravel(), np.pad(model.H.detach().numpy()[0].T, ((0, last), (0, 0))).ravel()])

    return call


def numpy_lags(problem: Problem, options: Options) -> Callable[[], Any]:
    """One product a lag, for the model and for each update."""
    Y, (W0, H0) = problem["Y"], problem["factors"]
    n, n_taps = Y.shape[1], W0.shape[1]

    def ratio(W: list[np.ndarray], X: np.ndarray) -> np.ndarray:
        model = W[0] @ X
        for t in range(1, n_taps):
            model[:, t:] += W[t] @ X[:, : n - t]
        return Y / model

    def call() -> np.ndarray:
        W, X = [np.ascontiguousarray(W0[:, t]) for t in range(n_taps)], np.ascontiguousarray(H0.T)
        for _ in range(options["iterations"]):
            R, above, below = ratio(W, X), np.zeros_like(X), np.zeros_like(X)
            for t in range(n_taps):
                above[:, : n - t] += W[t].T @ R[:, t:]
                below[:, : n - t] += W[t].sum(axis=0)[:, None]
            X = X * above / below
            if not options["fixed"]:
                R = ratio(W, X)
                W = [W[t] * (R[:, t:] @ X[:, : n - t].T) / X[:, : n - t].sum(axis=1) for t in range(n_taps)]
        return np.concatenate([np.stack(W, axis=1).ravel(), X.T.ravel()])

    return call


def mcrnmf(problem: Problem, options: Options) -> Callable[[int], Any]:
    """Fast projected gradients, 20 inner steps at most, as it comes."""
    from mcrnmf.models import FroFPGM

    Y, (W, H) = problem["Y"], problem["factors"]
    start = np.ascontiguousarray(H.T)

    def call(n: int) -> list[np.ndarray]:
        model = FroFPGM(W.shape[1], tol=1e-300)
        model.iter_max_ = n  # the constructor refuses less than ten, which are many near the start
        model.fit(Y, W.copy(), start.copy())
        return [model.W, model.H.T]

    return call


def mcrnmf_snpa(problem: Problem, options: Options) -> Callable[[], Any]:
    from mcrnmf.models import SNPA

    def call(Y: np.ndarray, rank: int) -> Any:
        model = SNPA(rank)
        model.fit(Y)
        return np.array(model.col_indices_ls)

    call(np.ascontiguousarray(problem["Y"][:, :50]), 2)  # compiles
    return lambda: call(problem["Y"], int(problem["rank"]))


def numpy_mu(problem: Problem, options: Options) -> Callable[[int], Any]:
    """Kullback-Leibler regression by multiplicative updates in two lines of NumPy, the data dense."""
    A, H = problem["factors"]
    Y, sums = problem["Y"], A.sum(axis=0)[:, None]
    Y = Y.toarray() if hasattr(Y, "indptr") else Y

    def call(n: int) -> list[np.ndarray]:
        X = H.T.copy()
        for _ in range(n):
            X = X * (A.T @ (Y / (A @ X))) / sums
        return [A, X.T]

    return call


def columns(solve: Callable[[np.ndarray, np.ndarray], Any]) -> Prepare:
    """Least squares, one column after the other, on the first ``columns`` of them."""

    def prepare(problem: Problem, options: Options) -> Callable[[], Any]:
        A, Y = problem["A"], problem["Y"][:, : options.get("columns")]
        return lambda: np.column_stack([solve(A, y) for y in Y.T])

    return prepare


def scipy_nnls(A: np.ndarray, y: np.ndarray) -> Any:
    from scipy.optimize import nnls

    return nnls(A, y)[0]


def scipy_on_qr(problem: Problem, options: Options) -> Callable[[], Any]:
    from scipy.linalg import qr

    def call() -> Any:
        Q, R = qr(problem["A"], mode="economic")
        return np.column_stack([scipy_nnls(R, y) for y in (Q.T @ problem["Y"]).T])

    return call


def tensorly_active_set(A: np.ndarray, y: np.ndarray) -> Any:
    from tensorly.solvers.nnls import active_set_nnls

    return active_set_nnls(A.T @ y, A.T @ A)


def tensorly_hals_nnls(problem: Problem, options: Options) -> Callable[[], Any]:
    from tensorly.solvers.nnls import hals_nnls

    A, Y = problem["A"], problem["Y"]
    return lambda: hals_nnls(A.T @ Y, A.T @ A)


def fnnls(A: np.ndarray, y: np.ndarray) -> Any:
    from fnnls import fnnls as solve

    return solve(A, y)[0]


METHODS: dict[str, tuple[str, Prepare]] = {
    "hdr factorization": ("traced", hdr_factorization),
    "hdr convolutive": ("laps", hdr_convolutive),
    "hdr nnkl": ("traced", hdr_nnkl),
    "hdr nnls": ("repeats", hdr_nnls),
    "hdr separable": ("repeats", hdr_separable),
    "scikit-learn": ("budgets", scikit_learn),
    "TensorLy HALS": ("budgets", tensorly_hals),
    "nn-fac": ("budgets", nn_fac),
    "torchnmf": ("budgets", torchnmf),
    "torchnmf NMFD": ("repeats", torchnmf_nmfd),
    "mcrnmf": ("budgets", mcrnmf),
    "mcrnmf SNPA": ("repeats", mcrnmf_snpa),
    "NumPy lags": ("repeats", numpy_lags),
    "NumPy mu": ("budgets", numpy_mu),
    "SciPy nnls": ("repeats", columns(scipy_nnls)),
    "SciPy nnls on QR": ("repeats", scipy_on_qr),
    "TensorLy hals_nnls": ("repeats", tensorly_hals_nnls),
    "TensorLy active_set_nnls": ("repeats", columns(tensorly_active_set)),
    "fnnls": ("repeats", columns(fnnls)),
}
