"""Complete dictionary learning: independent atoms, columns of codes with at most ``k`` nonzeros."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations, islice
from math import comb
from typing import Any, Literal, NamedTuple, Unpack

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr._labels import axes_of
from tensorly_hdr.blocks import half_square, least_squares
from tensorly_hdr.dictionary.planes import atoms_of, normal, normalized, reduced, sampled_atoms
from tensorly_hdr.factorization.init import given_factors
from tensorly_hdr.factorization.result import FactorResult, as_cp
from tensorly_hdr.penalties import HardSparse
from tensorly_hdr.regression.registry import admm
from tensorly_hdr.solve import Iterate, Stop, run

MOST_SUPPORTS = 20_000
"""Supports that the exact coding tries for each column."""
_PATIENCE, _PROGRESS = 30, 0.9  # rounds of ADMM in which the loss has to fall to this fraction
_ILL = 1e10  # condition number from which normals are taken to be dependent
_WORK = 2_000_000  # entries of the arrays of the exact coding


@dataclass(frozen=True, repr=False, eq=False)
class DictionaryResult(FactorResult):
    """A dictionary and sparse codes, ``M ≈ D @ B``; ``factors`` are ``D`` and the transpose of ``B``, both tall.

    ``status`` is ``"optimal"`` when the data are reproduced to rounding, so that no dictionary does better, and
    ``"stalled"`` when the heuristic has settled above that, which proves nothing.
    """

    @property
    def D(self) -> NDArray:
        """Atoms of unit norm, shape (m, rank)."""
        return self.factors[0]

    @property
    def B(self) -> NDArray:
        """Codes, shape (rank, n), at most ``k`` nonzeros a column."""
        return self.factors[1].T

    @property
    def support(self) -> NDArray:
        """Where the codes are nonzero, boolean, shape (rank, n)."""
        return np.asarray(self.B != 0)


@check.known_options
def complete_dictionary_learning(
    M: Any,
    rank: int,
    k: int,
    *,
    solver: Literal["alternating", "ao_admm"] = "alternating",
    init: Any = "facets",
    n_init: int = 1,
    n_inner: int = 5,
    seed: int | None = None,
    **stop: Unpack[Stop],
) -> DictionaryResult:
    r"""Solve :math:`\min_{D, B} \frac12 \|M - D B\|_F^2` with at most ``k`` nonzeros in each column of ``B`` [1]_.

    The dictionary is complete: at most as many atoms as rows. The problem is not convex and the answer depends on the
    start; see :func:`facets` for whether an exact one is the only one.

    Parameters
    ----------
    M : array of shape (m, n)
        One data point per column, of any sign.
    rank : int
        Number of atoms, at most ``min(m, n)``.
    k : int
        Largest number of nonzeros in a code, at most ``rank``.
    solver : {"alternating", "ao_admm"}
        "alternating" finds the best support of each column exactly, by trying all of them, then the best dictionary by
        least squares, and so on: the loss never rises. "ao_admm" improves the codes by ADMM [2]_ and refits them on
        their support; the best iterate so far is kept, and polished by alternation in the end. It may go further from a
        start, and serves where there are too many supports.
    init : {"facets", "random"}, a result, or a sequence of two tall arrays (None: facets)
        The start. "facets" looks for hyperplanes through many points, among those through ``rank - 1`` points drawn at
        random: for little noise. "random" draws Gaussian atoms. Given factors are the dictionary, and the transpose of
        the codes or None.
    n_init : int
        Number of starts, each with its own random numbers; the best run is returned, and ``result.starts`` holds what
        each reached. Those after a given one are as for "facets"; an exact fit is the last.
    n_inner : int
        Iterations of ADMM at each visit of the codes.
    seed : int, optional
        Seed of the starts.
    **stop
        See :class:`tensorly_hdr.solve.Stop`.

    Returns
    -------
    DictionaryResult
        ``M ≈ result.D @ result.B``, with atoms of unit norm.

    Raises
    ------
    TypeError, ValueError
        When an argument is not numeric, not finite or out of range, or when there are more than 20000 supports for
        "alternating".

    References
    ----------
    .. [1] J. E. Cohen and N. Gillis, Identifiability of complete dictionary learning, 2019; manuscript, chapter 11.
    .. [2] K. Huang, N. D. Sidiropoulos and A. P. Liavas, IEEE Transactions on Signal Processing, 2016 (AO-ADMM).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> B = rng.standard_normal((3, 30))
    >>> B[np.arange(30) % 3, np.arange(30)] = 0
    >>> result = complete_dictionary_learning(rng.standard_normal((3, 3)) @ B, 3, 2, seed=0)
    >>> result.status, int(result.support.sum(axis=0).max())
    ('optimal', 2)
    """
    axes, given = axes_of(M), check.start(init)
    M = check.as_array("M", M, ndim=2)
    data = M.astype(np.float64, copy=False)
    rank = check.positive_int("rank", rank, at_most=min(M.shape), why=", the least dimension of M")
    k = check.positive_int("k", k, at_most=rank, why=", the number of atoms")
    n_inner = check.positive_int("n_inner", n_inner)
    steps = check.choice("solver", solver, {"alternating": _alternating, "ao_admm": partial(_ao_admm, n_inner=n_inner)})
    if solver == "alternating":
        check.few_supports(comb(rank, k), MOST_SUPPORTS)
    coder = _exact if comb(rank, k) <= MOST_SUPPORTS else _thresholded
    rng, options = check.generator(seed), check.stop_options(stop)
    runs, rounding = [], _rounding(M)
    for _ in range(check.positive_int("n_init", n_init)):
        start = _start(data, rank, k, given, coder, rng)
        runs.append(run(steps(data, k, start), lambda s: s.loss, view=lambda s: (s.D, s.B), **options))
        if runs[-1][0].loss <= rounding:
            break
        given = "random" if isinstance(given, str) and given == "random" else "facets"
    losses = np.array([trace.loss[-1] for _, trace, _, _ in runs])
    state, trace, status, n_iter = runs[int(np.argmin(losses))]
    if status == "converged" or state.loss <= rounding:
        status = "optimal" if state.loss <= rounding else "stalled"
    factors = tuple(u.astype(M.dtype, copy=False) for u in (state.D, state.B))
    return DictionaryResult(as_cp(factors), trace, status, n_iter, solver, axes, starts=losses)


class _State(NamedTuple):
    """Atoms of unit norm ``D`` (m, r), codes ``B`` (n, r), and half the squared residual."""

    D: NDArray
    B: NDArray
    loss: float


_Coder = Callable[[NDArray, NDArray, int], NDArray]


def _state(M: NDArray, D: NDArray, B: NDArray) -> _State:
    """Atoms of unit norm, the codes rescaled; an atom of zeros, which no code uses, becomes a unit vector."""
    norms = np.linalg.norm(D, axis=0)
    D, B = D / np.where(norms > 0, norms, 1.0), B * norms
    D[0, norms == 0] = 1.0
    return _State(D, B, half_square(M - D @ B.T))


def _rounding(M: NDArray) -> float:
    """Losses below this are zero: single precision moves the data by its own unit."""
    unit = max(1e3 * np.finfo(np.float64).eps, float(np.finfo(M.dtype).eps))
    return float(half_square(M.astype(np.float64, copy=False))) * unit**2


def _alternating(M: NDArray, k: int, state: _State) -> Iterator[Iterate]:
    """Best supports for the atoms, best atoms for the codes; ends when a round does not help."""
    yield state, {}
    while True:
        coded = _better(state, _state(M, state.D, _exact(M, state.D, k)))
        new = _better(coded, _state(M, _fitted(M, coded.B, coded.D), coded.B))
        if ((new.B != 0) == (state.B != 0)).all():  # least squares would now crawl towards what the facets tell
            new = _better(new, _from_facets(M, new))
        if new.loss >= state.loss:
            return
        state = new
        yield state, {}


def _better(old: _State, new: _State) -> _State:
    return new if new.loss < old.loss else old


def _from_facets(M: NDArray, state: _State) -> _State:
    """Atoms whose facets are closest to the points that have no share of the atom, and the codes on their support."""
    U, C = reduced(M, state.B.shape[1])
    normals = np.array([normal(C[:, share == 0]) for share in state.B.T])
    if np.linalg.cond(normals) > _ILL:
        return state
    D = U @ atoms_of(normals)
    return _state(M, D, _refitted(M, D, state.B != 0))


def _ao_admm(M: NDArray, k: int, state: _State, n_inner: int) -> Iterator[Iterate]:
    """ADMM on the codes and least squares on the atoms, from there on; yields the best iterate refitted so far."""
    yield state, {}
    D, B, dual, idle, mark = state.D, state.B, None, 0, state.loss
    penalty = HardSparse(k, axis=1, nonneg=False)
    while idle < _PATIENCE and state.loss > _rounding(M):
        B, dual = admm(B, least_squares(M.T, D), penalty, n_inner, dual)
        D = _fitted(M, B, D)
        refitted = _state(M, D, _refitted(M, D, B != 0))
        state = _better(state, refitted)
        idle, mark = (0, state.loss) if state.loss < _PROGRESS * mark else (idle + 1, mark)
        yield state, {"restart": 1.0}  # a round without progress says nothing: ADMM goes up and down
    if comb(D.shape[1], k) <= MOST_SUPPORTS:
        yield from islice(_alternating(M, k, state), 1, None)


def _fitted(M: NDArray, B: NDArray, D: NDArray) -> NDArray:
    """Least-squares atoms for the codes ``B`` (n, r); atoms that no code uses keep their value in ``D``."""
    used, out = B.any(axis=0), D.copy()
    out[:, used] = np.linalg.lstsq(B[:, used], M.T, rcond=None)[0].T
    return out


def _exact(M: NDArray, D: NDArray, k: int) -> NDArray:
    """Codes (n, r) of least residual among those with ``k`` nonzeros: every support is tried."""
    r, n = D.shape[1], M.shape[1]
    Q, R = np.linalg.qr(D)
    Y = Q.T @ M
    supports = np.array(list(combinations(range(r), k)))
    least, B = np.full(n, np.inf), np.zeros((n, r))
    size = max(1, _WORK // (r * n))
    for first in range(0, len(supports), size):
        S = supports[first : first + size]
        A = np.moveaxis(R[:, S], 1, 0)
        Z = np.linalg.pinv(A) @ Y
        residuals = np.sum((Y - A @ Z) ** 2, axis=1)
        best = residuals.argmin(axis=0)
        better = np.flatnonzero(residuals[best, np.arange(n)] < least)
        chosen = best[better]
        least[better], B[better] = residuals[chosen, better], 0.0
        B[better[:, None], S[chosen]] = Z[chosen, :, better]
    return B


def _thresholded(M: NDArray, D: NDArray, k: int) -> NDArray:
    """Codes (n, r): the ``k`` largest coefficients of least squares, refitted."""
    full = np.linalg.lstsq(D, M, rcond=None)[0].T
    return _refitted(M, D, HardSparse(k, axis=1, nonneg=False).prox(full, 1.0) != 0)


def _refitted(M: NDArray, D: NDArray, support: NDArray) -> NDArray:
    """Least-squares codes (n, r) on a given support (n, r)."""
    B = np.zeros(support.shape)
    patterns, which = np.unique(support, axis=0, return_inverse=True)
    for p, pattern in enumerate(patterns):
        rows = np.flatnonzero(which.ravel() == p)
        B[np.ix_(rows, np.flatnonzero(pattern))] = np.linalg.lstsq(D[:, pattern], M[:, rows], rcond=None)[0].T
    return B


def _start(M: NDArray, rank: int, k: int, init: Any, coder: _Coder, rng: np.random.Generator) -> _State:
    """Atoms by name or given, with their best codes, unless these are given as well."""
    if not isinstance(init, str):
        D, B = given_factors(init, M.shape, rank, [rng.standard_normal((n, rank)) for n in M.shape])
        arrays = getattr(init, "factors", init)
        B = coder(M, normalized(D), k) if arrays[1] is None else HardSparse(k, axis=1, nonneg=False).prox(B, 1.0)
        return _state(M, D, B)
    draw = check.choice("init", init, {"facets": sampled_atoms, "random": _gaussian, "auto": sampled_atoms})
    starts = (_state(M, D, coder(M, D, k)) for D in draw(M, rank, k, rng))
    return min(starts, key=lambda s: s.loss)


def _gaussian(M: NDArray, rank: int, k: int, rng: np.random.Generator) -> Iterator[NDArray]:
    yield normalized(rng.standard_normal((len(M), rank)))
