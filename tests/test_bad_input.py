"""One table of bad inputs, run against every public function: a clear error or a defined result, input unchanged."""

import numpy as np
import pytest
import xarray as xr
from scipy.sparse import coo_array, csr_array

import tensorly_hdr as hdr
from tensorly_hdr import interop, metrics
from tensorly_hdr.penalties import NonNegative, Simplex, SquaredL2

GOOD = np.random.default_rng(0).random((6, 5)) + 0.1
A = np.random.default_rng(1).random((6, 3)) + 0.1
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
    "compare_ranks": (
        lambda Y: hdr.compare_ranks(Y, [1, 2], n_init=2, seed=0, max_iter=5)["loss"].values,
        "must be nonnegative",
    ),
    "core_consistency": (lambda Y: metrics.core_consistency(np.ones((6, 6, 6)), [Y, Y, Y]), None),
    "pro_als": (lambda Y: hdr.pro_als(Y, 2, seed=0, max_iter=5, n_polish=2), "must be nonnegative"),
    "proco_als": (lambda Y: hdr.proco_als(Y, 2, 3, seed=0, max_iter=5, n_polish=2), "must be nonnegative"),
    "tucker_compress": (lambda Y: hdr.tucker_compress(Y, 3, max_iter=3), None),
    "project_on_cone_X": (lambda Y: hdr.project_on_cone(Y, np.eye(6)), None),
    "project_on_cone_U": (lambda Y: hdr.project_on_cone(-np.ones((5, 2)), Y), None),
    "spa": (lambda Y: hdr.spa(Y, 2), None),
    "snpa": (lambda Y: hdr.snpa(Y, 2), None),
    "rank_one_kl": (lambda Y: hdr.rank_one_kl(Y), "must be nonnegative"),
    "rank_one_frobenius": (lambda Y: hdr.rank_one_frobenius(Y), "must be nonnegative"),
    "rank_two_nmf": (lambda Y: hdr.rank_two_nmf(Y), "must be nonnegative"),
    "minvol_nmf": (lambda Y: hdr.minvol_nmf(Y, 2, max_iter=5), "must be nonnegative"),
    "minvol_nmf_kl": (lambda Y: hdr.minvol_nmf(Y, 2, loss="kl", sum_to_one="W", max_iter=5), "must be nonnegative"),
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
    if isinstance(result, hdr.FactorResult):
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


