"""Hyperplanes through data points: what complete dictionary learning looks for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations, islice

import numpy as np
from numpy.typing import NDArray

PORTION = 20_000
"""Subsets treated at once, so that memory stays small."""
SAMPLES = 2000
"""Hyperplanes drawn for a start, and the most points that they are compared with."""
WIDTHS = (1e-6, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
"""Sines of the angles at which a point counts as near a hyperplane."""


def portions(n: int, size: int) -> Iterator[NDArray]:
    """All subsets of ``size`` of ``n`` things in lexicographic order, as arrays (at most ``PORTION``, size)."""
    subsets = combinations(range(n), size)
    while flat := list(chain.from_iterable(islice(subsets, PORTION))):
        yield np.array(flat, dtype=np.intp).reshape(-1, size)


def through(points: NDArray, subsets: NDArray) -> tuple[NDArray, NDArray]:
    """Unit normals (t, r) of the hyperplanes through ``subsets`` (t, r - 1) of ``points`` (r, n).

    And how independent the points are: the least singular value of each subset.
    """
    U, s, _ = np.linalg.svd(np.moveaxis(points[:, subsets], 1, 0))
    return U[:, :, -1], s[:, -1]


def normal(points: NDArray) -> NDArray:
    """Unit normal (r,) of the hyperplane closest to ``points`` (r, n); their number may be large."""
    return np.asarray(np.linalg.svd(np.linalg.qr(points.T, mode="r"))[2][-1])


def independence(points: NDArray, subsets: NDArray) -> NDArray:
    """Least singular value of each subset (t, s) of the columns of ``points``."""
    values = np.linalg.svd(np.moveaxis(points[:, subsets], 1, 0), compute_uv=False)
    return np.asarray(values[:, -1])


def normalized(points: NDArray) -> NDArray:
    """Columns divided by their norms; columns of zeros stay."""
    norms = np.linalg.norm(points, axis=0)
    return points / np.where(norms > 0, norms, 1.0)


def atoms_of(normals: NDArray) -> NDArray:
    """Atoms (r, r) of unit norm whose facets have the rows of ``normals``: atom i lies on all facets but the i-th."""
    atoms = normalized(np.linalg.inv(normals))
    largest = np.abs(atoms).argmax(axis=0)
    return np.asarray(atoms * np.sign(atoms[largest, np.arange(len(atoms))]))


def reduced(M: NDArray, rank: int) -> tuple[NDArray, NDArray]:
    """Basis (m, rank) of the leading left singular vectors, and coordinates (rank, n) of the data in it."""
    U = np.linalg.svd(M, full_matrices=False)[0][:, :rank]
    return U, U.T @ M


def sampled_atoms(M: NDArray, rank: int, k: int, rng: np.random.Generator) -> Iterator[NDArray]:
    """Yield a dictionary (m, rank) for each width of ``WIDTHS``: its facets pass close to as many points as they can.

    Hyperplanes through points drawn at random, in the leading singular directions, made as round as they can be; of
    these, one after the other, the one that passes through most points that need another facet.
    """
    U, s, Vt = np.linalg.svd(M, full_matrices=False)
    held = np.where(s[:rank] > np.finfo(np.float64).eps * max(s[0], 1e-300), s[:rank], 1.0)
    points = normalized(Vt[:rank])
    points = points[:, points.any(axis=0)]
    if points.shape[1] > SAMPLES:  # more tell little about a start, and cost much
        points = points[:, rng.choice(points.shape[1], SAMPLES, replace=False)]
    draws = rng.random((SAMPLES, points.shape[1])).argsort(axis=1)[:, : rank - 1]
    normals = through(points, draws)[0] if rank > 1 else np.ones((1, 1))
    for width in WIDTHS:
        chosen = _greedy(points, normals, rank - k, width)
        yield normalized(U[:, :rank] @ (held[:, None] * np.linalg.inv(chosen)))


def _greedy(points: NDArray, normals: NDArray, times: int, width: float) -> NDArray:
    """Pick independent ``normals``, so that every point is near ``times`` of them; orthogonal ones if they lack."""
    near = np.exp(-0.5 * (normals @ points / width) ** 2)
    apart, need = normals.copy(), np.full(points.shape[1], float(times))
    angle = min(max(6.0 * width, 1e-3), 0.25)  # noise makes many copies of the same hyperplane
    chosen: list[NDArray] = []
    while len(chosen) < len(points):
        score = np.minimum(near, need).sum(axis=1) + 1e-3 * near.sum(axis=1)
        score[np.linalg.norm(apart, axis=1) <= angle] = -1.0
        h = int(score.argmax())
        if score[h] < 0:
            missing = np.linalg.svd(np.array(chosen))[2][len(chosen) :]
            return np.vstack([*chosen, *missing])
        chosen.append(normals[h])
        need = np.maximum(need - near[h], 0.0)
        direction = apart[h] / np.linalg.norm(apart[h])
        apart = apart - np.outer(apart @ direction, direction)
    return np.array(chosen)
