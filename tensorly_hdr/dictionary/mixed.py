"""Mixed sparse coding: the sparse codes of a factor, the other one fixed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, Unpack

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr._labels import Axis, axes_of
from tensorly_hdr.blocks import Quadratic, least_squares
from tensorly_hdr.dictionary.block_fista import block_fista, ista_l11
from tensorly_hdr.dictionary.coding import Atoms, Coding, debias, supports_of, unit_atoms
from tensorly_hdr.dictionary.greedy import homp, trick_omp
from tensorly_hdr.dictionary.result import SparseCodes
from tensorly_hdr.solve import Iterate, Status, Stop, Trace, run

Solver = Callable[[Coding, NDArray, np.random.Generator | None], Iterator[Iterate]]
"""``solver(coding, X, rng)`` yields feasible codes, ``X`` first; ``rng`` is given to the starts after the first."""

CODERS: dict[str, Solver] = {
    "block_fista": block_fista,
    "homp": homp,
    "trick_omp": trick_omp,
    "ista_l11": ista_l11,
}


@check.known_options
def mixed_sparse_coding(
    Y: Any,
    D: Any,
    B: Any,
    k: int | Sequence[int],
    *,
    solver: Literal["block_fista", "homp", "trick_omp", "ista_l11"] = "block_fista",
    nonneg: bool = True,
    init: Any = None,
    n_init: int = 1,
    seed: int | None = None,
    **stop: Unpack[Stop],
) -> SparseCodes:
    r"""Approximate :math:`\min \frac12 \|Y - D X B^T\|_F^2` over codes with at most ``k`` nonzeros a column [1]_.

    NP-hard: each solver is a heuristic. Where every :math:`2k` atoms are independent and ``B`` has full column rank,
    the codes of noiseless data are unique.

    Parameters
    ----------
    Y : array of shape (m, n)
        Data; may be scipy.sparse.
    D : array of shape (m, d)
        Dictionary, one atom a column; of any norm but zero, usually ``d > m``.
    B : array of shape (n, r)
        The other factor. If its rank is below ``r`` the codes are not unique.
    k : int or one for each of the r columns
        Largest number of atoms in a column of ``X``.
    solver : {"block_fista", "homp", "trick_omp", "ista_l11"}
        "block_fista" follows the solutions of a problem penalized by the :math:`\ell_1` norm of each column, from high
        weights to low ones, and keeps the best codes made of their ``k`` largest entries. "ista_l11" does so with the
        matrix norm :class:`~tensorly_hdr.penalties.MaxColumnL1`. "homp" applies orthogonal matching pursuit to each
        column in turn, and never raises the loss. "trick_omp" applies it to :math:`Y B (B^T B)^{-1}`: exact for
        ``k = 1`` without noise, fast, fragile. All solve for all coefficients at once on the supports they find.
    nonneg : bool
        Whether ``X >= 0``, the default.
    init : array of shape (d, r), optional
        Codes to start from, zero by default; the ``k`` largest entries of each column are kept. "trick_omp" does not
        use them.
    n_init : int
        Number of starts, fewer if one fits the data exactly; the best is returned, and ``result.starts`` holds what
        each reached. After the first, "trick_omp" repairs random halves of the best supports; the relaxations draw
        ratios of their weights. "homp" starts from the codes of "trick_omp", then of "block_fista", then from such
        halves: from ``n_init=3`` on it is a pool of three heuristics, and no worse than the other two.
    seed : int, optional
        Seed of these draws.
    **stop
        See :class:`tensorly_hdr.solve.Stop`. An iteration is one value of the weights, one sweep over the columns, or
        all of "trick_omp". ``tol`` is 0 by default here: the solvers end by themselves.

    Returns
    -------
    SparseCodes
        ``x``, the codes, and ``indices``, the atoms of each column. The trace holds the loss of feasible codes: of the
        best so far in the relaxations, whose ``trace.extra["penalized"]`` and ``["nonzeros"]`` tell what they solve.
        Status "optimal" says that the data are fitted to rounding, "stalled" that the heuristic came to its end.

    Raises
    ------
    TypeError, ValueError
        When an argument is not numeric, not finite, empty or of the wrong shape, an atom or ``B`` is zero, or ``k``
        exceeds the number of atoms.

    References
    ----------
    .. [1] J. E. Cohen, Frontiers in Applied Mathematics and Statistics, 2022 (mixed sparse coding);
       manuscript, section 12.2.

    Examples
    --------
    >>> import numpy as np
    >>> D, B = np.random.default_rng(0).standard_normal((8, 20)), np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    >>> X = np.zeros((20, 2))
    >>> X[[3, 7], 0], X[[7, 11], 1] = 1.0, 2.0
    >>> result = mixed_sparse_coding(D @ X @ B.T, D, B, 2)
    >>> [S.tolist() for S in result.indices], result.status
    ([[3, 7], [7, 11]], 'optimal')
    """
    steps: Solver = check.choice("solver", solver, CODERS)
    coding, axes, start = _at_the_door(Y, D, B, k, check.flag("nonneg", nonneg), init)
    n_init, rng = check.positive_int("n_init", n_init), check.generator(seed)
    options: dict[str, Any] = {"tol": 0.0, **check.stop_options(stop)}
    norms = coding.atoms.norms[:, None]
    runs: list[tuple[NDArray, Trace, Status, int]] = []
    while len(runs) < n_init:
        X, drawn = _restart(coding, solver, len(runs), _best(runs)[0], rng) if runs else (start, None)
        runs.append(run(steps(coding, X, drawn), coding.loss, view=lambda codes: codes / norms, **options))
        if runs[-1][1].loss[-1] <= coding.nothing_left or runs[-1][2] == "callback":
            break
    X, trace, status, n_iter = _best(runs)
    is_exact = trace.loss[-1] <= coding.nothing_left
    status = "optimal" if is_exact else "stalled" if status == "converged" else status
    losses = np.array([one[1].loss[-1] for one in runs])
    return SparseCodes(X / norms, trace, status, n_iter, solver, axes, starts=losses)


def _best(runs: Sequence[tuple[NDArray, Trace, Status, int]]) -> tuple[NDArray, Trace, Status, int]:
    """Run of least loss."""
    return min(runs, key=lambda one: float(one[1].loss[-1]))


def _at_the_door(
    Y: Any, D: Any, B: Any, k: Any, nonneg: bool, init: Any
) -> tuple[Coding, tuple[Axis, Axis] | None, NDArray]:
    """Check and convert the arguments: the problem, the axes of the codes, the start."""
    check.same_labels("Y", Y, "D", D, dims=1)
    check.same_labels("the transpose of Y", getattr(Y, "T", Y), "B", B, dims=1)
    of_D, of_B = axes_of(D, ("mode_0", "atom")), axes_of(B, ("mode_0", "component"))
    axes = None
    if of_D is not None or of_B is not None:
        axes = (of_D[-1] if of_D else Axis("atom"), of_B[-1] if of_B else Axis("component"))
        check.distinct_names("D and B", [axis.name for axis in axes])
    Y, D, B = check.as_array("Y", Y, ndim=2, sparse=True), *(_matrix(name, a) for name, a in (("D", D), ("B", B)))
    check.same_size(rows_of_Y=Y.shape[0], rows_of_D=D.shape[0])
    check.same_size(columns_of_Y=Y.shape[1], rows_of_B=B.shape[0])
    Y, D, B = check.same_dtype(Y, D, B)
    counts = check.sparsities("k", k, B.shape[1], D.shape[1])
    check.nonzero_atoms("D", D)
    check.explains_something("B", B)
    atoms = unit_atoms(D)
    coding = Coding(atoms, least_squares(Y, B), counts, nonneg)
    if init is None:
        return coding, axes, np.zeros(coding.shape, dtype=D.dtype)
    init = _matrix("init", init)
    check.same_shape("init", init.shape, coding.shape)
    return coding, axes, coding.inside((init * atoms.norms[:, None]).astype(D.dtype, copy=False))


def _matrix(name: str, a: Any) -> NDArray:
    out: NDArray = check.as_array(name, a, ndim=2)
    return out


def _restart(
    coding: Coding, solver: str, t: int, best: NDArray, rng: np.random.Generator
) -> tuple[NDArray, np.random.Generator | None]:
    """Codes of the start ``t`` and the randomness that its solver gets."""
    if solver != "homp":
        return best, rng
    others = [trick_omp, block_fista][t - 1 : t]
    if not others:
        halves = [rng.permutation(S)[: len(S) // 2].tolist() for S in supports_of(best)]
        return debias(coding, halves), None
    *_, (X, _) = others[0](coding, np.zeros_like(best), None)
    return X, None


def improve(
    atoms: Atoms,
    block: Quadratic,
    X: NDArray,
    k: NDArray,
    nonneg: bool,
    *,
    solver: Literal["block_fista", "homp", "trick_omp", "ista_l11"] = "homp",
    n_iter: int = 1,
) -> NDArray:
    """Codes, in the units of the dictionary, no worse than the ``k`` largest entries of ``X`` after ``n_iter`` steps.

    For alternations: ``block`` is that of the coded factor ``D @ X``, and ``atoms = unit_atoms(D)`` is made once.
    """
    coding, norms = Coding(atoms, block, k, nonneg), atoms.norms[:, None]
    best = coding.inside(X * norms)
    least = coding.misfit(best)
    for step, (codes, _) in enumerate(CODERS[solver](coding, best, None)):
        misfit = coding.misfit(codes)
        best, least = (codes, misfit) if misfit < least else (best, least)
        if step == n_iter:
            break
    return np.asarray(best / norms)
