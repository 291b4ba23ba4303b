"""Arrays too large to be computed at once, put together from a few rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np
from numpy.typing import NDArray


def by_portions(method: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Compute a few observations at a time, ``block._portions``: no temporary array is as large as the data."""

    @wraps(method)
    def whole(block: Any, u: Any) -> Any:
        if not block._portions or len(u) == 1:
            return method(block, u)
        found = [method(part, u[rows]) for rows, part in block._portions]
        if isinstance(found[0], tuple):
            return tuple(_stacked(arrays, len(u)) for arrays in zip(*found, strict=True))
        return _stacked(found, len(u))

    return whole


def _stacked(parts: Sequence[NDArray], n: int) -> NDArray:
    """One array of ``n`` rows; a single row of each part stands for all, and is the same in every part."""
    return np.concatenate(parts) if sum(map(len, parts)) == n else parts[0]
