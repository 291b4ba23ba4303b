"""SPA and SNPA: exact recovery where the theory promises it, and only there."""

from itertools import combinations

import numpy as np
import pytest
import xarray as xr
from scipy.optimize import nnls as scipy_nnls

from tensorly_hdr import snpa, spa


def separable(rng, m=12, r=6, n=60):
    W = rng.random((m, r))
    H = rng.dirichlet(np.ones(r) * 0.7, n - r).T
    order = rng.permutation(n)
    Y = np.column_stack([W, W @ H])[:, order]
    return Y, W, np.flatnonzero(order < r)


@pytest.mark.parametrize("method", [spa, snpa])
def test_noiseless_separable_data_are_solved_200_times_of_200(method, rng):
    hits = 0
    for _ in range(200):
        Y, _, truth = separable(rng)
        hits += set(method(Y, 6).indices) == set(truth)
    assert hits == 200


@pytest.mark.parametrize("method", [spa, snpa])
def test_the_result_is_a_factorization(method, rng):
    Y, _, _ = separable(rng)
    result = method(Y, 6)
    np.testing.assert_array_equal(result.W, Y[:, result.indices])
    np.testing.assert_allclose(result.W @ result.H.T, Y, atol=1e-7)
    assert result.H.min() >= 0
    assert len(result.trace.loss) == len(result.trace.time) == result.n_iter + 1
    assert (np.diff(result.trace.loss[: 6 + 1]) <= 1e-12).all()
    assert result.loss == pytest.approx(0.5 * np.sum((Y - result.W @ result.H.T) ** 2), abs=1e-12)


def test_four_vertices_in_three_dimensions():
    """Rank three, four extreme points: only the projection on the hull finds them all (systems.md, 8)."""
    W = np.array([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]]) + 0.5
    Y = np.column_stack([W, W @ np.random.default_rng(0).dirichlet(np.ones(4), 40).T])
    assert set(snpa(Y, 4).indices) == {0, 1, 2, 3}
    with pytest.raises(ValueError, match="rank must be at most 3"):
        spa(Y, 4)


def test_a_vertex_inside_the_cone_of_the_others_is_found_with_the_sum_constraint():
    W = np.array([[1.0, 0.0, 0.6], [0.0, 1.0, 0.6]])
    assert set(snpa(W, 3).indices) == {0, 1, 2}


@pytest.mark.parametrize("spread", [1.0, 0.1, 0.003])
def test_snpa_coefficients_are_optimal_on_the_hull(spread, rng):
    """Against an enumeration of all faces of the hull, for vertices that are apart and that are almost the same."""
    W = 1 + spread * rng.random((8, 4))
    Y = np.column_stack([W, W @ rng.dirichlet(np.ones(4), 30).T + 0.1 * spread * rng.standard_normal((8, 30))])
    result = snpa(Y, 4)
    assert result.H.min() >= 0
    assert result.H.sum(axis=1).max() <= 1 + 1e-9
    ours = np.sum((Y - result.W @ result.H.T) ** 2, axis=0)
    best = np.array([_distance_to_hull(result.W, y) for y in Y.T])
    np.testing.assert_allclose(ours, best, rtol=1e-6, atol=1e-12)


def _distance_to_hull(W, y):
    """Least squared distance to ``{W h : h >= 0, sum h <= 1}``: the origin is one more vertex of a convex hull."""
    V, best = np.column_stack([W, np.zeros(len(W))]), np.inf
    for size in range(1, V.shape[1] + 1):
        for face in combinations(range(V.shape[1]), size):
            F = V[:, face]
            D = F[:, 1:] - F[:, [0]]
            t = np.linalg.lstsq(D, y - F[:, 0], rcond=None)[0]
            if (t >= -1e-12).all() and t.sum() <= 1 + 1e-12:
                best = min(best, np.sum((y - F[:, 0] - D @ t) ** 2))
    return best


def test_spa_coefficients_are_those_of_nnls(rng):
    Y = rng.random((8, 40))
    result = spa(Y, 4)
    expected = np.array([scipy_nnls(result.W, y)[0] for y in Y.T])
    np.testing.assert_allclose(result.H, expected, atol=1e-9)


@pytest.mark.parametrize("method", [spa, snpa])
def test_small_noise_keeps_the_vertices(method, rng):
    for _ in range(20):
        Y, W, truth = separable(rng, r=4)
        noisy = Y + 1e-5 * rng.standard_normal(Y.shape)
        found = noisy[:, method(noisy, 4).indices]
        nearest = np.linalg.norm(found[:, :, None] - W[:, None, :], axis=0).min(axis=1)
        assert nearest.max() < 1e-2
        assert len(truth) == 4


@pytest.mark.parametrize("method", [spa, snpa])
def test_more_columns_than_the_data_span_is_an_error(method, rng):
    Y = rng.random((6, 2)) @ rng.dirichlet(np.ones(2), 20).T
    with pytest.raises(ValueError, match="rank must be at most 2"):
        method(Y, 3)
    with pytest.raises(ValueError, match="all zero"):
        method(np.zeros((3, 4)), 1)


@pytest.mark.parametrize("method", [spa, snpa])
def test_scale_zero_columns_and_labels(method, rng):
    Y, _, _ = separable(rng)
    Y[:, 7] = 0
    expected = method(Y, 4).indices
    for factor in (1e-140, 1e-9, 1e9, 1e140):
        np.testing.assert_array_equal(method(factor * Y, 4).indices, expected)
    labelled = xr.DataArray(Y, dims=("band", "pixel"), coords={"band": np.arange(12.0)})
    W, H = method(labelled, 4).to_xarray()
    assert (W.dims, H.dims) == (("band", "component"), ("pixel", "component"))


@pytest.mark.parametrize("method", [spa, snpa])
def test_float32(method, rng):
    Y, _, truth = separable(rng, r=4)
    result = method(Y.astype(np.float32), 4)
    assert result.W.dtype == result.H.dtype == np.float32
    assert set(result.indices) == set(truth)
    flat = (rng.random((6, 2)) @ rng.dirichlet(np.ones(2), 20).T).astype(np.float32)
    with pytest.raises(ValueError, match="rank must be at most 2"):
        method(flat, 3)


def test_near_ties_go_to_the_longest_column():
    """After the first pick, columns 1 and 2 have the same residual; column 2 is longer."""
    Y = np.array([[5.0, 0.0, 1.0], [0.0, 2.0, 2.0]])
    assert spa(Y, 2).indices.tolist() == [0, 2]
