"""MC-ALS with swaps: planted atoms are found, unique where enumeration says so, and the loss never rises."""

from itertools import combinations

import numpy as np
import pytest
import xarray as xr
from tensorly.cp_tensor import CPTensor

import tensorly_hdr as hdr
from tensorly_hdr import one_sparse_dlra
from tensorly_hdr.dictionary.alternation import Fit, fixed_losses, swap_bounds
from tensorly_hdr.dictionary.assignment import Pool
from tensorly_hdr.linalg import khatri_rao, reconstruct


def planted(rng, m=30, d=200, r=4, others=(40,), nonneg=True, noise=0.0):
    D = rng.standard_normal((m, d))
    atoms = rng.choice(d, r, replace=False)
    draw = rng.random if nonneg else rng.standard_normal
    Y = reconstruct([D[:, atoms], *(draw((n, r)) for n in others)])
    gap = rng.standard_normal(Y.shape)
    return Y + noise * np.linalg.norm(Y) / np.linalg.norm(gap) * gap, D, set(atoms)


SIGNS = pytest.mark.parametrize("nonneg", [True, False], ids=["nonneg", "free"])


@pytest.mark.parametrize("init", ["subspace", "random"])
@pytest.mark.parametrize("noise", [0.0, 0.1])
@SIGNS
def test_planted_atoms_are_found_in_90_draws_of_100(init, noise, nonneg, rng):
    hits = 0
    for k in range(100):
        Y, D, atoms = planted(rng, nonneg=nonneg, noise=noise)
        result = one_sparse_dlra(Y, D, 4, nonneg=nonneg, init=init, restart=0, seed=k)
        hits += set(result.indices) == atoms
        assert result.status == ("stalled" if noise else "optimal")
    assert hits >= 90


@pytest.mark.parametrize(("noise", "status"), [(0.0, "optimal"), (0.1, "stalled")])
@SIGNS
def test_planted_atoms_of_a_tensor_are_found_in_18_draws_of_20(noise, status, nonneg, rng):
    hits = 0
    for k in range(20):
        Y, D, atoms = planted(rng, others=(6, 7), nonneg=nonneg, noise=noise)
        mode = k % 3
        result = one_sparse_dlra(np.moveaxis(Y, 0, mode), D, 4, mode=mode, nonneg=nonneg, restart=0, seed=k)
        hits += set(result.indices) == atoms and result.status == status
        assert [len(u) for u in result.factors] == list(np.moveaxis(Y, 0, mode).shape)
        np.testing.assert_array_equal(result.factors[mode], D[:, result.indices])
    assert hits >= 18


def losses_of_all_supports(Y, D, r, nonneg):
    def loss(A):
        return hdr.nnls(A, Y).loss if nonneg else 0.5 * np.sum((Y - A @ np.linalg.pinv(A) @ Y) ** 2)

    return {K: loss(D[:, K]) for K in combinations(range(D.shape[1]), r)}


@SIGNS
def test_planted_atoms_are_unique_and_found_when_any_r_plus_1_atoms_are_independent(nonneg, rng):
    for _ in range(3):
        Y, D, atoms = planted(rng, m=4, d=10, r=3, others=(9,), nonneg=nonneg)  # spark 5 > r + 1
        losses = losses_of_all_supports(Y, D, 3, nonneg)
        exact = [K for K, loss in losses.items() if loss < 1e-12]
        assert exact == [tuple(sorted(atoms))]
        assert set(one_sparse_dlra(Y, D, 3, nonneg=nonneg, init="random", seed=0).indices) == atoms


@SIGNS
def test_noisy_small_problems_are_solved_to_the_best_of_all_supports(nonneg, rng):
    hits = 0
    for k in range(10):
        Y, D, _ = planted(rng, m=6, d=10, r=3, others=(8,), nonneg=nonneg, noise=0.5)
        best = min(losses_of_all_supports(Y, D, 3, nonneg).values())
        loss = one_sparse_dlra(Y, D, 3, nonneg=nonneg, n_init=3, seed=k).loss
        assert loss >= best * (1 - 1e-9)
        hits += loss <= best * (1 + 1e-9)
    assert hits >= 9


