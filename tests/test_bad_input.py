"""One table of bad inputs, run against every public function: a clear error or a defined result, input unchanged."""

import re

import numpy as np
import pytest
import xarray as xr
from scipy.sparse import coo_array, csr_array

import tensorly_hdr as hdr
from tensorly_hdr import dictionary, interop, metrics, music
from tensorly_hdr.penalties import NonNegative, SquaredL2

GOOD = np.random.default_rng(0).random((6, 5)) + 0.1
A = np.random.default_rng(1).random((6, 3)) + 0.1
ATOMS = np.random.default_rng(2).standard_normal((6, 9))
MIXING = np.random.default_rng(3).random((5, 2))
LABELLED = xr.DataArray(GOOD, dims=("a", "b"), coords={"a": np.arange(6), "b": np.arange(5)})
SIGNED = GOOD - GOOD.mean()

#: every public function of data: name, how to call it on an array, and what it says of negative data
FUNCTIONS = {
    "nnls_Y": (lambda Y: hdr.nnls(A, Y), None),
    "nnls_A": (lambda Y: hdr.nnls(Y, np.ones(6)), None),
    "sparse_nnls_Y": (lambda Y: hdr.sparse_nnls(A, Y, 2), None),
    "sparse_nnls_A": (lambda Y: hdr.sparse_nnls(Y, np.ones(6), 2), None),
    "nnomp_Y": (lambda Y: hdr.nnomp(A, Y, 2), None),
    "nnomp_A": (lambda Y: hdr.nnomp(Y, np.ones(6), 2), None),
    "nnkl_Y": (lambda Y: hdr.nnkl(A, Y), "must be nonnegative"),
    "nnkl_A": (lambda Y: hdr.nnkl(Y, np.ones(6)), "must be nonnegative"),
    "nmf": (lambda Y: hdr.nmf(Y, 2, seed=0, max_iter=5), "must be nonnegative"),
    "nmf_kl": (lambda Y: hdr.nmf(Y, 2, loss="kl", seed=0, max_iter=5), "must be nonnegative"),
    "ncp": (lambda Y: hdr.ncp(Y, 2, seed=0, max_iter=5), "must be nonnegative"),
    "ncp_extrapolated": (lambda Y: hdr.ncp(Y, 2, seed=0, max_iter=5, extrapolate=True), "must be nonnegative"),
    "nmf_svd": (lambda Y: hdr.nmf(Y, 2, seed=0, max_iter=5, init="svd"), "must be nonnegative"),
    "nmf_snpa": (lambda Y: hdr.nmf(Y, 2, seed=0, max_iter=5, init="snpa"), "must be nonnegative"),
    "holdout": (lambda Y: hdr.holdout(Y, seed=0), None),
    "convolutive_nmf": (lambda Y: hdr.convolutive_nmf(Y, 2, 3, max_iter=5), "must be nonnegative"),
    "convolutive_nmf_adapted": (
        lambda Y: hdr.convolutive_nmf(Y, templates=np.ones((6, 2, 2)) + np.arange(2), adapt=1.0, max_iter=5),
        "must be nonnegative",
    ),
    "compare_ranks": (
        lambda Y: hdr.compare_ranks(Y, [1, 2], n_init=2, seed=0, max_iter=5)["loss"].values,
        "must be nonnegative",
    ),
    "core_consistency": (lambda Y: metrics.core_consistency(np.ones((6, 6, 6)), [Y, Y, Y]), None),
    "pro_als": (lambda Y: hdr.pro_als(Y, 2, seed=0, max_iter=5, n_polish=2), "must be nonnegative"),
    "proco_als": (lambda Y: hdr.proco_als(Y, 2, 3, seed=0, max_iter=5, n_polish=2), "must be nonnegative"),
    "autosimilarity": (lambda Y: music.autosimilarity(Y), None),
    "assign_pitches": (lambda Y: music.assign_pitches(Y, 500.0 * np.arange(6)), "must be nonnegative"),
    "dictionary_cp": (lambda Y: hdr.dictionary_cp(Y, 2, A, 2, seed=0, max_iter=3), None),
    "dictionary_cp_D": (lambda Y: hdr.dictionary_cp(np.ones((6, 4)), 2, {0: Y}, {0: 2}, seed=0, max_iter=3), None),
    "nonnegative_tucker": (lambda Y: hdr.nonnegative_tucker(Y, 2, max_iter=3), "must be nonnegative"),
    "nonnegative_tucker_kl": (lambda Y: hdr.nonnegative_tucker(Y, 2, loss="kl", max_iter=3), "must be nonnegative"),
    "smooth_cp": (lambda Y: hdr.smooth_cp(Y, 2, A, seed=0, max_iter=5), None),
    "smooth_cp_basis": (lambda Y: hdr.smooth_cp(np.ones((6, 4)), 2, Y, seed=0, max_iter=5), None),
    "tucker_compress": (lambda Y: hdr.tucker_compress(Y, 3, max_iter=3), None),
    "project_on_cone_X": (lambda Y: hdr.project_on_cone(Y, np.eye(6)), None),
    "project_on_cone_U": (lambda Y: hdr.project_on_cone(-np.ones((5, 2)), Y), None),
    "spa": (lambda Y: hdr.spa(Y, 2), None),
    "snpa": (lambda Y: hdr.snpa(Y, 2), None),
    "assign": (lambda Y: dictionary.assign(Y), None),
    "mixed_sparse_coding_B": (lambda Y: hdr.mixed_sparse_coding(np.ones((6, 6)), ATOMS, Y, 2), None),
    "mixed_sparse_coding_D": (lambda Y: hdr.mixed_sparse_coding(np.ones((6, 5)), Y, MIXING, 2), None),
    "mixed_sparse_coding_Y": (lambda Y: hdr.mixed_sparse_coding(Y, ATOMS, MIXING, 2), None),
    "multiple_dictionaries_dlra": (lambda Y: hdr.multiple_dictionaries_dlra(Y, [A[:, :1], A[:, 1:]], [1, 1]), None),
    "one_sparse_dlra_D": (lambda Y: hdr.one_sparse_dlra(np.arange(6.0)[:, None] + np.eye(6), Y, 2, seed=0), None),
    "one_sparse_dlra_Y": (lambda Y: hdr.one_sparse_dlra(Y, A, 2, seed=0), None),
    "rank_one_kl": (lambda Y: hdr.rank_one_kl(Y), "must be nonnegative"),
    "rank_one_frobenius": (lambda Y: hdr.rank_one_frobenius(Y), "must be nonnegative"),
    "rank_two_nmf": (lambda Y: hdr.rank_two_nmf(Y), "must be nonnegative"),
    "minvol_nmf": (lambda Y: hdr.minvol_nmf(Y, 2, max_iter=5), "must be nonnegative"),
    "minvol_nmf_kl": (lambda Y: hdr.minvol_nmf(Y, 2, loss="kl", sum_to_one="W", max_iter=5), "must be nonnegative"),
    "complete_dictionary_learning": (
        lambda Y: hdr.complete_dictionary_learning(Y, 3, 2, seed=0, max_iter=3),
        None,
    ),
    "complete_dictionary_ao_admm": (
        lambda Y: hdr.complete_dictionary_learning(Y, 3, 2, solver="ao_admm", seed=0, max_iter=3),
        None,
    ),
    "facets": (lambda Y: hdr.facets(Y, 2, 1).dictionaries, None),
    "spark": (lambda Y: hdr.spark(Y), None),
    "balance": (lambda Y: hdr.balance([Y, Y], SquaredL2(1.0)), None),
    "scale": (lambda Y: hdr.scale(Y, [np.ones((6, 1)), np.ones((5, 1))], NonNegative()), None),
    "kkt_residual": (lambda Y: metrics.kkt_residual(A, Y, np.ones((3, 5))), None),
    "kl_gap": (lambda Y: metrics.kl_gap(A, Y, np.ones((3, 5))), "must be nonnegative"),
    "factor_match_score": (lambda Y: metrics.factor_match_score([Y, Y], [GOOD, GOOD]), None),
    "spectral_angle": (lambda Y: metrics.spectral_angle(Y, GOOD), None),
    "nmse": (lambda Y: metrics.nmse(Y, GOOD), None),
    "rmse": (lambda Y: metrics.rmse(Y, GOOD), None),
    "psnr": (lambda Y: metrics.psnr(Y, GOOD), None),
    "support_score": (lambda Y: metrics.support_score(Y, GOOD), None),
    "to_tensorly": (lambda Y: interop.to_tensorly([Y, Y]), None),
    "label": (lambda Y: interop.label([Y, Y], np.ones((6, 6))), None),
}
EVERY = pytest.mark.parametrize("call", [f for f, _ in FUNCTIONS.values()], ids=FUNCTIONS)


