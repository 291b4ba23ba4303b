"""Checks of arrays: type, shape, entries, and how they go together."""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from array_api_compat import array_namespace, is_array_api_obj, is_numpy_array
from numpy.typing import NDArray

from tensorly_hdr._validation.arguments import holds_several
from tensorly_hdr._validation.containers import in_memory, not_dataset, only_factors
from tensorly_hdr._validation.csr import as_csr, is_sparse
from tensorly_hdr._validation.labels import same_labels

CLIP_OR_FREE = "clip it at zero, or let a factor be negative, as in penalties=(Zero(), NonNegative(), ...), one a mode"


def as_array(
    name: str,
    x: Any,
    *,
    ndim: int | tuple[int, ...] | None = None,
    nonneg: bool = False,
    sparse: bool = False,
    any_namespace: bool = False,
    finite: bool = True,
) -> Any:
    """Return ``x`` as a C-ordered real floating array; ``x`` itself where nothing has to change.

    float32 stays float32, every other real type becomes float64. ``sparse`` lets scipy.sparse arrays through (as
    CSR), ``any_namespace`` lets other array libraries through (PyTorch, array-api-strict).
    """
    array, entries = _converted(name, x, sparse, any_namespace)
    _check_shape(name, array.shape, ndim)
    if finite:
        _check_entries(name, entries, nonneg)
    return array


def measured_array(name: str, x: Any, *, ndim: tuple[int, ...], nonneg: bool) -> tuple[Any, float]:
    """Do the same for data, sparse or from any library; and the sum of the squares, which the check computes anyway."""
    array, entries = _converted(name, x, True, True)
    _check_shape(name, array.shape, ndim)
    return array, _check_entries(name, entries, nonneg)


def _converted(name: str, x: Any, sparse: bool, any_namespace: bool) -> tuple[Any, Any]:
    """Array, and its stored entries."""
    not_dataset(name, x)
    in_memory(name, x)
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError(
            f"{name} is a masked array; pass {name}.data, and "
            f"mask=~np.ma.getmaskarray({name}) where a mask is accepted."
        )
    if is_sparse(x):
        if not sparse:
            raise TypeError(f"{name} is sparse, but a dense array is needed here; pass {name}.toarray().")
        array = as_csr(name, x)
        entries = array.data
    elif any_namespace and is_array_api_obj(x) and not is_numpy_array(x):
        array = entries = _as_foreign(name, x)
    else:
        array = entries = _as_numpy(name, x)
    return array, entries


def _rectangular(name: str, x: Any) -> NDArray:
    try:
        return np.asarray(x)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name} must be a rectangular array of numbers, got {type(x).__name__}: {error}.") from None


def _as_numpy(name: str, x: Any) -> NDArray:
    array = _rectangular(name, x)
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"{name} must be a real numeric array, got {type(x).__name__} of dtype {array.dtype}; "
            "convert it, for instance by np.asarray(x, dtype=float)."
        )
    if array.ndim == 0:
        raise ValueError(f"{name} must have 1 dimension(s) or more, got the scalar {array}.")
    return np.ascontiguousarray(array, dtype=np.float32 if array.dtype == np.float32 else np.float64)


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
        raise ValueError(f"{name} is empty, its shape is {tuple(shape)}; at least one entry per dimension is needed.")


def _check_entries(name: str, entries: Any, nonneg: bool, remedy: str = "clip it at zero") -> float:
    """Check that the entries are finite, of a size whose square is in range, and not negative; sum of the squares."""
    if entries.shape == (0,):
        return 0.0
    xp = array_namespace(entries)
    square, limit = _sum_of_squares(entries), 0.1 * float(xp.finfo(entries.dtype).max) ** 0.5
    if not prod(entries.shape) / limit**2 <= square <= limit**2:  # else nothing is wrong, and one pass has told so
        if not bool(xp.all(xp.isfinite(entries))):
            raise ValueError(
                f"{name} contains NaN or infinite entries; impute them, or pass mask= where there is one (nmf, ncp)."
            )
        size = float(xp.max(xp.abs(entries)))
        if size > limit or 0 < size < 1.0 / limit:
            raise ValueError(f"{name} has a largest entry of {size:.3g}, its square is out of range; rescale the data.")
    if nonneg and float(xp.min(entries)) < 0:
        raise ValueError(f"{name} must be nonnegative, its minimum is {float(xp.min(entries)):.3g}; {remedy}.")
    return square