@pytest.mark.parametrize("others", [(12,), (4, 5)])
def test_the_bound_of_a_swap_is_its_loss_with_free_coefficients(others, rng):
    Y, D, _ = planted(rng, m=8, d=15, r=3, others=others, noise=0.3)
    for nonneg in (False, True):
        fit = Fit(Y, Pool(D, (15,), (3,)), nonneg, "correlation", 1e-20)
        bounds = swap_bounds(fit, np.array([0, 5, 9]), 1)
        assert np.isinf(bounds[[0, 5, 9]]).all()
        for atom in (1, 7, 14):
            K = [0, atom, 9]
            unfolded = Y.reshape(8, -1)
            free = 0.5 * np.sum((unfolded - D[:, K] @ np.linalg.lstsq(D[:, K], unfolded)[0]) ** 2)
            assert bounds[atom] == pytest.approx(free, rel=1e-10)
            assert fit.from_atoms(np.array(K)).loss >= bounds[atom] * (1 - 1e-12)


def test_the_ranking_of_swaps_is_their_loss_when_no_other_coefficient_moves(rng):
    Y, D, _ = planted(rng, m=8, d=150, r=3, others=(12,), noise=0.3)
    fit = Fit(Y, Pool(D, (150,), (3,)), True, "correlation", 1e-20)
    state = fit.from_atoms(np.array([0, 5, 9]))
    A, B = (np.delete(u, 1, axis=1) for u in state.factors)
    atoms = np.arange(10, 150)
    exact = [hdr.nnls(D[:, [j]], Y - A @ B.T).loss for j in atoms]
    np.testing.assert_allclose(fixed_losses(fit, state, 1, atoms), exact, rtol=1e-9)


@pytest.mark.parametrize("others", [(25,), (5, 6)])
@SIGNS
def test_the_trace_never_rises_and_ends_at_the_loss_of_the_result(others, nonneg, rng):
    Y, D, _ = planted(rng, m=10, d=60, others=others, nonneg=nonneg, noise=1.0)
    result = one_sparse_dlra(Y, D, 4, nonneg=nonneg, init="random", restart=1, n_init=2, seed=3)
    trace = result.trace
    assert (np.diff(trace.loss) <= 0).all()
    assert (trace.extra["tried"] >= trace.loss).all()
    assert trace.extra["attempt"][-1] == 1
    assert result.loss == result.starts.min()
    assert len(result.starts) == 2
    assert result.loss == pytest.approx(0.5 * np.sum((Y - reconstruct(result.factors)) ** 2), rel=1e-9)
    assert not nonneg or min(u.min() for u in result.factors[1:]) >= 0


def test_swaps_leave_stalls_of_the_published_method(rng):
    plain, swapped = 0, 0
    for k in range(30):
        Y, D, atoms = planted(rng, noise=0.5)
        options = {"init": "random", "restart": 0, "seed": k}
        first, second = (one_sparse_dlra(Y, D, 4, swap=s, **options) for s in (False, True))
        assert second.loss <= first.loss
        plain, swapped = plain + (set(first.indices) == atoms), swapped + (set(second.indices) == atoms)
    assert swapped >= 27 > plain


def test_no_swap_of_one_atom_helps_a_free_matrix_in_the_end(rng):
    Y, D, _ = planted(rng, m=8, d=20, r=3, others=(15,), nonneg=False, noise=1.0)
    result = one_sparse_dlra(Y, D, 3, nonneg=False, init="random", restart=0, seed=1, tol=0)
    losses = losses_of_all_supports(Y, D, 3, False)
    near = [K for K in losses if len(set(K) & set(result.indices)) == 2]
    assert min(losses[K] for K in near) >= result.loss * (1 - 1e-12)


