"""Penalties made of others: each is the function it says, and its prox that of the closed form."""

import numpy as np
import pytest

from tensorly_hdr import nnls
from tensorly_hdr.penalties import Box, NonNegative, Scaled, Shifted, SquaredL2, Sum, Zero

SPELLINGS = [
    (Sum(NonNegative(), linear=0.3, ridge=0.5), NonNegative(l1=0.3, l2=0.5)),
    (Scaled(NonNegative(l1=0.3, l2=0.5), 2.0), NonNegative(l1=0.6, l2=1.0)),
    (Shifted(Box(0.0, 1.0), 0.5), Box(0.5, 1.5)),
    (Scaled(Box(0.0, 1.0), 7.0), Box(0.0, 1.0)),
    (Sum(Zero(), ridge=0.5), SquaredL2(0.5)),
]


@pytest.mark.parametrize(("made", "plain"), SPELLINGS, ids=repr)
@pytest.mark.parametrize("step", [0.0, 0.7, 3.0])
def test_what_can_be_said_plainly_is_the_same(made, plain, step, rng):
    u = rng.standard_normal((6, 4))
    inside = plain.prox(u, 0.0)
    np.testing.assert_allclose(made.prox(u, step), plain.prox(u, step), atol=1e-15)
    np.testing.assert_allclose(made.value(inside), plain.value(inside))
    assert made.nonneg == plain.nonneg
    assert made.convex == plain.convex


@pytest.mark.parametrize("g", [made for made, _ in SPELLINGS], ids=repr)
def test_an_array_of_steps_serves_each_row_as_its_own_number_does(g, rng):
    u, steps = rng.standard_normal((5, 1)), np.array([[0.1], [0.5], [1.0], [2.0], [7.0]])
    rows = [g.prox(u[i : i + 1], float(steps[i, 0])) for i in range(5)]
    np.testing.assert_allclose(g.prox(u, steps), np.vstack(rows))


def test_the_slope_of_each_entry_counts(rng):
    u, slope = rng.random((4, 3)), rng.random((4, 3))
    np.testing.assert_allclose(Sum(NonNegative(), linear=slope).prox(u, 0.5), np.maximum(u - 0.5 * slope, 0))
    np.testing.assert_allclose(Sum(NonNegative(), linear=slope).value(u), (slope * u).sum())


def test_degrees(rng):
    assert Sum(NonNegative(), linear=0.3).degree == 1.0
    assert Sum(NonNegative(l1=1.0), linear=0.3).degree == 1.0
    assert Sum(NonNegative(), ridge=0.3).degree == 2.0
    assert Sum(NonNegative()).degree == 0.0
    assert Sum(NonNegative(), linear=0.3, ridge=1.0).degree is None
    assert Sum(NonNegative(), linear=-0.3).degree is None  # a balance of terms that can be negative means nothing
    assert Sum(Zero(), linear=0.3).degree is None
    assert Shifted(NonNegative(), 0.0).degree == 0.0
    assert Shifted(NonNegative(), 1.0).degree is None
    assert Scaled(NonNegative(l2=1.0), 3.0).degree == 2.0


def test_a_known_value_is_a_ridge_around_it(rng):
    """The solution of a ridge moved to ``c`` is that of the normal equations with ``c`` on the right."""
    A, Y, c = rng.standard_normal((12, 4)), rng.standard_normal((12, 3)), rng.standard_normal((4, 1))
    x = nnls(A, Y, penalty=Shifted(SquaredL2(2.0), c), tol=1e-15, max_iter=20000).x
    np.testing.assert_allclose(x, np.linalg.solve(A.T @ A + 2 * np.eye(4), A.T @ Y + 2 * c), atol=1e-6)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: Sum(Zero(), linear=np.nan), "linear"),
        (lambda: Sum(Zero(), ridge=-1.0), "ridge"),
        (lambda: Scaled(Zero(), 0.0), "weight"),
        (lambda: Scaled(Zero(), "2"), "weight"),
        (lambda: Shifted(Zero(), np.inf), "center"),
        (lambda: Shifted(Zero(), "a"), "center"),
    ],
)
def test_bad_arguments_are_named(call, word):
    with pytest.raises((TypeError, ValueError), match=word):
        call()
