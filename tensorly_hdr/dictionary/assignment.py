"""Which atom for which column: the nearest ones, searched by blocks, and an optimal assignment among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check

BLOCK = 8192  # atoms compared at a time


@check.known_options
def assign(score: Any) -> NDArray:
    r"""Row of each column in an assignment of largest total score :math:`\sum_q s_{\sigma(q), q}` [1]_.

    SciPy returns the pairs sorted by row, which is not the order of the columns when there are more rows than columns.

    Parameters
    ----------
    score : array of shape (rows, columns), rows >= columns

    Returns
    -------
    integer array of shape (columns,)
        Different rows, one for each column.

    Raises
    ------
    TypeError, ValueError
        When the scores are not a finite matrix, or have fewer rows than columns.

    References
    ----------
    .. [1] H. W. Kuhn, The Hungarian method for the assignment problem, 1955.

    Examples
    --------
    >>> assign([[0, 1], [0, 0], [2, 0]])
    array([2, 0])
    """
    score = check.as_array("score", score, ndim=2)
    check.positive_int("columns of score", score.shape[1], at_most=score.shape[0], why=", the number of its rows")
    return _assigned(score)


def _assigned(score: NDArray) -> NDArray:
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(score, maximize=True)
    return np.asarray(rows[np.argsort(columns)])


def _largest(values: NDArray, count: int) -> NDArray:
    """Positions of the largest values of each row, in no order."""
    few = min(count, values.shape[1])
    return np.asarray(np.argpartition(values, values.shape[1] - few, axis=1)[:, values.shape[1] - few :])


def correlation(cosines: NDArray, lengths: NDArray) -> NDArray:
    """Scalar product with the atoms of length one: long columns weigh more."""
    return np.asarray(cosines * lengths)


def angle(cosines: NDArray, lengths: NDArray) -> NDArray:
    """Minus the spectral angle: all columns weigh the same."""
    return np.asarray(-np.arccos(np.clip(cosines, -1.0, 1.0)))


COSTS: dict[str, Callable[[NDArray, NDArray], NDArray]] = {"correlation": correlation, "angle": angle}


@dataclass(frozen=True)
class Pool:
    """Atoms of one or several dictionaries side by side; ``counts[i]`` of them are to come from dictionary ``i``.

    The search sees the unit atoms ``D`` only: the least squares estimate of a column is as long as its atom, and the
    lengths of atoms would weigh its scores.
    """

    atoms: NDArray
    sizes: tuple[int, ...]
    counts: tuple[int, ...]

    @property
    def rank(self) -> int:
        """Number of atoms to pick."""
        return sum(self.counts)

    @cached_property
    def lengths(self) -> NDArray:
        """Length of each atom; the largest entries are taken out first, or squares of tiny ones would lose digits."""
        peaks = np.abs(self.atoms).max(axis=0).astype(np.float64)
        return np.asarray(peaks * np.linalg.norm(self.atoms / peaks, axis=0))

    @cached_property
    def D(self) -> NDArray:
        """Atoms of length one, in double precision."""
        return np.asarray(self.atoms / self.lengths)

    @cached_property
    def source(self) -> NDArray:
        """Dictionary of each atom."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    @cached_property
    def first(self) -> NDArray:
        """Position of the first atom of each dictionary."""
        return np.concatenate([[0], np.cumsum(self.sizes)[:-1]])

    def cosines(self, atoms: Any, A: NDArray, is_signed: bool) -> NDArray:
        """Cosines of the angles between the columns of ``A`` and some atoms, one row a column; zero for zeros."""
        unit = A / np.maximum(np.linalg.norm(A, axis=0), np.finfo(A.dtype).tiny)
        out = unit.T @ self.D[:, atoms]
        return np.asarray(out if is_signed else np.abs(out, out=out))

    def choose(self, A: NDArray, cost: str, is_signed: bool) -> NDArray:
        """Different atoms for the columns of ``A``: of largest total score among those that respect the counts.

        For each column and dictionary ``i`` the ``counts[i]`` nearest atoms are enough. A column that took another one
        could take one of these: the other columns use at most ``counts[i] - 1`` of them. So an optimum is lost to none.
        """
        near = [self._nearest(i, A, is_signed) for i in range(len(self.sizes))]
        atoms = np.unique(np.concatenate(near))
        score = COSTS[cost](self.cosines(atoms, A, is_signed).T, np.linalg.norm(A, axis=0))
        return np.asarray(atoms[_assigned(np.hstack([score, *self._idle(atoms)]))[: A.shape[1]]])

    def _nearest(self, i: int, A: NDArray, is_signed: bool) -> NDArray:
        """Nearest atoms of dictionary ``i``, ``counts[i]`` for each column of ``A``."""
        count, r = self.counts[i], A.shape[1]
        kept, values = np.empty((r, 0), dtype=np.intp), np.empty((r, 0))
        for block in self._blocks(i):
            cosines = self.cosines(block, A, is_signed)
            top = _largest(cosines, count)
            kept = np.hstack([kept, block.start + top])
            values = np.hstack([values, np.take_along_axis(cosines, top, 1)])
            top = _largest(values, count)
            kept, values = np.take_along_axis(kept, top, 1), np.take_along_axis(values, top, 1)
        return np.asarray(kept.ravel())

    def _blocks(self, i: int) -> Iterator[slice]:
        first, last = int(self.first[i]), int(self.first[i]) + self.sizes[i]
        return (slice(k, min(k + BLOCK, last)) for k in range(first, last, BLOCK))

    def _idle(self, atoms: NDArray) -> Iterator[NDArray]:
        """Columns that take the atoms left over, at no cost: as many a dictionary as it offers too many.

        They make the counts part of an ordinary assignment, which is then exact.
        """
        if len(self.counts) == 1:
            return
        source = self.source[atoms]
        for i, wanted in enumerate(self.counts):
            offered = source == i
            yield np.repeat(np.where(offered, 0.0, -np.inf)[:, None], offered.sum() - wanted, axis=1)
