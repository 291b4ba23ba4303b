"""Mixed sparse coding: planted codes come back, HOMP descends, joint regressions are optimal, odd data are defined."""

import numpy as np
import pytest
import xarray as xr
from scipy.optimize import nnls as scipy_nnls
from scipy.sparse import csr_array
from sklearn.linear_model import orthogonal_mp

import tensorly_hdr as hdr
from tensorly_hdr.blocks import Quadratic, least_squares
from tensorly_hdr.dictionary import block_fista as relaxations
from tensorly_hdr.dictionary.coding import Coding, debias, supports_of, unit_atoms
from tensorly_hdr.dictionary.greedy import omp
from tensorly_hdr.dictionary.mixed import CODERS, improve
from tensorly_hdr.linalg import gram_hadamard, mttkrp

SIGNS = pytest.mark.parametrize("nonneg", [True, False], ids=["nonnegative", "free"])


def planted(rng, k, *, shape=(30, 200, 4, 40), noise=0.0, nonneg=True, shift=0.0):
    """Codes of ``k`` random atoms a column; ``noise`` is relative to the data, atoms with a ``shift`` are coherent."""
    m, d, r, n = shape
    D, B, X = rng.standard_normal((m, d)) + shift, rng.random((n, r)), np.zeros((d, r))
    for x in X.T:
        x[rng.choice(d, k, replace=False)] = rng.uniform(0.5, 1.5, k) * (1 if nonneg else rng.choice([-1, 1], k))
    Y = D @ X @ B.T
    N = rng.standard_normal(Y.shape)
    return Y + noise * np.linalg.norm(Y) / np.linalg.norm(N) * N, D, B, X


def found(result, X):
    return all(np.array_equal(S, np.flatnonzero(x)) for S, x in zip(result.indices, X.T, strict=True))


def loss(Y, D, X, B):
    return 0.5 * np.sum((Y - D @ X @ B.T) ** 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("solver", "k", "n_init"),
    [("trick_omp", 3, 1), ("trick_omp", 4, 10), ("homp", 3, 3), ("homp", 4, 10), ("block_fista", 4, 1)],
)
def test_planted_supports_come_back_in_ninety_of_a_hundred_draws(solver, k, n_init):
    """Any 30 atoms are independent: the spark is 31, above 2k, so that the planted codes are the only exact ones."""
    successes = 0
    for seed in range(100):
        Y, D, B, X = planted(np.random.default_rng(seed), k)
        result = hdr.mixed_sparse_coding(Y, D, B, k, solver=solver, n_init=n_init, seed=seed)
        successes += found(result, X)
        assert (result.status == "optimal") == found(result, X)
    assert successes >= 90


@pytest.mark.parametrize(("solver", "n_init"), [("trick_omp", 10), ("homp", 5), ("block_fista", 3), ("ista_l11", 1)])
@SIGNS
def test_noiseless_codes_are_found(solver, n_init, nonneg):
    for seed in range(5):
        Y, D, B, X = planted(np.random.default_rng(seed), 2, nonneg=nonneg)
        result = hdr.mixed_sparse_coding(Y, D, B, 2, solver=solver, nonneg=nonneg, n_init=n_init, seed=0)
        np.testing.assert_allclose(result.x, X, atol=1e-8)
        assert result.status == "optimal"
        assert result.loss == pytest.approx(loss(Y, D, result.x, B), abs=1e-18)


@SIGNS
def test_trick_omp_is_exact_for_one_atom_a_column(nonneg, rng):
    """Different atoms of norm one are never fully correlated: the right one is the most correlated."""
    for _ in range(100):
        Y, D, B, X = planted(rng, 1, shape=(6, 30, 4, 9), nonneg=nonneg)
        result = hdr.mixed_sparse_coding(Y, D, B, 1, solver="trick_omp", nonneg=nonneg)
        np.testing.assert_allclose(result.x, X, atol=1e-9)
        assert (result.status, result.n_iter) == ("optimal", 1)


@SIGNS
def test_homp_never_raises_the_loss(nonneg, rng):
    fell = 0
    for t in range(40):
        Y, D, B, _ = planted(rng, 3, shape=(8, 20, 3, 10), noise=0.5, nonneg=nonneg, shift=3.0 * (t % 2))
        start = rng.standard_normal((20, 3)) if t % 3 else None
        result = hdr.mixed_sparse_coding(Y, D, B, (1, 3, 2), solver="homp", nonneg=nonneg, init=start)
        steps = np.diff(result.trace.loss)
        assert steps.max() <= 1e-12 * result.trace.loss[0]
        assert result.status == "stalled"
        fell += steps[1:].min() < -1e-6 * result.trace.loss[0] if len(steps) > 1 else 0
    assert fell > 5  # the sweeps after the first do something


