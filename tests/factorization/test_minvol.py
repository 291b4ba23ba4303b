"""Minimum-volume NMF: recovers the atoms where plain NMF cannot, and its objective never rises."""

import numpy as np
import pytest
import xarray as xr
from scipy.optimize import linear_sum_assignment

from tensorly_hdr import Beta, minvol_nmf, nmf, nnkl, nnls
from tensorly_hdr.factorization.volume import Volume, data_fit, sum_to_one
from tensorly_hdr.losses import LOSSES
from tensorly_hdr.penalties import NonNegative, Simplex

MODES = pytest.mark.parametrize("side", ["H", "W"])
BOTH = pytest.mark.parametrize("loss", ["frobenius", "kl"])


def scattered(rng, m=8, per_facet=6):
    """Sufficiently scattered and not separable: observations on the three facets, none at a vertex."""
    H = np.zeros((3 * per_facet, 3))
    for facet, (a, b) in enumerate(((0, 1), (0, 2), (1, 2))):
        rows = slice(facet * per_facet, (facet + 1) * per_facet)
        H[rows, a] = np.linspace(0.25, 0.75, per_facet)
        H[rows, b] = 1 - H[rows, a]
    W = rng.random((m, 3))
    return W @ H.T, W


def error(found, truth):
    distance = np.linalg.norm(found[:, :, None] - truth[:, None, :], axis=0)
    rows, columns = linear_sum_assignment(distance)
    return distance[rows, columns].max() / np.linalg.norm(truth, axis=0).max()


@pytest.mark.parametrize(("loss", "rounds"), [("frobenius", 300), ("kl", 1000)])
def test_recovers_atoms_that_no_observation_shows_and_plain_nmf_does_not(loss, rounds, rng):
    Y, W = scattered(rng)
    ours = minvol_nmf(Y, 3, loss=loss, weight=0.01, max_iter=rounds, tol=0)
    assert error(ours.factors[0], W) < 1e-3
    plain = nmf(Y, 3, loss=loss, seed=0, max_iter=500).factors
    scaled = plain[0] * (np.linalg.lstsq(plain[1], np.ones(18), rcond=None)[0])  # the best scale for sums of one
    assert error(scaled, W) > 0.05


def test_the_error_is_proportional_to_the_weight(rng):
    Y, W = scattered(rng)
    large, small = (error(minvol_nmf(Y, 3, weight=w, max_iter=300, tol=0).factors[0], W) for w in (0.16, 0.04))
    assert 3 < large / small < 5


def test_atoms_of_sum_one_need_no_sum_to_one_of_the_observations(rng):
    """Columns of any brightness: the same atoms come near, which SNPA, its start, cannot give."""
    Y, W = scattered(rng)
    Y, W = Y * rng.uniform(0.5, 2.0, Y.shape[1]), W / W.sum(axis=0)
    start = minvol_nmf(Y, 3, sum_to_one="W", max_iter=0).factors[0]
    ours = minvol_nmf(Y, 3, sum_to_one="W", weight=0.1, max_iter=300, tol=0).factors[0]
    assert error(ours, W) < 0.1 * error(start, W)


@BOTH
@MODES
@pytest.mark.parametrize("init", ["snpa", "random"])
def test_the_objective_never_rises_and_the_constraint_holds(loss, side, init, rng):
    Y = rng.random((7, 3)) @ rng.dirichlet(np.ones(3), 25).T + 0.05 * rng.random((7, 25))
    Y[:, 3] = 0
    result = minvol_nmf(Y, 3, loss=loss, sum_to_one=side, weight=2.0, init=init, seed=0, max_iter=60, tol=0)
    assert np.diff(result.trace.loss).max() <= 1e-12 * result.trace.loss[0]
    assert result.loss < 0.99 * result.trace.loss[0]
    W, H = result.factors
    assert min(W.min(), H.min()) >= 0
    np.testing.assert_allclose(H.sum(axis=1) if side == "H" else W.sum(axis=0), 1, rtol=1e-12)
    fit = LOSSES[loss].value(Y, W @ H.T)
    assert result.loss == pytest.approx(fit + result.weight * result.trace.extra["volume"][-1], rel=1e-10)


def test_weight_zero_is_nmf(rng):
    """Without a volume, sum-to-one atoms are no constraint on the product."""
    Y = rng.random((6, 2)) @ rng.random((2, 12))
    result = minvol_nmf(Y, 2, sum_to_one="W", weight=0.0, max_iter=300, tol=0)
    assert result.weight == 0
    assert result.loss < 1e-6


