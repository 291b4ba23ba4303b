"""Complete dictionary learning: descent, exact coding, recovery of planted dictionaries where they are unique."""

import tracemalloc
from itertools import combinations

import numpy as np
import pytest

from tensorly_hdr import complete_dictionary_learning, facets, identifiability_bound
from tensorly_hdr.dictionary.complete import _exact, _from_facets, _refitted, _state
from tensorly_hdr.dictionary.planes import normal, sampled_atoms
from tensorly_hdr.metrics import factor_match_score, support_score

SOLVERS = pytest.mark.parametrize("solver", ["alternating", "ao_admm"])


def planted(rng, r, k, n, *, m=None, noise=0.0):
    D = rng.standard_normal((m or r, r))
    D /= np.linalg.norm(D, axis=0)
    B = rng.standard_normal((r, n))
    B[rng.random((r, n)).argsort(axis=0).argsort(axis=0) >= k] = 0
    return D @ B + noise * rng.standard_normal((m or r, n)), D, B


def recovered(result, D, B):
    return factor_match_score(result, [D, B.T]) > 1 - 1e-9


@SOLVERS
@pytest.mark.parametrize("noise", [0.0, 0.05])
@pytest.mark.parametrize("init", ["facets", "random"])
def test_codes_are_sparse_and_the_loss_never_rises(rng, solver, noise, init):
    M, _, _ = planted(rng, 5, 2, 40, m=7, noise=noise)
    result = complete_dictionary_learning(M, 5, 2, solver=solver, init=init, seed=0, max_iter=60, tol=0)
    assert (np.diff(result.trace.loss) <= 0).all()
    assert (result.support.sum(axis=0) <= 2).all()
    np.testing.assert_allclose(np.linalg.norm(result.D, axis=0), 1, rtol=1e-12)
    assert np.linalg.matrix_rank(result.D) == 5
    residual = 0.5 * np.sum((M - result.D @ result.B) ** 2)
    assert result.loss == pytest.approx(residual, rel=1e-9, abs=1e-25 * np.sum(M**2))


def test_exact_coding_beats_every_support(rng):
    D, M = rng.standard_normal((6, 5)), rng.standard_normal((6, 7))
    B = _exact(M, D, 2)
    assert ((B != 0).sum(axis=1) <= 2).all()
    residual = np.sum((M - D @ B.T) ** 2, axis=0)
    for S in combinations(range(5), 2):
        x = np.linalg.lstsq(D[:, S], M, rcond=None)[0]
        assert (residual <= np.sum((M - D[:, S] @ x) ** 2, axis=0) + 1e-12).all()


def test_refitted_codes_leave_a_residual_orthogonal_to_their_atoms(rng):
    D, M = rng.standard_normal((6, 5)), rng.standard_normal((6, 40))
    support = rng.random((40, 5)) < 0.4
    B = _refitted(M, D, support)
    assert not B[~support].any()
    assert np.abs((D.T @ (M - D @ B.T)).T[support]).max() < 1e-12


@pytest.mark.parametrize(("r", "k", "n"), [(3, 2, 24), (4, 2, 24), (5, 2, 20), (8, 3, 40)])
def test_planted_dictionaries_are_recovered(rng, r, k, n):
    """Without noise, from about twice the points of the bound on: at least 18 of 20 draws, with three starts."""
    assert n >= 1.9 * identifiability_bound(r, k, total=True)
    wins = 0
    for seed in range(20):
        M, D, B = planted(rng, r, k, n)
        result = complete_dictionary_learning(M, r, k, n_init=3, seed=seed)
        wins += recovered(result, D, B) and result.status == "optimal"
    assert wins >= 18


@SOLVERS
def test_near_the_truth_the_truth_is_found(rng, solver):
    wins = 0
    for _ in range(10):
        M, D, B = planted(rng, 6, 2, 40)
        init = (D + 0.02 * rng.standard_normal(D.shape), (B + 0.02 * rng.standard_normal(B.shape)).T)
        result = complete_dictionary_learning(M, 6, 2, solver=solver, init=init)
        right = np.abs(result.B) > 1e-8
        wins += recovered(result, D, B) and support_score(right, B != 0) == 1
    assert wins >= 9


def test_what_the_solver_finds_is_what_enumeration_finds(rng):
    M, _, _ = planted(rng, 4, 2, 20, m=6)
    found = facets(M, 4, 2)
    result = complete_dictionary_learning(M, 4, 2, n_init=3, seed=0)
    assert found.unique
    assert result.status == "optimal"
    cosines = np.abs(result.D.T @ found.dictionaries[0])
    np.testing.assert_allclose(cosines.max(axis=0), 1, rtol=1e-10)
    np.testing.assert_allclose(cosines.max(axis=1), 1, rtol=1e-10)


def test_the_truth_is_a_fixed_point(rng):
    M, D, B = planted(rng, 5, 3, 30)
    result = complete_dictionary_learning(M, 5, 3, init=(D, B.T), max_iter=3)
    assert result.status == "optimal"
    np.testing.assert_allclose(result.D @ result.B, M, atol=1e-12)
    np.testing.assert_allclose(np.abs(np.sum(result.D * D, axis=0)), 1, rtol=1e-12)


