r"""Simulated data with exact ground truth.

Every generator takes ``seed`` and returns a :class:`~tensorly_hdr.datasets.Dataset` whose ``truth`` reproduces the data
exactly when there is no noise. ``noise`` means the same everywhere: white Gaussian noise :math:`N` is added to the
clean array :math:`M`, scaled such that :math:`\|N\|_F = \mathtt{noise}\,\|M\|_F`, that is a signal-to-noise ratio of
:math:`-20\log_{10}\mathtt{noise}` dB. It is never clipped: noisy data may be negative.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr.datasets._record import Dataset
from tensorly_hdr.datasets._simulate import Seed, array, noisy, simulated
from tensorly_hdr.datasets._spectroscopy import eem, hyperspectral_scene
from tensorly_hdr.linalg import reconstruct

__all__ = ["eem", "hyperspectral_scene", "low_rank", "nnls_problem", "poisson_problem", "separable"]

MOST_COUNTS = 1e15  # beyond, double precision does not tell one count from the next, nor can they be drawn


def low_rank(
    shape: Sequence[int],
    rank: int,
    *,
    noise: float = 0.0,
    distribution: Literal["uniform", "sparse"] = "uniform",
    seed: Seed = None,
) -> Dataset:
    r"""Draw a nonnegative low-rank tensor :math:`\sum_q u_q \otimes v_q \otimes \dots`, plus noise.

    Parameters
    ----------
    shape : sequence of int
        Size of each mode; two modes make a matrix.
    rank : int
        Number of components.
    noise : float
        Norm of the noise over the norm of the clean tensor.
    distribution : {"uniform", "sparse"}
        Entries of the factors: uniform on [0, 1), or the same with each entry set to zero with probability 1/2 (one
        entry a column is always kept).
    seed : int or numpy.random.Generator, optional
        Same seed, same data.

    Returns
    -------
    Dataset
        ``data`` with dimensions mode_0, mode_1, ...; ``truth``: factor_0, factor_1, ..., tall.

    Examples
    --------
    >>> d = low_rank((6, 5, 4), rank=2, seed=0)
    >>> u, v, w = d.truth.values()
    >>> bool(np.allclose(d.data, np.einsum("ir,jr,kr->ijk", u, v, w)))
    True
    """
    sizes = check.sizes("shape", shape)
    rank, noise = check.positive_int("rank", rank), check.nonneg_float("noise", noise)
    draw = check.choice("distribution", distribution, {"uniform": _uniform, "sparse": _sparse})
    rng = check.generator(seed)
    factors = [draw(n, rank, rng) for n in sizes]
    data = noisy(reconstruct(factors), noise, rng)
    modes = [f"mode_{m}" for m in range(len(sizes))]
    truth = {f"factor_{m}": array(u, mode, "component") for m, (mode, u) in enumerate(zip(modes, factors, strict=True))}
    text = f"Nonnegative tensor of rank {rank}, {distribution} factors, relative noise {noise:g}."
    return simulated("low_rank", array(data, *modes), truth, text)


def separable(m: int, n: int, rank: int, *, noise: float = 0.0, seed: Seed = None) -> Dataset:
    r"""Draw a separable matrix: :math:`Y = W H^T`, where the columns of ``W`` are themselves columns of ``Y``.

    ``W`` is uniform on [0, 1). A row of ``H`` is drawn uniformly from the simplex (nonnegative, sum one), except at
    ``rank`` random places, the pure columns, where it is a unit vector.

    Parameters
    ----------
    m, n : int
        Rows and columns of ``Y``.
    rank : int
        Number of pure columns, at most ``n``.
    noise : float
        Norm of the noise over the norm of the clean matrix.
    seed : int or numpy.random.Generator, optional
        Same seed, same data.

    Returns
    -------
    Dataset
        ``data`` (row, column); ``truth``: W (row, component), H (column, component), indices (component): without
        noise, ``Y[:, indices] == W``.

    Examples
    --------
    >>> d = separable(8, 20, 3, seed=0)
    >>> bool(np.allclose(d.data[:, d.truth["indices"].values], d.truth["W"]))
    True
    """
    m, n = check.positive_int("m", m), check.positive_int("n", n)
    rank = check.positive_int("rank", rank, at_most=n, why=", the number of columns")
    noise = check.nonneg_float("noise", noise)
    rng = check.generator(seed)
    W = rng.random((m, rank))
    H = rng.dirichlet(np.ones(rank), size=n)
    indices = rng.permutation(n)[:rank]
    H[indices] = np.eye(rank)
    truth = {
        "W": array(W, "row", "component"),
        "H": array(H, "column", "component"),
        "indices": array(indices, "component"),
    }
    text = f"Separable matrix of rank {rank}, relative noise {noise:g}."
    return simulated("separable", array(noisy(W @ H.T, noise, rng), "row", "column"), truth, text)


def nnls_problem(
    m: int, r: int, n: int = 1, *, sparsity: float = 0.5, noise: float = 0.0, seed: Seed = None
) -> Dataset:
    r"""Draw a nonnegative regression :math:`Y = A X`, plus noise, with a sparse solution.

    ``A`` holds absolute values of standard normals; a column of ``X`` is uniform on [0.5, 1.5), then
    ``round(sparsity * r)`` of its entries, at random places, are set to zero.

    Parameters
    ----------
    m, r, n : int
        ``A`` is (m, r), ``X`` (r, n), ``Y`` (m, n).
    sparsity : float
        Fraction of zeros in each column of ``X``.
    noise : float
        Norm of the noise over the norm of ``A @ X``.
    seed : int or numpy.random.Generator, optional
        Same seed, same data.

    Returns
    -------
    Dataset
        ``data`` is ``Y`` (row, observation); ``truth``: A (row, component), X (component, observation).

    Examples
    --------
    >>> d = nnls_problem(10, 4, 3, seed=0)
    >>> [int(k) for k in (d.truth["X"] == 0).sum("component")]
    [2, 2, 2]
    """
    m, r, n = check.positive_int("m", m), check.positive_int("r", r), check.positive_int("n", n)
    sparsity, noise = check.fraction("sparsity", sparsity), check.nonneg_float("noise", noise)
    rng = check.generator(seed)
    A = np.abs(rng.standard_normal((m, r)))
    X = rng.uniform(0.5, 1.5, (r, n))
    X[rng.random((r, n)).argsort(axis=0) < round(sparsity * r)] = 0.0
    truth = {"A": array(A, "row", "component"), "X": array(X, "component", "observation")}
    text = f"Nonnegative least squares, {round(sparsity * r)} zeros out of {r} a column, relative noise {noise:g}."
    return simulated("nnls_problem", array(noisy(A @ X, noise, rng), "row", "observation"), truth, text)


def poisson_problem(m: int, r: int, n: int = 1, *, counts: float = 10.0, seed: Seed = None) -> Dataset:
    r"""Draw photon counts :math:`Y_{ij} \sim \mathrm{Poisson}((A X)_{ij})`: the model behind the KL divergence.

    ``A`` is uniform with columns of sum one and ``X`` is exponential, scaled such that the mean of ``A @ X`` is
    ``counts``. An entry of mean :math:`c` has a signal-to-noise ratio of :math:`\sqrt c`.

    Parameters
    ----------
    m, r, n : int
        ``A`` is (m, r), ``X`` (r, n), ``Y`` (m, n).
    counts : float
        Mean count of an entry, positive.
    seed : int or numpy.random.Generator, optional
        Same seed, same data.

    Returns
    -------
    Dataset
        ``data`` is ``Y`` (row, observation), in photons; ``truth``: A (row, component), X (component, observation).

    Examples
    --------
    >>> d = poisson_problem(20, 3, 4, counts=100.0, seed=0)
    >>> float((d.truth["A"].values @ d.truth["X"].values).mean().round(6))
    100.0
    """
    m, r, n = check.positive_int("m", m), check.positive_int("r", r), check.positive_int("n", n)
    counts = check.nonneg_float("counts", counts, positive=True)
    check.numbers("counts", counts, at_most=MOST_COUNTS)
    rng = check.generator(seed)
    A = rng.random((m, r))
    A /= A.sum(axis=0)
    X = rng.exponential(size=(r, n))
    X *= counts / (A @ X).mean()
    Y = array(rng.poisson(A @ X).astype(np.float64), "row", "observation")
    Y.attrs = {"long_name": "Counts", "units": "photons"}
    truth = {"A": array(A, "row", "component"), "X": array(X, "component", "observation")}
    return simulated("poisson_problem", Y, truth, f"Poisson counts of mean {counts:g}.")


def _uniform(n: int, rank: int, rng: np.random.Generator) -> NDArray:
    return rng.random((n, rank))


def _sparse(n: int, rank: int, rng: np.random.Generator) -> NDArray:
    kept = rng.random((n, rank)) < 0.5
    kept[rng.integers(n, size=rank), np.arange(rank)] = True  # a zero column would lower the rank
    return np.where(kept, rng.random((n, rank)), 0.0)