def test_the_logarithm_is_natural_and_the_gradient_is_that_of_the_majorant(rng):
    W = rng.random((7, 3))
    volume = Volume.at(W, 0.1)
    unit = 0.1 * np.mean(np.sum(W**2, axis=0))
    assert volume(W) == pytest.approx(np.log(np.linalg.det(np.eye(3) + W.T @ W / unit)), rel=1e-12)
    assert volume(0 * W) == 0
    slope = W @ Volume(unit, weight=1.0).curvature(W)
    numerical = np.empty_like(W)
    for index in np.ndindex(*W.shape):
        step = np.zeros_like(W)
        step[index] = 1e-5
        numerical[index] = (volume(W + step) - volume(W - step)) / 2e-5
    np.testing.assert_allclose(slope, numerical, rtol=1e-6)


def test_the_majorant_of_the_volume_lies_above_it(rng):
    V = rng.random((7, 3))
    volume = Volume(0.5, weight=1.0)
    C = volume.curvature(V)
    for _ in range(200):
        W = V * np.exp(rng.standard_normal(V.shape))
        assert volume(W) <= volume(V) + 0.5 * np.sum((W @ C) * W - (V @ C) * V) + 1e-12


def test_the_weight_rule(rng):
    Y = rng.random((7, 20))
    result = minvol_nmf(Y, 3, weight=0.3, max_iter=0)
    W, H = result.factors
    fit = 0.5 * np.sum((Y - W @ H.T) ** 2)
    assert result.weight == pytest.approx(0.3 * fit / result.trace.extra["volume"][0], rel=1e-10)
    pure = np.column_stack([np.eye(3), np.full((3, 5), 1 / 3)])  # the start fits exactly
    exact = minvol_nmf(pure, 3, weight=0.3, max_iter=0)
    assert exact.weight == pytest.approx(0.3 * 0.5e-6 * np.sum(pure**2) / exact.trace.extra["volume"][0], rel=1e-10)


@BOTH
def test_the_result_does_not_depend_on_the_unit_of_the_data(loss, rng):
    Y = scattered(rng)[0] + 0.01 * rng.random((8, 18))
    one, big = (minvol_nmf(c * Y, 3, loss=loss, max_iter=30, tol=0).factors for c in (1.0, 1000.0))
    np.testing.assert_allclose(big[0], 1000.0 * one[0], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(big[1], one[1], rtol=1e-6, atol=1e-8)


@BOTH
def test_given_start_float32_and_labels(loss, rng):
    Y, W = scattered(rng)
    H = nnls(W, Y, penalty=Simplex()).x.T
    kept = minvol_nmf(Y, 3, loss=loss, init=(W, H), max_iter=0).factors
    np.testing.assert_allclose(kept[0] @ kept[1].T, Y, atol=1e-5)
    data = xr.DataArray(Y.astype(np.float32), dims=("band", "pixel"), coords={"band": np.arange(8.0)})
    result = minvol_nmf(data, 3, loss=loss, max_iter=5)
    assert result.factors[0].dtype == np.float32
    assert [u.dims for u in result.to_xarray()] == [("band", "component"), ("pixel", "component")]
    assert repr(result).startswith("MinVolResult(factors: 8x3, 18x3, loss=")


def test_roots_that_sum_to_one(rng):
    """Each entry solves its equation with one multiplier a column; A = 0 is the simplex step of KL regression."""
    for scale in (0.0, 1e-6, 1.0, 1e6):
        A, C, P = scale * rng.random((6, 4)), 10 * rng.standard_normal((6, 4)), np.exp(5 * rng.standard_normal((6, 4)))
        w = sum_to_one(A, C, P, axis=0)
        np.testing.assert_allclose(w.sum(axis=0), 1, rtol=1e-13)
        assert w.min() >= 0
        shift = P / w - A * w - C
        np.testing.assert_allclose(shift, np.broadcast_to(shift[:1], shift.shape), rtol=1e-6)


def test_coefficients_of_the_divergence_are_optimal_on_the_simplex(rng):
    """Repeated, the update solves KL regression with rows of sum one: no other point of the simplex is better."""
    W, Y = rng.random((9, 3)) + 0.1, rng.poisson(4.0, (9, 5)) / 4.0
    fit = data_fit(Y, LOSSES["kl"], "H")
    H = np.full((5, 3), 1 / 3)
    for _ in range(400):
        H = fit.coefficients(W, H)
    best = fit.value(W, H)
    for _ in range(300):
        other = 0.9 * H + 0.1 * rng.dirichlet(np.ones(3), 5)
        assert fit.value(W, other) >= best - 1e-10
    assert best >= nnkl(W, Y, penalty=NonNegative()).loss - 1e-10


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"loss": "is"}, "loss must be one of"),
        (
            {"loss": Beta(1.5)},
            r"minvol_nmf has no update for the loss Beta\(.*loss must be one of \['frobenius', 'kl'\]",
        ),
        ({"weight": -1.0}, "weight must be a nonnegative"),
        ({"delta": 0.0}, "delta must be a positive"),
        ({"sum_to_one": "rows"}, "sum_to_one must be one of"),
        ({"init": "svd"}, "init must be one of"),
        ({"init": (np.ones((8, 2)), None)}, r"init\[0\] must have shape"),
    ],
)
def test_bad_options(options, word, rng):
    with pytest.raises(ValueError, match=word):
        minvol_nmf(scattered(rng)[0], 3, **options)


