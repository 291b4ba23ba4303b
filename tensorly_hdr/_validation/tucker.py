"""Checks of the parts of a Tucker decomposition."""

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from tensorly_hdr._validation.arguments import holds_several
from tensorly_hdr._validation.arrays import as_array, same_shape, same_size
from tensorly_hdr._validation.csr import is_sparse


def dense(name: str, x: Any) -> None:
    """Refuse a sparse matrix."""
    if is_sparse(x):
        raise TypeError(f"{name} is sparse, but a dense array is needed here; pass {name}.toarray().")


def core_and_factors(name: str, value: Any, ranks: Sequence[int], shape: Sequence[int]) -> tuple[NDArray, Any]:
    """Nonnegative core and factors of a Tucker decomposition, from a result or a pair."""
    if hasattr(value, "core") and hasattr(value, "factors"):
        value = (value.core, value.factors)
    if not holds_several(value) or len(pair := list(value)) != 2:
        raise TypeError(f"{name} must be a name, a TuckerResult or a pair (core, factors), got {type(value).__name__}.")
    core = as_array(f"{name}[0]", pair[0], nonneg=True)
    same_shape(f"{name}[0]", core.shape, tuple(ranks))
    found = factors_of(f"{name}[1]", pair[1], shape, ranks)
    return core, found


def factors_of(name: str, arrays: Any, shape: Sequence[int], ranks: Sequence[int]) -> tuple[NDArray, ...]:
    """One nonnegative factor a mode, of the shape that goes with the data."""
    if not holds_several(arrays):
        raise TypeError(f"{name} must be a sequence of arrays, one a mode, got {type(arrays).__name__}.")
    out = tuple(as_array(f"{name}[{m}]", u, ndim=2, nonneg=True) for m, u in enumerate(arrays))
    same_size(**{f"factors_in_{name}": len(out)}, modes_of_the_data=len(shape))
    for m, u in enumerate(out):
        same_shape(f"{name}[{m}]", u.shape, (shape[m], ranks[m]))
    return out
