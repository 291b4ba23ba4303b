"""One-sparse dictionary-based low-rank approximation: each component is one atom of a dictionary."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Unpack

from tensorly_hdr import _validation as check
from tensorly_hdr._labels import axes_of
from tensorly_hdr.dictionary import driver
from tensorly_hdr.dictionary.assignment import Pool
from tensorly_hdr.dictionary.result import AtomsResult
from tensorly_hdr.solve import Stop


@check.known_options
def one_sparse_dlra(
    Y: Any,
    D: Any,
    rank: int,
    *,
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
    r"""Solve :math:`\min_{K, B} \frac12 \|Y - D_{:,K} B^T\|_F^2` over ``rank`` different atoms ``K`` (MC-ALS) [1]_.

    A round estimates the factor of the atoms by least squares, assigns a different atom to each of its columns, and
    fits the other factors. It may raise the loss, and it stalls when atoms come back. Then the swap of one atom that
    lowers the loss most is taken, as long as one does: candidates are ranked by their loss with free coefficients (the
    loss itself for a matrix when ``nonneg`` is False, a lower bound else), and 20 are fitted: the best, or for a matrix
    and ``nonneg`` half of them, the others those that help most while no other coefficient moves. For a tensor of order
    three or more, :math:`B` is the Khatri-Rao product of the other factors.

    Parameters
    ----------
    Y : array of two dimensions or more
        A spectrum per column, say, or a tensor; signs are free.
    D : array of shape (size of ``mode``, d)
        One atom per column, nonzero, of any length: the picks do not depend on it.
    rank : int
        Number of atoms to pick, at most d.
    mode : int, default 0
        Mode of ``Y`` whose factor is made of atoms.
    nonneg : bool, default True
        Whether the other factors are nonnegative, else free. The sign of correlations counts only if they are, and the
        least squares estimate of the atoms is nonnegative if the dictionary is too.
    cost : {"correlation", "angle"}
        What the assignment optimizes: the sum of the correlations with the unit atoms, where long columns of the
        estimate weigh more, or the sum of the spectral angles.
    init : {"subspace", "random", "snpa"}, FactorResult, CPTensor or a sequence of arrays, one a mode (None: random)
        "subspace" picks, one after the other, the atom closest to the span of the ``rank`` leading left singular
        vectors, then off the atoms picked [2]_: exact when ``Y`` has no noise, its unfolding rank ``rank``, and any
        ``rank + 1`` atoms are independent, for then no other atom lies in that span. "random" draws the other factors.
        "snpa" takes the atoms nearest to the columns that :func:`~tensorly_hdr.factorization.snpa` picks: matrices
        only. A given factor of ``mode`` (the others may be None) is replaced by the nearest atoms.
    n_init : int, default 1
        Number of starts; those after the first are random, and the best is returned.
    swap : bool, default True
        Whether to swap atoms after a stall; False is MC-ALS as published, with an assignment.
    restart : int, default 1
        How often each start, once stuck, is restarted from its best atoms, half of them replaced at random.
    seed : int, optional
    **stop
        See :class:`tensorly_hdr.solve.Stop`. ``tol`` is the gain, relative to the loss of the start, below which a swap
        does not count; it does not end the rounds.

    Returns
    -------
    AtomsResult
        ``factors[mode]`` is ``D[:, indices]`` as given; the scale is in the others. ``to_xarray`` gives the components
        the coordinates of the atoms of ``D``. The status is ``"optimal"`` when nothing but rounding is left of the
        data, ``"stalled"`` when the search got stuck above that: a better choice of atoms may exist. ``trace.loss`` is
        the best so far, ``trace.extra["tried"]`` the loss of the last round or swap, ``extra["swap"]`` tells the two
        apart, ``extra["attempt"]`` counts the restarts.

    Raises
    ------
    TypeError, ValueError
        When an argument is not numeric, not finite or of the wrong shape, an atom is zero, or ``rank`` exceeds d.

    References
    ----------
    .. [1] J. E. Cohen and N. Gillis, Dictionary-based tensor canonical polyadic decomposition, 2018; manuscript,
       section 12.1.
    .. [2] M. E. Davies and Y. C. Eldar, Rank awareness in joint sparse recovery, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> D = np.array([[1.0, 1.0, 0.0, 1.0], [0.0, 1.0, 1.0, 2.0], [1.0, 0.0, 1.0, 4.0]])
    >>> result = one_sparse_dlra(D[:, [3, 0]] @ [[1.0, 0.0, 2.0], [0.0, 1.0, 1.0]], D, 2)
    >>> sorted(result.indices.tolist()), result.status
    ([0, 3], 'optimal')
    """
    data = driver.data(Y, mode)
    atoms = driver.dictionary("D", D, data)
    d = atoms.shape[1]
    rank = check.positive_int("rank", rank, at_most=d, why=", the number of atoms of D")
    _, atoms = check.same_dtype(data.T, atoms)
    pool = Pool(atoms, (d,), (rank,))
    given: driver.Options = {
        "nonneg": nonneg, "cost": cost, "init": init, "n_init": n_init, "swap": swap, "restart": restart, "seed": seed,
        "stop": stop,
    }  # fmt: skip
    result = driver.solve(data, pool, given, "mc_als")
    names = axes_of(D)
    return replace(result, atom_axis=names[1]) if names else result
