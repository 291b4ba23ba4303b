"""Labels in are labels out: names and coordinates of the data reach the factors, which merge into a Dataset."""

import inspect

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import xarray as xr

import tensorly_hdr as hdr
from tensorly_hdr import interop, plotting
from tests.doors.registry import DOORS

NAMES = ("first", "second", "third")
#: where the axes of the result come from, for the functions that have more than one labelled argument
OF_DATA = {"Y": (0, 1, 2), "T": (0, 1, 2), "M": (0, 1), "S": (0, 1)}
IMAGE = pd.MultiIndex.from_product([[3, 4], [7.0, 8.0, 9.0]], names=["row", "column"])


def _index(name, size):
    return pd.Index([f"{name} {i}" for i in range(size)], name=name)


def _arrays(values):
    dims = NAMES[: values.ndim]
    return xr.DataArray(values, dims=dims, coords={d: _index(d, n) for d, n in zip(dims, values.shape, strict=True)})


def _frame(values):
    return pd.DataFrame(values, *(_index(d, n) for d, n in zip(NAMES, values.shape, strict=False)))


def _factorizations():
    """Cases whose first argument is the data, and whose result has factors."""
    for name, door in DOORS.items():
        first = next(iter(inspect.signature(door.function).parameters), "") if callable(door.function) else ""
        if first in OF_DATA and first in door.arguments:
            returned = str(inspect.signature(door.function).return_annotation)
            if "Result" in returned or "ClosedForm" in returned:
                yield name, first


CASES = dict(_factorizations())
OF_MATRICES = [name for name, first in CASES.items() if np.ndim(DOORS[name].arguments[first]) == 2]


def _carries(result, data):
    arrays = result.to_xarray()
    for m, u in enumerate(arrays):
        assert u.dims[0] == NAMES[m]
        assert u.indexes[NAMES[m]].equals(_index(NAMES[m], data.shape[m]))
    merged = xr.merge(arrays, join="exact", compat="identical")
    for m, (u, factor) in enumerate(zip(arrays, result.factors, strict=True)):
        assert merged.indexes[NAMES[m]].equals(_index(NAMES[m], data.shape[m]))
        np.testing.assert_array_equal(merged[u.name], factor)


def test_the_factorizations_of_the_registry_are_found():
    assert {"nmf", "ncp", "nonnegative_tucker", "convolutive_nmf", "snpa", "one_sparse_dlra", "smooth_cp"} <= set(CASES)
    assert {"rank_one_kl", "rank_two_nmf", "complete_dictionary_learning", "minvol_nmf", "dictionary_cp"} <= set(CASES)


# some calls of the registry warn that a penalty can be escaped or that a slice is hidden: not the matter here
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("name", "container"), [*((n, _arrays) for n in CASES), *((n, _frame) for n in OF_MATRICES)])
def test_the_names_and_coordinates_of_the_data_reach_the_factors(name, container):
    door = DOORS[name]
    data = np.asarray(door.arguments[CASES[name]])
    result = door.function(**{**door.arguments, CASES[name]: container(data)})
    _carries(result, data)


@pytest.mark.parametrize("name", ["nnls", "nnkl", "nnomp", "sparse_nnls"])
@pytest.mark.parametrize("container", [_arrays, _frame])
def test_regressions_take_the_columns_of_both_matrices(name, container):
    door = DOORS[name]
    A, Y = container(door.arguments["A"]), container(door.arguments["Y"])
    A = A.rename(second="material") if container is _arrays else A.rename_axis(columns="material")
    result = door.function(**{**door.arguments, "A": A, "Y": Y})
    last = result[-1] if isinstance(result, tuple | list) else result
    merged = xr.merge([last.to_xarray()])
    assert merged["coefficients"].dims == ("material", "second")
    assert merged.indexes["material"].equals(_index("second", A.shape[1]))
    assert merged.indexes["second"].equals(_index("second", Y.shape[1]))


def test_frames_without_names_of_their_axes_are_told_apart():
    A, Y = pd.DataFrame(np.eye(3), columns=list("abc")), pd.DataFrame(np.ones((3, 2)), columns=["p", "q"])
    x = hdr.nnls(A, Y).to_xarray()
    assert x.dims == ("component", "mode_1")
    assert x.component.values.tolist() == ["a", "b", "c"]
    assert x.mode_1.values.tolist() == ["p", "q"]


