"""To and from TensorLy tensors and labelled results; tlviz reads ``result.x`` together with the DataArray."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr._labels import Axis, axes_of, component_axis, default_axes, labelled, named_axis
from tensorly_hdr.factorization.result import as_cp, as_tucker


@check.known_options
def to_tensorly(factors: Any) -> Any:
    """TensorLy ``CPTensor`` of unit weights from a result or from tall factors; ``TuckerTensor`` where there is a core.

    Examples
    --------
    >>> import numpy as np
    >>> to_tensorly([np.ones((2, 1)), np.ones((3, 1))]).shape
    (2, 3)
    """
    if getattr(factors, "core", None) is not None:
        bases = [check.as_array(f"factors[{m}]", u, ndim=2) for m, u in enumerate(factors.factors)]
        return as_tucker(check.as_array("core", factors.core), bases)
    return as_cp(check.factors("factors", factors))


@check.known_options
def from_tensorly(cp: Any) -> tuple[NDArray, ...]:
    """Tall factors of a TensorLy ``CPTensor``, or a pair (weights, factors), the weights multiplied into the first.

    Examples
    --------
    >>> import numpy as np
    >>> from tensorly.cp_tensor import CPTensor
    >>> from_tensorly(CPTensor((np.array([2.0]), [np.ones((2, 1)), np.ones((3, 1))])))[0].ravel()
    array([2., 2.])
    """
    cp = getattr(cp, "x", cp)
    check.only_factors("cp", cp)
    weights, factors = check.pair("cp", cp, "(weights, factors)")
    arrays = check.factors("cp[1]", factors)
    if weights is None:
        return arrays
    w = check.as_array("cp[0]", weights, ndim=1)
    check.same_size(**{"weights_of_cp": len(w), "components": arrays[0].shape[1]})
    return (arrays[0] * w, *arrays[1:])


@check.known_options
def label(factors: Sequence[Any], like: Any) -> tuple[Any, ...]:
    """Factors as DataArrays of dimensions (mode, "component"), with the names and coordinates of ``like``.

    Parameters
    ----------
    factors : result or sequence of arrays of shape (n_mode, r)
    like : DataArray, DataFrame, mapping, or any array
        A mapping gives, mode after mode, the name of the dimension and those of its entries (None: numbers), as for
        sparse data, which cannot carry any. The modes of a plain array are called ``mode_0``, ``mode_1``, ...

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> Y = xr.DataArray(np.ones((2, 3)), dims=("wavelength", "pixel"))
    >>> [u.dims for u in label([np.ones((2, 1)), np.ones((3, 1))], Y)]
    [('wavelength', 'component'), ('pixel', 'component')]
    >>> documents, words = label([np.ones((2, 1)), np.ones((3, 1))], {"document": None, "word": ["a", "cat", "sat"]})
    >>> words.word.values.tolist()
    ['a', 'cat', 'sat']
    """
    arrays = check.factors("factors", factors)
    axes, shape = _like(like, arrays)
    check.same_size(factors=len(arrays), modes_of_like=len(axes))
    check.same_shape("factors", tuple(len(u) for u in arrays), shape)
    last = component_axis(arrays[0].shape[1], axes)
    return tuple(labelled(u, axis, last) for u, axis in zip(arrays, axes, strict=True))


def _like(like: Any, arrays: Sequence[NDArray]) -> tuple[tuple[Axis, ...], tuple[int, ...]]:
    """Axes and shape of the data that ``like`` stands for."""
    check.not_dataset("like", like)
    if not isinstance(like, Mapping):
        shape = tuple(np.shape(like))
        return axes_of(like) or default_axes(len(shape)), shape
    check.same_size(factors=len(arrays), modes_of_like=len(like))
    entries = check.entry_names("like", like)
    sizes = [len(u) if names is None else len(names) for u, names in zip(arrays, entries.values(), strict=True)]
    return tuple(named_axis(dim, names) for dim, names in entries.items()), tuple(sizes)