def spoiled(value):
    out = GOOD.copy()
    out[2, 3] = value
    return out


@EVERY
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_refused(call, value):
    with pytest.raises(ValueError, match="NaN or infinite"):
        call(spoiled(value))


@EVERY
@pytest.mark.parametrize(
    "bad",
    [GOOD.astype(complex), GOOD.astype(object), GOOD.astype(str), "a file.csv", None, {"a": 1}],
    ids=["complex", "object", "strings", "a string", "None", "a dict"],
)
def test_what_is_not_real_numbers_is_refused(call, bad):
    with pytest.raises((TypeError, ValueError), match=r"real numeric|dimension"):
        call(bad)


@EVERY
def test_ragged_lists_are_refused(call):
    with pytest.raises(ValueError, match="rectangular"):
        call([[1.0, 2.0], [3.0]])


@EVERY
@pytest.mark.parametrize("shape", [(0, 5), (6, 0)])
def test_empty_arrays_are_refused(call, shape):
    with pytest.raises(ValueError, match=r"empty|must agree|must have shape"):
        call(np.empty(shape))


@EVERY
def test_masked_arrays_are_refused_with_the_remedy(call):
    with pytest.raises(TypeError, match="mask="):
        call(np.ma.masked_array(GOOD, GOOD > 0.5))


