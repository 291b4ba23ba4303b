"""Checks of the names and coordinates that data carry, in a DataArray or in a DataFrame."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tensorly_hdr._validation.containers import not_dataset


def same_labels(name: str, x: Any, other: str, y: Any, dims: int | None = None) -> None:
    """Refuse data whose first ``dims`` dimensions have other names or coordinates: nothing is aligned.

    The labels of DataArrays, and those of DataFrames: of these an axis may have coordinates and no name.
    """
    not_dataset(name, x)
    not_dataset(other, y)
    _same_lines(name, lines_of(x)[:dims], other, lines_of(y)[:dims])


def labels_of_mode(name: str, D: Any, other: str, T: Any, mode: int) -> None:
    """Check that the rows of a dictionary have the labels of a mode of the data, where both have some."""
    not_dataset(name, D)
    not_dataset(other, T)
    _same_lines(name, lines_of(D)[:1], f"mode {mode} of {other}", lines_of(T)[mode : mode + 1])


def _same_lines(name: str, x: list[tuple[Any, Any]], other: str, y: list[tuple[Any, Any]]) -> None:
    if not x or not y:
        return
    a, b = tuple(dim for dim, _ in x), tuple(dim for dim, _ in y)
    if len(a) != len(b) or any(p != q for p, q in zip(a, b, strict=True) if p is not None and q is not None):
        raise ValueError(f"{name} and {other} must have the same dimensions in the same order, got {a} and {b}.")
    for m, ((dim, i), (also, j)) in enumerate(zip(x, y, strict=True)):
        if i is not None and j is not None and not i.equals(j):
            where = f"axis {m}" if dim is None and also is None else repr(also if dim is None else dim)
            raise ValueError(f"{name} and {other} have different coordinates along {where}; align them first.")


def pandas_lines(x: Any) -> list[tuple[Any, Any]]:
    """Name and index of each axis of a DataFrame or Series, None where there is none; empty for everything else.

    The index that pandas makes up, 0, 1, 2, ... without a name, labels nothing; nor does a name that both axes have.
    """
    if not (type(x).__module__.startswith("pandas") and hasattr(x, "axes")):
        return []
    names = [index.name for index in x.axes]
    names = [None if names.count(name) > 1 else name for name in names]
    return [(n, None if _made_up(index) else index) for n, index in zip(names, x.axes, strict=True)]


def _made_up(index: Any) -> bool:
    return type(index).__name__ == "RangeIndex" and index.name is None and index.start == 0 and index.step == 1


def lines_of(x: Any) -> list[tuple[Any, Any]]:
    """Do the same for a DataArray too."""
    if hasattr(x, "dims"):
        return [(dim, x.indexes.get(dim)) for dim in x.dims]
    return pandas_lines(x)


def entry_names(name: str, like: Mapping[Any, Any]) -> dict[str, Any]:
    """Names of the entries of each dimension, as one-dimensional arrays; an index of pandas stays what it is."""
    out = {str(dim): v if v is None or hasattr(v, "nlevels") else np.asarray(v) for dim, v in like.items()}
    for dim, v in out.items():
        if v is not None and v.ndim != 1:
            raise ValueError(f"{name}[{dim!r}] must be a list of names or None, got shape {v.shape}.")
    return out
