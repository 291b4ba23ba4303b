"""CP decomposition with sparsely coded factors: each component of a mode is a combination of at most ``k`` atoms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Unpack

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr._labels import axes_of
from tensorly_hdr.blocks import Quadratic, half_square
from tensorly_hdr.dictionary.coded import Coder, alternate, starting_point
from tensorly_hdr.dictionary.coding import unit_atoms
from tensorly_hdr.dictionary.mixed import CODERS, improve
from tensorly_hdr.dictionary.result import CodedResult
from tensorly_hdr.factorization.inner import plan_of
from tensorly_hdr.factorization.problem import Problem
from tensorly_hdr.factorization.result import as_cp
from tensorly_hdr.losses import Frobenius
from tensorly_hdr.penalties import NonNegative, Zero
from tensorly_hdr.solve import Stop, run

VISITS: dict[str, dict[Any, int]] = {name: {name: 30} for name in CODERS} | {"auto": {"homp": 5, "block_fista": 30}}
"""What one visit of the codes runs, and for how many iterations at most."""


@check.known_options
def dictionary_cp(
    T: Any,
    rank: int,
    D: Any,
    k: Any,
    *,
    mode: int | Sequence[int] = 0,
    solver: Literal["auto", "homp", "block_fista", "trick_omp", "ista_l11"] = "auto",
    nonneg: bool | Sequence[int] = True,
    init: Any = "auto",
    n_inner: int | None = None,
    n_init: int = 1,
    seed: int | None = None,
    **stop: Unpack[Stop],
) -> CodedResult:
    r"""CP decomposition with coded factors: :math:`\min \frac12 \|T - [\![D X, A_2, \dots, A_d]\!]\|_F^2` [1]_.

    Each column of ``X`` has at most ``k`` nonzeros. Alternates between mixed sparse coding for ``X``, in the products
    with the data alone, and sweeps of HALS for the factors that are not coded. The problem is not convex and each step
    is a heuristic: try several starts.

    Parameters
    ----------
    T : array of two dimensions or more
        Array-like or DataArray, without missing entries; signs are free.
    rank : int
        Number of components.
    D : array of shape (n_mode, d)
        Dictionary, one atom per column, of any norm. A list of them where ``mode`` is a sequence; or ``{mode: D}``.
    k : int, or one for each component
        Most atoms of a component, at most ``d``. A list of these where ``mode`` is a sequence; or ``{mode: k}``.
    mode : int or sequence of int
        Modes that are coded; of no effect where ``D`` is a dict.
    solver : {"auto", "homp", "block_fista", "trick_omp", "ista_l11"}
        Heuristic of :func:`mixed_sparse_coding` for the codes, which stay as they are where it does not lower the loss.
        "homp" is greedy, fast, and suits distinct atoms; "block_fista" suits
        similar ones; "auto" runs one after the other.
    nonneg : bool or sequence of modes
        Modes that are nonnegative, True for all: the codes of a coded mode, the factors of others.
    init : a name, FactorResult, CPTensor or a sequence of arrays (None: scaled)
        The start, as in :func:`~tensorly_hdr.factorization.ncp`; factors of coded modes are coded first.
    n_inner : int, optional
        Most sweeps of HALS at a visit of a factor that is not coded, 20 by default.
    n_init : int
        Number of starts; those after the first are random, the best run is returned.
    seed : int, optional
        Seed of the random starts.
    **stop
        See :class:`tensorly_hdr.solve.Stop`.

    Returns
    -------
    CodedResult
        ``factors[m]`` is ``D @ codes[m]`` for each coded mode ``m``, the atoms in use are ``indices[m]``. The loss
        never rises: the last iterate is the best.

    Raises
    ------
    TypeError, ValueError
        When an argument is not numeric, not finite or out of range, an atom is zero, ``k`` is above the number of
        atoms, or a dictionary has not the rows (and labels) of its mode.

    References
    ----------
    .. [1] J. E. Cohen, Dictionary-based low-rank approximation, 2022; manuscript, section 12.2.

    Examples
    --------
    >>> import numpy as np
    >>> D = np.array([[1.0, 0.0, 0.6], [0.0, 1.0, 0.8]])
    >>> T = np.einsum("i,j,k->ijk", D[:, 2], [3.0, 1.0], [1.0, 2.0])
    >>> dictionary_cp(T, 1, D, 1, seed=0).indices[0]
    (array([2]),)
    """
    axes, order, init = axes_of(T), check.order_of("T", T, matrix=False), check.start(init)
    positive = check.signs(nonneg, order)
    given = check.coded_modes(D, k, mode, order)
    for m, (matrix, _) in given.items():
        check.labels_of_mode(f"D[{m}]", matrix, "T", T, m)
    T, *matrices = check.same_dtype(check.as_array("T", T), *(_matrix(f"D[{m}]", D) for m, (D, _) in given.items()))
    rank = check.rank(rank, T.shape)
    dictionaries, visit = dict(zip(given, matrices, strict=True)), check.choice("solver", solver, VISITS)
    for m, matrix in dictionaries.items():
        check.rows_of_mode(f"D[{m}]", matrix, T, m)
    coders = {
        m: _coder(D, check.sparsities(f"k[{m}]", given[m][1], rank, D.shape[1]), positive[m], visit)
        for m, D in dictionaries.items()
    }
    gs = tuple(NonNegative() if p and m not in given else Zero() for m, p in enumerate(positive))
    problem = Problem(T, None, Frobenius(), gs)
    plan = plan_of(problem, "auto", n_inner, (), init, None)
    rng, options, runs = check.generator(seed), check.stop_options(stop), []
    for j in range(check.positive_int("n_init", n_init)):
        start = starting_point(problem, rank, "auto" if j else init, positive, rng)
        codes = {m: _first(coder, dictionaries[m], start[m]) for m, coder in coders.items()}
        steps = alternate(problem, start, codes, dictionaries, coders, plan)
        runs.append(run(steps, lambda s: problem.fit(s.state), view=lambda s: s.state.factors, **options))
    losses = np.array([trace.loss[-1] for _, trace, _, _ in runs])
    (state, found), trace, status, n_iter = runs[int(np.argmin(losses))]
    return CodedResult(as_cp(state.factors), trace, status, n_iter, solver, axes, starts=losses, codes=found)


def _matrix(name: str, D: Any) -> NDArray:
    """Dictionary, every atom of which can be normalised."""
    matrix: NDArray = check.as_array(name, D, ndim=2)
    check.nonzero_atoms(name, matrix)
    return matrix


def _coder(D: NDArray, k: NDArray, nonneg: bool, visit: Mapping[Any, int]) -> Coder:
    """Mixed sparse coding of one factor, the components of norm one; old atoms are kept where they are better."""
    atoms = unit_atoms(D)

    def better(X: NDArray, block: Quadratic) -> NDArray:
        if not block.gram.any():
            return X  # every component is dead: the data say nothing about the codes
        size = np.sqrt(np.diag(block.gram))
        size = np.where(size > 0, size, 1.0).astype(D.dtype)
        scaled = Quadratic(block.gram / np.outer(size, size), block.cross / size, block.const)
        X = X * size
        for solver, n_iter in visit.items():
            X = improve(atoms, scaled, X, k, nonneg, solver=solver, n_iter=n_iter)
        return np.asarray(X / size)

    return better


def _first(coder: Coder, D: NDArray, u: NDArray) -> NDArray:
    """Codes of a factor by itself."""
    eye = np.eye(u.shape[1], dtype=u.dtype)
    return coder(np.zeros((D.shape[1], u.shape[1]), dtype=u.dtype), Quadratic(eye, u, half_square(u)))
