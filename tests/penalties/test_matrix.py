"""The prox of the largest l1 norm of a column: its optimality conditions, a reference by bisection, Moreau."""

import numpy as np
import pytest

from tensorly_hdr.penalties import L1, MaxColumnL1, NonNegative, Simplex


def by_bisection(u, weight):
    """The same prox: search for the common radius whose thresholds sum to the weight."""
    size = np.abs(u)
    if size.max(axis=0).sum() <= weight:
        return np.zeros_like(u)
    sums, counts = np.cumsum(-np.sort(-size, axis=0), axis=0), np.arange(1, len(u) + 1)[:, None]

    def thresholds(radius):
        return np.maximum(((sums - radius) / counts).max(axis=0), 0.0)

    low, high = 0.0, float(sums[-1].max())
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if thresholds(middle).sum() > weight else (low, middle)
    return np.sign(u) * np.maximum(size - thresholds(low), 0.0)


def cases(rng, count):
    """Columns of all sizes; integers (ties), zeros, repeated columns and single rows take turns."""
    for t in range(count):
        n, r = rng.integers(1, 9, 2)
        u = rng.standard_normal((n, r)) * 10.0 ** rng.integers(-3, 3, size=r)
        u = np.round(u) if t % 3 == 0 else u
        u[:, 0] = 0.0 if t % 5 == 0 else u[:, -1]
        yield u, 10.0 ** rng.uniform(-3, 1.5)


def test_prox_agrees_with_bisection(rng):
    for u, weight in cases(rng, 500):
        scale = max(1.0, np.abs(u).max())
        np.testing.assert_allclose(MaxColumnL1(weight).prox(u, 1.0), by_bisection(u, weight), atol=1e-12 * scale)
        above = np.maximum(u, 0.0)
        expected = by_bisection(above, 2.0 * weight)
        np.testing.assert_allclose(MaxColumnL1(weight, nonneg=True).prox(u, 2.0), expected, atol=1e-12 * scale)


def test_the_residual_of_the_prox_is_a_subgradient(rng):
    """It is zero on the short columns, and a multiple of the signs on the long ones; the multiples sum to one."""
    zero = 0
    for u, weight in cases(rng, 500):
        z = MaxColumnL1(weight).prox(u, 1.0)
        p, slack = (u - z) / weight, 1e-11 * max(1.0, np.abs(u).max()) / min(weight, 1.0)
        share = np.abs(p).max(axis=0)
        if not z.any():
            zero += 1
            assert share.sum() <= 1 + slack
            continue
        norms = np.abs(z).sum(axis=0)
        assert share.sum() == pytest.approx(1.0, abs=slack * len(share))
        np.testing.assert_allclose(norms[share > slack], norms.max(), rtol=1e-9, atol=slack)
        np.testing.assert_allclose(p[z != 0], (np.sign(z) * share)[z != 0], atol=slack)
    assert 0 < zero < 250


def test_no_perturbation_does_better(rng):
    g, u = MaxColumnL1(0.7), rng.standard_normal((6, 4))
    z = g.prox(u, 1.0)
    best = g.value(z) + 0.5 * np.sum((z - u) ** 2)
    moves = rng.standard_normal((20_000, 6, 4)) * 10.0 ** rng.uniform(-6, 0, (20_000, 1, 1))
    moves[::2] *= rng.random((10_000, 6, 4)) < 0.2  # moves of few entries too
    others = z + moves
    values = 0.7 * np.abs(others).sum(axis=1).max(axis=1) + 0.5 * np.sum((others - u) ** 2, axis=(1, 2))
    assert values.min() >= best - 1e-14


def test_moreau_the_rest_lies_in_the_dual_ball_and_touches_it(rng):
    for u, weight in cases(rng, 200):
        z = MaxColumnL1(weight).prox(u, 1.0)
        dual = np.abs(u - z).max(axis=0).sum()
        scale = max(1.0, np.abs(u).max())
        assert dual <= weight + 1e-12 * scale
        if z.any():
            assert dual == pytest.approx(weight, abs=1e-11 * scale)
            value = MaxColumnL1(weight).value(z)
            assert np.vdot(u - z, z) == pytest.approx(value, abs=1e-9 * scale**2)


def test_one_column_is_soft_thresholding_and_one_row_a_projection(rng):
    u = rng.standard_normal((9, 1))
    np.testing.assert_allclose(MaxColumnL1(0.4).prox(u, 2.0), L1(0.4).prox(u, 2.0), atol=1e-15)
    np.testing.assert_allclose(MaxColumnL1(0.4, True).prox(u, 2.0), NonNegative(l1=0.4).prox(u, 2.0), atol=1e-15)
    row = rng.standard_normal((1, 9))
    outside = np.sign(row) * Simplex(axis=1, total=0.8, below=True).prox(np.abs(row), 1.0)  # on the l1 ball
    np.testing.assert_allclose(MaxColumnL1(0.4).prox(row, 2.0), row - outside, atol=1e-14)


def test_weight_zero_leaves_everything_and_a_large_one_nothing(rng):
    u = rng.standard_normal((5, 3))
    np.testing.assert_array_equal(MaxColumnL1(0.0).prox(u, 1.0), u)
    np.testing.assert_array_equal(MaxColumnL1(0.0, nonneg=True).prox(u, 1.0), np.maximum(u, 0))
    assert not MaxColumnL1(1.0).prox(u, np.abs(u).max(axis=0).sum()).any()
    assert not MaxColumnL1(1.0).prox(np.zeros((5, 3)), 0.1).any()


def test_single_precision_stays_and_agrees(rng):
    for u, weight in cases(rng, 100):
        z = MaxColumnL1(weight).prox(u.astype(np.float32), 1.0)
        assert z.dtype == np.float32
        np.testing.assert_allclose(z, by_bisection(u, weight), atol=2e-5 * max(1.0, np.abs(u).max()))
