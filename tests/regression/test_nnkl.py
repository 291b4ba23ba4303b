"""Kullback-Leibler regression: optimality, descent and agreement of every solver."""

import array_api_strict as strict
import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.sparse import coo_array, csc_matrix

from tensorly_hdr import nnkl
from tensorly_hdr.blocks import Entrywise
from tensorly_hdr.kernels import is_compiled
from tensorly_hdr.losses import Beta, KullbackLeibler
from tensorly_hdr.penalties import NonNegative
from tensorly_hdr.regression import KL_SOLVERS

PENALTIES = [NonNegative(), NonNegative(l1=0.4), NonNegative(l2=0.3), NonNegative(0.4, 0.3)]
EXACT = [name for name in KL_SOLVERS if name != "mirror"]  # converge fast enough for tight tolerances
ANYWHERE = [name for name, update in KL_SOLVERS.items() if update.any_namespace]
MANY = {"max_iter": 20_000, "tol": 1e-16}


def counts(rng, m=30, r=5, n=6, level=3.0):
    """Poisson counts, some of them zero, of a model that spans them."""
    A = rng.random((m, r))
    return A, rng.poisson(level * A @ rng.random((r, n))).astype(float)


def slope_at(A, Y, x, g):
    """Gradient of the objective, and the scale of its terms."""
    plus = A.sum(axis=0)[:, None] + g.l1 + g.l2 * x
    return plus - A.T @ (Y / (A @ x)), plus


@pytest.mark.parametrize("g", PENALTIES, ids=repr)
@pytest.mark.parametrize("solver", EXACT)
def test_kkt_holds_for_every_penalty_a_solver_declares(solver, g, rng):
    A, Y = counts(rng)
    assert KL_SOLVERS[solver].accepts(g)
    x = nnkl(A, Y, penalty=g, solver=solver, **MANY).x
    slope, _ = slope_at(A, Y, x, g)
    assert slope.min() > -1e-4
    assert np.abs(slope * x).max() < 1e-5
    # the generalised scaling identity: at a solution the weighted mass of x is that of the data
    mass = (A @ x).sum(axis=0) + g.l1 * x.sum(axis=0) + g.l2 * (x**2).sum(axis=0)
    np.testing.assert_allclose(mass, Y.sum(axis=0), rtol=1e-6)


@pytest.mark.parametrize("g", PENALTIES, ids=repr)
@pytest.mark.parametrize("solver", ["ccd", "newton"])
def test_coordinate_methods_satisfy_kkt_to_rounding(solver, g, rng):
    A, Y = counts(rng)
    x = nnkl(A, Y, penalty=g, solver=solver, max_iter=1000, tol=0).x
    slope, size = slope_at(A, Y, x, g)
    assert (slope > -1e-10 * size).all()
    assert (np.abs(slope * x) < 1e-10 * size * np.abs(x).max()).all()


@pytest.mark.parametrize("g", PENALTIES, ids=repr)
@pytest.mark.parametrize("solver", EXACT)
def test_eight_digits_where_the_solution_is_positive(solver, g, rng):
    """There first-order methods converge linearly: KKT and the generalised scaling identity to 1e-8."""
    A = np.vstack([np.eye(4), rng.random((16, 4))])
    Y = 50.0 * A @ (1.0 + rng.random((4, 5)))
    x = nnkl(A, Y, penalty=g, solver=solver, max_iter=600, tol=0).x
    slope, size = slope_at(A, Y, x, g)
    assert x.min() > 1
    assert np.abs(slope / size).max() < 1e-8
    mass = (A @ x).sum(axis=0) + g.l1 * x.sum(axis=0) + g.l2 * (x**2).sum(axis=0)
    np.testing.assert_allclose(mass, Y.sum(axis=0), rtol=1e-8)


