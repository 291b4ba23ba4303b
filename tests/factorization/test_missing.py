"""Missing entries: completion is exact, hidden values do not matter, holdout draws what it says; no large temporary."""

import tracemalloc

import numpy as np
import pytest
from scipy.sparse import random_array

from tensorly_hdr import holdout, ncp, nmf
from tensorly_hdr.blocks import half_square
from tensorly_hdr.factorization.missing import Completion
from tensorly_hdr.factorization.problem import Problem, residual
from tensorly_hdr.linalg import reconstruct
from tensorly_hdr.losses import Frobenius
from tensorly_hdr.penalties import NonNegative


@pytest.mark.parametrize("hidden", [0.01, 0.5])
@pytest.mark.parametrize("shape", [(12, 30), (6, 7, 8)])
def test_completed_data_are_the_data_where_observed_and_the_model_elsewhere(hidden, shape, rng):
    T, mask = rng.random(shape), rng.random(shape) > hidden
    T[~mask] = 0
    completion = Completion(T, mask, half_square(T))
    for _ in range(2):  # the array is written in place
        factors = [rng.random((n, 3)) for n in shape]
        full, const = completion.at(factors)
        np.testing.assert_allclose(full, np.where(mask, T, reconstruct(factors)), rtol=1e-12)
        assert const == pytest.approx(0.5 * np.sum(full**2), rel=1e-12)


@pytest.mark.parametrize("hidden", [0.01, 0.4])
def test_masked_values_are_ignored_and_the_loss_is_that_of_the_others(hidden, rng):
    T = reconstruct([rng.random((n, 2)) for n in (9, 10, 8)]) + 0.1 * rng.random((9, 10, 8))
    mask = rng.random(T.shape) > hidden
    runs = [ncp(np.where(mask, T, v), 3, mask=mask, seed=0, max_iter=30, tol=0) for v in (np.nan, 0.0, 1e6)]
    for other in runs[1:]:
        np.testing.assert_array_equal(runs[0].trace.loss, other.trace.loss)
        np.testing.assert_array_equal(runs[0].factors[2], other.factors[2])
    direct = 0.5 * np.sum((T - reconstruct(runs[0].factors))[mask] ** 2)
    assert runs[0].loss == pytest.approx(direct, rel=1e-9)
    assert (np.diff(runs[0].trace.loss) <= 1e-10 * runs[0].trace.loss[0]).all()


def test_an_exact_model_is_recovered_through_the_holes_to_the_last_digits(rng):
    T = reconstruct([rng.random((n, 2)) for n in (9, 10, 8)])
    train, validation = holdout(T, 0.3, seed=0)
    result = ncp(T, 2, mask=train, seed=0, max_iter=4000, tol=0, extrapolate=True)
    direct = 0.5 * np.sum((T - reconstruct(result.factors))[train] ** 2)
    assert result.loss == pytest.approx(direct, rel=1e-6)
    assert np.abs(T - reconstruct(result.factors))[validation].max() < 1e-4 * T.max()


@pytest.mark.parametrize("shape", [(30, 40), (4, 300), (5, 6, 7), (1, 9)])
def test_the_residual_by_slices_is_the_residual(shape, rng, monkeypatch):
    monkeypatch.setattr("tensorly_hdr.blocks.PORTION", 50)
    T, factors, mask = rng.random(shape), [rng.random((n, 3)) for n in shape], rng.random(shape) > 0.4
    gap = T - reconstruct(factors)
    assert residual(T, None, factors) == pytest.approx(0.5 * np.sum(gap**2), rel=1e-12)
    assert residual(T, mask, factors) == pytest.approx(0.5 * np.sum(gap[mask] ** 2), rel=1e-12)
    if len(shape) == 2:
        S = random_array(shape, density=0.3, rng=rng, format="csr")
        assert residual(S, None, factors) == pytest.approx(
            0.5 * np.sum((S.toarray() - reconstruct(factors)) ** 2), rel=1e-12
        )


def test_the_loss_of_sparse_data_keeps_its_digits_near_an_exact_fit(rng):
    W, H = random_array((40, 3), density=0.3, rng=rng), random_array((50, 3), density=0.3, rng=rng)
    result = nmf(W @ H.T, 3, init=(W.toarray(), H.toarray()), max_iter=1)
    direct = 0.5 * np.sum(((W @ H.T).toarray() - reconstruct(result.factors)) ** 2)
    assert result.loss == pytest.approx(direct, rel=1e-3, abs=1e-31)
    assert result.loss < 1e-25


@pytest.mark.parametrize("sparse", [False, True])
def test_no_temporary_has_the_size_of_the_data(sparse, rng):
    """Frobenius: a run allocates a small part of what a dense copy of the data would take."""
    shape = (1000, 1500)
    Y = random_array(shape, density=0.01, rng=rng, format="csr") if sparse else rng.random(shape)
    options = {"seed": 0, "max_iter": 2}
    nmf(Y, 4, **options)
    tracemalloc.start()
    try:
        nmf(Y, 4, extrapolate=True, **options)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.2 * 8 * np.prod(shape)


@pytest.mark.parametrize("fraction", [0.0, 0.1, 0.5])
def test_holdout_splits_the_observed_entries(fraction, rng):
    Y = rng.random((20, 30))
    mask = rng.random(Y.shape) > 0.2
    Y[~mask] = np.nan
    train, validation = holdout(Y, fraction, mask=mask, seed=0)
    assert not (train & validation).any()
    np.testing.assert_array_equal(train | validation, mask)
    assert validation.sum() == round(fraction * mask.sum())
    for a, b in zip((train, validation), holdout(Y, fraction, mask=mask, seed=0), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("shape", [(4, 5), (3, 4, 5)])
def test_holdout_leaves_an_entry_in_every_slice(shape):
    train, validation = holdout(np.ones(shape), 1.0, seed=0)
    for mode in range(len(shape)):
        assert np.moveaxis(train, mode, 0).reshape(shape[mode], -1).any(axis=1).all()
    assert validation.any()


@pytest.mark.parametrize(
    ("bad", "word"), [({"fraction": 1.5}, "fraction"), ({"mask": np.ones((2, 2), bool)}, "mask must have")]
)
def test_holdout_refuses(bad, word):
    with pytest.raises(ValueError, match=word):
        holdout(np.ones((3, 4)), **bad)


def test_a_vector_has_no_slices_to_keep():
    with pytest.raises(ValueError, match="2 dimensions or more"):
        holdout(np.ones(5))


def test_a_block_of_completed_data_is_made_anew_after_balancing(rng):
    """With missing entries the block at hand belongs to the scales before."""
    T, mask = rng.random((5, 6)), rng.random((5, 6)) < 0.8
    problem = Problem(np.where(mask, T, 0.0), mask, Frobenius(), (NonNegative(l1=0.1),) * 2)
    state = problem.start([rng.random((5, 2)), rng.random((6, 2))], 0)
    scales = [np.array([4.0, 0.5]), np.array([0.25, 2.0])]
    after = problem.scaled(state, scales)
    block = problem.next_block(after, after.factors, 0)
    np.testing.assert_allclose(block.gram, after.factors[1].T @ after.factors[1], rtol=1e-12)
    assert block.value(after.factors[0]) == pytest.approx(problem.fit(state), rel=1e-12)
