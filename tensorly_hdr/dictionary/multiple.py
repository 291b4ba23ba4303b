"""One-sparse factorization with several dictionaries, each of which gives a number of atoms that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr.dictionary import driver
from tensorly_hdr.dictionary.assignment import Pool
from tensorly_hdr.dictionary.result import AtomsResult
from tensorly_hdr.solve import Stop


@check.known_options
def multiple_dictionaries_dlra(
    Y: Any,
    dictionaries: Sequence[Any],
    counts: Sequence[int],
    *,
    rank: int | None = None,
    overlap: str = "refuse",
    mode: int = 0,
    nonneg: bool = True,
    cost: str = "correlation",
    init: Any = "subspace",
    n_init: int = 1,
    swap: bool = True,
    restart: int = 1,
    seed: int | None = None,
    **stop: Unpack[Stop],
) -> AtomsResult:
    r"""Solve :math:`\min_{K, B} \frac12 \|Y - [D_1(:, K_1), \dots, D_p(:, K_p)] B^T\|_F^2`, :math:`|K_i| = d_i` [1]_.

    M2C-ALS: the rounds of :func:`one_sparse_dlra`, with an assignment that takes ``counts[i]`` different atoms of
    dictionary ``i`` and is exact, and its swaps and restarts, within each dictionary.

    Parameters
    ----------
    Y : array of two dimensions or more
        As in :func:`one_sparse_dlra`; an image of one spectrum a column, say.
    dictionaries : list of p arrays of shape (size of ``mode``, atoms)
        The pixels of p zones of the image, say; atoms are nonzero, of any length.
    counts : p positive integers
        How many atoms to take from each.
    rank : int, optional
        Sum of the counts, as a check.
    overlap : {"refuse", "first"}
        What to do with an atom that two dictionaries share: an error, or it belongs to the first of them.
    mode, nonneg, cost, init, n_init, swap, restart, seed, **stop
        As in :func:`one_sparse_dlra`.

    Returns
    -------
    AtomsResult
        Component ``q`` is ``dictionaries[sources[q]][:, indices[q]]``, in the order of the dictionaries.

    Raises
    ------
    TypeError, ValueError
        As in :func:`one_sparse_dlra`; and when the dictionaries overlap, or the counts do not sum to the rank or exceed
        the atoms of a dictionary.

    References
    ----------
    .. [1] J. E. Cohen and N. Gillis, Spectral unmixing with multiple dictionaries, 2018; manuscript, section 12.3.

    Examples
    --------
    >>> import numpy as np
    >>> D1, D2 = np.array([[1.0, 0.5], [0.0, 1.0], [0.2, 0.2]]), np.array([[0.1, 0.0], [0.3, 1.0], [1.0, 1.0]])
    >>> Y = np.column_stack([D1[:, 1], D2[:, 0]]) @ [[1.0, 0.0, 2.0], [0.0, 1.0, 1.0]]
    >>> result = multiple_dictionaries_dlra(Y, [D1, D2], [1, 1])
    >>> result.sources, result.indices, result.status
    (array([0, 1]), array([1, 0]), 'optimal')
    """
    data = driver.data(Y, mode)
    arrays = [
        driver.dictionary(f"dictionaries[{i}]", D, data)
        for i, D in enumerate(check.several("dictionaries", dictionaries))
    ]
    kept = _own_atoms(arrays, check.choice("overlap", overlap, {"refuse": True, "first": False}))
    counts = check.counts(counts, [len(own) for own in kept], rank)
    *arrays, _ = check.same_dtype(*arrays, data.T)
    atoms = np.hstack([D[:, own] for D, own in zip(arrays, kept, strict=True)])
    pool = Pool(atoms, tuple(len(own) for own in kept), counts)
    given: driver.Options = {
        "nonneg": nonneg, "cost": cost, "init": init, "n_init": n_init, "swap": swap, "restart": restart, "seed": seed,
        "stop": stop,
    }  # fmt: skip
    result = driver.solve(data, pool, given, "m2c_als")
    return replace(result, indices=np.concatenate(kept)[result.indices], sources=pool.source[result.indices])


def _own_atoms(dictionaries: Sequence[NDArray], refuse: bool) -> list[NDArray]:
    """Columns of each dictionary that no earlier one has."""
    owner: dict[bytes, int] = {}
    kept, pairs = [], []
    for j, D in enumerate(dictionaries):
        keys = [column.tobytes() for column in np.ascontiguousarray(D.T, dtype=np.float64) + 0.0]  # -0.0 is 0.0
        owners = np.array([owner.setdefault(key, j) for key in keys])
        kept.append(np.flatnonzero(owners == j))
        pairs += [(int(i), j, int((owners == i).sum())) for i in np.unique(owners[owners < j])]
    if refuse:
        check.disjoint(pairs)
    return kept
