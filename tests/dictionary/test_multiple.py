"""M2C-ALS: each atom in its dictionary, the counts respected, and the published error on Indian Pines reached."""

from itertools import combinations

import numpy as np
import pytest

import tensorly_hdr as hdr
from tensorly_hdr import multiple_dictionaries_dlra, one_sparse_dlra
from tensorly_hdr.dictionary.alternation import Fit, perturbed
from tensorly_hdr.dictionary.assignment import Pool

COUNTS = (1, 2, 1)


def planted(rng, noise=0.0, sizes=(30, 60, 20), m=20, n=50):
    Ds = [rng.standard_normal((m, d)) for d in sizes]
    picks = [rng.choice(d, k, replace=False) for d, k in zip(sizes, COUNTS, strict=True)]
    A = np.hstack([D[:, K] for D, K in zip(Ds, picks, strict=True)])
    truth = {(i, int(j)) for i, K in enumerate(picks) for j in K}
    return A @ rng.random((n, A.shape[1])).T + noise * rng.standard_normal((m, n)), Ds, truth


def found(result):
    return set(zip(result.sources.tolist(), result.indices.tolist(), strict=True))


@pytest.mark.parametrize("init", ["subspace", "random"])
@pytest.mark.parametrize("cost", ["correlation", "angle"])
def test_planted_atoms_are_found_in_18_draws_of_20(init, cost, rng):
    hits = 0
    for k in range(20):
        Y, Ds, truth = planted(rng, noise=0.1 if k % 2 else 0.0)
        result = multiple_dictionaries_dlra(Y, Ds, COUNTS, init=init, cost=cost, restart=0, seed=k)
        hits += found(result) == truth
        assert result.sources.tolist() == [0, 1, 1, 2]
        for q, (i, j) in enumerate(zip(result.sources, result.indices, strict=True)):
            np.testing.assert_array_equal(result.factors[0][:, q], Ds[i][:, j])
    assert hits >= 18


def test_the_best_of_all_choices_on_small_dictionaries(rng):
    hits = 0
    for k in range(5):
        Y, Ds, _ = planted(rng, noise=1.0, sizes=(3, 5, 3), m=6, n=10)
        losses = [
            hdr.nnls(np.column_stack([Ds[0][:, a], Ds[1][:, b], Ds[1][:, c], Ds[2][:, d]]), Y).loss
            for a in range(3)
            for b, c in combinations(range(5), 2)
            for d in range(3)
        ]
        loss = multiple_dictionaries_dlra(Y, Ds, COUNTS, n_init=3, seed=k).loss
        assert loss >= min(losses) * (1 - 1e-9)
        hits += loss <= min(losses) * (1 + 1e-9)
    assert hits >= 4


def test_one_dictionary_is_the_one_sparse_problem(rng):
    Y, Ds, _ = planted(rng, noise=0.5)
    one, several = one_sparse_dlra(Y, Ds[1], 3, seed=0), multiple_dictionaries_dlra(Y, Ds[1:2], [3], seed=0)
    np.testing.assert_array_equal(one.indices, several.indices)
    assert one.loss == several.loss


@pytest.mark.parametrize("cost", ["correlation", "angle"])
@pytest.mark.parametrize("init", ["subspace", "random"])
def test_the_lengths_of_the_atoms_change_the_scale_of_the_coefficients_only(cost, init, rng):
    """Columns that compete for atoms: lengths that are powers of two leave every rounding, so every pick, as it is."""
    for k in range(20):
        Y, Ds = rng.standard_normal((6, 10)), [rng.standard_normal((6, d)) for d in (5, 6)]
        lengths = [2.0 ** rng.integers(-20, 20, D.shape[1]) for D in Ds]
        options = {"cost": cost, "init": init, "nonneg": k % 2 == 0, "swap": False, "restart": 0, "seed": k}
        one, two = (
            multiple_dictionaries_dlra(Y, dictionaries, [1, 2], **options)
            for dictionaries in (Ds, [D * own for D, own in zip(Ds, lengths, strict=True)])
        )
        assert found(one) == found(two)
        np.testing.assert_array_equal(one.trace.extra["tried"], two.trace.extra["tried"])
        picked = [lengths[i][j] for i, j in zip(two.sources, two.indices, strict=True)]
        np.testing.assert_array_equal(one.factors[1], two.factors[1] * picked)
        np.testing.assert_array_equal(one.factors[0] * picked, two.factors[0])