@pytest.mark.parametrize(("others", "draws"), [((10,), 10), ((3, 4), 3)])
@SIGNS
def test_lengths_of_the_atoms_change_the_scale_only(others, draws, nonneg, rng):
    D, lengths = rng.standard_normal((6, 12)), 2.0 ** rng.integers(-20, 20, 12)  # powers of two: nothing is rounded
    for k in range(draws):
        Y = rng.standard_normal((6, *others))  # no atom fits, and the columns of the estimate compete for atoms
        options = {"nonneg": nonneg, "init": "random", "restart": 1, "seed": k}
        unit, scaled = (one_sparse_dlra(Y, dictionary, 3, **options) for dictionary in (D, D * lengths))
        np.testing.assert_array_equal(unit.indices, scaled.indices)
        np.testing.assert_array_equal(unit.trace.loss, scaled.trace.loss)
        np.testing.assert_array_equal(scaled.factors[1] * lengths[scaled.indices], unit.factors[1])


@pytest.mark.parametrize("unit", [1e-158, 1e-30, 1e30, 1e150])
def test_every_other_atom_in_another_unit_gives_the_same_fit(unit, rng):
    Y, D, atoms = planted(rng, noise=0.1)
    one, two = (
        one_sparse_dlra(Y, dictionary, 4, seed=0) for dictionary in (D, np.where(np.arange(200) % 2, unit, 1) * D)
    )
    assert set(one.indices) == set(two.indices) == atoms
    np.testing.assert_allclose(reconstruct(two.factors), reconstruct(one.factors))


@pytest.mark.parametrize("cost", ["correlation", "angle"])
@pytest.mark.parametrize("init", ["snpa", "subspace", "random"])
def test_the_data_as_their_own_dictionary(cost, init, rng):
    W = rng.random((12, 4))
    Y = np.column_stack([W, W @ rng.dirichlet(np.ones(4), 60).T])
    result = one_sparse_dlra(Y, Y, 4, cost=cost, init=init, n_init=3, seed=0)
    assert set(result.indices) == {0, 1, 2, 3}
    assert result.status == "optimal"


def test_starts_can_be_factors_or_a_result(rng):
    Y, D, atoms = planted(rng, noise=0.1)
    K = sorted(atoms)
    once = {"max_iter": 0, "seed": 0}
    for init in ((D[:, K] * [1, 2, 3, 4], None), (None, np.linalg.lstsq(D[:, K], Y)[0].T)):
        assert set(one_sparse_dlra(Y, D, 4, init=init, **once).indices) == atoms
    first = one_sparse_dlra(Y, D, 4, init="random", swap=False, seed=1)
    again = one_sparse_dlra(Y, D, 4, init=first, **once)
    assert set(again.indices) == set(first.indices)
    assert again.loss == pytest.approx(first.loss, rel=1e-9)


@pytest.mark.parametrize("mode", [0, 1])
def test_weights_of_a_start_are_lengths_of_its_columns(mode, rng):
    """Both columns prefer the first atom; by correlation, the longer one gets it."""
    Y, A, H = rng.random((3, 4)), np.array([[0.9, 0.9], [0.5, 0.1], [0.0, 0.0]]), rng.random((4, 2))
    for weights, picks in (([10.0, 1.0], [0, 1]), ([1.0, 10.0], [1, 0])):
        init = CPTensor((np.array(weights), [A, H] if mode == 0 else [H, A]))
        result = one_sparse_dlra(Y if mode == 0 else Y.T, np.eye(3)[:, :2], 2, mode=mode, init=init, max_iter=0)
        assert result.indices.tolist() == picks


def test_single_precision_is_kept_and_finds_the_same_atoms(rng):
    Y, D, atoms = planted(rng)
    result = one_sparse_dlra(Y.astype(np.float32), D.astype(np.float32), 4, seed=0)
    assert {u.dtype for u in result.factors} == {np.dtype(np.float32)}
    assert set(result.indices) == atoms
    assert result.status == "optimal"
    assert one_sparse_dlra(Y.astype(np.float32), D, 4, seed=0).factors[1].dtype == np.float64


