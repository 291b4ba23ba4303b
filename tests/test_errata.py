"""Known mistakes of the sources and of public code, one test each: the right formula is pinned, the wrong one fails."""

from functools import partial

import numpy as np
import pytest
from scipy.optimize import nnls as scipy_nnls

from tensorly_hdr import (
    majorants,
    nmf,
    nnkl,
    nnls,
    project_on_cone,
    scale,
    snpa,
    spa,
)
from tensorly_hdr.blocks import Entrywise, Quadratic
from tensorly_hdr.linalg import gram_hadamard, mttkrp, reconstruct
from tensorly_hdr.losses import Beta
from tensorly_hdr.metrics import kkt_residual
from tensorly_hdr.penalties import NonNegative, SquaredL2
from tensorly_hdr.regression import msom, mu
from tensorly_hdr.solve import PATIENCE

ROUNDS = {"max_iter": 50_000, "tol": 1e-17}


def counts(rng, m=20, r=4):
    A = rng.random((m, r)) + 0.1
    return A, rng.poisson(10 * A @ rng.random(r)).astype(float)


def test_the_quadratic_equation_of_regularized_nnkl_has_a_negative_constant_term(rng):
    """Manuscript 7.6.4 prints it with a plus, and then it has no positive root."""
    A, y = counts(rng)
    l1, l2 = 0.5, 0.3
    x = nnkl(A, y, penalty=NonNegative(l1, l2), solver="mu", max_iter=1, init=np.ones(4)).x
    b, c = A.sum(axis=0) + l1, A.T @ (y / A.sum(axis=1))
    np.testing.assert_allclose(l2 * x**2 + b * x - c, 0, atol=1e-10)
    assert (b**2 - 4 * l2 * c < b**2).all()  # printed sign: both roots of l2 x^2 + b x + c are negative
    assert all(np.roots([l2, b[k], c[k]]).real.max() < 0 for k in range(4))


def test_the_ridge_in_regularized_nnls_updates_multiplies_x(rng):
    """Manuscript 7.6.4 prints the denominator ``W'Wx + l2``: its fixed points are not optimal."""
    A, y = rng.random((15, 4)), rng.random(15)
    l2 = 2.0
    right = nnls(A, y, penalty=NonNegative(l2=l2), solver="mu", **ROUNDS).x
    assert kkt_residual(A, y, right, NonNegative(l2=l2)) < 1e-6
    printed = np.ones(4)
    for _ in range(20_000):
        printed = printed * (A.T @ y) / (A.T @ A @ printed + l2)
    assert kkt_residual(A, y, printed, NonNegative(l2=l2)) > 1e-2


def test_the_denominator_of_kl_updates_sums_the_columns(rng):
    """Equation (7.3) prints ``W 1_n``, of the wrong length; the column sums ``W' 1_m`` are meant."""
    A, y = counts(rng)
    x = nnkl(A, y, solver="mu", init=np.ones(4), max_iter=1).x
    np.testing.assert_allclose(x, A.T @ (y / A.sum(axis=1)) / (A.T @ np.ones(20)), rtol=1e-12)


def test_kl_is_smooth_relative_to_burg_entropy_with_constant_one_norm_of_y(rng):
    """Manuscript 7.6.4 prints ``1 / ||y||_1``; the right constant is ``||y||_1``, and the printed one is no bound."""
    A, y = counts(rng)

    def kl(x):
        return np.sum(A @ x - y * np.log(A @ x))

    def excess(x, z):  # kl above its tangent at z
        return kl(x) - kl(z) - (A.T @ (1 - y / (A @ z))) @ (x - z)

    def burg(x, z):
        return np.sum(x / z - np.log(x / z) - 1)

    pairs = [np.exp(rng.standard_normal((2, 4))) for _ in range(500)]
    assert all(excess(x, z) <= y.sum() * burg(x, z) + 1e-9 for x, z in pairs)
    assert any(excess(x, z) > burg(x, z) / y.sum() for x, z in pairs)


def test_with_u_equal_x_the_second_order_step_is_that_of_mu_for_least_squares_only(rng):
    """Chapter 16 says for both losses; for Kullback-Leibler it is ``x (2 - 1 / r)``, against ``x r``."""
    A, y = counts(rng)
    x = 0.2 + rng.random(4)
    r = A.T @ (y / (A @ x)) / A.sum(axis=0)
    least = x * (2 - 1 / r)
    around = least[:, None] + 0.01 * np.hstack([np.eye(4), -np.eye(4)])
    at = partial(majorants.second_order, A, y, x, u=x, loss="kl")
    np.testing.assert_allclose(at(around)[:4], at(around)[4:], rtol=1e-12)  # a parabola is even around its minimum
    step = nnkl(A, y, solver="mu", init=x, max_iter=1).x
    np.testing.assert_allclose(step, x * r, rtol=1e-12)
    assert np.abs(step / least - 1).max() > 1e-2


