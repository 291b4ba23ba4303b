"""Rank two: exact, and the two solutions returned bracket all others."""

import numpy as np
import pytest
import xarray as xr
from scipy.optimize import nnls as scipy_nnls

from tensorly_hdr import rank_two_nmf
from tensorly_hdr.factorization.rank_two import _line


def draw(rng, m=9, n=14):
    return rng.random((m, 2)) @ rng.random((2, n))


@pytest.mark.parametrize("shape", [(9, 14), (14, 9), (2, 5), (40, 3)])
def test_matrices_of_rank_two_are_reproduced_by_both_solutions(shape, rng):
    for _ in range(20):
        Y = draw(rng, *shape)
        Y[:, 1] = 0
        result = rank_two_nmf(Y)
        for solution in (result, result.outer):
            W, H = solution.factors
            assert min(W.min(), H.min()) >= 0
            np.testing.assert_allclose(W.sum(axis=0), 1, rtol=1e-14)
            np.testing.assert_allclose(W @ H.T, Y, atol=1e-13 * Y.max())
            assert (H[1] == 0).all()


def test_inner_atoms_are_data_and_outer_atoms_touch_the_boundary(rng):
    Y = draw(rng)
    result = rank_two_nmf(Y)
    P = Y / Y.sum(axis=0)
    for w in result.factors[0].T:
        assert np.abs(P - w[:, None]).max(axis=0).min() < 1e-14
    outer = result.outer.factors[0]
    assert (outer.min(axis=0) == 0).all()
    assert (outer.max(axis=0) > 0).all()


def test_every_exact_factorization_lies_between_the_two(rng):
    """Move each atom along the line: exact and nonnegative exactly between the inner and the outer position."""
    Y = draw(rng)
    result = rank_two_nmf(Y)
    inner, outer = result.factors[0], result.outer.factors[0]
    for t in (0.0, 0.3, 1.0):
        W = (1 - t) * inner + t * outer
        H = np.linalg.lstsq(W, Y, rcond=None)[0]
        np.testing.assert_allclose(W @ H, Y, atol=1e-13)
        assert min(W.min(), H.min()) >= -1e-13
    for t in (-0.1, 1.1):
        W = (1 - t) * inner + t * outer
        assert min(W.min(), np.linalg.lstsq(W, Y, rcond=None)[0].min()) < -1e-4


def test_planted_pure_columns_are_found_by_the_inner_and_planted_zeros_by_the_outer_solution(rng):
    W = rng.random((6, 2)) + 0.1
    W /= W.sum(axis=0)
    Y = np.column_stack([W @ rng.random((2, 20)), 3 * W])
    found = rank_two_nmf(Y).factors[0]
    assert min(np.abs(found - W).max(), np.abs(found - W[:, ::-1]).max()) < 1e-13
    W[0, 0] = W[1, 1] = 0.0
    W /= W.sum(axis=0)
    found = rank_two_nmf(W @ (rng.random((2, 20)) + 0.2)).outer.factors[0]
    assert min(np.abs(found - W).max(), np.abs(found - W[:, ::-1]).max()) < 1e-13


def test_coefficients_are_nonnegative_least_squares_on_any_data(rng):
    Y = rng.random((7, 30))
    result = rank_two_nmf(Y, quantile=0.3)
    for solution in (result, result.outer):
        W, H = solution.factors
        expected = np.array([scipy_nnls(W, y)[0] for y in Y.T])
        np.testing.assert_allclose(H, expected, atol=1e-12)
        assert solution.loss == pytest.approx(0.5 * np.sum((Y - W @ H.T) ** 2), rel=1e-12)


