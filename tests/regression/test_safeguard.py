"""Second-order steps for Kullback-Leibler regression: they may raise the loss, and what keeps them from it."""

from functools import partial

import numpy as np
import pytest

from tensorly_hdr import nnkl
from tensorly_hdr.blocks import Entrywise
from tensorly_hdr.losses import KullbackLeibler
from tensorly_hdr.penalties import NonNegative
from tensorly_hdr.regression import safeguarded_msom
from tensorly_hdr.regression.safeguard import cost, no_worse


def counts(rng, m=30, r=5, n=6, level=3.0):
    """Poisson counts, some of them zero, of a model that spans them."""
    A = rng.random((m, r))
    return A, rng.poisson(level * A @ rng.random((r, n))).astype(float)


def test_no_row_gets_worse_and_each_cost_is_that_of_its_row(rng):
    A, Y = counts(rng, n=40)
    block, g = Entrywise(np.ascontiguousarray(Y.T), A, KullbackLeibler()), NonNegative(0.4, 0.3)
    u, tried = 10.0 ** rng.uniform(-2, 2, (2, 40, 5))
    before, wished = cost(u, block, g), cost(tried, block, g)
    new, after, replaced = no_worse(tried.copy(), before, u, block, g)
    assert 0 < replaced.sum() < 40
    np.testing.assert_array_equal(replaced[:, 0], wished > before)
    np.testing.assert_array_equal(new[~replaced[:, 0]], tried[~replaced[:, 0]])
    np.testing.assert_allclose(after, cost(new, block, g), rtol=1e-12)
    assert (after <= before).all()


@pytest.mark.parametrize("gamma", [1.0, 1.9])
def test_msom_descends_within_a_call(gamma, rng):
    A, Y = counts(rng, n=200, level=1.0)
    A[A < 0.6] *= 0.05
    block = Entrywise(np.ascontiguousarray(Y.T), A, KullbackLeibler())
    u, before = 10.0 ** rng.uniform(-3, 3, (200, 5)), np.inf
    for n_iter in range(1, 15):
        after = block.row_values(safeguarded_msom(u, block, NonNegative(), n_iter=n_iter, gamma=gamma)[0])
        assert (after <= before + 1e-12 * np.abs(after) + 1e-12).all()
        before = after


@pytest.mark.parametrize("gamma", [0.5, 1.0, 1.9])
def test_msom_descends_for_every_gamma(gamma, rng):
    A, Y = counts(rng)
    update = partial(safeguarded_msom, gamma=gamma)
    loss = nnkl(A, Y, solver=update, init=10.0 * np.ones((5, 6)), max_iter=100, tol=0).trace.loss
    assert (np.diff(loss) <= 1e-13 * loss[0]).all()


def test_msom_first_gives_each_observation_its_best_scale(rng):
    """So what comes after one step does not depend on the scale of the start."""
    A, Y = counts(rng)
    x = rng.random((5, 6))
    one, two = (nnkl(A, Y, solver="msom", init=start, max_iter=1).x for start in (x, x * 10.0 ** rng.uniform(-4, 4, 6)))
    np.testing.assert_allclose(two, one, rtol=1e-9)


def test_the_bare_second_order_step_does_raise_the_loss(rng):
    """From a start ten times too large: what the safeguard is for."""
    A, Y = counts(rng)
    block = Entrywise(np.ascontiguousarray(Y.T), A, KullbackLeibler())
    x = nnkl(A, Y, max_iter=500).x.T * 10.0
    bare = np.maximum(x - 1.9 * block.grad(x) / block.curvature_sums(x), 1e-16)
    assert (block.row_values(bare) > block.row_values(x)).any()