def test_a_tensor_whose_atoms_are_in_its_last_mode(rng):
    Ds = [rng.standard_normal((15, 20)) for _ in range(2)]
    A = np.column_stack([Ds[0][:, 4], Ds[1][:, 7]])
    T = np.einsum("ir,jr,kr->ijk", rng.random((5, 2)), rng.random((6, 2)), A)
    result = multiple_dictionaries_dlra(T, Ds, [1, 1], mode=-1)
    assert found(result) == {(0, 4), (1, 7)}
    assert (result.mode, result.status) == (2, "optimal")


def test_a_shared_atom_is_refused_or_belongs_to_the_first_dictionary(rng):
    Y, Ds, _ = planted(rng)
    Ds[2] = np.column_stack([Ds[2], Ds[1][:, :3]])
    with pytest.raises(ValueError, match=r"dictionaries 1 and 2 share 3 atom\(s\).*overlap='first'"):
        multiple_dictionaries_dlra(Y, Ds, COUNTS)
    with pytest.raises(ValueError, match="dictionaries 0 and 1 share 3"):
        multiple_dictionaries_dlra(Y, [np.eye(20), np.where(np.eye(20), 1, -0.0)[:, :3]], [2, 2])
    Y = np.column_stack([Ds[0][:, 0], Ds[1][:, [0, 1]], Ds[2][:, 19]]) @ rng.random((4, 30))
    result = multiple_dictionaries_dlra(Y, Ds, COUNTS, overlap="first")
    assert found(result) == {(0, 0), (1, 0), (1, 1), (2, 19)}  # local numbers, though atoms were left out
    with pytest.raises(ValueError, match=r"counts\[1\] must be at most 2"):
        multiple_dictionaries_dlra(Y, [Ds[1][:, :3], Ds[1][:, 1:5]], [1, 3], overlap="first")


@pytest.mark.parametrize("init", ["subspace", "random", "snpa"])
def test_every_start_respects_the_counts(init, rng):
    """The data prefer the first dictionary, which gives one atom only."""
    Ds = [rng.standard_normal((8, d)) for d in (6, 9, 5)]
    Y = Ds[0] @ rng.standard_normal((6, 20))
    for nonneg in (True, False):
        result = multiple_dictionaries_dlra(Y, Ds, COUNTS, init=init, nonneg=nonneg, seed=0, max_iter=0)
        assert result.sources.tolist() == [0, 1, 1, 2]
        assert len(found(result)) == 4


def test_a_restart_replaces_half_of_the_atoms_within_their_dictionaries(rng):
    D = rng.standard_normal((6, 12))
    fit = Fit(rng.standard_normal((6, 9)), Pool(D, (3, 5, 4), (1, 2, 1)), True, "correlation", 1e-20)
    state = fit.from_atoms(np.array([1, 3, 6, 11]))
    for _ in range(20):
        after = perturbed(fit, state, rng)
        assert (after.indices != state.indices).sum() == 2
        np.testing.assert_array_equal(fit.pool.source[after.indices], [0, 1, 1, 2])
        assert len(set(after.indices)) == 4
        np.testing.assert_array_equal(after.factors[0], fit.pool.D[:, after.indices])
    every = Fit(fit.T, Pool(D, (12,), (12,)), True, "correlation", 1e-20)
    all_atoms = every.from_atoms(np.arange(12))
    np.testing.assert_array_equal(perturbed(every, all_atoms, rng).indices, np.arange(12))  # none is left to draw


def test_indian_pines_with_the_zones_of_the_manuscript():
    """Section 12.3 reports a mean squared error of 2.2048e-4; two of its zones lie in a third one."""
    image = hdr.datasets.load("indian_pines").data.values
    image = image / image.max()
    Y = image.reshape(-1, 200).T
    rows, columns = [(100, 120), (50, 60), (100, 110), (10, 130)], [(110, 130), (80, 90), (15, 25), (4, 90)]
    zones = [image[slice(*r), slice(*c)].reshape(-1, 200).T for r, c in zip(rows, columns, strict=True)]
    with pytest.raises(ValueError, match="dictionaries 1 and 3 share 100"):
        multiple_dictionaries_dlra(Y, zones, [1, 1, 1, 2])
    start = (None, np.eye(Y.shape[1], 5))  # that of the manuscript
    options = {"rank": 5, "overlap": "first", "swap": False, "restart": 0}
    for init in (start, "subspace"):
        result = multiple_dictionaries_dlra(Y, zones, [1, 1, 1, 2], init=init, **options)
        assert result.sources.tolist() == [0, 1, 2, 3, 3]
        for q, (i, j) in enumerate(zip(result.sources, result.indices, strict=True)):
            np.testing.assert_array_equal(result.factors[0][:, q], zones[i][:, j])
        W, H = result.factors
        assert H.min() >= 0
        assert np.mean((Y - W @ H.T) ** 2) <= 2.2048e-4
