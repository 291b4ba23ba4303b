"""Uniqueness by enumeration of all supports on small dictionaries, and how robust Trick-OMP is."""

from itertools import combinations, product

import numpy as np
import pytest

import tensorly_hdr as hdr
from tensorly_hdr.dictionary.mixed import CODERS

M, ATOMS, RANK, N = 6, 8, 2, 5
PAIRS = list(combinations(range(ATOMS), 2))


def small(rng, noise=0.0):
    """Two signed atoms a column of codes."""
    D, B, X = rng.standard_normal((M, ATOMS)), rng.standard_normal((N, RANK)), np.zeros((ATOMS, RANK))
    D /= np.linalg.norm(D, axis=0)
    for x in X.T:
        x[rng.choice(ATOMS, 2, replace=False)] = rng.choice([-1, 1], 2) * rng.uniform(0.5, 1.5, 2)
    Y = D @ X @ B.T
    return Y + noise * rng.standard_normal(Y.shape), D, B, X


def least_losses(Y, D, B):
    """Least loss for every pair of supports of two atoms: 784 regressions."""
    losses = {}
    for S in product(PAIRS, repeat=RANK):
        design = np.concatenate([np.kron(B[:, [i]], D[:, list(s)]) for i, s in enumerate(S)], axis=1)
        x = np.linalg.lstsq(design, Y.T.ravel(), rcond=None)[0]
        losses[S] = 0.5 * float(np.sum((Y.T.ravel() - design @ x) ** 2))
    return losses


def least_singular_value(D, size):
    return min(np.linalg.svd(D[:, list(S)], compute_uv=False)[-1] for S in combinations(range(D.shape[1]), size))


def test_the_planted_codes_are_the_only_exact_ones(rng):
    """Every four atoms are independent: the spark is above 2k = 4."""
    for _ in range(5):
        Y, D, B, X = small(rng)
        assert least_singular_value(D, 4) > 1e-3
        losses = least_losses(Y, D, B)
        exact = [S for S, value in losses.items() if value < 1e-20]
        truth = tuple(tuple(np.flatnonzero(x).tolist()) for x in X.T)
        assert exact == [truth]
        tried = [hdr.mixed_sparse_coding(Y, D, B, 2, nonneg=False, solver=s, n_init=3, seed=0) for s in CODERS]
        best = min(tried, key=lambda result: result.loss)
        assert best.status == "optimal"
        assert tuple(tuple(S.tolist()) for S in best.indices) == truth


def test_with_four_atoms_in_a_plane_the_codes_are_not_unique(rng):
    """The spark is 3, below 2k: two pairs of atoms make the same column."""
    _, D, B, X = small(rng)
    D[:, 2:4] = D[:, :2] @ np.array([[1.0, 0.5], [0.7, -1.0]])
    X[:] = 0.0
    X[:2] = 1.0
    losses = least_losses(D @ X @ B.T, D, B)
    assert sum(value < 1e-20 for value in losses.values()) == 36  # six pairs of four atoms, for each of two columns


@pytest.mark.parametrize("solver", CODERS)
def test_no_solver_beats_enumeration(solver, rng):
    reached = 0
    for _ in range(4):
        Y, D, B, _ = small(rng, noise=0.3)
        least = min(least_losses(Y, D, B).values())
        result = hdr.mixed_sparse_coding(Y, D, B, 2, nonneg=False, solver=solver, n_init=3, seed=0)
        assert result.loss >= least * (1 - 1e-9)
        reached += result.loss <= least * (1 + 1e-9)
    assert reached >= 1


def test_robustness_of_trick_omp(rng):
    """Theorem 15, with the sum of the two errors: equal supports where the coefficients are above it."""
    certain = 0
    for noise in np.repeat(np.geomspace(1e-4, 0.3, 10), 10):
        Y, D, B, X = small(rng, noise)
        result = hdr.mixed_sparse_coding(Y, D, B, 2, nonneg=False, solver="trick_omp", n_init=5, seed=0)
        pulled = Y @ np.linalg.pinv(B).T
        near, far = np.linalg.norm(pulled - D @ result.x), np.linalg.norm(Y - D @ X @ B.T)
        bound = (near + far / np.linalg.svd(B, compute_uv=False)[-1]) / least_singular_value(D, 4)
        assert np.linalg.norm(X - result.x) <= bound * (1 + 1e-9)
        sizes = [min(np.abs(x[x != 0]).min() for x in codes.T) for codes in (X, result.x)]
        if np.hypot(*sizes) > bound:
            certain += 1
            np.testing.assert_array_equal(result.x != 0, X != 0)
    assert 20 < certain < 100