@pytest.mark.parametrize("sum_to_one", ["H", "W"])
@pytest.mark.parametrize("loss", ["frobenius", "kl"])
def test_a_random_start_is_at_the_scale_of_the_data_whatever_their_unit(loss, sum_to_one, rng):
    Y = rng.random((6, 3)) @ rng.dirichlet(np.ones(3), 20).T
    options = {"loss": loss, "sum_to_one": sum_to_one, "init": "random", "seed": 0, "max_iter": 10, "tol": 0}
    one, power = minvol_nmf(Y, 3, **options), 2.0**330
    other = minvol_nmf(power * Y, 3, **options)
    degree = 2 if loss == "frobenius" else 1
    assert other.loss / power**degree == pytest.approx(one.loss, rel=1e-6)
    if sum_to_one == "H":
        assert one.factors[0].mean() == pytest.approx(Y.mean(), rel=0.5)


@pytest.mark.parametrize("sum_to_one", ["H", "W"])
@pytest.mark.parametrize("loss", ["frobenius", "kl"])
def test_data_of_zeros(loss, sum_to_one):
    result = minvol_nmf(np.zeros((5, 6)), 3, loss=loss, sum_to_one=sum_to_one, init="random", seed=0, max_iter=30)
    assert all(np.isfinite(u).all() and (u >= 0).all() for u in result.factors)
    assert (np.diff(result.trace.loss) <= 1e-12 * result.trace.loss[0]).all()
    free = result.factors[0].sum(axis=0) if sum_to_one == "W" else result.factors[1].sum(axis=1)
    np.testing.assert_allclose(free, 1.0, rtol=1e-12)


def test_an_atom_without_data_gets_the_least_volume_or_an_even_share():
    """Without data the quadratic part decides; without it nothing does."""
    C = np.zeros((3, 1))
    np.testing.assert_allclose(sum_to_one(np.array([[1.0], [2.0], [2.0]]), C, C, axis=0).ravel(), [0.5, 0.25, 0.25])
    np.testing.assert_allclose(sum_to_one(C, C, C, axis=0), 1 / 3)


@pytest.mark.parametrize(("name", "same"), [("frobenius", Beta(2.0)), ("kl", Beta(1.0))])
@MODES
def test_a_beta_divergence_that_has_a_name_is_that_loss(name, same, side, rng):
    Y = scattered(rng)[0]
    runs = [minvol_nmf(Y, 3, loss=loss, sum_to_one=side, max_iter=5) for loss in (name, same)]
    np.testing.assert_array_equal(runs[0].trace.loss, runs[1].trace.loss)
    for u, v in zip(runs[0].factors, runs[1].factors, strict=True):
        np.testing.assert_array_equal(u, v)


@pytest.mark.parametrize("init", ["snpa", "random"])
@pytest.mark.parametrize("zero", ["row", "column", "both"])
@MODES
@BOTH
def test_the_objective_never_rises_where_slices_are_zero(loss, side, zero, init, rng):
    """Neither for means of atoms nor for counts, where more entries are zero."""
    for Y in (scattered(rng)[0], rng.poisson(4 * scattered(rng)[0]).astype(float)):
        if zero != "column":
            Y[4] = 0.0
        if zero != "row":
            Y[:, 5] = 0.0
        result = minvol_nmf(Y, 3, loss=loss, sum_to_one=side, init=init, seed=0, max_iter=30, tol=0)
        assert np.isfinite(result.trace.loss).all()
        assert np.diff(result.trace.loss).max() <= 1e-10 * result.trace.loss[0]
        assert all(np.isfinite(u).all() and (u >= 0).all() for u in result.factors)


@pytest.mark.parametrize(("side", "axis"), [("H", 0), ("W", 1)])
def test_a_zero_slice_that_the_constraint_lets_be_zero_changes_nothing_else(side, axis, rng):
    """A row of zeros beside means of atoms, a column of zeros beside atoms of sum one."""
    Y = scattered(rng)[0]
    options = {"sum_to_one": side, "max_iter": 20, "tol": 0}
    plain, longer = minvol_nmf(Y, 3, **options), minvol_nmf(np.insert(Y, 4, 0.0, axis=axis), 3, **options)
    np.testing.assert_allclose(longer.trace.loss, plain.trace.loss, rtol=1e-8)
    others = [np.delete(u, 4, axis=0) if m == axis else u for m, u in enumerate(longer.factors)]
    for u, v in zip(others, plain.factors, strict=True):
        np.testing.assert_allclose(u, v, rtol=1e-6, atol=1e-8)
    assert longer.factors[axis][4].max() <= 1e-12
