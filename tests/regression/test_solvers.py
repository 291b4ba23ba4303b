"""Every registered solver, on every penalty that it accepts: optimality, descent, agreement with independent peers."""

from functools import partial

import numpy as np
import pytest
from scipy.optimize import lsq_linear, minimize
from scipy.optimize import nnls as scipy_nnls
from scipy.sparse import coo_array, csc_matrix
from sklearn.linear_model import Lasso, Ridge

from tensorly_hdr import nmf, nnkl, nnls
from tensorly_hdr.blocks import least_squares
from tensorly_hdr.metrics import kkt_residual
from tensorly_hdr.penalties import L1, PENALTIES, Box, NonNegative, Simplex, SquaredL2, Zero, tall
from tensorly_hdr.regression import LS_SOLVERS, msom

TIGHT = {"max_iter": 50_000, "tol": 1e-16}


def problem(rng, kind="tall"):
    """A problem of 7 observations: tall or wide, with A signed or nonnegative."""
    m, r = (5, 9) if kind == "wide" else (20, 5)
    A = rng.standard_normal((m, r)) if kind == "signed" else rng.random((m, r))
    if kind == "signed":
        A[:, 1] -= 1.5 * A[:, 0]
        assert (A.T @ A).min() < -1
    return A, A @ np.maximum(rng.standard_normal((r, 7)), 0) + 0.3 * rng.standard_normal((m, 7))


def accepted():
    """Pairs (solver, penalty) that the registry declares."""
    return [(s, g) for s, update in LS_SOLVERS.items() for g in PENALTIES if update.accepts(tall(g))]


@pytest.mark.parametrize(("solver", "g"), accepted(), ids=lambda v: v if isinstance(v, str) else repr(v))
@pytest.mark.parametrize("kind", ["tall", "signed"])
def test_kkt_holds_for_every_penalty_a_solver_declares(solver, g, kind, rng):
    A, Y = problem(rng, kind)
    result = nnls(A, Y, penalty=g, solver=solver, **TIGHT)
    assert result.status == "converged"
    assert np.isfinite(g.value(result.x))
    assert kkt_residual(A, Y, result.x, g) < 1e-5


@pytest.mark.parametrize(("solver", "g"), [p for p in accepted() if LS_SOLVERS[p[0]].monotone], ids=repr)
def test_the_loss_never_rises_where_a_solver_promises_so(solver, g, rng):
    A, Y = problem(rng, "signed")
    loss = nnls(A, Y, penalty=g, solver=solver, max_iter=60, tol=0).trace.loss
    assert (np.diff(loss) <= 1e-12 * abs(loss[0])).all()


@pytest.mark.parametrize("solver", LS_SOLVERS)
def test_a_zero_atom_under_l1_is_not_used(solver, rng):
    A, Y = problem(rng)
    A[:, 2] = 0
    for g in (NonNegative(l1=0.5), L1(0.5)):
        if LS_SOLVERS[solver].accepts(g):
            result = nnls(A, Y, penalty=g, solver=solver, init=np.ones((5, 7)), **TIGHT)
            assert np.abs(result.x[2]).max() < 1e-6
            assert kkt_residual(A, Y, result.x, g) < 1e-5


