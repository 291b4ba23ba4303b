"""The only module that raises on user input: everything below it trusts its arguments.

Every message names the argument, says what was got and what to do about it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from array_api_compat import array_namespace, is_array_api_obj, is_numpy_array
from numpy.typing import NDArray


def as_array(
    name: str, x: Any, *, ndim: int | tuple[int, ...] | None = None, nonneg: bool = False, sparse: bool = False,
    any_namespace: bool = False, finite: bool = True,
) -> Any:
    """Return ``x`` as a C-ordered real floating array that the caller's later edits cannot reach by accident.

    float32 stays float32, every other real type becomes float64. ``sparse`` lets scipy.sparse arrays through (as
    CSR), ``any_namespace`` lets other array libraries through (PyTorch, array-api-strict).
    """
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array; pass its data, and mask=~{name}.mask where a mask is accepted.")
    if is_sparse(x):
        if not sparse:
            raise TypeError(f"{name} is sparse, but a dense array is needed here; pass {name}.toarray().")
        array = _as_csr(name, x)
        entries = array.data
    elif any_namespace and is_array_api_obj(x) and not is_numpy_array(x):
        array = entries = _as_foreign(name, x)
    else:
        array = entries = _as_numpy(name, x)
    _check_shape(name, array.shape, ndim)
    if finite:
        _check_entries(name, entries, nonneg)
    return array


def is_sparse(x: Any) -> bool:
    """Tell a scipy.sparse matrix or array without importing scipy.sparse."""
    return type(x).__module__.startswith("scipy.sparse")


def _as_numpy(name: str, x: Any) -> NDArray:
    try:
        array = np.asarray(x)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name} must be a rectangular array of numbers, got {type(x).__name__}: {error}.") from None
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} must be a real numeric array, got {type(x).__name__} of dtype {array.dtype}.")
    return np.ascontiguousarray(array, dtype=np.float32 if array.dtype == np.float32 else np.float64)


def _as_csr(name: str, x: Any) -> Any:
    from scipy.sparse import csr_array

    if x.dtype.kind not in "fiub":
        raise TypeError(f"{name} must hold real numbers, got dtype {x.dtype}.")
    array = csr_array(x, dtype=np.float32 if x.dtype == np.float32 else np.float64, copy=True)
    array.sum_duplicates()
    array.eliminate_zeros()
    return array


def _as_foreign(name: str, x: Any) -> Any:
    xp = array_namespace(x)
    if xp.isdtype(x.dtype, "real floating"):
        return x
    if xp.isdtype(x.dtype, ("integral", "bool")):
        return xp.astype(x, xp.float64)
    raise TypeError(f"{name} must be a real numeric array, got dtype {x.dtype}.")


def _check_shape(name: str, shape: Sequence[int], ndim: int | tuple[int, ...] | None) -> None:
    wanted = (ndim,) if isinstance(ndim, int) else ndim
    if wanted is not None and len(shape) not in wanted:
        raise ValueError(f"{name} must have {' or '.join(map(str, wanted))} dimension(s), got shape {tuple(shape)}.")
    if 0 in shape:
        raise ValueError(f"{name} is empty, its shape is {tuple(shape)}; at least one entry a dimension is needed.")


def _check_entries(name: str, entries: Any, nonneg: bool) -> None:
    if entries.shape == (0,):
        return
    xp = array_namespace(entries)
    if not bool(xp.all(xp.isfinite(entries))):
        raise ValueError(f"{name} contains NaN or infinite entries; mask or impute them first.")
    if nonneg and float(xp.min(entries)) < 0:
        raise ValueError(f"{name} must be nonnegative, its minimum is {float(xp.min(entries)):.3g}; clip it at zero.")


def observed(name: str, mask: Any, shape: tuple[int, ...]) -> NDArray | None:
    """Return ``mask`` as a boolean array, True where the data are observed; None when nothing is missing."""
    if mask is None:
        return None
    array = np.asarray(mask)
    if array.dtype.kind not in "bui" and not np.isin(array, (0.0, 1.0)).all():
        raise TypeError(f"{name} must be boolean, True where the data are observed, got dtype {array.dtype}.")
    if array.shape != shape:
        raise ValueError(f"{name} must have the shape of the data {shape}, got {array.shape}.")
    array = array.astype(bool)
    if not array.any():
        raise ValueError(f"{name} hides every entry; at least one must be observed.")
    return None if array.all() else array


def same_dtype(*arrays: Any) -> tuple[Any, ...]:
    """Bring arrays to one library and one floating type: float32 only if all of them are."""
    dense = [a for a in arrays if not is_sparse(a)]
    if any(not is_numpy_array(a) for a in dense):
        if len({array_namespace(a) for a in dense}) > 1:
            raise TypeError("arrays of different libraries cannot be mixed; convert them to one of them.")
        xp = array_namespace(*dense)
        dtype = xp.result_type(*dense)
        return tuple(a if a.dtype == dtype else xp.astype(a, dtype) for a in arrays)
    kind = np.float32 if all(a.dtype == np.float32 for a in arrays) else np.float64
    return tuple(a if a.dtype == kind else a.astype(kind) for a in arrays)


def same_size(**sizes: int) -> None:
    """Check that named sizes agree: ``same_size(rows_of_Y=3, rows_of_A=3)``."""
    if len(set(sizes.values())) > 1:
        text = ", ".join(f"{k.replace('_', ' ')} = {v}" for k, v in sizes.items())
        raise ValueError(f"sizes must agree, got {text}.")


def same_shape(name: str, got: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    """Check the shape of an array that must match others."""
    if got != wanted:
        raise ValueError(f"{name} must have shape {wanted}, got {got}.")


def choice(name: str, value: Any, options: Mapping[str, Any]) -> Any:
    """Look ``value`` up in ``options``, or list the options; a function stands for itself."""
    if callable(value):
        return value
    if not isinstance(value, str) or value not in options:
        raise ValueError(f"{name} must be one of {sorted(options)}, got {value!r}.")
    return options[value]


def positive_int(name: str, value: Any, *, at_most: int | None = None, why: str = "") -> int:
    """Return ``value`` as an int of at least one, and of at most ``at_most``."""
    is_int = isinstance(value, int | np.integer) and not isinstance(value, bool | np.bool_)
    if not is_int or value < 1:
        raise ValueError(f"{name} must be a positive integer, got {value!r}.")
    if at_most is not None and value > at_most:
        raise ValueError(f"{name} must be at most {at_most}{why}, got {value}.")
    return int(value)


def nonneg_float(name: str, value: Any, *, positive: bool = False) -> float:
    """Return ``value`` as a finite float, at least zero (above zero if ``positive``)."""
    word = "positive" if positive else "nonnegative"
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name} must be a {word} number, got {value!r}.")
    if not np.isfinite(value) or value < 0 or (positive and value == 0):
        raise ValueError(f"{name} must be a {word} finite number, got {value!r}.")
    return float(value)


def fraction(name: str, value: Any) -> float:
    """Return ``value`` as a float between zero and one, both included."""
    if nonneg_float(name, value) > 1:
        raise ValueError(f"{name} must be a fraction between 0 and 1, got {value!r}.")
    return float(value)


def axis(value: Any) -> None:
    """Check the axis of a penalty on whole columns or rows."""
    if value not in (0, 1) or isinstance(value, bool):
        raise ValueError(f"axis must be 0 (constrain each column) or 1 (constrain each row), got {value!r}.")


def interval(lower: Any, upper: Any) -> None:
    """Check the bounds of a box; NaN fails too."""
    if not lower <= upper:
        raise ValueError(f"lower must be at most upper, got lower={lower!r}, upper={upper!r}.")


def supported(solver: str, update: Callable[..., Any], penalty: Any) -> None:
    """Check that a named solver declares the penalty; a function of the user's is trusted."""
    accepts = getattr(getattr(update, "func", update), "accepts", None)
    if accepts is not None and not accepts(penalty):
        raise ValueError(
            f"solver {solver!r} does not handle {penalty!r}: {accepts.__doc__} Use solver='auto', which picks one that does."
        )