def test_quantiles_resist_outliers(rng):
    """A hundred pure columns at each end, noise, and two columns of garbage: the extremes follow the garbage."""
    W = np.array([[0.5, 0.1], [0.3, 0.3], [0.2, 0.6]])
    t = np.concatenate([np.zeros(100), np.ones(100), rng.random(300)])
    Y = np.maximum(W @ np.vstack([t, 1 - t]) + 0.002 * rng.standard_normal((3, 500)), 0)
    Y = np.column_stack([Y, [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])

    def error(result):
        found = result.factors[0]
        return min(np.abs(found - W).max(), np.abs(found - W[:, ::-1]).max())

    assert error(rank_two_nmf(Y, quantile=0.05)) < 0.01
    assert error(rank_two_nmf(Y)) > 0.05


def test_faint_columns_do_not_decide_the_quantiles(rng):
    W = np.array([[0.5, 0.1], [0.3, 0.3], [0.2, 0.6]])
    t = np.concatenate([np.zeros(50), np.ones(50)])
    Y = np.column_stack([W @ np.vstack([t, 1 - t]), 1e-6 * np.eye(3), 1e-6 * np.eye(3)])
    found = rank_two_nmf(Y, quantile=1e-4).factors[0]
    assert min(np.abs(found - W).max(), np.abs(found - W[:, ::-1]).max()) < 1e-6


def test_scale_precision_and_labels(rng):
    Y = draw(rng)
    expected = rank_two_nmf(Y).factors[0]
    for factor in (1e-140, 1e140):
        np.testing.assert_allclose(rank_two_nmf(factor * Y).factors[0], expected, rtol=1e-12)
    single = rank_two_nmf(Y.astype(np.float32))
    assert single.factors[0].dtype == np.float32
    np.testing.assert_allclose(single.factors[0], expected, atol=1e-5)
    data = xr.DataArray(Y, dims=("band", "pixel"), coords={"band": np.arange(9.0)})
    result = rank_two_nmf(data)
    for solution in (result, result.outer):
        W, H = solution.to_xarray()
        assert (W.dims, H.dims) == (("band", "component"), ("pixel", "component"))
    assert repr(result).startswith("RankTwoResult(factors: 9x2, 14x2, loss=")


@pytest.mark.parametrize(
    ("Y", "options", "word"),
    [
        (np.ones((3, 4)), {}, "got rank 1: use rank_one"),
        (np.zeros((3, 4)), {}, "got rank 0"),
        (np.outer([1.0, 2.0], [3.0, 0.1, 7.0]), {}, "got rank 1"),
        (np.eye(3), {"quantile": 0.5}, "below 0.5"),
        (np.eye(3), {"quantile": -0.1}, "nonnegative"),
        (np.column_stack([np.eye(2), np.full((2, 9), 0.5)]), {"quantile": 0.4}, "single point"),
    ],
)
def test_bad_input(Y, options, word):
    with pytest.raises(ValueError, match=word):
        rank_two_nmf(Y, **options)


def test_the_line_is_the_best_fit_of_columns_as_bright_as_they_are(rng):
    """Neither another point nor another direction of sum zero leaves less, on noisy data with faint columns."""
    Y = rng.random((7, 2)) @ rng.random((2, 30)) * 10.0 ** rng.uniform(-3, 0, 30) + 0.01 * rng.random((7, 30))
    centre, direction, _, sums = _line(Y, Y.dtype)
    Y = Y / Y.max()

    def rest(point, along):
        D = Y - np.outer(point, sums)
        return np.sum((D - np.outer(along, along @ D)) ** 2)

    least = rest(centre, direction)
    for size in (1e-3, 0.1):
        for _ in range(30):
            a, b = (size * (v - v.mean()) for v in rng.standard_normal((2, 7)))
            other = direction + b
            assert rest(centre + a, direction) >= least * (1 - 1e-12)
            assert rest(centre, other / np.linalg.norm(other)) >= least * (1 - 1e-12)


@pytest.mark.parametrize("faint", [0.0, 5e-324, 1e-310, 1e-150])
@pytest.mark.parametrize("shape", [(8, 12), (12, 8)])
def test_rows_and_columns_of_zeros_or_almost_change_neither_the_loss_nor_the_other_factors(faint, shape, rng):
    """Between, before and after the others."""
    Y = draw(rng, *shape)
    rows, columns = np.arange(1, 1 + shape[0]), np.arange(1, 1 + shape[1])
    Z = faint * rng.random((shape[0] + 2, shape[1] + 2))
    Z[np.ix_(rows, columns)] = Y
    without, result = rank_two_nmf(Y), rank_two_nmf(Z)
    for a, b in ((without.outer, result.outer), *([(without, result)] if faint == 0 else [])):
        assert b.loss < 1e-25 * np.sum(Y**2)
        np.testing.assert_allclose(b.factors[0][rows], a.factors[0], rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(b.factors[1][columns], a.factors[1], rtol=1e-10, atol=1e-12)
    assert result.loss < 1e-25 * np.sum(Y**2)


def test_two_blocks_beside_a_row_and_a_column_of_zeros():
    result = rank_two_nmf(np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 2.0], [0.0, 3.0, 1.0]]))
    assert result.loss < 1e-28
    assert sorted(map(tuple, result.outer.factors[0].T.round(12))) == [(0.0, 0.0, 1.0), (0.0, 1.0, 0.0)]
    assert (result.factors[0][0] == 0).all()
