"""The exact solvers: optimality on the data to ten digits whatever the atoms, and agreement with SciPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls as scipy_nnls
from scipy.sparse import csr_array

from tensorly_hdr import nnls
from tensorly_hdr.metrics import kkt_residual
from tensorly_hdr.penalties import NonNegative, Simplex
from tensorly_hdr.regression import LS_SOLVERS

EXACT = [name for name, update in LS_SOLVERS.items() if update.exact]
KINDS = ["tall", "wide", "ill-conditioned", "zero column", "duplicates", "wide with duplicates"]
DATA = ["noisy", "in the cone", "out of the cone", "zero"]


def atoms(kind, signed, rng):
    m, r = (rng.integers(2, 8), rng.integers(8, 20)) if "wide" in kind else (rng.integers(12, 30), rng.integers(1, 12))
    A = rng.standard_normal((m, r)) if signed else rng.random((m, r))
    if kind == "ill-conditioned":
        U, _, Vt = np.linalg.svd(A, full_matrices=False)
        A = U * np.geomspace(1, 10 ** -rng.uniform(2, 6), r) @ Vt if signed else _nearly_parallel(m, r, rng)
    if kind == "zero column":
        A[:, rng.integers(r)] = 0
    return np.hstack([A, A[:, rng.integers(0, r, 2)]]) if "duplicates" in kind else A


def _nearly_parallel(m, r, rng):
    return rng.random((m, 1)) + 10 ** -rng.uniform(2, 6) * rng.random((m, r))


def observations(A, kind, n, rng):
    inside, noise = A @ np.maximum(rng.standard_normal((A.shape[1], n)), 0), rng.standard_normal((len(A), n))
    return {"noisy": inside + 0.3 * noise, "in the cone": inside, "out of the cone": noise, "zero": 0 * noise}[kind]


def misfit(A, Y, X, l1=0.0, l2=0.0):
    """Largest ``|min(x, slope)|`` of each column, relative to the terms that cancel in the slope (its backward error).

    No method can do better than rounding of these terms, which are large where the atoms are nearly dependent.
    """
    slope = A.T @ (A @ X - Y) + l1 + l2 * X
    size = (np.abs(A.T) @ (np.abs(A) @ np.abs(X) + np.abs(Y))).max(axis=0)
    return np.abs(np.minimum(X, slope)).max(axis=0) / np.where(size > 0, size, 1.0)


@pytest.mark.parametrize("signed", [True, False], ids=["signed", "nonnegative"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("data", DATA)
def test_kkt_holds_to_ten_digits_on_a_thousand_instances(data, kind, signed, rng):
    for _ in range(100):
        A = atoms(kind, signed, rng)
        Y = observations(A, data, 10, rng)
        for solver in EXACT:
            result = nnls(A, Y, solver=solver)
            assert (result.status, result.n_iter) == ("converged", 1)
            assert misfit(A, Y, result.x).max() <= 1e-12


@pytest.mark.parametrize("r", [13, 31, 64])
@pytest.mark.parametrize("m", [40, 100])
@pytest.mark.parametrize("data", DATA[:3])
def test_many_unknowns(data, m, r, rng):
    """Beyond the sizes where supports are remembered, and where blocks of a factor have a remainder."""
    A = rng.random((m, r))
    Y = observations(A, data, 40, rng)
    for start in (None, (rng.random((r, 40)) < 0.5).astype(float)):
        for solver in EXACT:
            x = nnls(A, Y, solver=solver, init=start).x
            assert misfit(A, Y, x).max() <= 1e-10


@pytest.mark.parametrize("solver", EXACT)
@pytest.mark.parametrize("kind", ["tall", "wide", "ill-conditioned", "duplicates"])
def test_penalized_problems_are_exact_too(solver, kind, rng):
    for _ in range(30):
        A = atoms(kind, True, rng)
        Y = observations(A, "noisy", 5, rng)
        l1, l2 = rng.choice([0.0, 0.1, 3.0], 2)
        x = nnls(A, Y, solver=solver, penalty=NonNegative(l1, l2)).x
        assert misfit(A, Y, x, l1, l2).max() <= 1e-10


@pytest.mark.parametrize("solver", EXACT)
def test_a_thousand_columns_agree_with_scipy(solver, rng):
    A = rng.random((30, 15))
    Y = observations(A, "noisy", 1000, rng)
    expected = np.column_stack([scipy_nnls(A, y)[0] for y in Y.T])
    np.testing.assert_allclose(nnls(A, Y, solver=solver).x, expected, atol=1e-9)


@given(m=st.integers(1, 12), r=st.integers(1, 16), n=st.integers(1, 5), seed=st.integers(0, 10**6))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_every_shape_is_solved(m, r, n, seed):
    rng = np.random.default_rng(seed)
    A, Y = rng.standard_normal((m, r)), rng.standard_normal((m, n))
    expected = [scipy_nnls(A, y, maxiter=1000)[1] for y in Y.T]
    for solver in EXACT:
        x = nnls(A, Y, solver=solver).x
        assert x.shape == (r, n)
        assert x.min() >= 0
        np.testing.assert_allclose(np.linalg.norm(Y - A @ x, axis=0), expected, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("solver", EXACT)
def test_known_answers(solver):
    A = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    result = nnls(A, [2.0, 1.0, 1.0], solver=solver)
    np.testing.assert_allclose(result.x, [1.5, 1.0], rtol=1e-14)
    assert np.sqrt(2 * result.loss) == pytest.approx(0.7071067811865477, rel=1e-14)
    np.testing.assert_array_equal(nnls(A, [-1.0, -1.0, -1.0], solver=solver).x, 0.0)
    # twelve digits below the largest is small, not rounding
    small = nnls(np.eye(2), [1.0, 1e-12], solver=solver, init=np.zeros(2)).x
    np.testing.assert_allclose(small, [1.0, 1e-12], rtol=1e-14)


@pytest.mark.parametrize("solver", EXACT)
def test_the_start_does_not_change_the_solution(solver, rng):
    A = rng.random((20, 14))
    Y = observations(A, "noisy", 50, rng)
    expected = nnls(A, Y, solver=solver).x
    for start in (np.zeros((14, 50)), rng.random((14, 50)) < 0.3, rng.random((14, 50))):
        np.testing.assert_allclose(nnls(A, Y, solver=solver, init=start).x, expected, atol=1e-11)


def test_no_atom_enters_the_active_set_on_rounding(rng):
    """Each observation is a multiple of one atom: the dual variables of the others are rounding, and stay out."""
    for _ in range(20):
        A = rng.random((20, 14))
        A /= np.linalg.norm(A, axis=0)
        x = nnls(A, 3.0 * A, solver="active_set", init=np.zeros((14, 14))).x
        np.testing.assert_array_equal(x > 0, np.eye(14, dtype=bool))


@pytest.mark.parametrize("solver", EXACT)
@pytest.mark.parametrize("r", [5, 20])
def test_the_scale_of_each_atom_does_not_matter(solver, r, rng):
    A = rng.random((30, r))
    Y = observations(A, "noisy", 20, rng)
    scale = 10.0 ** rng.uniform(-6, 6, r)
    np.testing.assert_allclose(
        nnls(A * scale, Y, solver=solver).x * scale[:, None], nnls(A, Y, solver=solver).x, atol=1e-10
    )


@pytest.mark.parametrize("solver", EXACT)
def test_sparse_data_and_single_precision(solver, rng):
    A = rng.random((30, 6))
    Y = rng.poisson(0.7, (30, 40)).astype(float)
    dense = nnls(A, Y, solver=solver).x
    np.testing.assert_allclose(nnls(A, csr_array(Y), solver=solver).x, dense, atol=1e-12)
    single = nnls(A.astype(np.float32), Y.astype(np.float32), solver=solver).x
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, dense, atol=1e-4)


def test_sparse_data_are_repaired_as_dense_ones_are(rng):
    A = _nearly_parallel(20, 5, rng)
    Y = rng.poisson(0.7, (20, 30)).astype(float)
    for solver in EXACT:
        x = nnls(A, csr_array(Y), solver=solver).x
        assert misfit(A, Y, x).max() <= 1e-10


def test_a_constant_is_added_to_what_single_precision_products_lose(rng):
    """Atoms in single precision, condition number 1e3: products in single precision would keep no digit."""
    A = _nearly_parallel(40, 4, rng).astype(np.float32)
    Y = (A @ rng.random((4, 10))).astype(np.float32)
    for solver in EXACT:
        x = nnls(A, Y, solver=solver).x.astype(float)
        assert np.abs(Y - A @ x).max() < 1e-5


@pytest.mark.parametrize(
    "simplex", [Simplex(), Simplex(total=3.0), Simplex(below=True), Simplex(total=0.2, below=True)]
)
@pytest.mark.parametrize("kind", ["tall", "wide", "zero column", "duplicates"])
@pytest.mark.parametrize("signed", [True, False], ids=["signed", "nonnegative"])
def test_the_simplex_is_exact(simplex, kind, signed, rng):
    for _ in range(20):
        A = atoms(kind, signed, rng)
        Y = observations(A, "noisy", 8, rng)
        result = nnls(A, Y, penalty=simplex)
        assert (result.solver, result.n_iter) == ("active_set", 1)
        assert result.x.min() >= 0
        excess = result.x.sum(axis=0) - simplex.total
        assert (excess if simplex.below else np.abs(excess)).max() <= 1e-12
        assert kkt_residual(A, Y, result.x, simplex) < 1e-9


def test_the_simplex_meets_atoms_that_are_only_affinely_independent():
    """In one dimension, 0.3 is a mixture of 0 and 1 in one way, though these two numbers span a line only."""
    np.testing.assert_allclose(nnls([[0.0, 1.0]], [0.3], penalty=Simplex()).x, [0.7, 0.3], atol=1e-14)
    np.testing.assert_allclose(nnls([[1.0, 2.0]], [1.25], penalty=Simplex()).x, [0.75, 0.25], atol=1e-14)


def test_the_simplex_of_rows_is_not_for_the_active_set(rng):
    with pytest.raises(ValueError, match=r"does not handle Simplex\(axis=1"):
        nnls(rng.random((6, 3)), rng.random((6, 4)), penalty=Simplex(axis=1), solver="active_set")


def test_auto_picks_by_shape_and_says_so(rng):
    def picked(m, r, n, **options):
        return nnls(rng.random((m, r)), rng.random((m, n)) if n else rng.random(m), **options).solver

    assert picked(20, 5, 7) == "block_pivoting"
    assert picked(20, 5, 0) == "active_set"
    assert picked(5, 20, 7) == "active_set"
    assert picked(20, 5, 7, penalty=Simplex()) == "active_set"
    assert picked(20, 5, 7, penalty=Simplex(axis=1)) == "fista"