def name_of(function: Any) -> str:
    """Name to show for a user's function, a partial included."""
    return str(getattr(getattr(function, "func", function), "__name__", type(function).__name__))


def supports_library(solver: str, update: Callable[..., Any], array: Any) -> None:
    """Check that a solver made of compiled kernels gets NumPy arrays."""
    runs_anywhere = getattr(getattr(update, "func", update), "any_namespace", True)
    if not is_numpy_array(array) and not runs_anywhere:
        raise TypeError(
            f"solver {solver!r} runs on NumPy arrays only, got {type(array).__name__}; convert the data, or use 'mu', "
            "'msom', 'pgd', 'fista' or 'admm'."
        )


def is_penalty(name: str, penalty: Any) -> None:
    """Check that ``penalty`` is an instance with ``value`` and ``prox`` (a class is a frequent slip)."""
    if isinstance(penalty, type):
        raise TypeError(f"{name} must be a penalty, got the class {penalty.__name__}; write {penalty.__name__}(...).")
    if not (callable(getattr(penalty, "value", None)) and callable(getattr(penalty, "prox", None))):
        raise TypeError(f"{name} must have methods value(u) and prox(u, step), got {penalty!r}.")


def stop_options(stop: Mapping[str, Any]) -> dict[str, Any]:
    """Check the options of :class:`tensorly_hdr.solve.Stop`; an unknown name is a TypeError."""
    known = ("max_iter", "tol", "max_time", "callback", "progress")
    unknown = sorted(set(stop) - set(known))
    if unknown:
        raise TypeError(f"unknown option(s) {unknown}; the stop options are {list(known)}.")
    out = dict(stop)
    if out.get("max_iter", 1) != 0:
        positive_int("max_iter", out.get("max_iter", 1))
    nonneg_float("tol", out.get("tol", 0.0))
    if out.get("max_time", np.inf) != np.inf:
        nonneg_float("max_time", out["max_time"])
    if out.get("callback") is not None and not callable(out["callback"]):
        raise TypeError(f"callback must be a function of (k, x, info), got {out['callback']!r}.")
    return out


