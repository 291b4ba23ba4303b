"""Rank one: the closed forms are the global optima."""

import numpy as np
import pytest
import xarray as xr
from scipy.sparse import csr_array, random_array

from tensorly_hdr import ncp, nmf, rank_one_frobenius, rank_one_kl
from tensorly_hdr.linalg import reconstruct
from tensorly_hdr.losses import KullbackLeibler


@pytest.mark.parametrize("shape", [(9, 7), (5, 4, 6), (3, 4, 2, 5)])
def test_kl_three_sweeps_of_mu_reach_the_closed_form_from_anywhere(shape, rng):
    T = rng.poisson(3.0, shape).astype(float)
    best = rank_one_kl(T)
    for seed in range(3):
        swept = ncp(T, 1, loss="kl", solver="mu", n_inner=1, max_iter=3, tol=0, seed=seed)
        np.testing.assert_allclose(swept.loss, best.loss, rtol=1e-13)
        np.testing.assert_allclose(reconstruct(swept.factors), reconstruct(best.factors), rtol=1e-12)


def test_kl_no_other_rank_one_tensor_is_better(rng):
    T = rng.random((4, 5, 3))
    best = rank_one_kl(T)
    assert best.loss == pytest.approx(KullbackLeibler().value(T, reconstruct(best.factors)), rel=1e-14)
    for _ in range(200):
        other = [u * np.exp(0.1 * rng.standard_normal(u.shape)) for u in best.factors]
        assert KullbackLeibler().value(T, reconstruct(other)) > best.loss


def test_kl_marginals_match_and_factors_have_the_same_sum(rng):
    T = rng.random((4, 5, 3))
    result = rank_one_kl(T)
    model = reconstruct(result.factors)
    for axes in ((1, 2), (0, 2), (0, 1)):
        np.testing.assert_allclose(model.sum(axis=axes), T.sum(axis=axes), rtol=1e-13)
    np.testing.assert_allclose([u.sum() for u in result.factors], T.sum() ** (1 / 3), rtol=1e-13)


@pytest.mark.parametrize("function", [rank_one_kl, rank_one_frobenius])
def test_rank_one_data_are_reproduced_whatever_their_scale(function, rng):
    w, h = rng.random((8, 1)), rng.random((5, 1))
    for scale in (1e-140, 1.0, 1e140):
        result = function(scale * (w @ h.T))
        np.testing.assert_allclose(result.factors[0] @ result.factors[1].T, scale * (w @ h.T), rtol=1e-13)


@pytest.mark.parametrize("shape", [(12, 7), (7, 12), (1, 5), (5, 1)])
def test_frobenius_is_the_truncated_svd(shape, rng):
    Y = rng.random(shape) * (rng.random(shape) < 0.6)
    result = rank_one_frobenius(Y)
    values = np.linalg.svd(Y, compute_uv=False)
    assert result.loss == pytest.approx(0.5 * np.sum(values[1:] ** 2), abs=1e-13)
    w, h = result.factors
    assert min(w.min(), h.min()) >= 0
    assert np.linalg.norm(w) == pytest.approx(np.linalg.norm(h))
    assert result.loss <= nmf(Y, 1, seed=0).loss + 1e-12


def test_frobenius_with_a_multiple_singular_value_is_optimal():
    """Two blocks of the same norm: any mixture of their pairs is a singular pair, in absolute value too."""
    block = np.array([[1.0, 2.0], [3.0, 1.0]])
    Y = np.block([[block, np.zeros((2, 2))], [np.zeros((2, 2)), block]])
    values = np.linalg.svd(Y, compute_uv=False)
    assert rank_one_frobenius(Y).loss == pytest.approx(0.5 * np.sum(values[1:] ** 2), rel=1e-12)


@pytest.mark.parametrize("function", [rank_one_kl, rank_one_frobenius])
def test_sparse_dense_and_single_precision_agree(function, rng):
    S = csr_array(random_array((30, 20), density=0.2, rng=rng))
    dense, sparse, single = function(S.toarray()), function(S), function(S.toarray().astype(np.float32))
    assert sparse.loss == pytest.approx(dense.loss, rel=1e-12)
    assert single.loss == pytest.approx(dense.loss, rel=1e-5)
    for a, b, c in zip(dense.factors, sparse.factors, single.factors, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)
        assert c.dtype == np.float32
        np.testing.assert_allclose(a, c, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("function", [rank_one_kl, rank_one_frobenius])
def test_zeros_and_labels(function, rng):
    nothing = function(np.zeros((4, 3)))
    assert nothing.loss == 0
    assert all((u == 0).all() for u in nothing.factors)
    data = xr.DataArray(rng.random((4, 3)), dims=("band", "pixel"), coords={"band": [10, 20, 30, 40]})
    w, h = function(data).to_xarray()
    assert (w.dims, h.dims) == (("band", "component"), ("pixel", "component"))
    assert w.band.values.tolist() == [10, 20, 30, 40]
    assert repr(function(data)).startswith("ClosedForm(factors: 4x1, 3x1, loss=")
