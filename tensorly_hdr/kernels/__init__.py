"""Inner loops: compiled by numba where it can be imported, in NumPy elsewhere (a browser, an odd platform)."""

from contextlib import suppress
from types import ModuleType

from tensorly_hdr.kernels import reference

_source: ModuleType = reference
with suppress(ImportError):  # tested by hiding numba in a subprocess
    from tensorly_hdr.kernels import compiled as _source

active_set_rows, hals_sweeps = _source.active_set_rows, _source.hals_sweeps
sampled_product, simplex_rows = _source.sampled_product, _source.simplex_rows

__all__ = ["active_set_rows", "hals_sweeps", "sampled_product", "simplex_rows"]
