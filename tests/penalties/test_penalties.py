"""Every registered penalty obeys its contract; a new one is tested for free."""

import numpy as np
import pytest
from scipy.optimize import minimize

from tensorly_hdr.penalties import PENALTIES, Box, Entry, HardSparse, NonNegative, Simplex, Transposed, UnitBall, Zero
from tensorly_hdr.testing import check_penalty


@pytest.mark.parametrize("g", PENALTIES, ids=repr)
@pytest.mark.parametrize("shape", [(5, 3), (1, 4), (6, 1)], ids=str)
def test_every_penalty_obeys_its_contract(g, shape):
    check_penalty(g, shape)


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