@pytest.mark.parametrize("g", PENALTIES, ids=repr)
@pytest.mark.parametrize("solver", KL_SOLVERS)
def test_the_loss_never_rises_from_any_start(solver, g, rng):
    """One hundred starts, up to a million times too large or too small, coordinate by coordinate."""
    A, y = counts(rng, n=1)
    A[A < 0.2] = 0.0
    Y = np.repeat(y, 100, axis=1)
    block, update = Entrywise(Y.T, A, KullbackLeibler()), KL_SOLVERS[solver]
    u, memory = 10.0 ** rng.uniform(-6, 6, (100, 1)) * 10.0 ** rng.uniform(-3, 3, (100, 5)), None
    start = before = block.row_values(u) + np.sum(g.l1 * u + 0.5 * g.l2 * u * u, axis=1)
    for _ in range(25):
        u, memory = update(u, block, g, memory=memory)
        after = block.row_values(u) + np.sum(g.l1 * u + 0.5 * g.l2 * u * u, axis=1)
        assert (after <= before + 1e-13 * np.abs(start) + 1e-11).all()
        before = after
    assert (after < start).all()


@pytest.mark.parametrize("solver", [s for s in KL_SOLVERS if s != "msom"])
def test_iterations_in_one_call_or_in_several_are_the_same(solver, rng):
    """All but msom, which scales its start at each call, and descends in one call as in several."""
    A, Y = counts(rng, n=40)
    block, update = Entrywise(np.ascontiguousarray(Y.T), A, KullbackLeibler()), KL_SOLVERS[solver]
    u = 10.0 ** rng.uniform(-2, 2, (40, 5))
    together, (v, memory) = update(u, block, PENALTIES[3], n_iter=12)[0], (u, None)
    for _ in range(12):
        v, memory = update(v, block, PENALTIES[3], memory=memory)
    np.testing.assert_allclose(together, v, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("level", [0.3, 3.0, 300.0])
@pytest.mark.parametrize("solver", ["ccd", "newton"])
def test_coordinate_methods_descend_on_few_and_many_counts(solver, level, rng):
    """Counts above one (where a truncated constant would turn damping off) and zeros (where it would be NaN)."""
    A, Y = counts(rng, level=level)
    Y = Y + 2.0 if level == 300.0 else Y
    loss = nnkl(A, Y, solver=solver, init=1e3 * rng.random((5, 6)), max_iter=60, tol=0).trace.loss
    assert np.isfinite(loss).all()
    assert (np.diff(loss) <= 1e-13 * loss[0]).all()


def test_extrapolation_saves_iterations(rng):
    A, Y = counts(rng, m=60, level=30.0)
    ends = [nnkl(A, Y, solver=s, max_iter=100, tol=0).trace.extra["gap"][-1] for s in ("mu", "mu_extrapolated")]
    assert ends[1] < 0.1 * ends[0]


def test_the_steps_of_newton_and_of_coordinate_descent_with_one_atom(rng):
    """Newton goes from x to ``2 x - x**2 sum(a) / sum(y)``, damped downwards; coordinate descent to the optimum."""
    a, y = rng.random((20, 1)) + 0.1, rng.poisson(5.0, 20) + 2.0
    best = y.sum() / a.sum()
    for x in (0.1 * best, 1.2 * best, 3.0 * best):
        target = max(2 * x - x * x / best, 0.0)
        length = np.sqrt(y.sum() / y.min()) * (x - target) / x
        expected = target if length <= 0.68 else x + (target - x) / (1 + length)
        np.testing.assert_allclose(nnkl(a, y, solver="newton", init=[x], max_iter=1).x, expected, rtol=1e-10)
    np.testing.assert_allclose(nnkl(a, y, solver="ccd", init=[0.1 * best], max_iter=1).x, best, rtol=1e-10)


def test_the_default_start_has_the_sum_of_the_data(rng):
    A, Y = counts(rng)
    for data in (Y, csc_matrix(Y)):
        x = nnkl(A, data, max_iter=0).x
        np.testing.assert_allclose((A @ x).sum(axis=0), Y.sum(axis=0), rtol=1e-12)
        np.testing.assert_array_equal(x, np.tile(x[:1], (5, 1)))


@pytest.mark.parametrize("solver", [s for s, update in KL_SOLVERS.items() if update.interior])
def test_no_entry_stays_locked_at_zero(solver, rng):
    """Not even when the update itself is handed a zero, as in a factorization."""
    A, Y = counts(rng)
    u = rng.random((6, 5)) * (rng.random((6, 5)) < 0.5)
    new = KL_SOLVERS[solver](u, Entrywise(np.ascontiguousarray(Y.T), A, KullbackLeibler()), NonNegative())[0]
    assert new.min() > 0


@pytest.mark.parametrize("g", PENALTIES, ids=repr)
def test_all_solvers_find_the_same_optimum(g, rng):
    A, Y = counts(rng)
    losses = [nnkl(A, Y, penalty=g, solver=solver, **MANY).loss for solver in EXACT]
    np.testing.assert_allclose(losses, losses[0], rtol=1e-8)


def test_the_optimum_is_that_of_a_general_solver(rng):
    A = rng.random((20, 3)) + 0.1
    y = rng.poisson(20 * A @ [1.0, 2.0, 0.5]).astype(float)
    peer = minimize(
        lambda v: np.sum(A @ v - y * np.log(A @ v)),
        np.ones(3),
        jac=lambda v: A.T @ (1 - y / (A @ v)),
        bounds=[(1e-12, None)] * 3,
        options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 10_000},
    )
    for solver in EXACT:
        np.testing.assert_allclose(nnkl(A, y, solver=solver, **MANY).x, peer.x, rtol=1e-4)