def test_the_majorant_of_msom_has_half_the_weighted_square(rng):
    """Manuscript 16.1 divides the square by the row sum; it multiplies it, with 1/2: the step is grad / row sum."""
    A, y = rng.random((15, 4)), rng.random(15)
    G, x = A.T @ A, rng.random(4)
    slope = G @ x - A.T @ y
    grid = x - slope / G.sum(axis=1)

    def majorant(z):
        return slope @ (z - x) + 0.5 * np.sum(G.sum(axis=1) * (z - x) ** 2)

    assert all(majorant(grid) <= majorant(grid + 0.1 * rng.standard_normal(4)) for _ in range(100))
    step = nnls(A, y, solver=partial(msom, gamma=1.0), init=x, max_iter=1).x
    np.testing.assert_allclose(step, np.maximum(grid, 0), rtol=1e-10)


def test_an_update_of_h_makes_column_sums_exact_and_one_of_w_row_sums(rng):
    """The perspectives chapter says that marginals are not matched on the way; each update matches one of them."""
    Y = rng.poisson(5, (12, 9)).astype(float)
    for mode in (0, 1):
        init = [rng.random((n, 3)) for n in Y.shape]
        result = nmf(Y, 3, loss="kl", solver="mu", init=init, fixed=(1 - mode,), n_inner=1, max_iter=1)
        W, H = result.factors
        np.testing.assert_allclose((W @ H.T).sum(axis=1 - mode), Y.sum(axis=1 - mode), rtol=1e-12)


def test_rank_one_has_a_closed_form_that_updates_find_at_once(rng):
    """Kullback-Leibler: row sums times column sums over the total."""
    Y = rng.random((8, 6)) + 0.01
    best = np.outer(Y.sum(axis=1), Y.sum(axis=0)) / Y.sum()
    result = nmf(Y, 1, loss="kl", solver="mu", init="random", seed=0, n_inner=1, max_iter=3, tol=0)
    W, H = result.factors
    np.testing.assert_allclose(W @ H.T, best, rtol=1e-14)
    assert result.loss == pytest.approx(np.sum(Y * np.log(Y / best) - Y + best), rel=1e-12)


def test_the_active_set_stops_on_its_dual_variables(rng):
    """The code of section 7.4 stops when a support repeats; with data inside the cone it needs the dual tolerance."""
    A = rng.random((8, 3))
    x = rng.random(3) + 0.1
    result = nnls(A, A @ x, solver="active_set")
    np.testing.assert_allclose(result.x, x, rtol=1e-9)
    assert result.status == "converged"


def test_spa_deflates_by_the_residual_not_by_the_raw_column(rng):
    """The manuscript's ``sep_nmf.spa`` removes the raw column and fails on separable data; ours never does."""

    def raw(Y, rank):
        R, picks = Y.copy(), []
        for _ in range(rank):
            picks.append(int(np.argmax((R**2).sum(axis=0))))
            u = Y[:, picks[-1]] / np.linalg.norm(Y[:, picks[-1]])
            R = R - np.outer(u, u @ R)
        return picks

    ours = theirs = 0
    for _ in range(50):
        W = rng.random((12, 6))
        Y = np.column_stack([W, W @ rng.dirichlet(np.ones(6), 54).T])
        ours += set(spa(Y, 6).indices) == set(range(6))
        theirs += set(raw(Y, 6)) == set(range(6))
    assert ours == 50
    assert theirs < 25


def test_snpa_needs_the_sum_constraint():
    """The manuscript's snpa projects on the cone only, and then this vertex has no residual."""
    W = np.array([[1.0, 0.0, 0.6], [0.0, 1.0, 0.6]])
    assert set(snpa(W, 3).indices) == {0, 1, 2}
    assert scipy_nnls(W[:, :2], W[:, 2])[1] < 1e-12  # zero distance to the cone of the other two


def test_scaling_two_factors_accumulates_ridge_and_cross_term(rng):
    """``scale_factors_fro`` overwrites one by the other in the matrix case."""
    Y, W, H = rng.random((6, 5)), rng.random((6, 2)), rng.random((5, 2))
    l2 = 0.4
    t = scale(Y, [W, H], SquaredL2(l2))[0][0, 0] / W[0, 0]
    M, ridge = W @ H.T, 0.5 * l2 * (np.sum(W**2) + np.sum(H**2))
    assert t**2 == pytest.approx((np.vdot(Y, M) - ridge) / np.vdot(M, M))


def test_hals_stops_when_it_has_converged(rng):
    """TensorLy 0.10's stopping statistic never fires; ours stops early on a converged start."""
    A, Y = rng.random((10, 4)), rng.random((10, 6))
    best = nnls(A, Y, solver="active_set").x
    result = nnls(A, Y, solver="hals", init=best)
    assert result.status == "converged"
    assert result.n_iter <= PATIENCE  # as many flat iterations as a verdict takes