def test_frames_with_other_labels_are_not_multiplied():
    A = pd.DataFrame(np.eye(3), index=["a", "b", "c"])
    Y = pd.DataFrame(np.ones((3, 2)), index=["a", "c", "b"])
    with pytest.raises(ValueError, match="different coordinates along axis 0"):
        hdr.nnls(A, Y)
    with pytest.raises(ValueError, match="different coordinates along 'band'"):
        hdr.nnls(xr.DataArray(np.eye(3), dims=("band", "m"), coords={"band": ["a", "b", "c"]}), Y)
    hdr.nnls(A, Y.loc[["a", "b", "c"]])
    hdr.nnls(A, Y.reset_index(drop=True))  # numbers that pandas made up say nothing


@pytest.mark.parametrize("stacked", ["array", "frame"])
@pytest.mark.parametrize("method", [hdr.spa, hdr.snpa, lambda Y, rank: hdr.one_sparse_dlra(Y, Y, rank, seed=0)])
def test_picked_pixels_keep_their_row_and_column(method, stacked, rng):
    values = np.c_[np.eye(5)[:, :2], np.eye(5)[:, :2] @ rng.dirichlet(np.ones(2), 4).T][:, [2, 0, 3, 4, 1, 5]]
    frame = pd.DataFrame(values, columns=IMAGE)
    cube = xr.DataArray(
        values.reshape(5, 2, 3), dims=("band", "row", "column"), coords={"row": [3, 4], "column": [7.0, 8.0, 9.0]}
    )
    result = method(cube.stack(pixel=("row", "column")) if stacked == "array" else frame, 2)
    merged = xr.merge(result.to_xarray(), join="exact", compat="identical")
    assert set(zip(merged.atom_row.values, merged.atom_column.values, strict=True)) == {(3, 8.0), (4, 8.0)}
    assert [IMAGE[i] for i in result.indices] == list(
        zip(merged.atom_row.values, merged.atom_column.values, strict=True)
    )
    assert merged.row.values.tolist() == [3, 3, 3, 4, 4, 4]


def test_coordinates_of_several_dimensions_are_those_of_none():
    lat = ("row", "column"), np.arange(6.0).reshape(2, 3)
    T = xr.DataArray(np.ones((2, 3)), dims=("row", "column"), coords={"lat": lat, "row": [1, 2], "day": 4})
    merged = xr.merge(hdr.nmf(T, 1, seed=0).to_xarray(), join="exact", compat="identical")
    assert "lat" not in merged.coords
    assert merged.day == 4


def test_sparse_data_get_their_names_from_a_mapping():
    counts = sp.random(6, 4, density=0.8, random_state=0, format="csr")
    fit = hdr.nmf(counts, 2, seed=0, max_iter=3)
    words = ["a", "cat", "sat", "down"]
    documents, terms = interop.label(fit, {"document": IMAGE, "word": words})
    assert terms.word.values.tolist() == words
    assert documents.row.values.tolist() == [3, 3, 3, 4, 4, 4]
    assert xr.merge([documents, terms]).sizes == {"document": 6, "word": 4, "component": 2}
    with pytest.raises(ValueError, match="must have shape"):
        interop.label(fit, {"document": None, "word": words[:3]})
    with pytest.raises(ValueError, match=r"like\['word'\] must be a list of names"):
        interop.label(fit, {"document": None, "word": 4})
    with pytest.raises(ValueError, match="modes of like = 1"):
        interop.label(fit, {"document": None})


@pytest.mark.parametrize(
    "index",
    [
        pd.date_range("2024-01-01", periods=6, name="time"),
        pd.period_range("2024-01", periods=6, freq="M", name="time"),
        pd.interval_range(0, 6, name="time"),
        pd.CategoricalIndex(list("abcabc"), name="time"),
        IMAGE,
        pd.RangeIndex(6),
    ],
    ids=lambda index: type(index).__name__,
)
def test_frames_of_any_index_are_fitted_merged_and_drawn(index):
    data = pd.DataFrame(np.random.default_rng(0).random((6, 4)), index=index)
    result = hdr.nmf(data, 2, seed=0, max_iter=3)
    np.testing.assert_array_equal(result.factors[0], hdr.nmf(data.to_numpy(), 2, seed=0, max_iter=3).factors[0])
    u = result.to_xarray()[0]
    assert u.dims[0] == (index.name or "mode_0")
    assert xr.merge(result.to_xarray(), join="exact")[u.name].shape == (6, 2)
    if not isinstance(index, pd.RangeIndex):
        assert u.to_pandas().index.equals(index)
    assert len(plotting.factors(result)) == 2
    plt.close("all")
