"""Results of dictionary-based factorizations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr._labels import Axis, with_picks
from tensorly_hdr.factorization.result import FactorResult
from tensorly_hdr.solve import Result


@dataclass(frozen=True, repr=False, eq=False)
class AtomsResult(FactorResult):
    """A factorization whose factor in one mode is made of atoms: ``factors[mode] = D[:, indices]``.

    ``status`` is ``"stalled"`` when the same atoms came back, which ends the heuristic without proof of optimality, and
    ``"optimal"`` when nothing but rounding is left of the data.
    With several dictionaries ``sources[q]`` tells from which one component ``q`` comes, ``indices`` count inside it.
    ``atom_axis`` holds the names of the atoms of a labelled dictionary.
    """

    indices: NDArray = field(default_factory=lambda: np.empty(0, dtype=np.intp), kw_only=True)
    sources: NDArray | None = field(default=None, kw_only=True)
    mode: int = field(default=0, kw_only=True)
    atom_axis: Axis | None = field(default=None, kw_only=True)

    def to_xarray(self) -> tuple[Any, ...]:
        """Return the factors as DataArrays; the components carry the coordinates of their atoms, if these have any.

        Names that the data use get ``atom_`` in front: ``atom_row`` and ``atom_column`` where the atoms are pixels.
        """
        return with_picks(super().to_xarray(), self.atom_axis, self.indices)


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
