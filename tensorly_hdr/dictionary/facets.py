"""Is a complete dictionary the only one? The bound that says so, and a brute force that counts for small ranks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr.dictionary.planes import atoms_of, independence, normalized, portions, through

MOST_SUBSETS = 500_000
"""Subsets that a brute force looks at before it refuses."""
_TOL = {np.dtype(np.float64): 1e-8, np.dtype(np.float32): 1e-4}
_SAFETY = 100.0  # a normal through points of least singular value s is known to about eps / s


@check.known_options
def identifiability_bound(r: int, k: int, *, total: bool = False) -> int:
    r"""Points that each facet needs for uniqueness, :math:`\lfloor r(r-2)/(r-k) \rfloor + 1` [1]_.

    A factorization :math:`M = D B` with :math:`r` independent atoms and columns of ``B`` with at most :math:`k`
    nonzeros is unique, up to the order and scale of the atoms, when each facet (the span of all atoms but one) holds
    that many points of which any :math:`r - 1` are independent.

    Parameters
    ----------
    r : int
        Number of atoms, at least 2.
    k : int
        Number of nonzeros, below ``r``.
    total : bool
        Return instead the least number of columns of ``M`` that can do it: a column with ``k`` nonzeros lies on
        ``r - k`` of the ``r`` facets.

    References
    ----------
    .. [1] J. E. Cohen and N. Gillis, Identifiability of complete dictionary learning, 2019, theorem 1; manuscript,
       chapter 11.

    Examples
    --------
    >>> identifiability_bound(3, 2), identifiability_bound(8, 3), identifiability_bound(8, 3, total=True)
    (4, 10, 16)
    """
    r, k = check.positive_int("r", r), check.positive_int("k", k)
    check.positive_int("k", k, at_most=r - 1, why=", one less than r")
    on_a_facet = r * (r - 2) // (r - k) + 1
    return -(-on_a_facet * r // (r - k)) if check.flag("total", total) else on_a_facet


@check.known_options
def spark(D: Any, *, tol: float | None = None) -> int:
    r"""Least number of linearly dependent columns; one more than the number of columns when all are independent.

    Exact, by singular values of all subsets: for small matrices.

    Parameters
    ----------
    D : array of shape (m, n)
    tol : float
        Columns of unit norm are dependent when the least singular value of the submatrix is at most this; by default
        1e-8, or 1e-4 in single precision.

    Raises
    ------
    ValueError
        When more than 500000 subsets would be looked at, besides what all arrays may raise.

    Examples
    --------
    >>> spark([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]), spark([[1.0, 2.0], [1.0, 2.0]]), spark([[1.0, 0.0], [0.0, 1.0]])
    (3, 2, 3)
    """
    D = check.as_array("D", D, ndim=2)
    tol = check.nonneg_float("tol", _TOL[D.dtype] if tol is None else tol)
    D = normalized(D.astype(np.float64, copy=False))
    n: int = D.shape[1]
    if not D.any(axis=0).all():
        return 1
    rank = int(np.sum(np.linalg.svd(D, compute_uv=False) > tol))
    if rank == n:
        return n + 1
    check.few_subsets("D", sum(comb(n, s) for s in range(2, rank + 1)), MOST_SUBSETS)
    for size in range(2, rank + 1):
        if any((independence(D, subsets) <= tol).any() for subsets in portions(n, size)):
            return size
    return rank + 1


@dataclass(frozen=True, eq=False)
class Facets:
    """Complete dictionaries that explain the data exactly with ``k``-sparse codes, found by enumeration.

    Attributes
    ----------
    dictionaries : tuple of arrays of shape (m, r)
        Atoms of unit norm. Every dictionary whose facets are each spanned by data points is there.
    points : tuple of boolean arrays of shape (r, n)
        Which columns of the data lie on which facet: where the codes are zero.
    rigid : tuple of bool
        Whether each facet is held by points that need it (those with exactly ``k`` nonzeros, which lie on no facet to
        spare). A facet that is not can turn, so that there are infinitely many dictionaries.
    exhaustive : bool
        False when the search ended at its ``limit``.
    """

    dictionaries: tuple[NDArray, ...] = ()
    points: tuple[NDArray, ...] = ()
    rigid: tuple[bool, ...] = ()
    exhaustive: bool = field(default=True)

    @property
    def finite(self) -> bool:
        """Whether ``dictionaries`` holds all there are: without rigidity there are infinitely many."""
        return self.exhaustive and all(self.rigid)

    @property
    def unique(self) -> bool:
        """Whether there is one dictionary and no other, up to order and scale."""
        return self.finite and len(self.dictionaries) == 1


@check.known_options
def facets(M: Any, rank: int, k: int, *, tol: float | None = None, limit: int = 1000) -> Facets:
    r"""Find all :math:`D` with independent atoms such that :math:`M = D B` with ``k``-sparse columns of ``B`` [1]_.

    Each column of ``B`` has at most ``k`` nonzeros if and only if each column of ``M`` lies on at least ``rank - k`` of
    the facets, the hyperplanes through all atoms but one. All hyperplanes through ``rank - 1`` independent columns of
    ``M`` are listed, and all choices of ``rank`` of them that cover the data so are searched: when there is any exact
    dictionary, there is one of these; and when these are rigid, there are no others.

    Parameters
    ----------
    M : array of shape (m, n)
        Data without noise. Columns of zeros, and columns that repeat a direction, tell nothing and are ignored.
    rank : int
        Number of atoms, the rank of ``M``.
    k : int
        Largest number of nonzeros, below ``rank``.
    tol : float
        A point is on a hyperplane when the sine of their angle is at most this; by default 1e-8, or 1e-4 for data in
        single precision.
    limit : int
        Stop after so many dictionaries.

    Returns
    -------
    Facets
        Empty when ``M`` has no such factorization.

    Raises
    ------
    ValueError
        When the rank of ``M`` is below ``rank``, so that atoms are free, or when there are more than 500000 subsets of
        ``rank - 1`` columns.

    References
    ----------
    .. [1] J. E. Cohen and N. Gillis, Identifiability of complete dictionary learning, 2019; manuscript, section 11.1.

    Examples
    --------
    >>> import numpy as np
    >>> B = np.array([[0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 1, 3], [1, 1, 1, 1, 0, 0, 0, 0, 1, 3, 4, 1],
    ...               [1, 2, -1, -3, 1, 3, -2, -1, 0, 0, 0, 0]])
    >>> facets(B, 3, 2).unique, facets(B[:, [0, 1, 4, 5, 8, 9]], 3, 2).unique
    (True, False)
    """
    M = check.as_array("M", M, ndim=2)
    tol = check.nonneg_float("tol", _TOL[M.dtype] if tol is None else tol, positive=True)
    M = M.astype(np.float64, copy=False)
    rank = check.positive_int("rank", rank, at_most=min(M.shape), why=", the least dimension of M")
    k = check.positive_int("k", k, at_most=rank - 1, why=", one less than rank")
    limit = check.positive_int("limit", limit)
    U, s, _ = np.linalg.svd(M, full_matrices=False)
    found = int(np.sum(s > tol * s[0]))
    check.full_rank("M", found, rank)
    if found > rank:
        return Facets()
    points = normalized(U[:, :rank].T @ M)
    distinct = points[:, _directions(points, tol)]
    check.few_subsets("M", comb(distinct.shape[1], rank - 1), MOST_SUBSETS)
    normals = _hyperplanes(distinct, tol)
    covers = list(islice(_Search(normals, np.abs(normals @ distinct) <= tol, rank - k, tol).covers(), limit + 1))
    chosen = [normals[sorted(cover)] for cover in covers[:limit]]
    on = tuple(np.abs(W @ points) <= tol for W in chosen)
    rigid = tuple(_is_rigid(points, here, rank - k, tol) for here in on)
    return Facets(tuple(U[:, :rank] @ atoms_of(W) for W in chosen), on, rigid, len(covers) <= limit)


def _directions(points: NDArray, tol: float) -> NDArray:
    """One column for each direction, zeros left out."""
    kept: list[int] = []
    for j in np.flatnonzero(points.any(axis=0)):
        x = points[:, [j]]
        apart = [np.linalg.norm(points[:, kept] + sign * x, axis=0) for sign in (-1, 1)]
        if np.minimum(*apart).min(initial=np.inf) > tol:
            kept.append(int(j))
    return np.array(kept, dtype=np.intp)


def _hyperplanes(points: NDArray, tol: float) -> NDArray:
    """Unit normals of all hyperplanes through independent points, each once, those with most points first."""
    normals, on = [], []
    for subsets in portions(points.shape[1], len(points) - 1):
        w, independent = through(points, subsets)
        w = w[independent > _SAFETY * tol]
        normals.append(w)
        on.append(np.abs(w @ points) <= tol)
    w, incidence = np.concatenate(normals), np.concatenate(on)
    _, first = np.unique(np.packbits(incidence, axis=1), axis=0, return_index=True)
    order = np.argsort(-incidence[first].sum(axis=1), kind="stable")
    return np.asarray(w[first[order]])


def _is_rigid(points: NDArray, on: NDArray, times: int, tol: float) -> bool:
    """Whether the points on no more than ``times`` facets span each facet that they are on."""
    tight = on.sum(axis=0) == times
    ranks = [np.linalg.matrix_rank(points[:, facet & tight], tol=_SAFETY * tol) for facet in on]
    return bool(min(ranks) == len(points) - 1)


@dataclass(frozen=True)
class _Search:
    """Choices of independent hyperplanes such that every point is on ``times`` of them or more, by backtracking."""

    normals: NDArray
    incidence: NDArray
    times: int
    tol: float

    def covers(self) -> Iterator[tuple[int, ...]]:
        """Yield every choice once."""
        need = np.full(self.incidence.shape[1], self.times)
        yield from self._extend((), np.ones(len(self.normals), dtype=bool), need)

    def _extend(self, chosen: tuple[int, ...], allowed: NDArray, need: NDArray) -> Iterator[tuple[int, ...]]:
        slots = self.normals.shape[1] - len(chosen)
        if slots == 0:
            if not need.any():
                yield chosen
            return
        left = self._useful(allowed, need, slots)
        open_points = np.flatnonzero(need)
        branches = left
        if open_points.size and left.size:  # one of them goes through the point that leaves least choice
            on = self.incidence[np.ix_(left, open_points)]
            branches = left[on[:, int(np.argmin(on.sum(axis=0) - need[open_points]))]]
        allowed = np.zeros_like(allowed)
        allowed[left] = True
        for h in branches:
            allowed[h] = False  # so that no choice comes twice
            if self._is_independent((*chosen, int(h))):
                yield from self._extend((*chosen, int(h)), allowed, np.maximum(need - self.incidence[h], 0))

    def _useful(self, allowed: NDArray, need: NDArray, slots: int) -> NDArray:
        """Hyperplanes that cover enough of what is needed, given the best that the other slots could do."""
        candidates = np.flatnonzero(allowed)
        if need.max() > slots:
            return candidates[:0]
        gains = self.incidence[candidates] @ (need > 0).astype(np.intp)
        others = np.sort(gains)[::-1][: slots - 1].sum()
        return np.asarray(candidates[gains >= need.sum() - others])

    def _is_independent(self, chosen: tuple[int, ...]) -> bool:
        least: float = np.linalg.svd(self.normals[list(chosen)], compute_uv=False)[-1]
        return bool(least > _SAFETY * self.tol)
