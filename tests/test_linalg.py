"""Tensor algebra: the identities that define it, for every mode and several orders."""

import numpy as np
import pytest
import tensorly as tl
from scipy.sparse import random_array

from tensorly_hdr.linalg import gram_hadamard, khatri_rao, mttkrp, procrustes, reconstruct, unfold

SHAPES = [(4, 5), (3, 4, 5), (5, 2, 6), (2, 3, 4, 2)]
CASES = [(shape, m) for shape in SHAPES for m in range(len(shape))]


def draw(shape, rng, rank=3):
    return [rng.standard_normal((n, rank)) for n in shape]


@pytest.mark.parametrize(("shape", "mode"), CASES)
def test_unfolding_of_the_model_is_factor_times_khatri_rao(shape, mode, rng):
    factors = draw(shape, rng)
    M = unfold(reconstruct(factors), mode)
    np.testing.assert_allclose(M, factors[mode] @ khatri_rao(factors, mode).T, atol=1e-12)


@pytest.mark.parametrize(("shape", "mode"), CASES)
def test_mttkrp_is_unfolding_times_khatri_rao(shape, mode, rng):
    T, factors = rng.standard_normal(shape), draw(shape, rng)
    np.testing.assert_allclose(mttkrp(T, factors, mode), unfold(T, mode) @ khatri_rao(factors, mode), atol=1e-12)


@pytest.mark.parametrize(("shape", "mode"), CASES)
def test_mttkrp_is_the_adjoint_of_the_model(shape, mode, rng):
    """``<T, model(u)> = <mttkrp(T), u>`` with the other factors fixed."""
    T, factors = rng.standard_normal(shape), draw(shape, rng)
    u = rng.standard_normal(factors[mode].shape)
    model = reconstruct([u if m == mode else f for m, f in enumerate(factors)])
    np.testing.assert_allclose(np.vdot(T, model), np.vdot(mttkrp(T, factors, mode), u), rtol=1e-12)


@pytest.mark.parametrize(("shape", "mode"), CASES)
def test_gram_hadamard_is_the_gram_of_khatri_rao(shape, mode, rng):
    factors = draw(shape, rng)
    K = khatri_rao(factors, mode)
    np.testing.assert_allclose(gram_hadamard(factors, mode), K.T @ K, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_reconstruct_agrees_with_tensorly(shape, rng):
    factors = draw(shape, rng)
    np.testing.assert_allclose(reconstruct(factors), tl.cp_to_tensor((None, factors)), atol=1e-12)
    for mode in range(len(shape)):
        np.testing.assert_array_equal(unfold(reconstruct(factors), mode), tl.unfold(reconstruct(factors), mode))


@pytest.mark.parametrize("mode", [0, 1])
def test_sparse_mttkrp_is_dense_mttkrp(mode, rng):
    S = random_array((30, 20), density=0.2, rng=rng)
    factors = draw((30, 20), rng)
    np.testing.assert_allclose(mttkrp(S.tocsr(), factors, mode), mttkrp(S.toarray(), factors, mode), atol=1e-12)


def test_float32_stays_float32(rng):
    factors = [u.astype(np.float32) for u in draw((3, 4, 5), rng)]
    T = reconstruct(factors)
    assert T.dtype == mttkrp(T, factors, 1).dtype == gram_hadamard(factors, 0).dtype == np.float32


def test_procrustes_is_the_closest_orthonormal_matrix(rng):
    M = rng.standard_normal((6, 3))
    P = procrustes(M)
    np.testing.assert_allclose(P.T @ P, np.eye(3), atol=1e-12)
    for _ in range(200):
        Q = np.linalg.qr(P + 0.3 * rng.standard_normal(P.shape))[0]
        assert np.linalg.norm(M - Q) >= np.linalg.norm(M - P) - 1e-12
