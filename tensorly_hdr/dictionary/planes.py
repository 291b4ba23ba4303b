"""Hyperplanes through data points: what complete dictionary learning looks for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations, islice

import numpy as np
from numpy.typing import NDArray

PORTION = 20_000
"""Subsets treated at once, so that memory stays small."""


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
