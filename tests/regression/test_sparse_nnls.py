"""k-sparse regression: equal to brute force whatever the scale, proven or said not to be, at most k nonzeros."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls as scipy_nnls
from scipy.sparse import csr_array

from tensorly_hdr import nnls, nnomp, sparse_nnls

SEARCHES = ["enumeration", "branch_and_bound"]


def brute_force(A, Y):
    """Least half squared residual of each column for at most 0, 1, ..., r atoms, by least squares on every support.

    Clipped, each of these solutions is allowed; on a support of the optimum that is independent it is the optimum.
    """
    r = A.shape[1]
    losses = np.tile(0.5 * (Y**2).sum(axis=0), (r + 1, 1))
    for p in range(1, r + 1):
        atoms = A[:, list(combinations(range(r), p))].transpose(1, 0, 2)  # (supports, m, p)
        x = np.maximum(np.linalg.pinv(atoms) @ Y, 0.0)
        here = 0.5 * ((Y - atoms @ x) ** 2).sum(axis=1)
        losses[p] = np.minimum(losses[p - 1], here.min(axis=0))
    return losses


def case(t, rng):
    """The t-th random problem, of t % 10 + 1 atoms: scaled, zero and repeated atoms, zero data take turns."""
    r, m = t % 10 + 1, int(rng.integers(2, 13))
    A = rng.random((m, r)) if t % 2 else rng.standard_normal((m, r))
    Y = A @ np.maximum(rng.standard_normal((r, 4)), 0) + 0.4 * rng.standard_normal((m, 4))
    A = A * (1.0, 0.05, 100.0)[t % 3]
    if t % 7 == 0:
        A[:, -1] = A[:, 0]
    if t % 5 == 0:
        A[:, 0] = 0
    if t % 4 == 0:
        Y[:, 1] = 0
    return A, Y


@pytest.mark.parametrize("solver", SEARCHES)
def test_every_sparsity_equals_brute_force(solver, rng):
    for t in range(200):
        A, Y = case(t, rng)
        expected, r = brute_force(A, Y), A.shape[1]
        whole = sparse_nnls(A, Y, r, path=True, solver=solver)
        np.testing.assert_allclose(whole.path_loss, expected[1:], rtol=1e-8, atol=1e-12)
        for k, x in zip(whole.sparsity, whole.path, strict=True):
            assert (x > 0).sum(axis=0).max() <= k
            assert x.min() >= 0
            np.testing.assert_allclose(0.5 * ((Y - A @ x) ** 2).sum(axis=0), expected[k], rtol=1e-8, atol=1e-12)
        for k in range(1, r + 1):
            result = sparse_nnls(A, Y, k, solver=solver)
            assert result.status == "optimal"
            assert result.solver == solver
            assert (result.x > 0).sum(axis=0).max() <= k
            assert result.x.min() >= 0
            loss = 0.5 * ((Y - A @ result.x) ** 2).sum(axis=0)
            np.testing.assert_allclose(loss, expected[k], rtol=1e-8, atol=1e-12)
            np.testing.assert_allclose(result.path_loss[0], loss, rtol=1e-8, atol=1e-12)
            if solver == "branch_and_bound":
                assert result.trace.extra["nodes"][-1] <= Y.shape[1] * sum(comb(r, p) for p in range(k, r + 1))


def test_brute_force_is_that_of_scipy(rng):
    A, y = rng.standard_normal((7, 5)), rng.standard_normal(7)
    for p in range(1, 6):
        least = min(scipy_nnls(A[:, list(S)], y)[1] for S in combinations(range(5), p))
        assert brute_force(A, y[:, None])[p, 0] == pytest.approx(0.5 * least**2, rel=1e-12)


@given(m=st.integers(1, 10), r=st.integers(1, 9), n=st.integers(1, 4), k=st.integers(1, 11), seed=st.integers(0, 10**6))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_the_two_searches_agree_and_keep_their_shapes(m, r, n, k, seed):
    rng = np.random.default_rng(seed)
    A, Y = rng.standard_normal((m, r)), rng.standard_normal((m, n))
    one, two = (sparse_nnls(A, Y, k, path=True, solver=s) for s in SEARCHES)
    p = min(k, r)
    for result in (one, two):
        assert result.x.shape == (r, n)
        assert result.path.shape == (p, r, n)
        assert result.path_loss.shape == (p, n)
        assert result.sparsity.tolist() == list(range(1, p + 1))
        assert (np.diff(result.path_loss, axis=0) <= 1e-12).all()
        np.testing.assert_array_equal(result.path[-1], result.x)
    np.testing.assert_allclose(one.path_loss, two.path_loss, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("solver", SEARCHES)
def test_the_type_does_not_depend_on_the_arguments(solver, rng):
    A, y = rng.random((8, 5)), rng.random(8)
    one, many = sparse_nnls(A, y, 3, solver=solver), sparse_nnls(A, y, 3, path=True, solver=solver)
    assert (one.x.shape, one.path.shape, one.path_loss.shape, one.sparsity.tolist()) == ((5,), (1, 5), (1,), [3])
    assert (many.x.shape, many.path.shape, many.path_loss.shape) == ((5,), (3, 5), (3,))
    np.testing.assert_allclose(one.x, many.x, atol=1e-12)


def test_one_atom_is_the_largest_correlation(rng):
    A, Y = rng.standard_normal((12, 8)), rng.standard_normal((12, 30))
    gains = np.maximum(A.T @ Y, 0) ** 2 / (A**2).sum(axis=0)[:, None]
    for solver in SEARCHES:
        result = sparse_nnls(A, Y, 1, solver=solver)
        np.testing.assert_allclose(result.path_loss[0], 0.5 * ((Y**2).sum(axis=0) - gains.max(axis=0)), rtol=1e-10)
    np.testing.assert_allclose(nnomp(A, Y, 1).x, result.x, atol=1e-12)


def test_all_atoms_allowed_is_nnls(rng):
    A, Y = rng.random((12, 6)), rng.random((12, 20))
    for solver in SEARCHES:
        np.testing.assert_allclose(sparse_nnls(A, Y, 6, solver=solver).x, nnls(A, Y).x, atol=1e-10)


def test_a_planted_combination_is_found_at_the_root(rng):
    A, X = rng.random((30, 10)), np.zeros((10, 5))
    for j in range(5):
        X[rng.choice(10, 3, replace=False), j] = rng.random(3) + 0.5
    result = sparse_nnls(A, A @ X, 3, solver="branch_and_bound")
    np.testing.assert_allclose(result.x, X, atol=1e-9)


def test_matching_pursuit_is_feasible_and_not_better(rng):
    A, Y = rng.random((10, 9)), rng.random((10, 200))
    for k in (1, 2, 3, 9):
        greedy, best = nnomp(A, Y, k), sparse_nnls(A, Y, k)
        assert (greedy.x > 0).sum(axis=0).max() <= k
        loss = 0.5 * ((Y - A @ greedy.x) ** 2).sum(axis=0)
        assert (loss >= best.path_loss[0] - 1e-12).all()
        assert greedy.loss == pytest.approx(loss.sum(), rel=1e-10)
        if k in (2, 3):
            assert greedy.loss > best.loss * (1 + 1e-6)  # a heuristic: it does miss some


def test_auto_enumerates_few_supports_and_searches_many(rng):
    A, y = rng.random((30, 25)), rng.random(30)
    assert sparse_nnls(A, y, 2).solver == "enumeration"
    sparse = A[:, :3] @ [1.0, 2.0, 3.0]
    result = sparse_nnls(A, sparse, 8)
    assert result.solver == "branch_and_bound"
    assert result.loss < 1e-20


@pytest.mark.parametrize(("n", "chosen"), [(1, "branch_and_bound"), (5, "enumeration"), (50, "enumeration")])
def test_auto_enumerates_more_supports_the_more_observations_share_them(n, chosen, rng):
    """The 10700 supports are listed once for all observations; a tree is searched for each."""
    A = rng.random((60, 40))
    X = rng.random((40, n)) * (np.arange(40) < 2)[:, None]
    result = sparse_nnls(A, A @ X, 3)
    assert result.solver == chosen
    assert result.loss < 1e-20


def test_an_interrupted_search_says_so_and_keeps_the_best(rng):
    A, Y = rng.random((40, 18)), rng.random((40, 30))
    greedy = nnomp(A, Y, 5)
    stopped = sparse_nnls(A, Y, 5, solver="branch_and_bound", max_iter=1)
    assert stopped.status == "max_iter"
    assert (stopped.x > 0).sum(axis=0).max() <= 5
    assert stopped.loss <= greedy.loss * (1 + 1e-12)
    assert stopped.trace.extra["nodes"].tolist()[0] == 0
    assert (np.diff(stopped.trace.loss) <= 1e-12 * stopped.trace.loss[0]).all()
    assert sparse_nnls(A, Y, 5, solver="branch_and_bound", max_time=0.0).status == "max_time"
    seen = []
    stopped = sparse_nnls(A, Y, 5, solver="branch_and_bound", callback=lambda k, x, info: seen.append(x) or k == 1)
    assert stopped.status == "callback"
    np.testing.assert_array_equal(seen[-1], stopped.x)


def test_tol_bounds_what_is_given_up(rng):
    A, Y = rng.random((20, 10)), rng.random((20, 40))
    exact = sparse_nnls(A, Y, 3, solver="branch_and_bound")
    loose = sparse_nnls(A, Y, 3, solver="branch_and_bound", tol=1e-2)
    assert loose.trace.extra["nodes"][-1] < exact.trace.extra["nodes"][-1]
    assert (loose.path_loss - exact.path_loss <= 1e-2 * 0.5 * (Y**2).sum(axis=0) + 1e-12).all()


@pytest.mark.parametrize("solver", SEARCHES)
def test_sparse_data_and_single_precision(solver, rng):
    A, Y = rng.random((12, 6)), rng.poisson(0.8, (12, 30)).astype(float)
    dense = sparse_nnls(A, Y, 2, solver=solver)
    other = sparse_nnls(A, csr_array(Y), 2, solver=solver)
    np.testing.assert_allclose(other.x, dense.x, atol=1e-12)
    np.testing.assert_allclose(other.trace.loss, dense.trace.loss, rtol=1e-12)
    single = sparse_nnls(A.astype(np.float32), Y.astype(np.float32), 2, solver=solver)
    assert single.x.dtype == np.float32
    np.testing.assert_allclose(single.path_loss, dense.path_loss, rtol=1e-4, atol=1e-4)


def test_labels_are_carried():
    import xarray as xr

    A = xr.DataArray(np.eye(3)[:, :2], dims=("band", "material"), coords={"material": ["soil", "water"]})
    x = sparse_nnls(A, np.array([1.0, 2.0, 3.0]), 1).to_xarray()
    assert x.dims == ("material",)
    assert float(x.sel(material="water")) == 2.0


@pytest.mark.parametrize("rounds", [0, 1, 2, 3])
def test_a_path_that_is_interrupted_is_still_a_path(rounds, rng, monkeypatch):
    """More atoms never do worse, wherever the search stops: each size starts from the best of the size before."""
    monkeypatch.setattr("tensorly_hdr.regression.sparse._NODES", 3000)
    A, Y = rng.random((12, 10)), rng.random((12, 40))
    result = sparse_nnls(A, Y, 5, path=True, solver="branch_and_bound", max_iter=rounds)
    assert (np.diff(result.path_loss, axis=0) <= 1e-12).all()