def test_admm_solves_with_the_weight_it_is_given(rng):
    """TensorLy 0.10's ``admm(l1_reg=w)`` forgets the step of the prox and solves with ``w * rho``."""
    A, Y = rng.random((20, 4)), rng.random((20, 5))
    exact = nnls(A, Y, penalty=NonNegative(l1=0.8), solver="active_set").x
    np.testing.assert_allclose(nnls(A, Y, penalty=NonNegative(l1=0.8), solver="admm", **ROUNDS).x, exact, atol=1e-5)


@pytest.mark.parametrize(
    ("beta", "exponent"), [(-1.0, 1 / 3), (0.0, 1 / 2), (0.5, 2 / 3), (1.5, 1), (3.0, 1 / 2), (4.0, 1 / 3)]
)
def test_multiplicative_exponents_outside_one_and_two(beta, exponent, rng):
    """1 / (2 - beta) below one (public code switches at -1 instead), 1 / (beta - 1) above two: so descent holds."""
    for _ in range(50):
        Y, K, u = (np.exp(rng.standard_normal(shape)) for shape in ((3, 8), (8, 3), (3, 3)))
        block = Entrywise(Y, K, Beta(beta))
        new, _ = mu(u, block, NonNegative())
        plus, minus = block.split(u)
        np.testing.assert_allclose(new, u * (minus / plus) ** exponent, rtol=1e-10)
        for t in np.linspace(0, 1, 5):  # the majorant is convex and least at the update: descent along the way
            assert block.value(u + t * (new - u)) <= block.value(u) * (1 + 1e-12)


def test_the_gradient_of_a_compressed_block_has_a_minus_sign_and_the_factor(rng):
    """Section 14.3.2 prints ``G_1 (B . C) + (B'B * C'C)``; the loss changes as the block's gradient says, not so."""
    G = rng.standard_normal((3, 6, 7))
    factors = [rng.standard_normal((n, 3)) for n in G.shape]
    gram, cross = gram_hadamard(factors, 0), mttkrp(G, factors, 0)

    def loss(A):
        return 0.5 * np.sum((G - reconstruct([A, *factors[1:]])) ** 2)

    D = rng.standard_normal((3, 3))
    slope = (loss(factors[0] + 1e-6 * D) - loss(factors[0] - 1e-6 * D)) / 2e-6
    assert np.vdot(Quadratic(gram, cross).grad(factors[0]), D) == pytest.approx(slope, rel=1e-6)
    assert abs(np.vdot(cross + gram, D) / slope - 1) > 0.1


def test_alternating_projections_reach_the_cone_but_not_its_nearest_point():
    """Section 14.3.2 says that iterating the approximate projection leads to the projection; Dykstra's does."""
    rng = np.random.default_rng(0)
    U = np.linalg.qr(rng.random((40, 4)))[0]
    point = U.T @ (rng.random(40) - 0.45)
    plain, corrected, correction = point, U @ point, 0.0
    for _ in range(20_000):
        plain = U.T @ np.maximum(U @ plain, 0)
        positive = np.maximum(corrected + correction, 0)
        correction = corrected + correction - positive
        corrected = U @ (U.T @ positive)
    nearest = project_on_cone(point[:, None], U)[:, 0]
    np.testing.assert_allclose(U.T @ corrected, nearest, atol=1e-4)
    assert (U @ plain).min() > -1e-8
    assert np.linalg.norm(plain - nearest) > 1e-2


def test_the_projection_of_a_column_is_one_problem_with_as_many_unknowns_as_entries(rng):
    """Section 14.3.2 counts ``n_1`` problems of dimension r; it is r problems with ``n_1`` unknowns."""
    U = np.linalg.qr(rng.random((40, 4)) - 0.2)[0]
    X = rng.standard_normal((4, 3))
    duals = np.column_stack([scipy_nnls(U.T, -x)[0] for x in X.T])
    assert duals.shape == (40, 3)
    np.testing.assert_allclose(X + U.T @ duals, project_on_cone(X, U), atol=1e-9)


def test_the_matrix_of_jennrich_is_not_symmetric(rng):
    """Section 6.2.2 calls one slice times the pseudo-inverse of another symmetric; its eigenvectors are A."""
    A, B, C = (rng.standard_normal((n, 3)) for n in (5, 4, 2))
    first, second = ((A * c) @ B.T for c in C)
    M = first @ np.linalg.pinv(second, rcond=1e-10)
    np.testing.assert_allclose(M @ A, A * (C[0] / C[1]), atol=1e-9)
    assert np.abs(M - M.T).max() > 0.1
