"""Checks of dictionaries, and of what is picked from them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import NDArray

from tensorly_hdr._validation.arguments import holds_several, positive_int


def nonzero_atoms(name: str, D: NDArray) -> None:
    """Refuse columns of zeros: they have no direction, and explain nothing; and columns whose squares are."""
    zero = np.flatnonzero(~D.any(axis=0))
    if zero.size:
        raise ValueError(
            f"{name} has {zero.size} atom(s) that are all zero, column(s) {zero[:5].tolist()}; drop them: "
            f"{name}[:, {name}.any(axis=0)]."
        )
    squares_in_range(name, D, least=0.0)


def squares_in_range(name: str, A: Any, least: float | None = None) -> None:
    """Refuse a column that is not zero but whose squared norm is, or is no normal number."""
    xp = array_namespace(A)
    least = float(xp.finfo(A.dtype).smallest_normal) if least is None else least
    faint = xp.any(A != 0, axis=0) & (xp.sum(A * A, axis=0) <= least)
    if bool(xp.any(faint)):
        columns = [j for j in range(A.shape[1]) if bool(faint[j])][:5]
        raise ValueError(f"{name} has column(s) {columns} so small that their squares are out of range; rescale them.")


def mode(value: Any, order: int) -> int:
    """Return ``value`` as a mode between 0 and ``order - 1``; negative ones count from the end."""
    is_int = isinstance(value, int | np.integer) and not isinstance(value, bool | np.bool_)
    if not is_int or not -order <= value < order:
        raise ValueError(f"mode must be an integer from 0 to {order - 1}, one of the modes of Y, got {value!r}.")
    return int(value) % order


def count(name: str, value: Any) -> int:
    """Return ``value`` as an integer of at least zero."""
    is_int = isinstance(value, int | np.integer) and not isinstance(value, bool | np.bool_)
    if not is_int or value < 0:
        raise ValueError(f"{name} must be an integer of at least zero, got {value!r}.")
    return int(value)


def several(name: str, values: Any) -> list[Any]:
    """Return a sequence of arrays as a list; one matrix alone is a frequent slip."""
    if not holds_several(values) or isinstance(values, dict) or hasattr(values, "ndim"):
        raise TypeError(f"{name} must be a list of matrices, one a dictionary, got {type(values).__name__}.")
    out = list(values)
    if not out:
        raise ValueError(f"{name} is empty; at least one dictionary is needed.")
    return out


def counts(values: Any, sizes: Sequence[int], rank: Any) -> tuple[int, ...]:
    """Check how many atoms each dictionary gives; their sum is the rank, which may be told as a check."""
    if not holds_several(values):
        raise TypeError(f"counts must be a sequence of positive integers, one a dictionary, got {values!r}.")
    values = list(values)
    if len(values) != len(sizes):
        raise ValueError(f"counts must hold one integer for each of the {len(sizes)} dictionaries, got {len(values)}.")
    why = ", the number of atoms of that dictionary"
    out = tuple(
        positive_int(f"counts[{i}]", v, at_most=d, why=why) for i, (v, d) in enumerate(zip(values, sizes, strict=True))
    )
    if rank is not None and positive_int("rank", rank) != sum(out):
        raise ValueError(f"counts must sum to the rank: {' + '.join(map(str, out))} = {sum(out)}, rank = {rank}.")
    return out


def disjoint(pairs: Sequence[tuple[int, int, int]]) -> None:
    """Refuse atoms that a dictionary shares with an earlier one; pairs hold (earlier, later, how many)."""
    if pairs:
        text = "; ".join(f"dictionaries {i} and {j} share {n} atom(s)" for i, j, n in pairs)
        raise ValueError(f"zones overlap: {text}. Make them disjoint, or pass overlap='first'.")
