"""Metrics: invariances, extreme values, agreement with peers."""

import numpy as np
import pytest
from tlviz.factor_tools import factor_match_score as tlviz_score

from tensorly_hdr import metrics, nnkl
from tensorly_hdr.interop import from_tensorly, label, to_tensorly
from tensorly_hdr.penalties import NonNegative


def test_factor_match_score_ignores_order_and_scale_and_agrees_with_tlviz(rng):
    truth = [rng.random((n, 3)) for n in (5, 6, 7)]
    shuffled = [u[:, [2, 0, 1]] * s for u, s in zip(truth, (2.0, 0.1, 3.0), strict=True)]
    assert metrics.factor_match_score(shuffled, truth) == pytest.approx(1.0)
    other = [u + 0.3 * rng.random(u.shape) for u in truth]
    for weights in (False, True):
        ours = metrics.factor_match_score(other, truth, weights=weights)
        theirs = tlviz_score(to_tensorly(other), to_tensorly(truth), consider_weights=weights)
        assert ours == pytest.approx(theirs)


def test_spectral_angle_ignores_scale_and_resolves_small_angles():
    a = np.array([[1.0], [0.0]])
    for angle in (1e-9, 1e-3, 1.0, 3.0):
        b = 5 * np.array([[np.cos(angle)], [np.sin(angle)]])
        assert metrics.spectral_angle(a, b)[0] == pytest.approx(angle, rel=1e-6)


def test_errors_of_images(rng):
    x, e = rng.random((8, 8)), rng.standard_normal((8, 8))
    assert metrics.nmse(x, x) == metrics.rmse(x, x) == 0
    assert metrics.psnr(x, x) == np.inf
    assert metrics.nmse(x + e, x) == pytest.approx(np.sum(e**2) / np.sum(x**2))
    assert metrics.psnr(x + 10 * e, x) == pytest.approx(metrics.psnr(x + e, x) - 20)


def test_support_score():
    assert metrics.support_score([0, 1, 2], [0, 5, 5]) == 1.0
    assert metrics.support_score([1, 0, 0], [0, 5, 5]) == 0.0
    assert metrics.support_score([0, 0], [0, 0]) == 1.0


@pytest.mark.parametrize("l1", [0.0, 0.7])
def test_kl_gap_bounds_vanishes_and_ignores_scale(l1, rng):
    A = rng.random((15, 4)) + 0.05
    y = rng.poisson(6, 15).astype(float)

    def objective(x):
        model = A @ x
        return float(np.sum(model - y) + np.sum(y[y > 0] * np.log(y[y > 0] / model[y > 0])) + l1 * x.sum())

    best = nnkl(A, y, penalty=NonNegative(l1=l1), max_iter=100_000, tol=1e-17).x
    assert metrics.kl_gap(A, y, best, l1) < 1e-5
    for _ in range(50):
        x = rng.random(4)
        gap = metrics.kl_gap(A, y, x, l1)
        assert metrics.kl_gap(A, y, 7 * x, l1) == pytest.approx(gap)
        scaled = x * y.sum() / ((A.sum(axis=0) + l1) @ x)
        assert 0 < objective(scaled) - objective(best) <= gap
    assert metrics.kl_gap(A, y, np.zeros(4), l1) == np.inf
    with pytest.raises(ValueError, match="all zero where Y is positive"):
        metrics.kl_gap(0 * A, y + 1, best)


def test_missing_components_count_against_the_score(rng):
    truth = [rng.random((n, 3)) for n in (5, 6)]
    assert metrics.factor_match_score([u[:, :1] for u in truth], truth) == pytest.approx(1 / 3)


def test_weights_of_a_cp_tensor_count(rng):
    from tensorly.cp_tensor import CPTensor

    from tensorly_hdr.linalg import reconstruct

    factors = [rng.random((n, 2)) for n in (3, 4)]
    weighted = CPTensor((np.array([1.0, 5.0]), factors))
    np.testing.assert_allclose(reconstruct(to_tensorly(weighted).factors), weighted.to_tensor())
    assert metrics.factor_match_score(weighted, factors, weights=True) < 0.99


def test_kkt_residual_is_positive_away_from_the_optimum(rng):
    A, y = rng.random((9, 3)), rng.random(9)
    assert metrics.kkt_residual(A, y, np.zeros(3)) == pytest.approx(1.0)


def test_tensorly_round_trip(rng):
    factors = [rng.random((n, 2)) for n in (3, 4)]
    for u, v in zip(from_tensorly(to_tensorly(factors)), factors, strict=True):
        np.testing.assert_array_equal(u, v)
    with pytest.raises(ValueError, match="sizes must agree"):
        label(factors, np.ones((2, 2, 2)))


def test_tlviz_reads_our_results(rng):
    import tlviz
    import xarray as xr

    from tensorly_hdr import ncp

    factors = [rng.random((n, 2)) for n in (5, 6, 7)]
    data = xr.DataArray(np.einsum("ir,jr,kr->ijk", *factors), dims=("sample", "emission", "excitation"))
    data = data.assign_coords({d: np.arange(n) for d, n in data.sizes.items()})
    result = ncp(data, 2, seed=0, max_iter=1000, tol=1e-12)
    assert tlviz.model_evaluation.fit(result.x, data) > 0.999
    labelled = tlviz.postprocessing.postprocess(result.x, dataset=data)
    assert list(labelled[1][1].index) == list(range(6))


def test_core_consistency_of_a_core_at_hand():
    """On factors that are the identity the core is the tensor: one entry of 1/2 off the diagonal, two components."""
    T = np.zeros((2, 2, 2))
    T[0, 0, 0] = T[1, 1, 1] = 1.0
    T[0, 1, 0] = 0.5
    assert metrics.core_consistency(T, [np.eye(2)] * 3) == pytest.approx(100 * (1 - 0.25 / 2))
