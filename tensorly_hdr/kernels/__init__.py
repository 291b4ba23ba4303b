"""Inner loops: compiled by numba where it can be imported, in NumPy elsewhere (a browser, an odd platform)."""

try:
    from tensorly_hdr.kernels.compiled import active_set_rows, hals_sweep, sampled_product
except ImportError:  # pragma: no cover - tested by hiding numba in a subprocess
    from tensorly_hdr.kernels.reference import active_set_rows, hals_sweep, sampled_product

__all__ = ["active_set_rows", "hals_sweep", "sampled_product"]
