"""Blocks: sparse, masked and dense data give the same numbers wherever they describe the same problem."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from tensorly_hdr.blocks import Entrywise, Quadratic, half_square, least_squares
from tensorly_hdr.losses import Beta, Frobenius, KullbackLeibler


def draw(rng):
    return rng.poisson(0.7, (9, 8)).astype(float), rng.random((8, 3)) + 0.1, rng.random((9, 3)) + 0.1


def test_quadratic_is_half_the_squared_residual(rng):
    Y, K, u = draw(rng)
    block = least_squares(Y, K)
    assert block.value(u) == pytest.approx(0.5 * np.sum((Y - u @ K.T) ** 2))
    D, h = rng.standard_normal(u.shape), 1e-6
    slope = (block.value(u + h * D) - block.value(u - h * D)) / (2 * h)
    assert slope == pytest.approx(np.vdot(block.grad(u), D), rel=1e-6)
    assert block.lipschitz == pytest.approx(np.linalg.norm(K, 2) ** 2)


@pytest.mark.parametrize("loss", [Frobenius(), KullbackLeibler(), Beta(1.5), Beta(0.5)], ids=repr)
def test_entrywise_gradient(loss, rng):
    Y, K, u = draw(rng)
    Y = Y + 0.1
    block = Entrywise(Y, K, loss)
    D, h = rng.standard_normal(u.shape), 1e-6
    slope = (block.value(u + h * D) - block.value(u - h * D)) / (2 * h)
    assert slope == pytest.approx(np.vdot(block.grad(u), D), rel=1e-5)


def test_sparse_is_dense(rng):
    Y, K, u = draw(rng)
    dense, sparse = Entrywise(Y, K, KullbackLeibler()), Entrywise(csr_array(Y), K, KullbackLeibler())
    assert sparse.value(u) == pytest.approx(dense.value(u), rel=1e-13)
    for a, b in zip(sparse.split(u), dense.split(u), strict=True):
        np.testing.assert_allclose(np.broadcast_to(a, u.shape), np.broadcast_to(b, u.shape), rtol=1e-12)
    np.testing.assert_allclose(least_squares(csr_array(Y), K).cross, least_squares(Y, K).cross, rtol=1e-12)
    assert half_square(csr_array(Y)) == pytest.approx(half_square(Y))


@pytest.mark.parametrize("loss", [Frobenius(), KullbackLeibler(), Beta(1.5)], ids=repr)
def test_a_mask_that_hides_nothing_changes_nothing(loss, rng):
    Y, K, u = draw(rng)
    full, masked = Entrywise(Y, K, loss), Entrywise(Y, K, loss, np.ones(Y.shape, dtype=bool))
    assert masked.value(u) == pytest.approx(full.value(u))
    np.testing.assert_allclose(masked.grad(u), full.grad(u), rtol=1e-12)


@pytest.mark.parametrize("loss", [Frobenius(), KullbackLeibler(), Beta(1.5)], ids=repr)
def test_hidden_values_do_not_count(loss, rng):
    Y, K, u = draw(rng)
    mask = rng.random(Y.shape) > 0.3
    other = np.where(mask, Y, 99.0)
    one, two = Entrywise(Y, K, loss, mask), Entrywise(other, K, loss, mask)
    assert one.value(u) == two.value(u)
    np.testing.assert_array_equal(one.grad(u), two.grad(u))


def test_filled_data_give_a_majorant_that_touches_at_the_model(rng):
    Y, K, u = draw(rng)
    mask = rng.random(Y.shape) > 0.3
    observed = Entrywise(Y, K, Frobenius(), mask)
    block = least_squares(np.where(mask, Y, u @ K.T), K)
    assert block.value(u) == pytest.approx(observed.value(u))
    for _ in range(100):
        v = u + rng.standard_normal(u.shape)
        assert block.value(v) >= observed.value(v) - 1e-9


def test_quadratic_holds_only_products():
    block = Quadratic(np.eye(2), np.ones((3, 2)), 1.5)
    assert block.value(np.zeros((3, 2))) == 1.5