@pytest.mark.parametrize("solver", CODERS)
@SIGNS
def test_the_coefficients_are_optimal_on_their_support(solver, nonneg, rng):
    """On all columns at once, and on the data: what a regression on normal equations would miss."""
    for t in range(10):
        Y, D, B, _ = planted(rng, 3, shape=(9, 25, 3, 8), noise=0.4, nonneg=nonneg, shift=4.0 * (t % 2))
        result = hdr.mixed_sparse_coding(Y, D, B, 3, solver=solver, nonneg=nonneg)
        design = np.concatenate([np.kron(B[:, [i]], D[:, S]) for i, S in enumerate(result.indices)], axis=1)
        y = Y.T.ravel()
        best = scipy_nnls(design, y)[0] if nonneg else np.linalg.lstsq(design, y, rcond=None)[0]
        assert result.loss == pytest.approx(0.5 * np.sum((y - design @ best) ** 2), rel=1e-9)
        assert result.loss == pytest.approx(loss(Y, D, result.x, B), rel=1e-9)
        assert all(S.size <= 3 for S in result.indices)
        assert not nonneg or result.x.min() >= 0


def test_the_pursuit_is_that_of_other_packages(rng):
    atoms, targets = unit_atoms(rng.standard_normal((12, 40))), rng.standard_normal((12, 15))
    mine = omp(atoms.D, targets, [4] * 15, nonneg=False)
    for (S, z), x in zip(mine, orthogonal_mp(atoms.D, targets, n_nonzero_coefs=4).T, strict=True):
        assert sorted(S) == np.flatnonzero(x).tolist()
        np.testing.assert_allclose(z, x[S], atol=1e-10)
    # on similar atoms some leave again, and there are more rounds than atoms
    atoms, targets = unit_atoms(rng.random((8, 20))), np.maximum(rng.standard_normal((8, 200)), 0.0)
    ours = hdr.nnomp(atoms.D, targets, 4).x
    for (S, z), x in zip(omp(atoms.D, targets, [4] * 200, nonneg=True), ours.T, strict=True):
        assert sorted(S) == np.flatnonzero(x).tolist()
        np.testing.assert_allclose(z, x[S], atol=1e-10)


@SIGNS
def test_the_pursuit_takes_no_atoms_for_rounding(nonneg, rng):
    Y, D, B, X = planted(rng, 2, nonneg=nonneg)
    assert found(hdr.mixed_sparse_coding(Y, D, B, 6, solver="trick_omp", nonneg=nonneg), X)


def test_homp_is_the_algorithm_on_the_board(rng):
    """Column by column on what the others leave, the better of the old and the new atoms, then all coefficients."""
    sweeps = []
    for _ in range(10):
        Y, D, B, _ = planted(rng, 3, shape=(8, 20, 3, 10), noise=0.5, nonneg=False)
        losses, supports, X = [0.5 * np.sum(Y**2)], [[], [], []], np.zeros((20, 3))
        D = D / np.linalg.norm(D, axis=0)
        while len(losses) < 2 or losses[-1] < losses[-2] * (1 - 1e-12):
            for i, b in enumerate(B.T):
                v = (Y - D @ X @ B.T + np.outer(D @ X[:, i], b)) @ b / (b @ b)
                new = np.flatnonzero(orthogonal_mp(D, v, n_nonzero_coefs=3)).tolist()
                fits = [(np.linalg.lstsq(D[:, S], v, rcond=None)[0], S) for S in (supports[i], new) if S]
                x, supports[i] = min(fits, key=lambda fit: np.linalg.norm(v - D[:, fit[1]] @ fit[0]))
                X[:, i] = 0.0
                X[supports[i], i] = x
            design = np.concatenate([np.kron(B[:, [i]], D[:, S]) for i, S in enumerate(supports)], axis=1)
            x = np.linalg.lstsq(design, Y.T.ravel(), rcond=None)[0]
            for i, S in enumerate(supports):
                X[S, i] = x[3 * i : 3 * i + 3]
            losses.append(loss(Y, D, X, B))
        ours = hdr.mixed_sparse_coding(Y, D, B, 3, solver="homp", nonneg=False).trace.loss
        sweeps.append(min(len(ours), len(losses)))
        np.testing.assert_allclose(ours[: sweeps[-1]], losses[: sweeps[-1]], rtol=1e-9)
        np.testing.assert_allclose(ours[-1], losses[-1], rtol=1e-9)
    assert max(sweeps) > 3


