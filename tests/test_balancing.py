"""Balancing and scaling: identities, optimality, and the figures that the manuscript prints."""

import numpy as np
import pytest

from tensorly_hdr import balance, scale
from tensorly_hdr.linalg import reconstruct
from tensorly_hdr.penalties import L1, Box, NonNegative, Simplex, SquaredL2, Zero

MIXES = [
    (NonNegative(l1=1.0), SquaredL2(0.5), L1(2.0)),
    (NonNegative(l2=0.3),) * 3,
    (L1(0.1), L1(0.2), NonNegative(l2=3.0)),
]


def draw(rng, r=2):
    return 10 * rng.random((4, r)), rng.random((5, r)), 0.1 * rng.random((6, r))


@pytest.mark.parametrize("gs", MIXES, ids=repr)
def test_balancing_identities(gs, rng):
    factors = draw(rng)
    before = [u.copy() for u in factors]
    new = balance(factors, gs)
    np.testing.assert_allclose(reconstruct(new), reconstruct(factors), rtol=1e-12)
    for u, v in zip(factors, before, strict=True):
        np.testing.assert_array_equal(u, v)
    weighted = np.array([[g.degree * g.value(u[:, [q]]) for q in range(2)] for g, u in zip(gs, new, strict=True)])
    np.testing.assert_allclose(weighted, np.broadcast_to(weighted[0], weighted.shape), rtol=1e-12)
    for u, v in zip(balance(new, gs), new, strict=True):
        np.testing.assert_allclose(u, v, rtol=1e-12)
    total = sum(g.value(u) for g, u in zip(gs, new, strict=True))
    assert total < sum(g.value(u) for g, u in zip(gs, factors, strict=True))
    for _ in range(300):
        t = np.exp(0.2 * rng.standard_normal((3, 2)))
        t /= np.prod(t, axis=0) ** (1 / 3)
        assert sum(g.value(u * s) for g, u, s in zip(gs, new, t, strict=True)) >= total - 1e-9


def test_a_component_with_a_zero_column_is_zeroed(rng):
    factors = draw(rng)
    factors[1][:, 0] = 0
    new = balance(factors, SquaredL2(1.0))
    assert all(not u[:, 0].any() and u[:, 1].any() for u in new)


@pytest.mark.parametrize("g", [NonNegative(), Zero(), Simplex(), Box()], ids=repr)
def test_penalties_without_a_positive_degree_are_refused(g, rng):
    with pytest.raises(ValueError, match="positive degree"):
        balance(draw(rng), g)


def test_the_balanced_norms_of_the_manuscript():
    """Section 10.4.1, seed 22: three factor matrices whose norms all become 0.43822144179579."""
    state = np.random.RandomState(22)
    dims = (10, 11, 12)
    for n in dims:
        state.rand(n, 3)
    state.randn(*dims)
    init = [10.0**-i * state.rand(n, 6) for i, n in enumerate(dims)]
    np.testing.assert_allclose(
        [np.linalg.norm(u) for u in init], [4.299994791774854, 0.4074799825930501, 0.04968474562511675]
    )
    for u in balance(init, SquaredL2(0.1)):
        assert np.linalg.norm(u) == pytest.approx(0.43822144179579, abs=1e-14)


def test_the_scalar_swamp_of_the_manuscript():
    """Section 10.4: minimizing (y - ab)^2 / 2 + lam (a^2 + b^2) / 2 reaches lam y - lam^2 / 2 once balanced."""
    y, lam = 1.0, 1e-3
    a, b = balance([np.array([[0.2]]), np.array([[5.0]])], SquaredL2(lam))
    a, b = scale(np.array([[y]]), [a, b], SquaredL2(lam))
    assert a[0, 0] == pytest.approx(b[0, 0])
    assert a[0, 0] * b[0, 0] == pytest.approx(y - lam)
    loss = 0.5 * (y - a[0, 0] * b[0, 0]) ** 2 + lam * (a[0, 0] ** 2 + b[0, 0] ** 2) / 2
    assert loss == pytest.approx(lam * y - lam**2 / 2, rel=1e-12)
    # the manuscript's cost has no factor 1/2: its optimum is lam (2 y - lam) = 0.001999, and it prints 0.00199825
    assert 2 * loss == pytest.approx(lam * (2 * y - lam), rel=1e-12)


def test_the_implicit_penalty_of_two_ridges_has_weight_two_root_of_their_product(rng):
    """Manuscript 10 prints sqrt(l1 l2) / 2; for l1 |w|^2 + l2 |h|^2 the balanced value is 2 sqrt(l1 l2) |w| |h|."""
    w, h, l1, l2 = rng.random((4, 1)), rng.random((5, 1)), 0.3, 2.0
    gs = (SquaredL2(2 * l1), SquaredL2(2 * l2))
    value = sum(g.value(u) for g, u in zip(gs, balance([w, h], gs), strict=True))
    assert value == pytest.approx(2 * np.sqrt(l1 * l2) * np.linalg.norm(w) * np.linalg.norm(h))


def test_factors_outside_the_domain_are_refused(rng):
    bad = [-np.ones((2, 1)), np.ones((3, 1))]
    for call in (lambda g: balance(bad, g), lambda g: scale(-np.ones((2, 3)), bad, g)):
        with pytest.raises(ValueError, match="outside the domain"):
            call(NonNegative(l2=1.0))


@pytest.mark.parametrize("order", [2, 3, 4])
@pytest.mark.parametrize("g", [Zero(), NonNegative(l1=0.02), SquaredL2(0.05), NonNegative(0.01, 0.02)], ids=repr)
def test_scale_is_the_best_positive_multiple(order, g, rng):
    """In the matrix case the ridge and the cross term share a coefficient of the polynomial (errata)."""
    shape = (4, 5, 3, 2)[:order]
    truth = [rng.random((n, 2)) for n in shape]
    T = reconstruct(truth)
    factors = [0.3 * rng.random((n, 2)) for n in shape]

    def objective(t):
        return 0.5 * np.sum((T - reconstruct([t * u for u in factors])) ** 2) + sum(g.value(t * u) for u in factors)

    t = scale(T, factors, g)[0][0, 0] / factors[0][0, 0]
    assert t > 0
    grid = np.linspace(0.2, 3.0, 400) * t
    assert objective(t) <= min(map(objective, grid)) + 1e-9


def test_scale_is_zero_when_the_penalty_outweighs_the_data(rng):
    assert all(not u.any() for u in scale(np.full((2, 2), 1e-3), [np.ones((2, 1))] * 2, NonNegative(l1=10.0)))


def test_scale_refuses_what_is_no_polynomial(rng):
    with pytest.raises(ValueError, match="scaling needs"):
        scale(rng.random((4, 5)), [rng.random((4, 1)), rng.random((5, 1))], Simplex())


def test_balancing_keeps_single_precision(rng):
    factors = [u.astype(np.float32) for u in draw(rng)]
    for new in (balance(factors, L1(1.0)), scale(reconstruct(factors), factors, L1(0.1))):
        assert all(u.dtype == np.float32 for u in new)
