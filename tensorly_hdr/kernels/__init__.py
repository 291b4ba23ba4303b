"""Inner loops: compiled by numba where it can be imported, in NumPy elsewhere (a browser, an odd platform)."""

from contextlib import suppress
from types import ModuleType

from tensorly_hdr.kernels import active_reference, reference
from tensorly_hdr.kernels.active_reference import lawson_hanson

_source: ModuleType = reference
_active: ModuleType = active_reference
_small: ModuleType = active_reference
with suppress(ImportError):  # tested by hiding numba in a subprocess
    from tensorly_hdr.kernels import active as _active
    from tensorly_hdr.kernels import compiled as _source
    from tensorly_hdr.kernels import small as _small

hals_sweep, sampled_product = _source.hals_sweep, _source.sampled_product
active_set_rows, block_pivoting_rows = _active.active_set_rows, _active.block_pivoting_rows
small_pivoting_rows = _small.small_pivoting_rows

__all__ = [
    "active_set_rows",
    "block_pivoting_rows",
    "hals_sweep",
    "lawson_hanson",
    "sampled_product",
    "small_pivoting_rows",
]