def test_three_starts_of_homp_are_a_pool(rng):
    """Its docstring: no worse than Trick-OMP and Block-FISTA, from whose codes it starts."""
    for t in range(4):
        Y, D, B, _ = planted(rng, 3, shape=(7, 14, 2, 6), noise=0.4, shift=2.0 * (t % 2))
        one = {s: hdr.mixed_sparse_coding(Y, D, B, 3, solver=s).loss for s in ("homp", "trick_omp", "block_fista")}
        pool = hdr.mixed_sparse_coding(Y, D, B, 3, solver="homp", n_init=3, seed=0)
        assert pool.loss <= min(one.values()) * (1 + 1e-9)
        assert pool.starts[0] == one["homp"]


@pytest.mark.parametrize("solver", ["block_fista", "trick_omp", "homp"])
def test_seeds_of_the_starts_count(solver, rng):
    draws = [planted(rng, 3, shape=(8, 30, 3, 8), noise=0.5)[:3] for _ in range(3)]
    options = {"solver": solver, "n_init": 8 if solver == "homp" else 3}  # the first three of HOMP draw nothing
    losses = [[hdr.mixed_sparse_coding(*a, 3, seed=t, **options).loss for a in draws] for t in (0, 1)]
    assert not np.array_equal(*losses)


@pytest.mark.parametrize("name", ["by_column", "by_largest_column"])
@SIGNS
def test_the_steps_solve_the_relaxation(name, nonneg, rng):
    """At their limit a proximal step goes nowhere, over all atoms: those outside of the working set included."""
    Y, D, B, _ = planted(rng, 3, shape=(20, 600, 3, 10), noise=0.1, nonneg=nonneg)
    relaxation = getattr(relaxations, name)(nonneg)
    coding = Coding(unit_atoms(D), least_squares(Y, B), np.array([3, 3, 3]), nonneg)
    tops = np.abs(coding.correlations).max(axis=0)
    weights, X = 0.05 * relaxation.largest(tops), np.zeros(coding.shape)
    state = (X, X, 1.0)
    for _ in range(150):
        state = relaxations.accelerate(coding, state, weights, relaxation)
    X = state[0]
    step = 1 / (coding.atoms.largest * coding.block.lipschitz)
    slope = coding.D.T @ (coding.D @ X @ coding.block.gram) - coding.correlations
    moved = relaxation.prox(X - step * slope, step * weights) - X
    assert np.abs(moved).max() < 1e-7 * np.abs(X).max()
    assert X.any()
    if name == "by_largest_column":  # theorem 16: on a longest column the atoms are independent
        norms = np.abs(X).sum(axis=0)
        supports = [np.flatnonzero(x) for x in X[:, norms > (1 - 1e-9) * norms.max()].T]
        assert any(np.linalg.matrix_rank(D[:, S]) == S.size for S in supports)


@pytest.mark.parametrize("solver", CODERS)
def test_improving_codes_in_a_tensor_needs_no_unfolding(solver, rng):
    """From products alone; the loss of the tensor never rises, and one sweep of HOMP is that of the matrix."""
    T, D = rng.random((7, 6, 5)), 3.0 * rng.standard_normal((7, 15))
    factors = [np.zeros((7, 3)), rng.random((6, 3)), rng.random((5, 3))]
    block = Quadratic(gram_hadamard(factors, 0), mttkrp(T, factors, 0), 0.5 * float((T**2).sum()))
    X, k, atoms = np.maximum(rng.standard_normal((15, 3)), 0.0), np.array([2, 2, 3]), unit_atoms(D)
    before = Coding(atoms, block, k, True).inside(X * atoms.norms[:, None]) / atoms.norms[:, None]
    after = improve(atoms, block, X, k, True, solver=solver, n_iter=3)
    assert block.value(D @ after) <= block.value(D @ before)
    assert (np.count_nonzero(after, axis=0) <= k).all()
    K = (factors[1][:, None] * factors[2][None]).reshape(30, 3)
    matrix = hdr.mixed_sparse_coding(T.reshape(7, 30), D, K, k, solver=solver, init=X, max_iter=3)
    np.testing.assert_allclose(block.value(D @ after), matrix.loss, rtol=1e-10)


def test_norms_of_atoms_do_not_matter(rng):
    Y, D, B, _ = planted(rng, 2, noise=0.2)
    norms = 10.0 ** rng.uniform(-3, 3, 200)
    for solver in CODERS:
        one, two = (hdr.mixed_sparse_coding(Y, atoms, B, 2, solver=solver) for atoms in (D, D * norms))
        np.testing.assert_allclose(two.x * norms[:, None], one.x, rtol=1e-7, atol=1e-10)


