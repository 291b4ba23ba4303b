"""Mirror descent for Kullback-Leibler regression: descent, the right constants, slow convergence."""

from functools import partial

import numpy as np
import pytest

from tensorly_hdr import nnkl
from tensorly_hdr.blocks import Entrywise
from tensorly_hdr.losses import KullbackLeibler
from tensorly_hdr.penalties import NonNegative
from tensorly_hdr.regression import mirror

PENALTIES = [NonNegative(), NonNegative(l1=0.4), NonNegative(l2=0.3), NonNegative(0.4, 0.3)]
MANY = {"max_iter": 20_000, "tol": 1e-16}
STEPS = ["global", "coordinate", "backtracking"]


def counts(rng, m=30, r=5, n=6, level=3.0):
    """Poisson counts, some of them zero, of a model that spans them."""
    A = rng.random((m, r))
    return A, rng.poisson(level * A @ rng.random((r, n))).astype(float)


@pytest.mark.parametrize("g", PENALTIES, ids=repr)
def test_mirror_descent_tends_to_the_optimum(g, rng):
    """Its certificate falls like 1 / iterations where an entry tends to zero: ten times more for a tenth."""
    A, Y = counts(rng, m=15, r=3, n=2)
    gaps = nnkl(A, Y, penalty=g, solver="mirror", max_iter=1000, tol=0).trace.extra["gap"]
    assert gaps[1000] < 0.15 * gaps[100] + 1e-12
    best = nnkl(A, Y, penalty=g, solver="ccd", **MANY).x
    stays = nnkl(A, Y, penalty=g, solver="mirror", init=best, max_iter=10, tol=0).x
    # a start is lifted by a millionth of its largest entry, since the update cannot leave a zero
    np.testing.assert_allclose(stays, best, atol=2e-6 * best.max())


@pytest.mark.parametrize("step", STEPS)
def test_the_steps_of_mirror_descent_descend(step, rng):
    A, Y = counts(rng)
    A[A < 0.7] = 0.0
    loss = nnkl(A + 1e-3, Y, solver=partial(mirror, step=step), max_iter=200, tol=0).trace.loss
    assert (np.diff(loss) <= 1e-13 * loss[0]).all()


def test_longer_steps_of_mirror_descent_go_farther(rng):
    """The constant per coordinate exploits sparse atoms, backtracking the rest."""
    A, Y = counts(rng, m=60, level=20.0)
    A[A < 0.8] = 0.0
    keep = A.sum(axis=1) > 0
    last = [nnkl(A[keep], Y[keep], solver=partial(mirror, step=step), max_iter=10, tol=0).loss for step in STEPS]
    best = nnkl(A[keep], Y[keep], **MANY).loss
    gaps = np.array(last) - best
    assert gaps[1] < 0.5 * gaps[0]
    assert gaps[2] < 0.5 * gaps[1]


def test_halving_the_step_of_mirror_descent_halves_its_progress(rng):
    """One over the sum of the data is the step; the manuscript's half of it wastes a factor two."""
    A, Y = counts(rng)
    block = Entrywise(np.ascontiguousarray(Y.T), A, KullbackLeibler())
    x = nnkl(A, Y, max_iter=500).x.T * 1.01 + 1e-3
    moved = mirror(x, block, NonNegative(), step="global")[0]
    L = Y.sum(axis=0)[:, None]
    np.testing.assert_allclose(moved, x / (1 + x * block.grad(x) / L), rtol=1e-12)
    half = x / (1 + x * block.grad(x) / (2 * L))
    progress = [block.value(x) - block.value(v) for v in (moved, half)]
    assert 1.8 < progress[0] / progress[1] < 2.1
