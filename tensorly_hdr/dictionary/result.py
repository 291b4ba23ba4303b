"""Results of dictionary-based factorizations."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr.factorization.result import FactorResult
from tensorly_hdr.solve import Result


@dataclass(frozen=True, repr=False, eq=False)
class AtomsResult(FactorResult):
    """A factorization whose factor in one mode is made of atoms: ``factors[mode] = D[:, indices]``.

    ``status`` is ``"stalled"`` when the same atoms came back, which ends the heuristic without proof of optimality.
    With several dictionaries ``sources[q]`` tells from which one component ``q`` comes, ``indices`` count inside it.
    """

    indices: NDArray = field(default_factory=lambda: np.empty(0, dtype=np.intp), kw_only=True)
    sources: NDArray | None = field(default=None, kw_only=True)
    mode: int = field(default=0, kw_only=True)


@dataclass(frozen=True, repr=False, eq=False)
class CodedResult(FactorResult):
    """A factorization with sparsely coded factors: ``factors[m] = D @ codes[m]`` for each mode ``m`` in ``codes``.

    ``codes[m]`` has shape (atoms, rank); ``indices[m]`` lists, for each component, the atoms it uses.
    """

    codes: dict[int, NDArray] = field(default_factory=dict, kw_only=True)

    @property
    def indices(self) -> dict[int, tuple[NDArray, ...]]:
        """Atoms that each component uses, mode by mode."""
        return {m: tuple(np.flatnonzero(x) for x in codes.T) for m, codes in self.codes.items()}


@dataclass(frozen=True, repr=False, eq=False)
class SparseCodes(Result):
    """Sparse codes ``x`` of shape (atoms, columns); ``starts`` holds the loss that each start reached."""

    starts: NDArray = field(default_factory=lambda: np.empty(0), kw_only=True)

    @property
    def indices(self) -> tuple[NDArray, ...]:
        """Atoms that each column uses."""
        return tuple(np.flatnonzero(x) for x in self.x.T)