@pytest.mark.parametrize(("dtype", "noise"), [(np.float64, 1e-8), (np.float32, 1e-4)])
def test_a_little_noise_is_not_rounding(dtype, noise, rng):
    Y, D, atoms = planted(rng, noise=noise)
    result = one_sparse_dlra(Y.astype(dtype), D.astype(dtype), 4, seed=0)
    assert set(result.indices) == atoms
    assert result.status == "stalled"


@pytest.mark.parametrize("others", [(25,), (5, 6)])
def test_the_estimate_of_the_atoms_has_the_signs_that_the_dictionary_allows(others, rng):
    Y, D = rng.standard_normal((8, *others)), rng.random((8, 15))
    factors = [D[:, :3], *(rng.random((n, 3)) for n in others)]
    B = khatri_rao(factors[1:])
    free = np.linalg.lstsq(B, Y.reshape(8, -1).T)[0].T
    signed = D * np.where(np.arange(15) == 14, -1, 1)
    for atoms, nonneg in ((D, True), (D, False), (signed, True)):
        A = Fit(Y, Pool(atoms, (15,), (3,)), nonneg, "correlation", 1e-20).estimate(factors)
        wanted = hdr.nnls(B, Y.reshape(8, -1).T).x.T if nonneg and atoms is D else free
        np.testing.assert_allclose(A, wanted, atol=1e-8)


def test_names_of_the_atoms_reach_the_factors(rng):
    Y, D, atoms = planted(rng, d=20)
    band = {"band": np.arange(30)}
    Y = xr.DataArray(Y, dims=("band", "pixel"), coords=band)
    D = xr.DataArray(D, dims=("band", "mineral"), coords={**band, "mineral": [f"mineral {j}" for j in range(20)]})
    W, H = one_sparse_dlra(Y, D, 4, seed=0).to_xarray()
    assert W.dims == ("band", "component")
    assert H.dims == ("pixel", "component")
    assert set(H["mineral"].values) == {f"mineral {j}" for j in atoms}
    np.testing.assert_array_equal(W.values[:, 0], D.sel(mineral=W["mineral"].values[0]).values)
    with pytest.raises(ValueError, match="different coordinates along 'band'"):
        one_sparse_dlra(Y, D.assign_coords(band=np.arange(30) + 1), 4)
    with pytest.raises(ValueError, match="same dimensions in the same order"):
        one_sparse_dlra(Y.T, D, 4)
    one_sparse_dlra(Y.T, D, 4, mode=1, max_iter=1)


def test_more_atoms_than_the_rank_of_the_data_are_defined(rng):
    Y, D, atoms = planted(rng, m=5, d=9, r=2)
    result = one_sparse_dlra(Y, D, 7, seed=0)
    assert atoms < set(result.indices)
    assert len(set(result.indices)) == 7
    assert result.status == "optimal"
    assert one_sparse_dlra(0 * Y, D, 3).loss == 0


def test_the_run_can_be_watched_and_stopped(rng):
    Y, D, _ = planted(rng, noise=0.5)
    shapes = []

    def stop(k, factors, info):
        shapes.append([u.shape for u in factors])
        assert all((u[:, None] == D).all(axis=0).any() for u in factors[1].T)  # atoms as they were given
        assert 0.5 * np.sum((Y.T - reconstruct(factors)) ** 2) <= info["tried"] * (1 + 1e-9)
        return k == 1

    result = one_sparse_dlra(Y.T, D, 4, mode=1, init="random", seed=0, callback=stop)
    assert result.status == "callback"
    assert shapes == [[(40, 4), (30, 4)]] * 2
    assert one_sparse_dlra(Y, D, 4, max_iter=0).status == "max_iter"