@pytest.mark.parametrize("hidden", [np.ma.nomask, np.eye(6, 5) > 0], ids=["nothing", "some"])
def test_the_remedy_for_masked_arrays_works_also_where_nothing_is_masked(hidden):
    Y = np.ma.masked_array(GOOD, hidden)
    with pytest.raises(TypeError, match="masked array") as refusal:
        hdr.nmf(Y, 1)
    remedy = re.search(r"mask=(.*) where", str(refusal.value)).group(1)
    mask = eval(remedy, {"np": np, "Y": Y})
    assert np.array_equal(mask, ~np.ma.getmaskarray(Y))
    hdr.nmf(Y.data, 1, mask=mask, seed=0)


@EVERY
def test_input_is_read_only_and_unchanged(call):
    Y = GOOD.copy()
    Y.flags.writeable = False
    call(Y)
    np.testing.assert_array_equal(Y, GOOD)


@pytest.mark.parametrize(("call", "word"), FUNCTIONS.values(), ids=FUNCTIONS)
def test_negative_data_are_refused_where_the_problem_excludes_them(call, word):
    if word is None:
        call(SIGNED)
    else:
        with pytest.raises(ValueError, match=word):
            call(SIGNED)


def numbers(result):
    """Arrays of a result, whatever it is."""
    if isinstance(result, hdr.FactorResult | hdr.ConvolutiveResult):
        return list(result.factors)
    if isinstance(result, hdr.Result):
        return [result.x]
    if hasattr(result, "factors"):
        return list(result.factors)
    return [np.asarray(v) for v in result] if isinstance(result, tuple) else [np.asarray(result)]


