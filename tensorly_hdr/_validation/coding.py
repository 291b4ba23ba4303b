"""Checks of dictionaries of splines, and of the modes that they code."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr._validation.arguments import holds_several, positive_int


def some_range(name: str, x: NDArray) -> tuple[float, float]:
    """Least and largest entries, which must differ."""
    low, high = float(x.min()), float(x.max())
    if not low < high:
        raise ValueError(f"{name} must hold two different values or more, all are {low:.6g}.")
    return low, high


def one_of_two(name: str, value: Any, other: str, given: Any) -> None:
    """Refuse two descriptions of the same thing."""
    if value is not None and given is not None:
        raise ValueError(f"{name} and {other} exclude each other: pass one of them.")


def increasing(name: str, x: NDArray, low: float, high: float) -> NDArray:
    """Check that ``x`` increases, from at most ``low`` to at least ``high``."""
    if len(x) < 2 or not (np.diff(x) > 0).all():
        raise ValueError(f"{name} must increase strictly, and be two or more, got {x}.")
    if x[0] > low or x[-1] < high:
        raise ValueError(f"{name} must cover the points, from {low:.6g} to {high:.6g}, got {x[0]:.6g} to {x[-1]:.6g}.")
    return x


def spline_counts(name: str, value: Any, degree: int, points: int) -> list[int]:
    """Numbers of splines, one a scale, each above the degree; a point sees one spline more than the degree."""
    if value is None:
        raise ValueError(f"{name} or knots must be given: a number of splines, or one for each scale.")
    many = holds_several(value)
    each = list(value) if many else [value]
    if not each:
        raise ValueError(f"{name} must hold at least one number of splines.")
    most, why = points * (degree + 1), ": beyond, some are zero at every point"
    names = [f"{name}[{k}]" if many else name for k in range(len(each))]
    counts = [positive_int(k, n, at_most=most, why=why) for k, n in zip(names, each, strict=True)]
    for n in counts:
        if n <= degree:
            raise ValueError(f"{name} must be above the degree, {degree}, got {n}; use more splines or a lower degree.")
    return counts


def no_zero_atom(name: str, D: NDArray) -> None:
    """Refuse atoms that are zero at every point."""
    zero = np.flatnonzero(~D.any(axis=0))
    if zero.size:
        raise ValueError(f"{name} makes atom(s) {zero[:5].tolist()} zero at every point: use fewer splines.")


def rows_of_mode(name: str, D: NDArray, T: NDArray, mode: int) -> None:
    """Check that a dictionary has as many rows as a mode of the data has entries."""
    rows, size = len(D), T.shape[mode]
    if rows != size:
        raise ValueError(f"{name} must have one row for each entry of mode {mode}, that is {size}, got {rows}.")


def one_mode(name: str, value: Any, order: int) -> int:
    """Mode as an index from zero; negative ones count from the end."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or not -order <= value < order:
        raise ValueError(f"{name} must be a mode from 0 to {order - 1}, got {value!r}.")
    return int(value) % order


def signs(value: Any, order: int) -> tuple[bool, ...]:
    """Which modes are nonnegative: all of them, none, or those of a sequence."""
    if isinstance(value, bool | np.bool_):
        return (bool(value),) * order
    if not holds_several(value):
        raise ValueError(f"nonneg must be True, False or a sequence of modes, got {value!r}.")
    modes = {one_mode(f"nonneg[{k}]", m, order) for k, m in enumerate(value)}
    return tuple(m in modes for m in range(order))


def coded_modes(D: Any, k: Any, mode: Any, order: int) -> dict[int, tuple[Any, Any]]:
    """Dictionary and sparsity of each coded mode: one of each, or as many as ``mode`` tells or as ``D`` has keys."""
    if isinstance(D, Mapping):
        if not isinstance(k, Mapping) or set(k) != set(D) or not D:
            raise ValueError(f"k must have the modes of D as its keys, {list(D)}, got {k!r}.")
        modes, matrices, counts = list(D), list(D.values()), [k[m] for m in D]
    elif holds_several(mode):
        modes = list(mode)
        matrices, counts = _as_many("D", D, len(modes)), _as_many("k", k, len(modes))
    else:
        modes, matrices, counts = [mode], [D], [k]
    found = [one_mode("mode", m, order) for m in modes]
    if not found or len(set(found)) < len(found):
        raise ValueError(f"mode must hold at least one mode, and none twice, got {modes}.")
    return {m: (matrix, n) for m, matrix, n in zip(found, matrices, counts, strict=True)}


def _as_many(name: str, values: Any, count: int) -> list[Any]:
    """One value a coded mode."""
    if not isinstance(values, list | tuple) or len(values) != count:
        got = len(values) if isinstance(values, list | tuple) else type(values).__name__
        raise ValueError(f"{name} must be a list with one entry for each of the {count} modes of mode, got {got}.")
    return list(values)