def test_form_and_precision_of_the_data(rng):
    Y, D, B, _ = planted(rng, 2, noise=0.1)
    Y[np.abs(Y) < 0.5] = 0
    plain = hdr.mixed_sparse_coding(Y, D, B, 2)
    for data in (np.asfortranarray(Y), csr_array(Y), Y.tolist()):
        result = hdr.mixed_sparse_coding(data, D, B, 2)
        np.testing.assert_allclose(result.x, plain.x, atol=1e-9)
        assert result.loss == pytest.approx(plain.loss, rel=1e-9)
    for solver in CODERS:
        single = hdr.mixed_sparse_coding(*(a.astype(np.float32) for a in (Y, D, B)), 2, solver=solver)
        assert single.x.dtype == np.float32
        double = hdr.mixed_sparse_coding(Y, D, B, 2, solver=solver)
        assert single.loss == pytest.approx(double.loss, rel=1e-4)


def test_labels_are_carried_to_the_codes(rng):
    Y, D, B, _ = planted(rng, 1, shape=(5, 8, 2, 4))
    atoms = xr.DataArray(D, dims=("band", "mineral"), coords={"mineral": list("abcdefgh")})
    labelled = xr.DataArray(Y, dims=("band", "pixel"))
    codes = hdr.mixed_sparse_coding(labelled, atoms, xr.DataArray(B, dims=("pixel", "source")), 1).to_xarray()
    assert codes.dims == ("mineral", "source")
    assert list(codes.mineral.values) == list("abcdefgh")
    assert hdr.mixed_sparse_coding(Y, atoms, B, 1).to_xarray().dims == ("mineral", "component")


@pytest.mark.parametrize("solver", CODERS)
def test_columns_of_b_may_depend_on_each_other(solver, rng):
    """The loss is that of the independent columns; a column of zeros has no codes."""
    Y, D, B, _ = planted(rng, 2, shape=(10, 20, 2, 8))
    wide = np.column_stack([B, np.zeros(8)])
    result = hdr.mixed_sparse_coding(Y, D, wide, 2, solver=solver)
    alone = hdr.mixed_sparse_coding(Y, D, B, 2, solver=solver)
    assert not result.x[:, 2].any()
    assert result.loss == pytest.approx(alone.loss, rel=1e-6, abs=1e-18)
    twice = hdr.mixed_sparse_coding(Y, D, B[:, [0, 0, 1]], 2, solver=solver)
    assert np.isfinite(twice.x).all()
    assert twice.loss == pytest.approx(loss(Y, D, twice.x, B[:, [0, 0, 1]]), abs=1e-15 * np.sum(Y**2))


@pytest.mark.parametrize("solver", CODERS)
def test_edges(solver, rng):
    Y, D, B, _ = planted(rng, 2, shape=(5, 8, 2, 4), noise=0.3)
    nothing = hdr.mixed_sparse_coding(0 * Y, D, B, 2, solver=solver)
    assert (nothing.x.any(), nothing.loss, nothing.status) == (False, 0.0, "optimal")
    everything = hdr.mixed_sparse_coding(Y, D, B, 8, solver=solver, nonneg=False)  # any support allowed
    outside = Y - Y @ np.linalg.pinv(B).T @ B.T
    assert everything.loss == pytest.approx(0.5 * np.sum(outside**2), rel=1e-6)
    start = np.eye(8, 2)
    at_once = hdr.mixed_sparse_coding(Y, D, B, 1, solver=solver, init=start, max_iter=0)
    np.testing.assert_allclose(at_once.x, start, rtol=1e-12)
    assert (at_once.status, at_once.n_iter) == ("max_iter", 0)
    seen = []
    hdr.mixed_sparse_coding(Y, D, B, 1, solver=solver, init=start, callback=lambda k, x, info: seen.append(x))
    np.testing.assert_allclose(seen[0], start, rtol=1e-12)
    several = hdr.mixed_sparse_coding(Y, D, B, 2, solver=solver, n_init=5, seed=0)
    again = hdr.mixed_sparse_coding(Y, D, B, 2, solver=solver, n_init=5, seed=0)
    np.testing.assert_array_equal(several.x, again.x)
    assert several.starts.shape == (5,)
    assert several.loss == several.starts.min() <= hdr.mixed_sparse_coding(Y, D, B, 2, solver=solver).loss


def test_equal_atoms_do_no_harm(rng):
    Y, D, B, X = planted(rng, 2, shape=(12, 20, 2, 9))
    twice = np.concatenate([D, D], axis=1)
    coding = Coding(unit_atoms(twice), least_squares(Y, B), np.array([4, 4]), True)
    codes = debias(coding, [[*S, *(np.array(S) + 20)] for S in supports_of(X)])
    assert coding.loss(codes) <= coding.nothing_left
    for solver in CODERS:
        result = hdr.mixed_sparse_coding(Y, twice, B, 2, solver=solver)
        assert np.isfinite(result.x).all()
        assert [sorted(S % 20) for S in result.indices] == supports_of(X) or result.status == "stalled"