@EVERY
@pytest.mark.parametrize(
    "same",
    [
        np.asfortranarray,
        lambda Y: np.repeat(Y, 2, axis=1)[:, ::2],
        lambda Y: Y.tolist(),
        lambda Y: xr.DataArray(Y, dims=("a", "b")),
        lambda Y: Y.astype(np.longdouble),
    ],
    ids=["Fortran order", "strided", "list", "DataArray", "long double"],
)
def test_the_same_numbers_in_another_form_give_the_same_result(call, same):
    for a, b in zip(numbers(call(same(GOOD))), numbers(call(GOOD)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


@EVERY
@pytest.mark.parametrize("dtype", [int, np.uint8, bool])
def test_integers_and_booleans_are_numbers(call, dtype):
    counts = np.array(
        [[3, 0, 2, 1, 9], [1, 4, 0, 2, 0], [0, 1, 5, 9, 2], [2, 6, 5, 3, 5], [8, 9, 7, 9, 3], [2, 3, 8, 4, 6]]
    )
    for a, b in zip(
        numbers(call(counts.astype(dtype))), numbers(call(counts.astype(dtype).astype(float))), strict=True
    ):
        np.testing.assert_array_equal(a, b)


class Dask:
    """Stand-in for a Dask array: it is computed when NumPy asks for it."""

    shape, ndim, dtype = GOOD.shape, 2, GOOD.dtype

    def __dask_graph__(self):
        return {"a": 1}

    def __array__(self, dtype=None, copy=None):
        raise AssertionError("computed")


class Zarr:
    """Stand-in for a Zarr array or an HDF5 data set: it is read when NumPy asks for it."""

    shape, ndim, dtype, chunks = GOOD.shape, 2, GOOD.dtype, (2, 5)

    def __array__(self, dtype=None, copy=None):
        raise AssertionError("read")


@EVERY
@pytest.mark.parametrize(
    ("lazy", "remedy"), [(Dask(), r"\.compute\(\)"), (Zarr(), r"\[\.\.\.\]")], ids=["dask", "zarr"]
)
def test_arrays_out_of_memory_are_refused_with_the_remedy(call, lazy, remedy):
    with pytest.raises(TypeError, match=f"out of memory.*{remedy}"):
        call(lazy)


@EVERY
def test_an_xarray_still_in_its_file_is_refused_until_it_is_loaded(call, tmp_path):
    xr.DataArray(GOOD, dims=("a", "b"), name="Y").to_netcdf(tmp_path / "y.nc", engine="scipy")
    with xr.open_dataarray(tmp_path / "y.nc", engine="scipy") as lazy:
        with pytest.raises(TypeError, match=r"still in its file.*\.load\(\)"):
            call(lazy)
        call(lazy.load())


def test_real_dask_arrays_are_refused():
    with pytest.raises(TypeError, match="compute"):
        hdr.nmf(pytest.importorskip("dask.array").from_array(GOOD, chunks=3), 2)


def test_real_zarr_arrays_are_refused():
    with pytest.raises(TypeError, match="out of memory"):
        hdr.nmf(pytest.importorskip("zarr").array(GOOD), 2)


def test_a_mask_out_of_memory_is_refused():
    with pytest.raises(TypeError, match="mask is a"):
        hdr.nmf(GOOD, 2, mask=Dask())


def broken(kind):
    """A sparse matrix with an index past its end, made after the constructor looked."""
    Y = csr_array(GOOD).asformat(kind)
    (Y.coords[1] if kind == "coo" else Y.indices)[3] = 1000
    return Y


@pytest.mark.parametrize("kind", ["csr", "csc", "bsr", "coo"])
@pytest.mark.parametrize("name", ["nmf", "nmf_kl", "ncp", "nnls_Y", "nnkl_Y", "scale"])
def test_a_sparse_index_out_of_range_is_refused_before_compiled_code_follows_it(name, kind):
    with pytest.raises(ValueError, match="no valid sparse matrix"):
        FUNCTIONS[name][0](broken(kind))


@pytest.mark.parametrize("kind", ["csr", "csc", "bsr", "coo", "lil", "dok", "dia"])
def test_every_sparse_format_gives_the_same_result_and_is_left_as_it_was(kind):
    Y = csr_array(np.where(GOOD > 0.5, GOOD, 0.0)).asformat(kind)
    before = Y.copy()
    for a, b in zip(numbers(FUNCTIONS["nmf"][0](Y)), numbers(FUNCTIONS["nmf"][0](csr_array(before))), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(Y.toarray(), before.toarray())


@pytest.mark.parametrize(
    "name",
    [
        "nnls_A",
        "nnkl_A",
        "balance",
        "complete_dictionary_learning",
        "convolutive_nmf",
        "facets",
        "minvol_nmf",
        "mixed_sparse_coding_B",
        "mixed_sparse_coding_D",
        "multiple_dictionaries_dlra",
        "nmse",
        "nonnegative_tucker",
        "one_sparse_dlra_D",
        "one_sparse_dlra_Y",
        "pro_als",
        "rank_two_nmf",
        "snpa",
        "spa",
        "spark",
        "tucker_compress",
    ],
)
def test_sparse_input_where_dense_is_needed_says_so(name):
    with pytest.raises(TypeError, match="sparse"):
        FUNCTIONS[name][0](csr_array(GOOD))


def test_sparse_input_is_checked_too():
    for bad, word in ((spoiled(np.nan), "NaN"), (SIGNED, "nonnegative")):
        with pytest.raises(ValueError, match=word):
            hdr.nmf(csr_array(bad), 2, loss="kl")
    with pytest.raises(TypeError, match="real numbers"):
        hdr.nmf(csr_array(GOOD.astype(complex)), 2)
    with pytest.raises(TypeError, match="absent entries are zeros"):
        hdr.nmf(csr_array(GOOD), 2, mask=GOOD > 0.5)
    for loss in ("is", hdr.Beta(0.5), hdr.Beta(1.5), hdr.Beta(3.0)):
        with pytest.raises(ValueError, match="Y is sparse: use loss='kl'"):
            hdr.nmf(csr_array(GOOD), 2, loss=loss)
    with pytest.raises(ValueError, match="must be a matrix when it is sparse"):
        hdr.ncp(coo_array(np.ones((2, 3, 4))), 2)