def test_one_multiplicative_update_makes_the_column_sums_exact(rng):
    A, Y = rng.random((15, 4)), rng.random((15, 6))
    x = nnkl(A, Y, solver="mu", max_iter=1).x
    np.testing.assert_allclose((A @ x).sum(axis=0), Y.sum(axis=0), rtol=1e-12)


@pytest.mark.parametrize("form", [coo_array, csc_matrix])
@pytest.mark.parametrize("solver", KL_SOLVERS)
def test_sparse_data_give_the_dense_result(solver, form, rng):
    A = rng.random((30, 4))
    Y = rng.poisson(0.5, (30, 20)).astype(float)
    Y[:, 3] = 0.0
    sparse, dense = (nnkl(A, data, solver=solver, max_iter=15, tol=0, penalty=PENALTIES[3]) for data in (form(Y), Y))
    np.testing.assert_allclose(sparse.trace.loss, dense.trace.loss, rtol=1e-12)
    np.testing.assert_allclose(sparse.x, dense.x, rtol=1e-12, atol=1e-12)
    scale = 1e-12 * dense.trace.loss[0]
    np.testing.assert_allclose(sparse.trace.extra["gap"], dense.trace.extra["gap"], rtol=1e-12, atol=scale)


@pytest.mark.parametrize("solver", KL_SOLVERS)
def test_a_mask_hides_entries_as_if_they_were_not_there(solver, rng):
    A, Y = counts(rng)
    mask = np.ones(30, dtype=bool)
    mask[20:] = False
    masked = Entrywise(np.ascontiguousarray(Y.T), A, KullbackLeibler(), np.tile(mask, (6, 1)))
    short = Entrywise(np.ascontiguousarray(Y.T[:, mask]), A[mask], KullbackLeibler())
    u = rng.random((6, 5))
    one, two = (KL_SOLVERS[solver](u, block, PENALTIES[3], n_iter=4)[0] for block in (masked, short))
    np.testing.assert_allclose(one, two, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("solver", KL_SOLVERS)
def test_no_data_and_no_atom(solver, rng):
    """Observations that are zero, an atom that is zero, an atom that sees no data, a datum that one atom alone sees."""
    A, Y = counts(rng)
    A[:, 2] = 0.0
    A[:3], A[:3, 1] = 0.0, 1.0
    Y[:, 4], A[4:, 3] = 0.0, 0.0
    Y[3:5] = 0.0
    x = nnkl(A, Y, solver=solver, max_iter=300, tol=0).x
    assert np.isfinite(x).all()
    assert (A @ x)[:, 4].max() < 0.2 if solver == "mirror" else (A @ x)[:, 4].max() < 1e-12
    nothing = nnkl(A, 0 * Y, solver=solver, max_iter=300, tol=0)
    assert nothing.loss < (0.5 if solver == "mirror" else 1e-10)


@pytest.mark.parametrize("solver", KL_SOLVERS)
def test_float32_stays_float32_and_agrees(solver, rng):
    A, Y = counts(rng)
    single, double = (
        nnkl(A.astype(t), Y.astype(t), solver=solver, max_iter=100, tol=0) for t in (np.float32, np.float64)
    )
    assert single.x.dtype == np.float32
    assert single.loss == pytest.approx(double.loss, rel=1e-4)
    assert (np.diff(single.trace.loss) <= 1e-5 * single.trace.loss[0]).all()


@pytest.mark.parametrize("g", PENALTIES, ids=repr)
@pytest.mark.parametrize("solver", ANYWHERE)
def test_strict_arrays_give_the_numpy_result(solver, g, rng):
    A, Y = counts(rng)
    other = nnkl(strict.asarray(A), strict.asarray(Y), solver=solver, penalty=g, max_iter=15, tol=0)
    numpy = nnkl(A, Y, solver=solver, penalty=g, max_iter=15, tol=0)
    np.testing.assert_allclose(np.asarray(other.x), numpy.x, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(other.trace.extra["gap"], numpy.trace.extra["gap"], rtol=1e-8)


def test_auto_says_what_it_picked(rng):
    A, Y = counts(rng)
    assert nnkl(A, Y, max_iter=1).solver == ("ccd" if is_compiled else "mu")
    assert nnkl(A, csc_matrix(Y), max_iter=1).solver == ("ccd" if is_compiled else "mu")
    assert nnkl(strict.asarray(A), strict.asarray(Y), max_iter=1).solver == "mu"
    assert nnkl(A, Y + 1, loss="is", max_iter=1).solver == "mu"


@pytest.mark.parametrize("beta", [0.0, 0.5, 1.0, 1.5, 2.0, 3.0])
def test_beta_divergences_descend_to_a_stationary_point(beta, rng):
    A, Y = rng.random((20, 4)) + 0.1, rng.random((20, 3)) + 0.1
    result = nnkl(A, Y, loss=Beta(beta), solver="mu", max_iter=5000, tol=1e-15)
    plus, minus = Beta(beta).split(Y, A @ result.x)
    slope = A.T @ (plus - minus)
    assert slope.min() > -1e-3
    assert np.abs(slope * result.x).max() < 1e-3
    assert (np.diff(result.trace.loss) <= 1e-11 * result.trace.loss[0]).all()
    assert ("gap" in result.trace.extra) == (beta == 1.0)


@pytest.mark.parametrize("solver", [s for s in KL_SOLVERS if not KL_SOLVERS[s].any_beta])
def test_solvers_of_kullback_leibler_refuse_other_divergences(solver, rng):
    A, Y = counts(rng)
    with pytest.raises(ValueError, match="is for the Kullback-Leibler loss"):
        nnkl(A, Y + 1, loss=Beta(1.5), solver=solver)


def test_bad_combinations_of_loss_and_data(rng):
    A, Y = counts(rng)
    with pytest.raises(ValueError, match="Y must be positive"):
        nnkl(A, Y, loss="is")
    with pytest.raises(ValueError, match="Y is sparse"):
        nnkl(A, csc_matrix(Y), loss=Beta(1.5))
    with pytest.raises(ValueError, match="no exact update"):
        nnkl(A, Y + 1, loss=Beta(1.5), penalty=NonNegative(l1=1.0))


@pytest.mark.parametrize("solver", KL_SOLVERS)
def test_atoms_of_very_different_scales(solver, rng):
    """Powers of two on the atoms move to the coefficients: the floor of an entry is a share of the model."""
    A, Y = counts(rng)
    scales = 2.0 ** np.array([0, 50, -50, 0, 20])
    start = rng.random((5, 6)) + 0.1
    u = KL_SOLVERS[solver](start.T, Entrywise(np.ascontiguousarray(Y.T), A, KullbackLeibler()), NonNegative(), 5)[0]
    block = Entrywise(np.ascontiguousarray(Y.T), A * scales, KullbackLeibler())
    v = KL_SOLVERS[solver](start.T / scales, block, NonNegative(), 5)[0]
    # msom is in the metric of the sums, which sees the scales
    if solver not in ("msom", "safeguarded_msom"):
        np.testing.assert_allclose((v * scales) @ A.T, u @ A.T, rtol=1e-9)
    assert block.value(v) <= block.value(start.T / scales)
