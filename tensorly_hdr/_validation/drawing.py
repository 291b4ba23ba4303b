"""Checks of what is drawn."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr._validation.arguments import holds_several
from tensorly_hdr._validation.arrays import as_array


def some_factors(name: str, value: Any) -> tuple[Any, ...]:
    """Return a sequence of factors, at least one, as a tuple."""
    if not holds_several(value) or isinstance(value, set | dict) or type(value).__name__ == "Dataset":
        raise TypeError(f"{name} must be a result or a sequence of factors, one a mode, got {type(value).__name__}.")
    out = tuple(value) if hasattr(value, "__len__") and not hasattr(value, "nnz") else ()
    if not out:
        raise ValueError(f"{name} must hold at least one factor, got {type(value).__name__}.")
    return out


def one_a_mode(name: str, value: Any, n: int) -> tuple[Any, ...]:
    """Return a sequence that holds one entry for each mode."""
    if not isinstance(value, Sequence | np.ndarray) or isinstance(value, str | bytes) or getattr(value, "ndim", 1) == 0:
        raise TypeError(f"{name} must be a sequence, one entry (or None) a mode, got {type(value).__name__}.")
    if len(value) != n:
        raise ValueError(f"{name} must hold one entry (or None) for each of the {n} modes, got {len(value)}.")
    return tuple(value)


def places(name: str, values: Any, n: int) -> NDArray:
    """Horizontal coordinates of ``n`` entries: finite numbers, dates or names."""
    given = values if hasattr(values, "dtype") else list(values) if holds_several(values) else []
    array: NDArray = np.asarray(given) if all(np.ndim(v) == 0 for v in given) else np.empty(0)
    if array.shape != (n,):
        raise ValueError(f"{name} must hold one coordinate for each of the {n} rows of its factor, got {values!r:.80}.")
    return as_array(name, array, ndim=1) if array.dtype.kind in "fiubc" else array


def present(name: str, chosen: Any, entries: Sequence[Hashable]) -> list[Any]:
    """Return which of the entries are chosen, at least one, as a list."""
    if not holds_several(chosen) or isinstance(chosen, dict) or not hasattr(chosen, "__len__"):
        raise TypeError(f"{name} must be a sequence of some of {list(entries)[:8]}, got {type(chosen).__name__}.")
    odd = hasattr(chosen, "nnz") or getattr(getattr(chosen, "dtype", None), "names", None)
    out = [] if odd else list(chosen)
    if not out or any(np.ndim(c) != 0 or (isinstance(c, float) and np.isnan(c)) or c not in entries for c in out):
        raise ValueError(f"{name} must be one or more of {list(entries)[:8]}, got {chosen!r:.80}.")
    return out


def is_text(name: str, value: Any) -> None:
    """Refuse a label that is no text."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be text, got {value!r:.80}.")


def comparison(name: str, table: Any, wanted: Sequence[str]) -> None:
    """Refuse what is no table of ``compare_ranks``."""
    if not hasattr(table, "data_vars"):
        raise TypeError(f"{name} must be a Dataset from compare_ranks, got {type(table).__name__}.")
    missing = [key for key in wanted if key not in table]
    if missing:
        raise ValueError(f"{name} lacks {missing}; give what compare_ranks returns.")
