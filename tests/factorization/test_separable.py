"""SPA and SNPA: exact recovery where the theory promises it, and only there."""

from itertools import combinations

import numpy as np
import pytest
import xarray as xr
from scipy.optimize import nnls as scipy_nnls

from tensorly_hdr import minvol_nmf, nmf, one_sparse_dlra, snpa, spa


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


def mixed_signs(rng, shape=(5, 14)):
    """Columns to all sides of the origin, and one of zeros: most products with a pick are negative."""
    Y = rng.standard_normal(shape)
    Y[:, 3] = 0.0
    return Y


def hull_residuals(W, Y):
    """Squared distances to ``{W h : h >= 0, sum h <= 1}`` by SciPy: the sum is a heavy row, the origin a vertex."""
    big = 1e5
    V = np.vstack([np.column_stack([W, np.zeros(len(W))]), np.full(W.shape[1] + 1, big)])
    H = np.array([scipy_nnls(V, np.append(y, big))[0][:-1] for y in Y.T])
    return np.sum((Y - W @ H.T) ** 2, axis=0)


@pytest.mark.parametrize("make", [mixed_signs, lambda rng: rng.random((6, 20)), lambda rng: separable(rng)[0]])
def test_the_loss_after_each_pick_is_the_distance_to_the_hull_of_the_picks_and_the_origin(make, rng):
    for _ in range(5):
        Y = make(rng)
        result = snpa(Y, 4)
        for k, loss in enumerate(result.trace.loss):
            squares = hull_residuals(Y[:, result.indices[:k]], Y) if k else np.sum(Y**2, axis=0)
            assert loss == pytest.approx(0.5 * squares.sum(), rel=1e-6)
            if k < 4:
                assert squares[result.indices[k]] == pytest.approx(squares.max(), rel=1e-5)
        assert (np.diff(result.trace.loss) <= 0).all()


@pytest.mark.parametrize("method", [spa, snpa])
def test_the_order_of_the_columns_and_zeros_among_them_change_no_pick(method, rng):
    for make in (mixed_signs, lambda rng: rng.random((6, 20))):
        Y = make(rng)
        result, order = method(Y, 4), rng.permutation(Y.shape[1])
        np.testing.assert_array_equal(order[method(Y[:, order], 4).indices], result.indices)
        padded = method(np.column_stack([Y, np.zeros((len(Y), 3))]), 4)
        np.testing.assert_array_equal(padded.indices, result.indices)
        np.testing.assert_allclose(padded.trace.loss, result.trace.loss, rtol=1e-12, atol=1e-12)
        assert not padded.H[-3:].any()


def test_orthogonal_columns_are_picked_by_their_length():
    np.testing.assert_allclose(snpa(np.diag([3.0, 2.0, 1.0]), 3).trace.loss, [7, 2.5, 0.5, 0], atol=1e-14)
    assert snpa(np.array([[3.0, 2.0, 0.0], [2.0, 1.0, 0.0]]), 2).indices.tolist() == [0, 1]


@pytest.mark.parametrize("method", [spa, snpa])
def test_what_counts_as_rounding_does_not_grow_with_the_number_of_columns(method):
    """A million single precision columns, of which three span the data: no tenth of a column is rounding."""
    Y = np.zeros((3, 1_000_000), np.float32)
    Y[0], Y[1] = 1.0, 0.02
    Y[:, 7], Y[:, 9] = (1.0, 0.1, 0.0), (1.0, 0.0, 0.1)
    assert method(Y, 3).indices.tolist() == [7, 9, 0]


def test_a_start_by_snpa_does_not_depend_on_empty_observations(rng):
    """In ``nmf``, ``minvol_nmf`` and ``one_sparse_dlra`` the atoms are columns of the data."""
    Y, W, _ = separable(rng, r=3, n=30)
    Z = np.column_stack([Y, np.zeros((12, 2))])
    start = nmf(Z, 3, init="snpa", max_iter=0)
    np.testing.assert_array_equal(start.factors[0], nmf(Y, 3, init="snpa", max_iter=0).factors[0])
    assert start.loss < 1e-12
    assert minvol_nmf(Z, 3, sum_to_one="W", max_iter=0).trace.loss[0] < 1e-5 * np.sum(Z**2)
    D = np.column_stack([W, rng.random((12, 5))])
    assert set(one_sparse_dlra(Z, D, 3, init="snpa", max_iter=0).indices) == {0, 1, 2}
