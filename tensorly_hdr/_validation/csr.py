"""Checks of sparse matrices, which become CSR arrays of their own."""

from typing import Any

import numpy as np
from scipy.sparse import csr_array, issparse


def is_sparse(x: Any) -> bool:
    """Tell a scipy.sparse matrix or array."""
    return bool(issparse(x))


def as_csr(name: str, x: Any) -> Any:
    """Sorted copy without duplicates and stored zeros, in single precision where ``x`` is."""
    if x.ndim > 2:
        raise ValueError(f"{name} must be a matrix when it is sparse, got shape {x.shape}; pass {name}.toarray().")
    if x.dtype.kind not in "fiub":
        raise TypeError(f"{name} must hold real numbers, got dtype {x.dtype}.")
    _check_indices(name, x)
    array = csr_array(x, dtype=np.float32 if x.dtype == np.float32 else np.float64, copy=True)
    array.sum_duplicates()
    array.eliminate_zeros()
    return array


def _check_indices(name: str, x: Any) -> None:
    """Refuse indices out of range: SciPy and the kernels would read and write there."""
    try:
        if x.format in ("csr", "csc", "bsr"):  # of a second object on the same arrays, since the check may replace them
            type(x)((x.data, x.indices, x.indptr), shape=x.shape).check_format(full_check=True)
        elif x.format == "coo":
            type(x)((x.data, x.coords), shape=x.shape)
    except ValueError as error:
        raise ValueError(f"{name} is no valid sparse matrix: {error}; build it anew from its entries.") from None