def finite_divergence(Y: Any, A: Any) -> None:
    """Refuse ``KL(Y, A X)`` that is infinite for every ``X``: a zero row of ``A`` under positive data."""
    rows = np.flatnonzero((np.asarray(A.sum(axis=1)).ravel() == 0) & (np.asarray(Y.sum(axis=1)).ravel() > 0))
    if rows.size:
        raise ValueError(
            f"row(s) {rows[:5].tolist()} of A are all zero where Y is positive: the divergence is infinite whatever X is; "
            "drop these rows from A and Y."
        )


def order_of(name: str, T: Any, *, matrix: bool) -> int:
    """Number of modes of the data; exactly two for a matrix, at least two for a tensor."""
    shape = tuple(getattr(T, "shape", None) or np.shape(_as_numpy(name, T)))
    if matrix and len(shape) != 2:
        raise ValueError(f"{name} must have 2 dimensions, got shape {shape}; use ncp for tensors.")
    if len(shape) < 2:
        raise ValueError(f"{name} must have 2 dimensions or more, got shape {shape}.")
    return len(shape)


def as_data(
    name: str, T: Any, mask: Any, *, nonneg: bool, positive: bool = False, kl: bool = False
) -> tuple[Any, NDArray | None]:
    """Data of a factorization and its mask; hidden entries become zero, whatever they were."""
    array = as_array(name, T, sparse=True, finite=False)
    seen = observed("mask", mask, array.shape)
    if is_sparse(array):
        if seen is not None:
            raise TypeError(f"{name} is sparse: its absent entries are zeros, not missing; pass {name}.toarray() to use a mask.")
        if positive:
            raise ValueError(f"{name} is sparse, but this loss is infinite at zero; use loss='kl' or 'frobenius'.")
    elif seen is not None:
        array = np.where(seen, array, array.dtype.type(0))
    _check_entries(name, array.data if is_sparse(array) else array, nonneg)
    observed_part = array.data if is_sparse(array) else array if seen is None else array[seen]
    if positive and float(observed_part.min()) <= 0:
        raise ValueError(f"{name} must be positive for this loss, which is infinite at zero; add a small constant.")
    return array, seen


def loss(value: Any, options: Mapping[str, Any]) -> Any:
    """Loss by name, or the loss itself."""
    if isinstance(value, type):
        raise TypeError(f"loss must be a loss, got the class {value.__name__}; write {value.__name__}(...).")
    return value if hasattr(value, "split") and hasattr(value, "beta") else choice("loss", value, options)


def per_mode(name: str, values: Any, order: int, default: Any) -> tuple[Any, ...]:
    """One penalty a mode: the default, the same for all, or as many as there are modes."""
    if values is None:
        values = default
    each = (values,) * order if hasattr(values, "prox") or isinstance(values, type) else tuple(values)
    if len(each) != order:
        raise ValueError(f"{name} must be one penalty, or one for each of the {order} modes, got {len(each)}.")
    for m, g in enumerate(each):
        is_penalty(f"{name}[{m}]", g)
    return each


def beta_penalties(divergence: Any, penalties: Sequence[Any]) -> None:
    """Refuse weights whose exact update is not known: l1 for beta above 1, l2 for beta other than 1."""
    if divergence.beta in (1.0, 2.0):
        return
    for g in penalties:
        if getattr(g, "l2", 0.0) or (getattr(g, "l1", 0.0) and divergence.beta > 1.0):
            raise ValueError(f"{g!r} has no exact update with {divergence!r}: l1 needs beta <= 1 or 2, l2 needs beta 1 or 2.")


def free_modes(fixed: Any, order: int, init: Any) -> list[int]:
    """Modes to update: all but ``fixed``, which need a start of their own."""
    modes = sorted({int(m) % order if -order <= int(m) < order else _no_mode(m, order) for m in fixed})
    if len(modes) == order:
        raise ValueError("fixed holds every mode: there is nothing left to fit.")
    if modes and isinstance(init, str):
        raise ValueError(f"fixed={tuple(modes)} needs the values of these factors: pass init=(...), None for the others.")
    if modes and not hasattr(init, "factors") and any(tuple(init)[m] is None for m in modes if m < len(tuple(init))):
        raise ValueError(f"init holds no factor for the fixed modes {tuple(modes)}.")
    return [m for m in range(order) if m not in modes]


def _no_mode(m: Any, order: int) -> int:
    raise ValueError(f"fixed must hold modes from 0 to {order - 1}, got {m!r}.")


def generator(seed: Any) -> np.random.Generator:
    """Generator of a seed: None, a nonnegative int, or a Generator."""
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise ValueError(f"seed must be None, a nonnegative integer or a numpy Generator, got {seed!r}.") from None


def enough_columns(found: int, wanted: int, name: str = "Y") -> None:
    """Refuse to pick more columns than span the data."""
    if found < wanted:
        raise ValueError(
            f"rank must be at most {found}: {found} column(s) of {name} already explain all of it, got {wanted}."
            if found
            else f"{name} is all zero: there is no column to pick."
        )
