"""The certificate of Kullback-Leibler regression: above the true gap, tending to zero, and a reason to stop."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorly_hdr import nnkl
from tensorly_hdr.blocks import Entrywise
from tensorly_hdr.losses import Beta, KullbackLeibler
from tensorly_hdr.metrics import kl_gap
from tensorly_hdr.penalties import NonNegative
from tensorly_hdr.regression import KL_SOLVERS, ccd, mu
from tensorly_hdr.regression.certificate import kl_gap_bound

PENALTIES = [NonNegative(), NonNegative(l1=0.4), NonNegative(l2=0.3), NonNegative(0.4, 0.3)]
EXACT = [name for name in KL_SOLVERS if name != "mirror"]  # converge fast enough for tight tolerances
MANY = {"max_iter": 20_000, "tol": 1e-16}


def counts(rng, m=30, r=5, n=6, level=3.0):
    """Poisson counts, some of them zero, of a model that spans them."""
    A = rng.random((m, r))
    return A, rng.poisson(level * A @ rng.random((r, n))).astype(float)


@given(m=st.integers(1, 8), r=st.integers(1, 9), n=st.integers(0, 4), seed=st.integers(0, 10**6))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_every_shape_is_solved_within_its_certificate(m, r, n, seed):
    """``n = 0`` stands for a vector. Zeros in A and Y, atoms and observations of zeros included."""
    rng = np.random.default_rng(seed)
    A = rng.random((m, r)) * (rng.random((m, r)) < 0.7)
    A[A.sum(axis=1) == 0, 0] = 1.0
    Y = rng.poisson(2.0, (m, n) if n else m).astype(float)
    g = PENALTIES[seed % 4]
    results = {s: nnkl(A, Y, penalty=g, solver=s, max_iter=40, tol=0) for s in KL_SOLVERS}
    least = min(result.loss for result in results.values())
    for result in results.values():
        assert result.x.shape == ((r, n) if n else (r,))
        assert result.x.min() >= 0
        loss, gap = result.trace.loss, result.trace.extra["gap"]
        assert (np.diff(loss) <= 1e-12 * loss[0] + 1e-14).all()
        assert (loss - gap <= least + 1e-10 * (1 + least)).all()


@pytest.mark.parametrize("g", [*PENALTIES, NonNegative(l2=1e-6), NonNegative(l2=100.0)], ids=repr)
def test_the_certificate_bounds_the_true_gap(g, rng):
    """Two hundred problems, points near and far."""
    for trial in range(200):
        r = 1 + trial % 7
        A = rng.random((12, r)) * (rng.random((12, r)) < 0.7) + 0.01
        y = rng.poisson(4, 12).astype(float)
        block, start = Entrywise(y[None], A, KullbackLeibler()), np.full((1, r), y.sum() / A.sum())
        best = ccd(start, block, g, n_iter=1000)[0]
        least = block.value(best) + g.value(best)
        for x in (rng.exponential(1.0, (1, r)), best * rng.uniform(0.9, 1.1, r), mu(start, block, g, n_iter=3)[0]):
            gap = block.value(x) + g.value(x) - least
            assert kl_gap_bound(x, block, g) >= gap - 1e-10 * least


@pytest.mark.parametrize("g", PENALTIES, ids=repr)
def test_the_certificate_tends_to_zero_and_is_tight(g, rng):
    A, Y = counts(rng)
    result = nnkl(A, Y, penalty=g, solver="ccd", max_iter=2000, tol=0)
    gap = result.trace.extra["gap"]
    assert gap[-1] < 1e-9 * result.loss
    assert len(gap) == len(result.trace.loss)
    true = result.trace.loss - result.loss
    assert (gap >= true - 1e-9).all()


def test_without_ridge_the_certificate_is_the_bound_of_cover(rng):
    A, Y = counts(rng)
    for l1 in (0.0, 0.4):
        early = nnkl(A, Y, penalty=NonNegative(l1=l1), solver="mu", max_iter=5, tol=0)
        assert early.trace.extra["gap"][-1] == pytest.approx(kl_gap(A, Y, early.x, l1), rel=1e-9)


@pytest.mark.parametrize("solver", EXACT)
def test_a_run_stops_on_its_certificate(solver, rng):
    A, Y = counts(rng)
    best = nnkl(A, Y, **MANY).loss
    result = nnkl(A, Y, solver=solver, tol_gap=0.5, max_iter=10_000)
    assert result.status == "converged"
    gap = result.trace.extra["gap"]
    assert gap[-1] <= 0.5 < gap[-2]
    assert result.loss - best <= 0.5


def test_tol_gap_turns_the_other_test_off_unless_it_is_given(rng):
    A, Y = counts(rng)
    assert nnkl(A, Y, solver="mu", tol_gap=1e-3, max_iter=50).status == "max_iter"
    assert nnkl(A, Y, solver="mu", tol_gap=1e-3, tol=0.1, max_iter=50).n_iter < 10
    with pytest.raises(ValueError, match="tol_gap must be a positive"):
        nnkl(A, Y, tol_gap=-1.0)
    with pytest.raises(ValueError, match="there is no certificate"):
        nnkl(A, Y + 1, loss=Beta(1.5), tol_gap=1.0)