def test_little_noise_moves_the_atoms_little(rng):
    M, D, B = planted(rng, 6, 2, 80, noise=1e-3)
    result = complete_dictionary_learning(M, 6, 2, n_init=3, seed=0)
    assert factor_match_score(result, [D, B.T]) > 0.999
    assert result.status in ("stalled", "max_iter")
    assert result.loss <= 0.5 * np.sum((M - D @ B) ** 2)


def test_starts_are_counted_and_the_best_is_kept(rng):
    M, _, _ = planted(rng, 5, 2, 15, noise=0.1)
    result = complete_dictionary_learning(M, 5, 2, init="random", n_init=4, seed=0, max_iter=20)
    assert result.starts.shape == (4,)
    assert result.loss == result.starts.min() < result.starts.max()
    again = complete_dictionary_learning(M, 5, 2, init="random", n_init=4, seed=0, max_iter=20)
    np.testing.assert_array_equal(result.D, again.D)


def test_starts_after_a_given_one_look_for_facets(rng):
    M, D, B = planted(rng, 8, 3, 40)
    init = (rng.standard_normal((8, 8)), None)
    result = complete_dictionary_learning(M, 8, 3, init=init, n_init=2, seed=0, max_iter=20)
    assert result.starts[0] > 1e-3
    assert recovered(result, D, B)


@SOLVERS
def test_edges_of_the_problem(rng, solver):
    options = {"solver": solver, "seed": 0, "max_iter": 50}
    zero = complete_dictionary_learning(np.zeros((4, 6)), 2, 1, **options)
    assert zero.loss == 0
    assert not zero.B.any()
    np.testing.assert_allclose(np.linalg.norm(zero.D, axis=0), 1)
    M = planted(rng, 3, 2, 12)[0]
    M[:, 5] = 0
    assert not complete_dictionary_learning(M, 3, 2, **options).B[:, 5].any()
    assert complete_dictionary_learning(M, 3, 3, **options).status == "optimal"  # k = rank: any basis will do
    one = complete_dictionary_learning(np.outer([1.0, 2.0], [1.0, 0.0, -1.0]), 1, 1, **options)
    assert one.status == "optimal"
    np.testing.assert_allclose(np.abs(one.D[:, 0]), np.array([1, 2]) / np.sqrt(5))


def test_single_precision_stays(rng):
    M = planted(rng, 3, 2, 20)[0].astype(np.float32)
    result = complete_dictionary_learning(M, 3, 2, seed=0)
    assert result.D.dtype == result.B.dtype == np.float32
    assert result.status == "optimal"  # the data themselves are rounded


def test_memory_does_not_grow_with_the_square_of_the_points(rng):
    M, D, B = planted(rng, 3, 2, 6000, noise=1e-3)
    state = _state(M, D, B.T)
    tracemalloc.start()
    turned = _from_facets(M, state)
    assert tracemalloc.get_traced_memory()[1] < 10e6
    start = next(sampled_atoms(np.tile(M, 4), 3, 2, rng))
    assert tracemalloc.get_traced_memory()[1] < 200e6
    tracemalloc.stop()
    assert turned.loss < state.loss
    assert start.shape == (3, 3)


def test_atoms_become_units_and_the_product_stays(rng):
    D, B = np.exp(rng.standard_normal((4, 3))), rng.standard_normal((6, 3))
    D[:, 1] = B[:, 1] = 0
    state = _state(rng.random((4, 6)), D, B)
    np.testing.assert_allclose(state.D @ state.B.T, D @ B.T, rtol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(state.D, axis=0), 1, rtol=1e-12)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 9])
def test_the_normal_is_the_direction_of_least_extent(rng, n):
    points = rng.standard_normal((4, n))
    w = normal(points)
    assert np.linalg.norm(w) == pytest.approx(1)
    least = np.linalg.eigvalsh(points @ points.T)[0]
    assert np.sum((w @ points) ** 2) == pytest.approx(least, rel=1e-9, abs=1e-13)


def test_admm_moves_the_atoms_too(rng):
    """No alternation comes after it here: there are too many supports."""
    M, D, _ = planted(rng, 24, 6, 120)
    near = D + 0.003 * rng.standard_normal(D.shape)
    result = complete_dictionary_learning(M, 24, 6, solver="ao_admm", init=(near, None), max_iter=5)
    assert result.loss < 1e-2 * result.trace.loss[0]


def test_too_many_supports_are_left_to_admm(rng):
    M, D, B = planted(rng, 24, 6, 60)
    result = complete_dictionary_learning(M, 24, 6, solver="ao_admm", init=(D, None), max_iter=5, seed=0)
    assert (np.diff(result.trace.loss) <= 0).all()
    assert (result.support.sum(axis=0) <= 6).all()
    assert recovered(result, D, B)
