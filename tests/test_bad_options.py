"""Options out of range, and data on the edge of what is allowed: each has one defined behaviour."""

import inspect
import re

import numpy as np
import pytest
import xarray as xr
from scipy.sparse import csr_array

import tensorly_hdr as hdr
from tensorly_hdr import interop, metrics
from tensorly_hdr.penalties import NonNegative, Simplex, SquaredL2
from tests.doors.registry import DOORS

GOOD = np.random.default_rng(0).random((6, 5)) + 0.1
A = np.random.default_rng(1).random((6, 3)) + 0.1
NOTES = np.random.default_rng(2).random((6, 3, 2)) + 0.1
B = np.random.default_rng(2).random((5, 2)) + 0.1
LABELLED = xr.DataArray(GOOD, dims=("a", "b"), coords={"a": np.arange(6), "b": np.arange(5)})


@pytest.mark.parametrize(
    "method",
    [
        hdr.nmf,
        hdr.ncp,
        hdr.pro_als,
        lambda Y, r: hdr.proco_als(Y, r, 2),
        hdr.spa,
        hdr.snpa,
        hdr.minvol_nmf,
        lambda Y, r: hdr.convolutive_nmf(Y, r, 2),
        lambda Y, r: hdr.complete_dictionary_learning(Y, r, 1),
        lambda Y, r: hdr.facets(Y, r, 1),
        lambda Y, r: hdr.one_sparse_dlra(Y, A, r),
    ],
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
        (
            lambda: hdr.nmf(GOOD[0], 2),
            r"Y must have 2 dimensions, got shape \(5,\): one vector has nothing to factorize",
        ),
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
        (lambda: hdr.nmf(GOOD, 2, loss="kl", penalties=Simplex()), "^solver 'auto' does not handle Simplex"),
        (lambda: hdr.nmf(GOOD - 1, 2), r"clip it at zero, or let a factor be negative, as in penalties=\(Zero"),
        (lambda: hdr.nmf(GOOD - 1, 2, loss="kl"), "clip it at zero.$"),
        (lambda: hdr.music.segment(GOOD), "must be square, a similarity for each pair"),
        (lambda: hdr.music.pitch_number("B-3"), "as in 'Bb3'"),
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
        (lambda: hdr.nmf(GOOD + np.nan, 2, mask=GOOD > 0), "NaN or infinite"),
        (lambda: hdr.convolutive_nmf(GOOD[0], 2, 3), "S must have 2 dimension"),
        (lambda: hdr.convolutive_nmf(GOOD, 2), "n_taps must be a positive integer, got None"),
        (lambda: hdr.convolutive_nmf(GOOD, 2, 0), "n_taps must be a positive integer"),
        (lambda: hdr.convolutive_nmf(GOOD, 2, 3, n_inner=0), "n_inner must be a positive integer"),
        (lambda: hdr.convolutive_nmf(GOOD, templates=NOTES[:, 0]), "templates must have 3 dimension"),
        (lambda: hdr.convolutive_nmf(GOOD, templates=NOTES[:5]), "rows of S = 6, rows of templates = 5"),
        (lambda: hdr.convolutive_nmf(GOOD, templates=-NOTES), "templates must be nonnegative"),
        (lambda: hdr.convolutive_nmf(GOOD, templates=NOTES + np.nan), "templates contains NaN"),
        (lambda: hdr.convolutive_nmf(GOOD, 3, templates=NOTES), r"templates must have shape \(6, 3, 3\)"),
        (lambda: hdr.convolutive_nmf(GOOD, 2, 4, templates=NOTES), r"templates must have shape \(6, 4, 2\)"),
        (
            lambda: hdr.convolutive_nmf(GOOD, templates=NOTES * [[[0], [1], [1]]]),
            r"at row\(s\) \[0, 1.*column\(s\) \[0\]",
        ),
        (lambda: hdr.convolutive_nmf(GOOD, 2, 3, adapt=1.0), "pass templates="),
        (lambda: hdr.convolutive_nmf(GOOD, templates=NOTES, adapt=-1.0), "adapt must be a nonnegative"),
        (lambda: hdr.convolutive_nmf(GOOD, templates=NOTES, adapt=1.0, loss="is"), "adapt > 0 needs loss='kl'"),
        (lambda: hdr.convolutive_nmf(GOOD, templates=NOTES, l1=-1.0), "l1 must be a nonnegative"),
        (lambda: hdr.convolutive_nmf(GOOD, templates=NOTES, l1=1.0, loss=hdr.Beta(1.5)), "no exact update"),
        (lambda: hdr.convolutive_nmf(GOOD, templates=NOTES, init="scaled"), "init must be one of"),
        (lambda: hdr.convolutive_nmf(GOOD, 2, 3, init="snpa"), "init must be one of"),
        (lambda: hdr.convolutive_nmf(GOOD, 2, 3, init=(NOTES,)), "arrays in init = 1"),
        (lambda: hdr.convolutive_nmf(GOOD, 2, 3, init=(NOTES, GOOD)), r"init\[1\] must have shape \(5, 2\)"),
        (lambda: hdr.convolutive_nmf(GOOD, 2, 3, init=(-NOTES, None)), r"init\[0\] must be nonnegative"),
        (lambda: hdr.convolutive_nmf(GOOD, 2, 3, mask=GOOD > 0), "mask must have one entry per frame"),
        (lambda: hdr.convolutive_nmf(GOOD, 2, 3, mask=np.zeros(5, bool)), "hides every entry"),
        (lambda: hdr.convolutive_nmf(0 * GOOD, 2, 3, loss="is"), "S must be positive"),
        (lambda: hdr.convolutive_nmf(GOOD, 2, 3, loss="l1"), "loss must be one of"),
        (lambda: hdr.one_sparse_dlra(GOOD, A, 4), "rank must be at most 3, the number of atoms of D"),
        (
            lambda: hdr.one_sparse_dlra(GOOD, A * [1, 0, 1], 2),
            r"1 atom\(s\) that are all zero, column\(s\) \[1\]; drop",
        ),
        (lambda: hdr.one_sparse_dlra(GOOD, A[:5], 2), "rows of D = 5, size of mode 0 of Y = 6"),
        (lambda: hdr.one_sparse_dlra(GOOD, A, 2, mode=1), "rows of D = 6, size of mode 1 of Y = 5"),
        (lambda: hdr.one_sparse_dlra(GOOD, A, 2, mode=2), "mode must be an integer from 0 to 1"),
        (lambda: hdr.one_sparse_dlra(GOOD[0], A, 2), "2 dimensions or more"),
        (lambda: hdr.one_sparse_dlra(GOOD, A[:, 0], 1), "D must have 2 dimension"),
        (lambda: hdr.one_sparse_dlra(GOOD, A, 2, cost="cosine"), "cost must be one of"),
        (lambda: hdr.one_sparse_dlra(GOOD, A, 2, init="svd"), "init must be one of"),
        (lambda: hdr.one_sparse_dlra(GOOD, A, 2, init=(A,)), "factors in init = 1, modes of Y = 2"),
        (lambda: hdr.one_sparse_dlra(GOOD, A, 2, init=(None, A)), r"init\[1\] must have shape \(5, 2\)"),
        (lambda: hdr.one_sparse_dlra(GOOD[None], A[:1], 2, init="snpa"), "needs a dense matrix"),
        (lambda: hdr.one_sparse_dlra(GOOD, A, 2, n_init=0), "n_init must be a positive"),
        (lambda: hdr.one_sparse_dlra(GOOD, A, 2, restart=-1), "restart must be an integer of at least zero"),
        (lambda: hdr.multiple_dictionaries_dlra(GOOD, [A, GOOD], [1]), "one integer for each of the 2 dictionaries"),
        (lambda: hdr.multiple_dictionaries_dlra(GOOD, [A, GOOD], [1, 6]), r"counts\[1\] must be at most 5"),
        (lambda: hdr.multiple_dictionaries_dlra(GOOD, [A, GOOD], [0, 2]), r"counts\[0\] must be a positive integer"),
        (lambda: hdr.multiple_dictionaries_dlra(GOOD, [A, GOOD], [1, 2], rank=4), r"1 \+ 2 = 3, rank = 4"),
        (lambda: hdr.multiple_dictionaries_dlra(GOOD, [A, A], [1, 2]), r"dictionaries 0 and 1 share 3 atom"),
        (lambda: hdr.multiple_dictionaries_dlra(GOOD, [A, A[:, :2]], [1, 1], overlap="last"), "overlap must be one of"),
        (lambda: hdr.multiple_dictionaries_dlra(GOOD, [A, A[1:]], [1, 1]), "rows of dictionaries"),
        (lambda: hdr.multiple_dictionaries_dlra(GOOD, [], []), "dictionaries is empty"),
        (lambda: hdr.tucker_compress(GOOD, (2, 3)), r"ranks\[1\] must be at most 2, the product of the other ranks"),
        (lambda: hdr.tucker_compress(GOOD, 6), "ranks must be at most 5, the size of mode 1"),
        (lambda: hdr.tucker_compress(GOOD, (2,)), "one for each of the 2 modes"),
        (lambda: hdr.tucker_compress(GOOD, 2.0), "ranks must be a positive integer"),
        (lambda: hdr.tucker_compress(GOOD[0], 1), "2 dimensions or more"),
        (lambda: hdr.proco_als(GOOD, 2, (2, "3")), r"ranks\[1\] must be a positive integer"),
        (lambda: hdr.proco_als(GOOD, 2, hdr.tucker_compress(GOOD.T, 2)), "the tensor that ranks compresses"),
        (lambda: hdr.pro_als(GOOD, 2, n_polish=-1), "n_polish must be an integer of at least zero"),
        (lambda: hdr.pro_als(GOOD, 2, init="nndsvd"), "init must be one of"),
        (lambda: hdr.complete_dictionary_learning(GOOD, 6, 2), "rank must be at most 5"),
        (lambda: hdr.complete_dictionary_learning(GOOD, 3, 4), "k must be at most 3"),
        (lambda: hdr.complete_dictionary_learning(GOOD, 3, 0), "k must be a positive integer"),
        (lambda: hdr.complete_dictionary_learning(GOOD, 3, 2, solver="ksvd"), "solver must be one of"),
        (lambda: hdr.complete_dictionary_learning(GOOD, 3, 2, init="svd"), "init must be one of"),
        (lambda: hdr.complete_dictionary_learning(GOOD, 3, 2, init=(A,)), "factors in init = 1"),
        (lambda: hdr.complete_dictionary_learning(GOOD, 3, 2, init=(A, A)), r"init\[1\] must have shape \(5, 3\)"),
        (lambda: hdr.complete_dictionary_learning(GOOD, 3, 2, n_init=0), "n_init must be a positive"),
        (lambda: hdr.complete_dictionary_learning(np.eye(30), 30, 10), "supports a column; use 'ao_admm'"),
        (lambda: hdr.facets(GOOD, 3, 3), "k must be at most 2, one less than rank"),
        (lambda: hdr.facets(GOOD[:, :1] @ GOOD[:1], 2, 1), "rank must be at most 1, the rank of M"),
        (lambda: hdr.facets(0 * GOOD, 2, 1), "rank must be at most 0, the rank of M"),
        (lambda: hdr.facets(np.random.default_rng(0).random((8, 60)), 8, 3), "pass fewer columns"),
        (lambda: hdr.facets(GOOD, 5, 2, limit=0), "limit must be a positive"),
        (lambda: hdr.facets(GOOD, 5, 2, tol=0.0), "tol must be a positive"),
        (lambda: hdr.identifiability_bound(3, 3), "k must be at most 2, one less than r"),
        (lambda: hdr.identifiability_bound(3, 0), "k must be a positive integer"),
        (lambda: hdr.spark(np.random.default_rng(0).random((20, 60))), "pass fewer columns"),
        (lambda: hdr.project_on_cone(GOOD, A), "rows of X = 6, columns of U = 3"),
        (lambda: hdr.balance([GOOD, A], SquaredL2(1.0)), "sizes must agree"),
        (lambda: hdr.balance([], SquaredL2(1.0)), "factors is empty"),
        (lambda: hdr.Box(1.0, 0.0), "lower must be at most upper"),
        (lambda: hdr.Simplex(axis=2), "axis must be 0"),
        (lambda: hdr.Simplex(total=0.0), "total must be a positive"),
        (lambda: hdr.HardSparse(0), "k must be a positive integer"),
        (lambda: hdr.MaxColumnL1(-1.0), "weight must be a nonnegative"),
        (lambda: hdr.mixed_sparse_coding(GOOD, A, B, 0), "k must be a positive integer"),
        (lambda: hdr.mixed_sparse_coding(GOOD, A, B, 1.5), "k must be a positive integer"),
        (lambda: hdr.mixed_sparse_coding(GOOD, A, B, 4), "k must be at most 3, the number of atoms"),
        (lambda: hdr.mixed_sparse_coding(GOOD, A, B, (1, 4)), r"k\[1\] must be at most 3"),
        (lambda: hdr.mixed_sparse_coding(GOOD, A, B, (1, 2, 3)), "one for each of the 2 columns, got 3"),
        (lambda: hdr.mixed_sparse_coding(GOOD, A, B, "2"), "k must be a positive integer"),
        (lambda: hdr.mixed_sparse_coding(GOOD, A[:5], B, 1), "rows of Y = 6, rows of D = 5"),
        (lambda: hdr.mixed_sparse_coding(GOOD, A, B[:4], 1), "columns of Y = 5, rows of B = 4"),
        (lambda: hdr.mixed_sparse_coding(GOOD[0], A, B, 1), "Y must have 2 dimension"),
        (lambda: hdr.mixed_sparse_coding(GOOD, A * [1, 0, 1], B, 1), r"D has 1 atom"),
        (lambda: hdr.mixed_sparse_coding(GOOD, A, 0 * B, 1), "B is all zero"),
        (lambda: hdr.mixed_sparse_coding(GOOD, A, B, 1, solver="omp"), "solver must be one of"),
        (lambda: hdr.mixed_sparse_coding(GOOD, A, B, 1, solver=hdr.nnls), "solver must be one of"),
        (lambda: hdr.mixed_sparse_coding(GOOD, A, B, 1, n_init=0), "n_init must be a positive"),
        (lambda: hdr.mixed_sparse_coding(GOOD, A, B, 1, seed="zero"), "seed must be"),
        (lambda: hdr.mixed_sparse_coding(GOOD, A, B, 1, init=np.ones((2, 3))), "init must have shape"),
        (lambda: hdr.mixed_sparse_coding(LABELLED, LABELLED.rename(a="c"), B, 1), "same dimensions in the same order"),
        (lambda: hdr.mixed_sparse_coding(LABELLED, A, xr.DataArray(B, dims=("c", "q")), 1), "transpose of Y and B"),
        (lambda: hdr.mixed_sparse_coding(GOOD, xr.DataArray(A), xr.DataArray(B), 1), "must have different names"),
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
        (lambda: hdr.convolutive_nmf(GOOD, 2, 3, max_iters=3), "max_iters"),
        (lambda: hdr.convolutive_nmf(GOOD, 2, 3, loss=hdr.Beta), "write Beta"),
        (lambda: hdr.convolutive_nmf(GOOD, 2, 3, init=5), "init must be"),
        (lambda: hdr.convolutive_nmf(GOOD, templates=NOTES, adapt="yes"), "adapt must be a nonnegative number"),
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
        (lambda: hdr.mixed_sparse_coding(GOOD, A, B, 1, max_iters=3), "max_iters"),
        (lambda: hdr.mixed_sparse_coding(GOOD, A, csr_array(B), 1), "B is sparse"),
        (lambda: hdr.nmf(GOOD), "rank"),
        (lambda: hdr.one_sparse_dlra(csr_array(GOOD), A, 2), "Y is sparse"),
        (lambda: hdr.one_sparse_dlra(GOOD, A, 2, mask=GOOD > 0.5), "mask"),
        (lambda: hdr.one_sparse_dlra(GOOD, A, 2, nonneg=1), "nonneg must be True or False"),
        (lambda: hdr.one_sparse_dlra(GOOD, A, 2, swap="yes"), "swap must be True or False"),
        (lambda: hdr.multiple_dictionaries_dlra(GOOD, A, [1]), "must be a list of matrices"),
        (lambda: hdr.multiple_dictionaries_dlra(GOOD, [A], 1), "counts must be a sequence"),
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


def test_a_mask_that_is_refused_tells_every_function_that_takes_one():
    takers = {d.function.__name__ for d in DOORS.values() if "mask" in inspect.signature(d.function).parameters}
    with pytest.raises(TypeError, match="no option 'mask'") as refused:
        hdr.minvol_nmf(GOOD, 2, mask=GOOD > 0)
    assert takers <= set(re.findall(r"\w+", str(refused.value)))