def _sum_of_squares(entries: Any) -> float:
    """In double precision: in single precision a sum over many entries keeps four digits."""
    xp = array_namespace(entries)
    if not is_numpy_array(entries):
        return float(xp.sum(entries * entries, dtype=xp.float64))
    flat, total = entries.ravel(order="K"), 0.0
    step = len(flat) if flat.dtype == np.float64 else 1 << 20
    with np.errstate(all="ignore"):
        for first in range(0, len(flat), step):  # a few at a time: no copy of the data
            part = flat[first : first + step].astype(np.float64, copy=False)
            total += float(np.dot(part, part))
    return total


def positive_entries(name: str, entries: Any) -> None:
    """Check that every entry is above zero, and large enough to be divided by."""
    if float(entries.min()) < np.finfo(entries.dtype).tiny:
        raise ValueError(f"{name} must be positive, its minimum is {float(entries.min()):.3g}.")


def observed(name: str, mask: Any, shape: tuple[int, ...]) -> NDArray | None:
    """Return ``mask`` as a boolean array, True where the data are observed; None when nothing is missing."""
    if mask is None:
        return None
    if is_sparse(mask) or isinstance(mask, np.ma.MaskedArray):
        raise TypeError(f"{name} must be a plain boolean array, got {type(mask).__name__}.")
    not_dataset(name, mask)
    in_memory(name, mask)
    array = _rectangular(name, mask)
    if array.dtype.kind != "b" and (array.dtype.kind not in "uif" or not np.isin(array, (0, 1)).all()):
        raise TypeError(f"{name} must be boolean, True where the data are observed, got dtype {array.dtype}.")
    if array.shape != shape:
        what = "one entry per frame, shape" if len(shape) == 1 else "the shape of the data"
        raise ValueError(f"{name} must have {what} {shape}, got {array.shape}.")
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


def in_domain(name: str, values: NDArray) -> None:
    """Refuse factors where a penalty is infinite."""
    if not np.isfinite(values).all():
        raise ValueError(f"{name} lie outside the domain of their penalties (a negative entry?); project them first.")


def same_size(**sizes: int) -> None:
    """Check that named sizes agree: ``same_size(rows_of_Y=3, rows_of_A=3)``."""
    if len(set(sizes.values())) > 1:
        text = ", ".join(f"{k.replace('_', ' ')} = {v}" for k, v in sizes.items())
        raise ValueError(f"sizes must agree, got {text}.")


