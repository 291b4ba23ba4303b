"""Losses: derivatives, curvature, the identities that tie the family together."""

import numpy as np
import pytest
from array_api_strict import asarray

from tensorly_hdr.losses import LOSSES, Beta, Frobenius, KullbackLeibler
from tensorly_hdr.testing import check_loss

ALL = [*LOSSES.values(), Beta(-0.5), Beta(0.5), Beta(1.0), Beta(1.5), Beta(2.0), Beta(3.0)]


@pytest.mark.parametrize("loss", ALL, ids=repr)
def test_every_loss_obeys_its_contract(loss):
    check_loss(loss)


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
