"""Checks of what holds an array: whether it is in memory, and a single one."""

from typing import Any


def in_memory(name: str, x: Any) -> None:
    """Refuse data that NumPy would read or compute as a whole without a word: that is for the caller to decide."""
    if _is_graph(x):
        remedy = f"it is computed when it is read; pass {name}.compute(), if that fits in memory"
    elif hasattr(x, "dims"):
        if getattr(getattr(x, "variable", None), "_in_memory", True):
            return
        remedy = f"it is still in its file; pass {name}.load(), if that fits in memory"
    elif hasattr(x, "chunks") and hasattr(x, "shape"):  # Zarr, HDF5
        remedy = f"it is still in its file; pass {name}[...], if that fits in memory"
    else:
        return
    raise TypeError(f"{name} is a {type(x).__module__.split('.')[0]} {type(x).__name__} out of memory: {remedy}.")


def not_dataset(name: str, x: Any) -> None:
    """Refuse several arrays where one is meant."""
    if type(x).__name__ == "Dataset" and not hasattr(x, "dtype"):
        remedy = f"its array, {name}.data" if hasattr(x, "data") else f"one of its variables, {name}['name']"
        raise TypeError(f"{name} is a dataset; pass {remedy}.")


def only_factors(name: str, x: Any) -> None:
    """Refuse a decomposition of which the factors are a part: without its core, or its projections, it is another."""
    rest = next((part for part in ("core", "projections") if getattr(x, part, None) is not None), None)
    if rest is not None:
        raise TypeError(
            f"{name} is a {type(x).__name__}, which has a {rest} beside its factors, and is no CP decomposition; pass "
            f"{name}.factors if the factors alone are meant."
        )


def _is_graph(x: Any) -> bool:
    """Whether ``x`` is a Dask collection, or wraps one (then it has the method, and a graph)."""
    graph = getattr(x, "__dask_graph__", None)
    return callable(graph) and graph() is not None
