"""Inner loops: compiled by numba where it can be imported, in NumPy elsewhere (a browser, an odd platform)."""

from contextlib import suppress
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr._interrupt import postponed
from tensorly_hdr.kernels import active_reference, hull_reference, kl_reference, reference, search_reference
from tensorly_hdr.kernels.active_reference import lawson_hanson
from tensorly_hdr.kernels.search_reference import new_stack

_source: ModuleType = reference
_kl: ModuleType = kl_reference
_active: ModuleType = active_reference
_pivoting: ModuleType = active_reference
_search: ModuleType = search_reference
_hull: ModuleType = hull_reference
with postponed(), suppress(ImportError):  # tested by hiding numba in a subprocess
    from tensorly_hdr.kernels import active as _active
    from tensorly_hdr.kernels import compiled as _source
    from tensorly_hdr.kernels import hull as _hull
    from tensorly_hdr.kernels import kl_compiled as _kl
    from tensorly_hdr.kernels import pivoting as _pivoting
    from tensorly_hdr.kernels import search as _search

hals_sweeps, sampled_product = _source.hals_sweeps, _source.sampled_product
kl_descent, kl_descent_sparse = _kl.kl_descent, _kl.kl_descent_sparse
active_set_rows, block_pivoting_rows = _active.active_set_rows, _pivoting.block_pivoting_rows
small_pivoting_rows = _pivoting.small_pivoting_rows
enumerate_supports, solve_supports = _search.enumerate_supports, _search.solve_supports
omp_rows, branch_and_bound_rows = _search.omp_rows, _search.branch_and_bound_rows
hull_rows = _hull.hull_rows
is_compiled = _source is not reference


class _Writable:
    """The memory of an array, called writable."""

    def __init__(self, x: NDArray) -> None:
        self.source = x  # keeps the memory
        self.__array_interface__ = {**x.__array_interface__, "data": (x.ctypes.data, False)}


def only_read(x: NDArray) -> NDArray:
    """View of an array that a kernel only reads, of the type of writable ones, so that nothing is compiled anew."""
    return x if x.flags.writeable else np.asarray(_Writable(x))


__all__ = [
    "active_set_rows",
    "block_pivoting_rows",
    "branch_and_bound_rows",
    "enumerate_supports",
    "hals_sweeps",
    "hull_rows",
    "is_compiled",
    "kl_descent",
    "kl_descent_sparse",
    "lawson_hanson",
    "new_stack",
    "omp_rows",
    "only_read",
    "sampled_product",
    "small_pivoting_rows",
    "solve_supports",
]