def same_shape(name: str, got: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    """Check the shape of an array that must match others."""
    if got != wanted:
        raise ValueError(f"{name} must have shape {wanted}, got {got}.")


def order_of(name: str, T: Any, *, matrix: bool) -> int:
    """Count the modes of the data; exactly two for a matrix, at least two for a tensor."""
    shape = getattr(T, "shape", None)
    shape = tuple(shape) if isinstance(shape, Sequence) else as_array(name, T, finite=False).shape
    if len(shape) == 1:
        raise ValueError(
            f"{name} must have 2 dimensions{'' if matrix else ' or more'}, got shape {shape}: one vector has nothing "
            f"to factorize; pass several as the columns of a matrix, or {name}.reshape(-1, 1)."
        )
    if matrix and len(shape) != 2:
        raise ValueError(f"{name} must have 2 dimensions, got shape {shape}; use ncp for tensors.")
    if len(shape) < 2:
        raise ValueError(f"{name} must have 2 dimensions or more, got shape {shape}.")
    return len(shape)


def as_data(name: str, T: Any, mask: Any, *, nonneg: bool, beta: float = 2.0) -> tuple[Any, NDArray | None]:
    """Check the data of a factorization and its mask; hidden entries become zero, whatever they were."""
    array = as_array(name, T, sparse=True, finite=False)
    same_labels(name, T, "mask", mask)
    seen = observed("mask", mask, array.shape)
    if is_sparse(array):
        if seen is not None:
            raise TypeError(
                f"{name} is sparse: its absent entries are zeros, not missing; pass {name}.toarray() to use a mask."
            )
        if beta not in (1.0, 2.0):
            raise ValueError(f"{name} is sparse: use loss='kl' or 'frobenius', or pass {name}.toarray().")
    elif seen is not None:
        array = np.where(seen, array, array.dtype.type(0))
    remedy = "clip it at zero" if beta != 2.0 else CLIP_OR_FREE
    _check_entries(name, array.data if is_sparse(array) else array, nonneg, remedy)
    observed_part = array.data if is_sparse(array) else array if seen is None else array[seen]
    if beta <= 0.0 and float(observed_part.min()) <= 0:
        raise ValueError(f"{name} must be positive for this loss, which is infinite at zero; add a small constant.")
    return array, seen


def at_least_three_modes(name: str, shape: Sequence[int]) -> None:
    """Refuse a matrix where it would tell nothing."""
    if len(shape) < 3:
        raise ValueError(f"{name} must have 3 dimensions or more, got shape {tuple(shape)}.")


def plain_matrix(what: str, T: Any, mask: Any) -> None:
    """Refuse a tensor, a sparse matrix or missing entries, for ``what`` needs every entry of a matrix."""
    if T.ndim != 2 or is_sparse(T) or mask is not None:
        got = f"a tensor of order {T.ndim}" if T.ndim != 2 else "a sparse matrix" if is_sparse(T) else "a mask"
        raise ValueError(f"{what} needs a dense matrix without missing entries, got {got}; use 'svd' or 'scaled'.")


def factors(name: str, arrays: Any) -> tuple[NDArray, ...]:
    """Factors of one factorization: two-dimensional arrays with the same number of columns."""
    only_factors(name, arrays)
    weights = getattr(arrays, "weights", None)
    arrays = getattr(arrays, "factors", arrays)
    if not holds_several(arrays):
        raise TypeError(f"{name} must be a sequence of arrays, one a mode, got {type(arrays).__name__}.")
    out = tuple(as_array(f"{name}[{m}]", u, ndim=2) for m, u in enumerate(arrays))
    if weights is not None and out:
        out = (out[0] * np.asarray(weights, dtype=out[0].dtype), *out[1:])
    if not out:
        raise ValueError(f"{name} is empty; at least one factor is needed.")
    same_size(**{f"columns_of_{name}_{m}": u.shape[1] for m, u in enumerate(out)})
    return out


def finite_at_model(name: str, y: NDArray, model: NDArray) -> None:
    """Refuse a point whose model is zero under positive data: a Kullback-Leibler loss is infinite there."""
    rows = np.flatnonzero((model <= 0) & (y > 0))
    if rows.size:
        raise ValueError(
            f"{name} makes a model that is zero where y is positive, at row(s) {rows[:5].tolist()}: the divergence is "
            f"infinite there; choose a positive {name}, and drop the rows of A that are all zero."
        )


def reaches(name: str, Y: NDArray, model: NDArray) -> None:
    """Refuse templates that cannot make what the data hold, of shape (frames, frequencies): an infinite divergence."""
    frames, rows = np.nonzero((model <= 0) & (Y > 0))
    if rows.size:
        raise ValueError(
            f"{name} cannot make the positive entries of S at row(s) {np.unique(rows)[:5].tolist()}, column(s) "
            f"{np.unique(frames)[:5].tolist()} (the first frames see the first taps only): the divergence is infinite; "
            f"add a small constant to {name}."
        )


def nonzero_sums(name: str, sums: NDArray) -> None:
    """Refuse columns that no scale brings to sum one."""
    columns = np.flatnonzero(sums == 0)
    if columns.size:
        raise ValueError(f"{name} must have columns of nonzero sum; leave out {columns[:5].tolist()}.")
