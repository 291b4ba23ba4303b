"""Losses: derivatives, curvature, the identities that tie the family together."""

import numpy as np
import pytest
from array_api_strict import asarray

from tensorly_hdr.losses import LOSSES, Beta, Frobenius, KullbackLeibler

ALL = [*LOSSES.values(), Beta(-0.5), Beta(0.5), Beta(1.0), Beta(1.5), Beta(2.0), Beta(3.0)]


@pytest.mark.parametrize("loss", ALL, ids=repr)
def test_split_is_the_derivative_and_both_parts_are_nonnegative(loss, rng):
    Y, M = rng.random((4, 5)) + 0.1, rng.random((4, 5)) + 0.1
    plus, minus = loss.split(Y, M)
    assert plus.min() >= 0
    assert minus.min() >= 0
    D, h = rng.standard_normal(M.shape), 1e-6
    slope = (loss.value(Y, M + h * D) - loss.value(Y, M - h * D)) / (2 * h)
    np.testing.assert_allclose(slope, np.vdot(plus - minus, D), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("loss", ALL, ids=repr)
def test_curvature_is_the_second_derivative(loss, rng):
    Y, M, h = rng.random(6) + 0.5, rng.random(6) + 0.5, 1e-5
    up, down = (np.subtract(*loss.split(Y, M + s * h)) for s in (1, -1))
    np.testing.assert_allclose(loss.curvature(Y, M), (up - down) / (2 * h), rtol=1e-5)


@pytest.mark.parametrize("loss", ALL, ids=repr)
def test_nonnegative_and_zero_only_at_the_data(loss, rng):
    Y, M = rng.random(50) + 0.1, rng.random(50) + 0.1
    assert loss.value(Y, Y) == pytest.approx(0, abs=1e-12)
    assert loss.value(Y, M) > 0


def test_the_family_meets_its_members(rng):
    Y, M = rng.random(9) + 0.1, rng.random(9) + 0.1
    assert Beta(2.0).value(Y, M) == pytest.approx(Frobenius().value(Y, M))
    assert Beta(1.0).value(Y, M) == pytest.approx(KullbackLeibler().value(Y, M))
    assert Beta(1.0 + 1e-6).value(Y, M) == pytest.approx(KullbackLeibler().value(Y, M), rel=1e-4)
    assert Beta(1e-6).value(Y, M) == pytest.approx(Beta(0.0).value(Y, M), rel=1e-4)


def test_kullback_leibler_conventions():
    kl = KullbackLeibler()
    assert kl.value(np.array([0.0]), np.array([0.0])) == 0.0
    assert kl.value(np.array([0.0]), np.array([2.0])) == 2.0
    assert kl.value(np.array([1.0]), np.array([0.0])) == np.inf


def test_other_array_libraries_give_the_numpy_value(rng):
    Y, M = np.array([0.0, 1.0, 2.0, 0.0]), np.array([1.0, 0.5, 3.0, 0.0])
    assert KullbackLeibler().value(asarray(Y), asarray(M)) == pytest.approx(KullbackLeibler().value(Y, M))
    assert KullbackLeibler().value(asarray([1.0]), asarray([0.0])) == np.inf
