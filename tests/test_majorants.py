"""Majorants lie above the loss, touch it at their point, and have its slope there."""

import numpy as np
import pytest

from tensorly_hdr import majorants, nnkl, nnls

TRUE = [
    ("jensen", "frobenius"),
    ("jensen", "kl"),
    ("second_order", "frobenius"),
    ("gradient", "frobenius"),
]
ALL = [*TRUE, ("second_order", "kl"), ("gradient", "kl")]


def problem(rng):
    return rng.random((12, 4)), rng.random(12) + 0.1, rng.random(4) + 0.2


@pytest.mark.parametrize(("name", "loss"), TRUE)
def test_majorants_lie_above_the_loss_everywhere(name, loss, rng):
    A, y, x = problem(rng)
    X = rng.exponential(1.0, (4, 2000)) * 10.0 ** rng.uniform(-3, 1, (1, 2000))
    above = getattr(majorants, name)(A, y, x, X, loss=loss)
    assert (above >= majorants.value(A, y, X, loss=loss) * (1 - 1e-12)).all()


@pytest.mark.parametrize(("name", "loss"), ALL)
def test_they_touch_the_loss_and_have_its_slope(name, loss, rng):
    A, y, x = problem(rng)
    f = getattr(majorants, name)
    np.testing.assert_allclose(f(A, y, x, x[:, None], loss=loss), majorants.value(A, y, x[:, None], loss=loss))
    steps = 1e-6 * np.hstack([np.eye(4), -np.eye(4)]) + x[:, None]
    slopes = [(v[:4] - v[4:]) / 2e-6 for v in (f(A, y, x, steps, loss=loss), majorants.value(A, y, steps, loss=loss))]
    np.testing.assert_allclose(*slopes, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("u", ["ones", "x", "random"])
def test_every_positive_u_gives_a_majorant_of_signed_least_squares(u, rng):
    A, y, x = rng.standard_normal((12, 4)), rng.standard_normal(12), rng.random(4) + 0.1
    weights = {"ones": np.ones(4), "x": x, "random": rng.random(4) + 0.05}[u]
    X = 3 * rng.standard_normal((4, 2000))
    assert (majorants.second_order(A, y, x, X, u=weights) >= majorants.value(A, y, X) * (1 - 1e-12)).all()


def test_the_quadratics_of_kullback_leibler_are_no_majorants(rng):
    """Close to zero its curvature is unbounded."""
    A, y, x = problem(rng)
    X = np.outer(x, np.geomspace(1e-9, 1, 50))
    for name in ("second_order", "gradient"):
        assert (getattr(majorants, name)(A, y, x, X, loss="kl") < majorants.value(A, y, X, loss="kl")).any()


def test_multiplicative_updates_minimise_the_jensen_majorant(rng):
    A, y, x = problem(rng)
    for loss, regression in (("kl", nnkl), ("frobenius", nnls)):
        best = regression(A, y, solver="mu", init=x, max_iter=1, tol=0).x
        around = best[:, None] * rng.uniform(0.9, 1.1, (4, 200))
        least = majorants.jensen(A, y, x, best[:, None], loss=loss)[0]
        assert (majorants.jensen(A, y, x, around, loss=loss) >= least).all()


def test_for_least_squares_the_jensen_majorant_is_of_second_order_with_u_equal_x(rng):
    A, y, x = problem(rng)
    X = rng.random((4, 50))
    np.testing.assert_allclose(majorants.jensen(A, y, x, X), majorants.second_order(A, y, x, X, u=x), rtol=1e-10)


def test_the_diagonal_exceeds_the_matrix_touches_it_along_u_and_has_least_trace_at_one(rng):
    H = rng.random((6, 6))
    H = H @ H.T
    for _ in range(100):
        u = rng.random(6) + 0.01
        gap = np.diag(majorants.diagonal(H, u)) - H
        assert np.linalg.eigvalsh(gap).min() > -1e-12 * np.abs(gap).max()
        np.testing.assert_allclose(gap @ u, 0, atol=1e-12 * np.abs(gap).max())
        assert majorants.diagonal(H, u).sum() > majorants.diagonal(H, np.ones(6)).sum()


def test_arguments_are_checked(rng):
    A, y, x = problem(rng)
    with pytest.raises(ValueError, match="loss must be one of"):
        majorants.value(A, y, x[:, None], loss="is")
    with pytest.raises(ValueError, match="x must be positive"):
        majorants.jensen(A, y, 0 * x, x[:, None])
    with pytest.raises(ValueError, match="sizes must agree"):
        majorants.gradient(A, y, x, rng.random((3, 2)))
    with pytest.raises(ValueError, match="A must be nonnegative"):
        majorants.jensen(-A, y, x, x[:, None])


@pytest.mark.parametrize("loss", ["frobenius", "kl"])
def test_a_row_that_no_atom_reaches_counts_in_the_jensen_majorant(loss, rng):
    A, y, x = problem(rng)
    A[3] = 0.0
    X = rng.random((4, 50))
    at_x = majorants.jensen(A, y, x, x[:, None], loss=loss)
    np.testing.assert_allclose(at_x, majorants.value(A, y, x[:, None], loss=loss), rtol=1e-12)
    above, below = majorants.jensen(A, y, x, X, loss=loss), majorants.value(A, y, X, loss=loss)
    assert (above >= below - 1e-12).all()
    y[3] = 0.0
    assert np.isfinite(majorants.jensen(A, y, x, X, loss=loss)).all()


@pytest.mark.parametrize("name", ["second_order", "gradient"])
def test_no_expansion_where_kullback_leibler_is_infinite(name, rng):
    A, y, x = problem(rng)
    majorant = getattr(majorants, name)
    with pytest.raises(ValueError, match="x makes a model that is zero"):
        majorant(A, y, 0 * x, x[:, None], loss="kl")
    with pytest.raises(ValueError, match="x must be nonnegative"):
        majorant(A, y, -x, x[:, None], loss="kl")
    A[2] = 0.0
    with pytest.raises(ValueError, match=r"row\(s\) \[2\]"):
        majorant(A, y, x, x[:, None], loss="kl")


def test_the_matrix_of_a_diagonal_must_be_square():
    with pytest.raises(ValueError, match="rows of H = 3, columns of H = 2"):
        majorants.diagonal(np.ones((3, 2)), np.ones(2))
