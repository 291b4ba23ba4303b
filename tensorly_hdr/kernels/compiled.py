"""The kernels in numba: arrays and scalars in, first argument mutated, None out. Twins in ``reference.py``."""

import numba as nb
from numpy.typing import NDArray


@nb.njit(cache=True)
def hals_sweep(u: NDArray, gram: NDArray, cross: NDArray, l1: float, l2: float, lower: float, upper: float) -> None:
    """See :func:`tensorly_hdr.kernels.reference.hals_sweep`."""
    n, r = u.shape
    for i in range(n):
        for k in range(r):
            curvature = gram[k, k] + l2
            if curvature <= 0.0:
                continue
            target = cross[i, k] + gram[k, k] * u[i, k]
            for j in range(r):
                target -= gram[k, j] * u[i, j]
            shrunk = max(target - l1, 0.0) if target >= 0.0 else min(target + l1, 0.0)
            u[i, k] = min(max(shrunk / curvature, lower), upper)


@nb.njit(cache=True)
def sampled_product(out: NDArray, indptr: NDArray, indices: NDArray, u: NDArray, K: NDArray) -> None:
    """See :func:`tensorly_hdr.kernels.reference.sampled_product`."""
    for i in range(len(indptr) - 1):
        for p in range(indptr[i], indptr[i + 1]):
            s = 0.0
            for k in range(u.shape[1]):
                s += u[i, k] * K[indices[p], k]
            out[p] = s
