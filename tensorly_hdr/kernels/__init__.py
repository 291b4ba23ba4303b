"""Inner loops: compiled by numba where it can be imported, in NumPy elsewhere (a browser, an odd platform)."""

from contextlib import suppress
from types import ModuleType

from tensorly_hdr.kernels import kl_reference, reference

_source: ModuleType = reference
_kl: ModuleType = kl_reference
with suppress(ImportError):  # tested by hiding numba in a subprocess
    from tensorly_hdr.kernels import compiled as _source
    from tensorly_hdr.kernels import kl_compiled as _kl

active_set_rows, hals_sweeps = _source.active_set_rows, _source.hals_sweeps
sampled_product, simplex_rows = _source.sampled_product, _source.simplex_rows
kl_descent, kl_descent_sparse = _kl.kl_descent, _kl.kl_descent_sparse
is_compiled = _source is not reference

__all__ = [
    "active_set_rows",
    "hals_sweeps",
    "is_compiled",
    "kl_descent",
    "kl_descent_sparse",
    "sampled_product",
    "simplex_rows",
]