@pytest.mark.parametrize("gamma", [0.5, 1.7])
def test_one_step_of_msom_is_its_formula(gamma, rng):
    A, Y = problem(rng, "signed")
    x, G = rng.random((5, 7)), A.T @ A
    step = gamma / np.abs(G).sum(axis=1)[:, None]
    for g, expected in (
        (NonNegative(), np.maximum(x - step * (G @ x - A.T @ Y), 0)),
        (NonNegative(l1=0.3, l2=0.4), np.maximum(x - step * (G @ x - A.T @ Y + 0.3), 0) / (1 + 0.4 * step)),
    ):
        one, _ = msom(x.T, least_squares(Y.T, A), g, gamma=gamma)  # nnls scales the columns of A first
        np.testing.assert_allclose(one.T, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("g", [NonNegative(), NonNegative(0.4, 0.3)], ids=repr)
def test_hals_satisfies_penalized_kkt_to_rounding(g, rng):
    A, Y = problem(rng)
    result = nnls(A, Y, penalty=g, solver="hals", max_iter=5000, tol=0)
    assert kkt_residual(A, Y, result.x, g) < 1e-10
    assert result.loss == pytest.approx(nnls(A, Y, penalty=g, solver="active_set").loss, rel=1e-8)


def test_accelerated_gradients_return_exact_zeros(rng):
    A, Y = problem(rng)
    zeros = nnls(A, Y, solver="active_set").x == 0
    assert zeros.any()
    for solver in ("pgd", "fista", "spg", "msom", "hals", "admm"):
        np.testing.assert_array_equal(nnls(A, Y, solver=solver, max_iter=3000, tol=0).x == 0, zeros)


@pytest.mark.parametrize("g", [NonNegative(), Simplex(axis=1, total=2.0)], ids=repr)
def test_the_steps_of_spg_are_worth_their_name(g, rng):
    """Barzilai and Borwein against 1 / L: fewer iterations to the same loss, though both descend."""
    A = rng.random((40, 12)) @ np.diag(np.geomspace(1, 0.1, 12))
    Y = A @ rng.random((12, 5)) + 0.1 * rng.standard_normal((40, 5))
    losses = {s: nnls(A, Y, penalty=g, solver=s, max_iter=400, tol=0).trace.loss for s in ("spg", "pgd")}
    reached = int(np.argmax(losses["spg"] <= losses["pgd"][-1]))
    assert losses["spg"][reached] <= losses["pgd"][-1]
    assert 0 < reached < 150


def test_restart_saves_iterations_of_fista(rng):
    A = rng.random((40, 12)) @ np.diag(np.geomspace(1, 1e-2, 12))
    Y = A @ rng.random((12, 3))

    def plain(u, block, penalty, n_iter=1, memory=None):
        v, t = memory or (u, 1.0)
        new = penalty.prox(v - block.grad(v) / block.lipschitz, 1 / block.lipschitz)
        t_new = (1 + np.sqrt(1 + 4 * t * t)) / 2
        return new, (new + (t - 1) / t_new * (new - u), t_new)

    best = nnls(A, Y, solver="active_set").loss
    reached = {}
    for name, solver in (("plain", plain), ("restarted", "fista")):
        loss = nnls(A, Y, solver=solver, max_iter=20_000, tol=0, callback=None).trace.loss
        reached[name] = int(np.argmax(loss <= best + 1e-10))
        assert loss.min() <= best + 1e-10
    assert reached["restarted"] < reached["plain"]


@pytest.mark.parametrize("gamma", [0.5, 1.0, 1.9, 1.99])
@pytest.mark.parametrize("kind", ["tall", "signed"])
def test_msom_descends_for_gamma_below_two(gamma, kind, rng):
    A, Y = problem(rng, kind)
    loss = nnls(A, Y, solver=partial(msom, gamma=gamma), max_iter=100, tol=0).trace.loss
    assert (np.diff(loss) <= 1e-12 * loss[0]).all()


def test_the_metric_of_msom_majorizes_the_gram_matrix(rng):
    A = rng.standard_normal((20, 6))
    G = A.T @ A
    assert np.linalg.eigvalsh(np.diag(np.abs(G).sum(axis=1)) - G).min() > -1e-12


@pytest.mark.parametrize("solver", LS_SOLVERS)
@pytest.mark.parametrize("kind", ["tall", "wide", "signed"])
def test_nnls_agrees_with_scipy(solver, kind, rng):
    A, Y = problem(rng, kind)
    result = nnls(A, Y, solver=solver, **TIGHT)
    expected = np.column_stack([scipy_nnls(A, y)[0] for y in Y.T])
    np.testing.assert_allclose(A @ result.x, A @ expected, atol=2e-5)
    if kind != "wide":
        np.testing.assert_allclose(result.x, expected, atol=1e-5)


@pytest.mark.parametrize("solver", [s for s, u in LS_SOLVERS.items() if u.exact])
def test_at_most_m_minus_one_nonzeros_outside_the_cone(solver, rng):
    """The night-sky theorem."""
    A, Y = rng.random((4, 12)), rng.standard_normal((4, 100))
    X = nnls(A, Y, solver=solver).x
    outside = np.linalg.norm(Y - A @ X, axis=0) > 1e-8
    assert outside.sum() > 50
    assert (X[:, outside] > 0).sum(axis=0).max() <= 3


@pytest.mark.parametrize("solver", [s for s, u in LS_SOLVERS.items() if u.accepts(Box(0.1, 0.6))])
def test_box_agrees_with_scipy(solver, rng):
    A, Y = problem(rng)
    result = nnls(A, Y, penalty=Box(0.1, 0.6), solver=solver, **TIGHT)
    expected = np.column_stack([lsq_linear(A, y, (0.1, 0.6), tol=1e-14).x for y in Y.T])
    np.testing.assert_allclose(result.x, expected, atol=1e-5)


@pytest.mark.parametrize("solver", [s for s, u in LS_SOLVERS.items() if u.accepts(NonNegative(l1=1.0))])
def test_l1_agrees_with_scikit_learn(solver, rng):
    """Scikit-learn divides the loss by the number of rows."""
    A, Y = problem(rng)
    x = nnls(A, Y, penalty=NonNegative(l1=0.7), solver=solver, **TIGHT).x
    peer = Lasso(alpha=0.7 / len(A), positive=True, fit_intercept=False, tol=1e-12, max_iter=100_000).fit(A, Y)
    np.testing.assert_allclose(x, peer.coef_.T, atol=1e-5)


def test_signed_l1_and_ridge_agree_with_scikit_learn(rng):
    A, Y = problem(rng, "signed")
    lasso = Lasso(alpha=0.5 / len(A), fit_intercept=False, tol=1e-12, max_iter=100_000).fit(A, Y)
    np.testing.assert_allclose(nnls(A, Y, penalty=L1(0.5), **TIGHT).x, lasso.coef_.T, atol=1e-5)
    ridge = Ridge(alpha=0.5, fit_intercept=False).fit(A, Y)
    np.testing.assert_allclose(nnls(A, Y, penalty=SquaredL2(0.5), **TIGHT).x, ridge.coef_.T, atol=1e-5)


def test_simplex_agrees_with_a_general_solver(rng):
    A, Y = problem(rng)
    x = nnls(A, Y, penalty=Simplex(), **TIGHT).x
    for j in range(Y.shape[1]):
        peer = minimize(
            lambda v, y=Y[:, j]: 0.5 * np.sum((y - A @ v) ** 2),
            np.full(5, 0.2),
            bounds=[(0, None)] * 5,
            constraints={"type": "eq", "fun": lambda v: v.sum() - 1},
            tol=1e-14,
        )
        np.testing.assert_allclose(x[:, j], peer.x, atol=1e-5)


@pytest.mark.parametrize("solver", LS_SOLVERS)
def test_float32_stays_float32_and_agrees(solver, rng):
    A, Y = problem(rng)
    single = nnls(A.astype(np.float32), Y.astype(np.float32), solver=solver, max_iter=2000)
    assert single.x.dtype == np.float32
    np.testing.assert_allclose(single.x, nnls(A, Y, solver="active_set").x, atol=2e-2)


@pytest.mark.parametrize("solver", LS_SOLVERS)
def test_the_start_is_used_and_left_alone(solver, rng):
    A, Y = problem(rng)
    best = nnls(A, Y, **TIGHT).x
    start = best.copy()
    warm = nnls(A, Y, solver=solver, init=start, max_iter=3)
    np.testing.assert_array_equal(start, best)
    # multiplicative updates lift the zeros of a start by a millionth of the largest entry
    slack = 1e-4 if LS_SOLVERS[solver].interior else 1e-9
    assert warm.trace.loss[0] <= nnls(A, Y, **TIGHT).loss * (1 + slack)


def test_multiplicative_updates_leave_a_start_with_zeros(rng):
    A = rng.random((20, 3)) + 0.1
    y = A @ [1.0, 2.0, 3.0]
    for init in ([0.0, 1.0, 1.0], np.zeros(3)):
        np.testing.assert_allclose(nnkl(A, y, init=init, max_iter=20_000, tol=1e-15).x, [1, 2, 3], rtol=1e-3)
        np.testing.assert_allclose(
            nnls(A, y, solver="mu", init=init, max_iter=20_000, tol=1e-15).x, [1, 2, 3], rtol=1e-2
        )


@pytest.mark.parametrize("unit", [1e-30, 1e-9, 1e12])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_unit_of_the_data_does_not_matter(unit, dtype, rng):
    if dtype == np.float32 and unit == 1e-30:
        unit = 1e-12
    A = (rng.random((20, 3)) + 0.1).astype(dtype)
    Y = (A @ rng.random((3, 4))).astype(dtype)
    for method in (nnls, nnkl, partial(nnls, solver="mu")):
        one, two = (method(A, dtype(s) * Y, max_iter=200, tol=0) for s in (1, unit))
        np.testing.assert_allclose(two.x / dtype(unit), one.x, rtol=1e-3 if dtype == np.float32 else 1e-8)


def test_the_default_start_is_the_best_constant(rng):
    A, Y = problem(rng)
    Y[:, 1] = -1.0
    x = nnls(A, Y, max_iter=0).x
    best = np.clip(A.sum(axis=1) @ Y / (A.sum(axis=1) @ A.sum(axis=1)), 0, None)
    np.testing.assert_allclose(x, np.tile(best, (5, 1)), rtol=1e-12)


def test_the_start_of_the_caller_is_never_written(rng):
    A, Y = problem(rng)
    start = rng.random((5, 7))
    before = start.copy()
    nnls(A, Y, solver="fista", penalty=Zero(), init=start, max_iter=0).x[...] = 7
    np.testing.assert_array_equal(start, before)


def test_a_solver_that_returns_the_wrong_shape_is_named(rng):
    A, Y = problem(rng)

    def lost(u, block, penalty, n_iter=1, memory=None):
        return u[:2], None

    for call in (lambda: nnls(A, Y, solver=lost), lambda: nmf(np.abs(Y), 2, solver=lost)):
        with pytest.raises(ValueError, match="solver 'lost' must return"):
            call()


def test_a_zero_column_of_A_and_zero_data(rng):
    A, Y = problem(rng)
    A[:, 2] = 0
    for solver in LS_SOLVERS:
        x = nnls(A, Y, solver=solver, **TIGHT).x
        np.testing.assert_allclose(A @ x, A @ nnls(A, Y, solver="active_set").x, atol=2e-5)
        assert np.abs(A @ nnls(A, 0 * Y, solver=solver).x).max() < 1e-6


def test_a_solver_may_be_a_function(rng):
    A, Y = problem(rng)

    def half_step(u, block, penalty, n_iter=1, memory=None):
        return penalty.prox(u - 0.5 / block.lipschitz * block.grad(u), 0.5 / block.lipschitz), None

    result = nnls(A, Y, solver=half_step, **TIGHT)
    assert result.solver == "half_step"
    np.testing.assert_allclose(result.x, nnls(A, Y, solver="active_set").x, atol=1e-5)


def test_auto_picks_a_solver_that_takes_the_penalty_and_says_which(rng):
    A, Y = problem(rng)
    for g in PENALTIES:
        result = nnls(A, Y, penalty=g, max_iter=5)
        assert LS_SOLVERS[result.solver].accepts(tall(g))


@pytest.mark.parametrize("solver", LS_SOLVERS)
def test_sparse_data_give_the_dense_result(solver, rng):
    A = rng.random((30, 4))
    Y = rng.poisson(0.5, (30, 20)).astype(float)
    dense = nnls(A, Y, solver=solver, max_iter=20, tol=0)
    for form in (coo_array, csc_matrix):
        sparse = nnls(A, form(Y), solver=solver, max_iter=20, tol=0)
        np.testing.assert_allclose(sparse.x, dense.x, atol=1e-12)
        np.testing.assert_allclose(sparse.trace.loss, dense.trace.loss, rtol=1e-12)
