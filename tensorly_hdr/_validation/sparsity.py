"""Checks of what sparse coding needs: atoms, and how many of them a column may use."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr._validation.arguments import holds_several, positive_int


def sparsities(name: str, value: Any, columns: int, atoms: int) -> NDArray:
    """Return the number of atoms of each column, of one int or one for each column, at most the number of atoms."""
    many = holds_several(value)
    each = list(value) if many else [value] * columns
    if len(each) != columns:
        raise ValueError(f"{name} must be one integer, or one for each of the {columns} columns, got {len(each)}.")
    names = [f"{name}[{i}]" if many else name for i in range(columns)]
    why = ", the number of atoms"
    return np.array([positive_int(n, v, at_most=atoms, why=why) for n, v in zip(names, each, strict=True)])


def explains_something(name: str, gram: NDArray) -> None:
    """Refuse a matrix of zeros in the place of the mixing matrix: every code would fit as well."""
    if not gram.any():
        raise ValueError(f"{name} is all zero: the codes do not reach the data.")
