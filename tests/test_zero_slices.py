"""A slice of zeros in the data brings nothing: every factorization, every loss, gives what the rest alone gives."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from tensorly_hdr import convolutive_nmf, ncp, nmf, nnkl, nonnegative_tucker
from tensorly_hdr.linalg import reconstruct
from tensorly_hdr.losses import LOSSES, Beta
from tensorly_hdr.regression import KL_SOLVERS, LS_SOLVERS

FINITE_AT_ZERO = ["frobenius", "kl", Beta(0.3), Beta(0.5), Beta(1.0), Beta(1.5), Beta(1.9), Beta(2.5), Beta(3.0)]
EVERY = [*FINITE_AT_ZERO, "is", Beta(-0.5)]
SHORT = {"max_iter": 12, "tol": 0}


def holed(rng, *shape):
    """Counts that hold zeros, so that no slice is zero but those that a test makes."""
    T = rng.poisson(2.0, shape).astype(float)
    T.reshape(-1)[:: shape[-1] + 1] += 1.0
    return T


def put(array, mode, index, value=0.0):
    """``array`` with one more slice, of a single value."""
    return np.insert(array, index, value, axis=mode)


def starts(rng, shape, rank):
    return [rng.random((n, rank)) + 0.1 for n in shape]


@pytest.mark.parametrize("loss", FINITE_AT_ZERO, ids=str)
@pytest.mark.parametrize(
    ("shape", "modes"), [((8, 9), (0,)), ((8, 9), (0, 1)), ((5, 6, 7), (1,)), ((5, 6, 7), (0, 1, 2))]
)
def test_zero_slices_leave_the_model_of_the_rest_as_it_is(loss, shape, modes, rng):
    """The rows of these slices start at ordinary values, so the run has to forget them first."""
    T, init = holed(rng, *shape), starts(rng, shape, 1)
    larger, data = list(init), T
    for mode in modes:
        larger[mode], data = put(larger[mode], 0, 3, 0.5), put(data, mode, 3)
    alone, with_it = (
        ncp(t, 1, loss=loss, init=start, max_iter=1500, tol=0) for t, start in ((T, init), (data, larger))
    )
    assert (np.diff(with_it.trace.loss) <= 1e-9 * with_it.trace.loss[0]).all()
    model = reconstruct(with_it.factors)
    for mode in modes:
        assert np.take(model, 3, axis=mode).max() < 1e-9
        model = np.delete(model, 3, axis=mode)
    np.testing.assert_allclose(model, reconstruct(alone.factors), rtol=1e-4)
    assert with_it.loss == pytest.approx(alone.loss, rel=1e-6)


@pytest.mark.parametrize("solver", [*LS_SOLVERS, *KL_SOLVERS])
def test_every_solver_of_nmf_takes_a_zero_row_and_a_zero_column(solver, rng):
    for kind in ("frobenius", "kl"):
        if solver not in (LS_SOLVERS if kind == "frobenius" else KL_SOLVERS):
            continue
        Y = put(put(holed(rng, 8, 9), 0, 3), 1, 4)
        for data in (Y, Y.astype(np.float32), csr_array(Y)):
            result = nmf(data, 2, loss=kind, solver=solver, seed=0, max_iter=60)
            assert result.status != "diverged"
            assert np.isfinite(result.trace.loss).all()
            assert result.loss <= result.trace.loss[0]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("loss", [loss for loss in EVERY if loss != "frobenius"], ids=str)
def test_a_mask_that_hides_a_slice_changes_nothing_else(loss, dtype, rng):
    """Iterate by iterate; for Frobenius the hidden slice is completed, which takes another way to the same loss."""
    T, init = holed(rng, 5, 6, 7).astype(dtype) + dtype(0.5), starts(rng, (5, 6, 7), 2)
    larger, mask = [init[0], put(init[1], 0, 1, 0.7), init[2]], np.ones((5, 7, 7), bool)
    mask[:, 1] = False
    with pytest.warns(UserWarning, match="mask hides all"):
        hidden = ncp(put(T, 1, 1, np.nan), 2, loss=loss, init=larger, solver="mu", mask=mask, **SHORT)
    alone = ncp(T, 2, loss=loss, init=init, solver="mu", **SHORT)
    assert hidden.loss == pytest.approx(alone.loss, rel=1e-3 if dtype == np.float32 else 1e-7)
    assert all(np.isfinite(u).all() for u in hidden.factors)


@pytest.mark.parametrize("loss", FINITE_AT_ZERO, ids=str)
def test_tucker_with_zero_slices_descends_to_what_the_rest_has(loss, rng):
    T = holed(rng, 5, 6, 7)
    core, factors = np.ones((1, 1, 1)), starts(rng, (5, 6, 7), 1)
    larger = [put(u, 0, 2, 0.3) for u in factors]
    alone = nonnegative_tucker(T, 1, loss=loss, init=(core, factors), max_iter=300, tol=0)
    padded = put(put(put(T, 0, 2), 1, 2), 2, 2)
    result = nonnegative_tucker(padded, 1, loss=loss, init=(core, larger), max_iter=300, tol=0)
    assert result.loss == pytest.approx(alone.loss, rel=1e-6)
    assert (np.diff(result.trace.loss) <= 1e-9 * result.trace.loss[0]).all()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("loss", FINITE_AT_ZERO, ids=str)
def test_convolutive_nmf_ignores_a_silent_frequency(loss, dtype, rng):
    S = holed(rng, 6, 20).astype(dtype)
    W, H = rng.random((6, 3, 2)) + 0.1, rng.random((20, 2)) + 0.1
    options = {"loss": loss, "max_iter": 60, "tol": 0}
    alone = convolutive_nmf(S, 2, 3, init=(W, H), **options)
    result = convolutive_nmf(put(S, 0, 2), 2, 3, init=(put(W, 0, 2, 1e-9), H), **options)
    assert result.loss == pytest.approx(alone.loss, rel=1e-2 if loss == Beta(0.3) else 1e-3)
    assert np.isfinite(result.trace.loss).all()


@pytest.mark.parametrize("loss", FINITE_AT_ZERO, ids=str)
def test_a_regression_ignores_zero_observations(loss, rng):
    A, Y = rng.random((12, 3)), holed(rng, 12, 4)
    result = nnkl(A, put(Y, 1, 2), loss=loss, solver="mu", max_iter=50, tol=0)
    alone = nnkl(A, Y, loss=loss, solver="mu", max_iter=50, tol=0)
    np.testing.assert_allclose(np.delete(result.x, 2, axis=1), alone.x, rtol=1e-9)
    np.testing.assert_allclose(result.x[:, 2], 0.0, atol=1e-9)
    assert result.loss == pytest.approx(alone.loss, rel=1e-6)


def test_deleting_the_zero_row_of_the_report_changes_nothing():
    Y = np.random.default_rng(0).poisson(2, (20, 15)).astype(float)
    Y[3] = 0
    start = nmf(np.delete(Y, 3, axis=0), 3, loss=Beta(0.5), seed=0, max_iter=0)
    alone = nmf(np.delete(Y, 3, axis=0), 3, loss=Beta(0.5), init=start)
    W, H = start.factors
    with_it = nmf(Y, 3, loss=Beta(0.5), init=[put(W, 0, 3, 0.0), H])
    assert alone.loss == pytest.approx(99.7059, rel=1e-4)
    assert with_it.loss == pytest.approx(99.7059, rel=1e-4)


def test_names_of_losses_are_covered():
    assert set(LOSSES) == {loss for loss in EVERY if isinstance(loss, str)}
