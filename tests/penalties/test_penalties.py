"""Every registered penalty obeys its contract; a new one is tested for free."""

import numpy as np
import pytest
from scipy.optimize import minimize

from tensorly_hdr.penalties import PENALTIES, Box, Entry, HardSparse, NonNegative, Simplex, Transposed, UnitBall, Zero

CONVEX = [g for g in PENALTIES if g.convex]


@pytest.mark.parametrize("g", PENALTIES, ids=repr)
@pytest.mark.parametrize("step", [0.1, 1.0, 10.0])
def test_prox_minimizes_its_definition(g, step, rng):
    u = rng.standard_normal((5, 3))
    z = g.prox(u, step)
    best = step * g.value(z) + 0.5 * np.sum((z - u) ** 2)
    for size in (1e-3, 0.1, 1.0):
        for _ in range(100):
            other = g.prox(z + size * rng.standard_normal(z.shape), 0.0)  # a feasible neighbour
            assert step * g.value(other) + 0.5 * np.sum((other - u) ** 2) >= best - 1e-9


@pytest.mark.parametrize("g", CONVEX, ids=repr)
def test_subgradient_inclusion(g, rng):
    """``(u - z) / step`` is a subgradient at ``z = prox(u, step)``: ``g(w) >= g(z) + <u - z, w - z> / step``."""
    for step in (0.3, 2.0):
        u = rng.standard_normal((6, 4))
        z = g.prox(u, step)
        for _ in range(100):
            w = g.prox(rng.standard_normal(u.shape), 0.0)
            assert g.value(w) >= g.value(z) + np.vdot(u - z, w - z) / step - 1e-9


@pytest.mark.parametrize("g", CONVEX, ids=repr)
def test_prox_is_nonexpansive(g, rng):
    for _ in range(50):
        u, v = rng.standard_normal((2, 6, 4))
        assert np.linalg.norm(g.prox(u, 0.7) - g.prox(v, 0.7)) <= np.linalg.norm(u - v) + 1e-12


@pytest.mark.parametrize("g", PENALTIES, ids=repr)
def test_step_zero_projects_on_the_domain(g, rng):
    z = g.prox(rng.standard_normal((5, 3)), 0.0)
    assert np.isfinite(g.value(z))
    np.testing.assert_allclose(g.prox(z, 0.0), z, atol=1e-12)


@pytest.mark.parametrize("g", [g for g in PENALTIES if g.degree is not None], ids=repr)
def test_degree(g, rng):
    u = g.prox(rng.random((5, 3)), 0.0)
    np.testing.assert_allclose(g.value(3.0 * u), 3.0**g.degree * g.value(u))


@pytest.mark.parametrize("g", PENALTIES, ids=repr)
def test_float32_and_input_are_kept(g, rng):
    u = rng.standard_normal((5, 3)).astype(np.float32)
    before = u.copy()
    assert g.prox(u, 0.5).dtype == np.float32
    np.testing.assert_array_equal(u, before)


@pytest.mark.parametrize("g", PENALTIES, ids=repr)
def test_outside_the_domain_the_value_is_infinite(g):
    outside = np.array([[-5.0, 7.0], [3.0, -1.0], [2.0, 2.0]])
    inside = np.allclose(g.prox(outside, 0.0), outside)
    assert np.isfinite(g.value(outside)) == inside


@pytest.mark.parametrize("g", [g for g in PENALTIES if not isinstance(g, Entry)], ids=repr)
def test_transposed_is_the_penalty_of_the_transpose(g, rng):
    u = rng.random((4, 6))
    np.testing.assert_array_equal(Transposed(g).prox(u, 1.0), g.prox(u.T, 1.0).T)


@pytest.mark.parametrize("total", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("below", [False, True])
def test_simplex_projection_matches_a_quadratic_program(total, below, rng):
    """The sum of the positive parts is above one of the totals and below another: both cases of the inequality."""
    u = np.array([[0.9], [-0.4], [0.3], [0.1], [-1.0]])
    peer = minimize(
        lambda v: np.sum((v - u[:, 0]) ** 2),
        np.full(5, total / 10),
        bounds=[(0, None)] * 5,
        constraints={"type": "ineq" if below else "eq", "fun": lambda v: total - v.sum()},
        tol=1e-14,
    )
    np.testing.assert_allclose(Simplex(total=total, below=below).prox(u, 1.0)[:, 0], peer.x, atol=1e-6)


INSIDE = {
    Zero(): [[-3.0], [2.0]],
    NonNegative(): [[0.0], [7.0]],
    Box(0.1, 0.6): [[0.1], [0.4]],
    Simplex(): [[0.25], [0.75]],
    Simplex(below=True): [[0.25], [0.3]],
    Simplex(axis=1, total=2.0): [[2.0], [2.0]],
    UnitBall(): [[-0.6], [0.7]],
    UnitBall(nonneg=True): [[0.6], [0.7]],
    HardSparse(1): [[0.0], [9.0]],
    HardSparse(1, nonneg=False): [[0.0], [-9.0]],
}


@pytest.mark.parametrize(("g", "u"), INSIDE.items(), ids=repr)
def test_points_of_the_domain_stay_where_they_are(g, u):
    np.testing.assert_allclose(g.prox(np.array(u), 0.0), u, atol=1e-15)
    assert g.value(np.array(u)) == 0


@pytest.mark.parametrize("bad", [{"l1": -1.0}, {"l2": np.nan}, {"l1": np.inf}])
def test_bad_weights_are_refused(bad):
    with pytest.raises(ValueError, match="nonnegative"):
        NonNegative(**bad)
