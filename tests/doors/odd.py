"""Odd values in the place of an argument: what people pass by mistake, and numbers on the edge of what is allowed."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy import sparse

import tensorly_hdr as hdr

#: values that know nothing of the argument; each is made anew, since a call must not change it
SCALARS: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "True": lambda: True,
    "np.False_": lambda: np.bool_(False),
    "0": lambda: 0,
    "-1": lambda: -1,
    "1": lambda: 1,
    "3": lambda: 3,
    "10**6": lambda: 10**6,
    "10**30": lambda: 10**30,
    "2.0": lambda: 2.0,
    "1.5": lambda: 1.5,
    "nan": lambda: np.nan,
    "inf": lambda: np.inf,
    "-inf": lambda: -np.inf,
    "1e300": lambda: 1e300,
    "1e-300": lambda: 1e-300,
    "5e-324": lambda: 5e-324,
    "np.float32(0.5)": lambda: np.float32(0.5),
    "np.int8(2)": lambda: np.int8(2),
    "0-d": lambda: np.array(2),
    "1j": lambda: 1j,
    "''": lambda: "",
    "'auto'": lambda: "auto",
    "'kl'": lambda: "kl",
    "'snpa'": lambda: "snpa",
    "'3'": lambda: "3",
    "b'x'": lambda: b"x",
    "[]": lambda: [],
    "[1]": lambda: [1],
    "(2, 2)": lambda: (2, 2),
    "[None]": lambda: [None],
    "[[]]": lambda: [[]],
    "['a', 'b']": lambda: ["a", "b"],
    "{}": lambda: {},
    "{0: 1}": lambda: {0: 1},
    "set": lambda: {1, 2},
    "range(3)": lambda: range(3),
    "slice": lambda: slice(2),
    "iterator": lambda: iter([1, 2]),
    "object()": lambda: object(),
    "len": lambda: len,
    "a class": lambda: hdr.NonNegative,
    "a penalty": lambda: hdr.Simplex(),
    "a loss": lambda: hdr.Beta(0.5),
    "a Generator": lambda: np.random.default_rng(0),
    "a module": lambda: np,
    "ones((2, 2))": lambda: np.ones((2, 2)),
    "ones(3)": lambda: np.ones(3),
    "ones((2, 2, 2, 2))": lambda: np.ones((2, 2, 2, 2)),
    "dates": lambda: np.array(["2020-01-01"], dtype="M8[D]"),
    "structured": lambda: np.zeros(2, dtype=[("a", float), ("b", int)]),
    "Dataset": lambda: xr.Dataset({"a": ("x", [1.0, 2.0])}),
    "sparse eye": lambda: sparse.eye_array(3, format="csr"),
}


def _set(X: np.ndarray, value: float) -> np.ndarray:
    out = np.array(X, dtype=float)
    out.flat[out.size // 2] = value
    return out


def _zeroed(X: np.ndarray, where: Any) -> np.ndarray:
    out = X.copy()
    out[where] = 0
    return out


def _frozen(X: np.ndarray) -> np.ndarray:
    out = X.copy()
    out.flags.writeable = False
    return out


#: the same array in another form, and arrays beside it
ARRAYS: dict[str, Callable[[np.ndarray], Any]] = {
    "nan": lambda X: _set(X, np.nan),
    "inf": lambda X: _set(X, np.inf),
    "negative": lambda X: _set(X, -1.0),
    "-0.0": lambda X: _set(X, -0.0),
    "one 5e-324": lambda X: _set(X, 5e-324),
    "one 1e-200": lambda X: _set(X, 1e-200),
    "one 1e100": lambda X: _set(X, 1e100),
    "zeros": lambda X: 0 * X,
    "constant": lambda X: 0 * X + 1,
    "zero first": lambda X: _zeroed(X, 0),
    "zero last column": lambda X: _zeroed(X, (..., -1)),
    "one row left": lambda X: _zeroed(X, slice(1, None)),
    "one column left": lambda X: _zeroed(X, (..., slice(1, None))),
    "equal rows": lambda X: 0 * X + X[:1],
    "x 1e300": lambda X: X * 1e300,
    "x 1e150": lambda X: X * 1e150,
    "x 1e60": lambda X: X * 1e60,
    "x 1e-60": lambda X: X * 1e-60,
    "x 1e-150": lambda X: X * 1e-150,
    "x 1e-300": lambda X: X * 1e-300,
    "x 1e-320": lambda X: X * 1e-320,
    "first row 1e100": lambda X: np.concatenate([X[:1] * 1e100, X[1:]]),
    "first row 1e-100": lambda X: np.concatenate([X[:1] * 1e-100, X[1:]]),
    "float32": lambda X: X.astype(np.float32),
    "float32 x 1e-30": lambda X: (X * 1e-30).astype(np.float32),
    "float32 x 1e18": lambda X: (X * 1e18).astype(np.float32),
    "float16": lambda X: X.astype(np.float16),
    "big endian": lambda X: X.astype(">f8"),
    "long double": lambda X: X.astype(np.longdouble),
    "int": lambda X: (10 * X).astype(int),
    "uint8": lambda X: np.abs(10 * X).astype(np.uint8),
    "bool": lambda X: np.median(X) < X,
    "complex": lambda X: X.astype(complex),
    "object": lambda X: X.astype(object),
    "strings": lambda X: X.astype(str),
    "Fortran": np.asfortranarray,
    "read-only": _frozen,
    "reversed": lambda X: X[::-1],
    "strided": lambda X: np.repeat(X, 2, axis=-1)[..., ::2],
    "broadcast": lambda X: np.broadcast_to(X[:1], X.shape),
    "list": lambda X: X.tolist(),
    "tuple": lambda X: tuple(X.tolist()),
    "ragged": lambda X: [*X[:-1].tolist(), []],
    "DataArray": lambda X: xr.DataArray(X, dims=[f"d{k}" for k in range(X.ndim)]),
    "DataFrame": lambda X: pd.DataFrame(X.reshape(len(X), -1)),
    "masked": lambda X: np.ma.masked_array(X, np.median(X) < X),
    "matrix": lambda X: X.reshape(len(X), -1).view(np.matrix),
    "transposed": lambda X: X.T,
    "one mode more": lambda X: X[None],
    "one mode fewer": lambda X: X[0],
    "a row dropped": lambda X: X[1:],
    "a column dropped": lambda X: X[..., 1:],
    "one row": lambda X: X[:1],
    "one column": lambda X: X[..., :1],
    "no row": lambda X: X[:0],
    "no column": lambda X: X[..., :0],
    "coo": lambda X: sparse.coo_array(X.reshape(len(X), -1)),
    "csr": lambda X: sparse.csr_array(X.reshape(len(X), -1)),
    "csc": lambda X: sparse.csc_array(X.reshape(len(X), -1)),
    "lil": lambda X: sparse.lil_array(X.reshape(len(X), -1)),
    "dia": lambda X: sparse.dia_array(X.reshape(len(X), -1)),
    "dok": lambda X: sparse.dok_array(X.reshape(len(X), -1)),
    "csr nan": lambda X: sparse.csr_array(_set(X, np.nan).reshape(len(X), -1)),
    "csr zeros": lambda X: sparse.csr_array(X.reshape(len(X), -1).shape),
    "csr float32": lambda X: sparse.csr_array(X.reshape(len(X), -1).astype(np.float32)),
    "csr bad index": lambda X: _bad_index(X),
}


def _bad_index(X: np.ndarray) -> Any:
    out = sparse.csr_array(X.reshape(len(X), -1))
    out.indices[-1] = 10**6
    return out


def values(valid: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Name and maker of each odd value in the place of ``valid``."""
    yield from SCALARS.items()
    if isinstance(valid, np.ndarray):
        for name, change in ARRAYS.items():
            yield f"array {name}", lambda change=change: change(valid)
    elif isinstance(valid, list | tuple) and any(isinstance(v, np.ndarray) for v in valid):
        yield from _sequences(valid)
    elif isinstance(valid, dict) and valid:
        for key, inside in valid.items():
            for name, make in values(inside):
                yield f"[{key!r}] {name}", lambda key=key, make=make: {**valid, key: make()}


def _sequences(valid: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    kind = type(valid)
    yield "one fewer", lambda: kind(valid[:-1])
    yield "one more", lambda: kind([*valid, valid[-1]])
    yield "an object array", lambda: np.array([*valid, None], dtype=object)[:-1]
    for k, inside in enumerate(valid):
        for name, make in values(inside):
            yield f"[{k}] {name}", lambda k=k, make=make: kind([*valid[:k], make(), *valid[k + 1 :]])