@pytest.mark.parametrize(
    "name",
    ["nnls_A", "nnkl_A", "spa", "snpa", "rank_two_nmf", "minvol_nmf", "balance", "nmse", "pro_als", "tucker_compress"],
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


@pytest.mark.parametrize(
    "method", [hdr.nmf, hdr.ncp, hdr.pro_als, lambda Y, r: hdr.proco_als(Y, r, 2), hdr.spa, hdr.snpa, hdr.minvol_nmf]
)
@pytest.mark.parametrize("rank", [0, -1, 2.0, "2", None, True, [2]])
def test_rank_must_be_a_positive_integer(method, rank):
    with pytest.raises(ValueError, match="rank must be a positive integer"):
        method(GOOD, rank)


@pytest.mark.parametrize("method", [hdr.spa, hdr.snpa])
def test_rank_too_large_for_separable(method):
    with pytest.raises(ValueError, match="rank must be at most 5"):
        method(GOOD, 6)


def test_a_dimension_called_component_is_kept_apart():
    W, H = hdr.nmf(xr.DataArray(GOOD, dims=("band", "component")), 2, seed=0, max_iter=3).to_xarray()
    assert W.dims == ("band", "component_2")
    assert H.dims == ("component", "component_2")


def test_rank_above_the_dimensions_is_allowed_in_nmf():
    assert hdr.nmf(GOOD, 9, seed=0, max_iter=5).factors[0].shape == (6, 9)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: hdr.nnls(A, np.ones(5)), "rows of A = 6, rows of Y = 5"),
        (lambda: hdr.nnls(np.ones(3), np.ones(3)), "A must have 2 dimension"),
        (lambda: hdr.nnls(A, np.ones((6, 2, 2))), "Y must have 1 or 2"),
        (lambda: hdr.nnls(A, GOOD, init=np.ones((5, 3))), "init must have shape"),
        (lambda: hdr.nnls(A, GOOD, solver="hal"), "solver must be one of"),
        (lambda: hdr.nnls(A, GOOD, solver=3), "solver must be one of"),
        (lambda: hdr.nnls(A, GOOD, solver="mu", penalty=Simplex()), "does not handle Simplex"),
        (lambda: hdr.sparse_nnls(A, GOOD, 0), "k must be a positive integer"),
        (lambda: hdr.nnomp(A, GOOD, 1.5), "k must be a positive integer"),
        (lambda: hdr.sparse_nnls(A, GOOD, 2, solver="tree"), "solver must be one of"),
        (lambda: hdr.sparse_nnls(A, GOOD, 2, solver=hdr.nnls), "solver must be one of"),
        (lambda: hdr.sparse_nnls(np.ones((2, 60)), np.ones(2), 9, solver="enumeration"), "would list"),
        (lambda: hdr.nnkl(A, GOOD, penalty=SquaredL2(1.0)), "does not handle SquaredL2"),
        (lambda: hdr.nnkl(np.vstack([A, 0 * A[:1]]), np.ones(7)), "row\\(s\\) \\[6\\]"),
        (lambda: hdr.nmf(GOOD[0], 2), "Y must have 2 dimensions"),
        (lambda: hdr.nmf(GOOD[None], 2), "use ncp for tensors"),
        (lambda: hdr.ncp(GOOD[0], 2), "2 dimensions or more"),
        (lambda: hdr.nmf(GOOD, 2, loss="l1"), "loss must be one of"),
        (lambda: hdr.nmf(GOOD, 2, loss="kl", solver="hals"), "solver must be one of"),
        (lambda: hdr.nmf(GOOD, 2, penalties=(NonNegative(),)), "one for each of the 2 modes"),
        (lambda: hdr.nmf(GOOD, 2, loss=hdr.Beta(1.5), penalties=NonNegative(l1=1.0)), "no exact update"),
        (lambda: hdr.nmf(GOOD, 2, loss=hdr.Beta(0.5), penalties=NonNegative(l2=1.0)), "no exact update"),
        (lambda: hdr.nmf(0 * GOOD, 2, loss="is"), "must be positive"),
        (lambda: hdr.nmf(GOOD, 2, init="nndsvdd"), "init must be one of"),
        (lambda: hdr.nmf(GOOD, 2, init=(A,)), "factors in init = 1"),
        (lambda: hdr.nmf(GOOD, 2, init=(A, None)), r"init\[0\] must have shape \(6, 2\)"),
        (lambda: hdr.nmf(GOOD, 2, n_init=0), "n_init must be a positive"),
        (lambda: hdr.nmf(GOOD, 2, balance="always"), "balance must be one of"),
        (lambda: hdr.nmf(GOOD, 2, balance="every"), "positive degree on every factor"),
        (lambda: hdr.Extrapolation(beta=1.5), "beta must be a fraction"),
        (lambda: hdr.Extrapolation(gamma=2.0), "gamma_bar < gamma < eta is needed"),
        (lambda: hdr.Extrapolation(gamma_bar=0.9), "gamma_bar < gamma < eta is needed"),
        (lambda: hdr.holdout(GOOD, 1.5), "fraction must be a fraction"),
        (lambda: hdr.compare_ranks(GOOD, []), "ranks must hold"),
        (lambda: metrics.core_consistency(GOOD, [A, A]), "must have shape|3 dimensions"),
        (lambda: hdr.nmf(GOOD, 2, fixed=(0,)), "needs the values"),
        (lambda: hdr.nmf(GOOD, 2, init=(None, GOOD[0]), fixed=(0,)), "holds no factor"),
        (lambda: hdr.nmf(GOOD, 2, init=(A[:, :2], None), fixed=(0, 1)), "every mode"),
        (lambda: hdr.nmf(GOOD, 2, init=(A[:, :2], None), fixed=(7,)), "fixed must hold modes"),
        (lambda: hdr.nmf(GOOD, 2, n_inner=0), "n_inner"),
        (lambda: hdr.nmf(GOOD, 2, seed="zero"), "seed must be"),
        (lambda: hdr.nmf(GOOD, 2, mask=np.ones((2, 2), bool)), "mask must have the shape"),
        (lambda: hdr.nmf(GOOD, 2, mask=np.zeros((6, 5), bool)), "hides every entry"),
        (lambda: hdr.nmf(spoiled(np.nan), 2, mask=GOOD > 0), "NaN or infinite"),
        (lambda: hdr.tucker_compress(GOOD, (2, 3)), r"ranks\[1\] must be at most 2, the product of the other ranks"),
        (lambda: hdr.tucker_compress(GOOD, 6), "ranks must be at most 5, the size of mode 1"),
        (lambda: hdr.tucker_compress(GOOD, (2,)), "one for each of the 2 modes"),
        (lambda: hdr.tucker_compress(GOOD, 2.0), "ranks must be a positive integer"),
        (lambda: hdr.tucker_compress(GOOD[0], 1), "2 dimensions or more"),
        (lambda: hdr.proco_als(GOOD, 2, (2, "3")), r"ranks\[1\] must be a positive integer"),
        (lambda: hdr.proco_als(GOOD, 2, hdr.tucker_compress(GOOD.T, 2)), "the tensor that ranks compresses"),
        (lambda: hdr.pro_als(GOOD, 2, n_polish=-1), "n_polish must be a positive integer"),
        (lambda: hdr.pro_als(GOOD, 2, init="nndsvd"), "init must be one of"),
        (lambda: hdr.project_on_cone(GOOD, A), "rows of X = 6, columns of U = 3"),
        (lambda: hdr.balance([GOOD, A], SquaredL2(1.0)), "sizes must agree"),
        (lambda: hdr.balance([], SquaredL2(1.0)), "factors is empty"),
        (lambda: hdr.Box(1.0, 0.0), "lower must be at most upper"),
        (lambda: hdr.Simplex(axis=2), "axis must be 0"),
        (lambda: hdr.Simplex(total=0.0), "total must be a positive"),
        (lambda: hdr.HardSparse(0), "k must be a positive integer"),
        (lambda: metrics.nmse(GOOD, GOOD[:2]), "must have shape"),
        (lambda: hdr.nmf(GOOD, 2, fixed=0), "fixed must be a sequence"),
        (lambda: hdr.nmf(GOOD, 2, fixed=(0.5,), init=(A, None)), "fixed must hold modes"),
        (lambda: hdr.nnls(A, 3.0), "got the scalar"),
        (lambda: hdr.Box("a"), "both numbers"),
        (lambda: hdr.Box(np.inf, np.inf), "lower must be at most upper"),
        (lambda: hdr.Beta(np.nan), "beta must be a finite"),
        (lambda: hdr.spa(1e200 * GOOD, 2), "rescale the data"),
        (lambda: hdr.nmf(1e-200 * GOOD, 2), "rescale the data"),
        (lambda: metrics.kkt_residual(A, GOOD[:5], np.ones((3, 5))), "rows of A = 6, rows of Y = 5"),
        (lambda: interop.label([A, A], GOOD), "must have shape"),
        (lambda: hdr.datasets.load(len), "name must be one of"),
        (lambda: hdr.nmf(LABELLED, 2, mask=(LABELLED > 0).T), "same dimensions in the same order"),
        (lambda: hdr.nmf(LABELLED, 2, mask=(LABELLED > 0)[::-1]), "different coordinates along 'a'"),
        (lambda: hdr.nnls(LABELLED, LABELLED.rename(a="c")), "same dimensions in the same order"),
        (lambda: hdr.nnls(LABELLED, LABELLED), "must have different names"),
    ],
)
def test_value_errors_name_the_argument(call, word):
    with pytest.raises(ValueError, match=word):
        call()


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: hdr.nnls(A, GOOD, penalty=NonNegative), "write NonNegative"),
        (lambda: hdr.nnls(A, GOOD, penalty="nonnegative"), "must have methods value"),
        (lambda: hdr.nmf(GOOD, 2, penalties=NonNegative), "write NonNegative"),
        (lambda: hdr.nmf(GOOD, 2, loss=hdr.Beta), "write Beta"),
        (lambda: hdr.sparse_nnls(A, GOOD), "k"),
        (lambda: hdr.nmf(GOOD, 2, mask=GOOD), "mask must be boolean"),
        (lambda: hdr.nmf(GOOD, 2, max_iters=3), "max_iters"),
        (lambda: hdr.nmf(GOOD, 2, penalties=5), "must have methods value"),
        (lambda: hdr.balance([GOOD, GOOD], None), "must have methods value"),
        (lambda: metrics.factor_match_score(None, [GOOD]), "estimate must be a sequence"),
        (lambda: metrics.kkt_residual(A, GOOD, np.ones((3, 5)), NonNegative), "write NonNegative"),
        (lambda: hdr.nmf(GOOD, 2, init=5), "init must be"),
        (lambda: hdr.nmf(GOOD, 2, extrapolate=0.5), "extrapolate must be True, False or Extrapolation"),
        (lambda: hdr.nmf(GOOD, 2, extrapolate=hdr.Extrapolation), "extrapolate must be True"),
        (lambda: hdr.compare_ranks(GOOD, 3), "ranks must be a sequence"),
        (lambda: hdr.holdout(csr_array(GOOD)), "sparse"),
        (lambda: hdr.nmf(GOOD, 2, mask=csr_array(GOOD > 0.5)), "plain boolean array"),
        (lambda: hdr.nmf(hdr.datasets.load("indian_pines"), 2), "Y.data"),
        (lambda: hdr.nmf(GOOD), "rank"),
    ],
)
def test_type_errors_name_the_argument(call, word):
    with pytest.raises(TypeError, match=word):
        call()


@pytest.mark.parametrize("loss", ["frobenius", "kl"])
def test_zero_rows_and_columns_are_fitted_by_zeros(loss):
    Y = GOOD.copy()
    Y[2], Y[:, 1] = 0, 0
    W, H = hdr.nmf(Y, 2, loss=loss, seed=0, max_iter=300).factors
    model = W @ H.T
    assert np.abs(model[2]).max() < 1e-6
    assert np.abs(model[:, 1]).max() < 1e-6
    assert np.isfinite(model).all()


@pytest.mark.parametrize("loss", ["frobenius", "kl"])
def test_all_zero_data_are_fitted_by_zero(loss):
    result = hdr.nmf(0 * GOOD, 2, loss=loss, seed=0)
    assert result.loss == pytest.approx(0, abs=1e-9)
