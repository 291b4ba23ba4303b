"""Data floored at a tiny number, as in much code for audio: ratios and powers must stay in the range of the numbers."""

import sys

import numpy as np
import pytest

from tensorly_hdr import convolutive_nmf, nmf, nnkl, nonnegative_tucker
from tensorly_hdr.losses import LOSSES, Beta, Frobenius, KullbackLeibler
from tensorly_hdr.regression import KL_SOLVERS
from tensorly_hdr.regression.base import floor_of

TINY = float(np.finfo(np.float32).tiny)
FLOORS = [(np.float32, TINY), (np.float32, 1e-45), (np.float64, TINY), (np.float64, 5e-324)]
FINITE_AT_ZERO = [KullbackLeibler(), Frobenius(), Beta(0.5), Beta(1.5), Beta(3.0)]


def sparse_counts(rng, n=12, m=10, dtype=np.float64):
    Y = rng.poisson(1e4 * rng.random((n, 2)) @ rng.random((2, m)))
    return (Y * (rng.random((n, m)) > 0.4)).astype(dtype)


@pytest.mark.parametrize(("dtype", "floor"), FLOORS)
@pytest.mark.parametrize("loss", FINITE_AT_ZERO, ids=repr)
def test_factorizations_of_floored_data_are_those_of_the_data(loss, dtype, floor, rng):
    Y = sparse_counts(rng, dtype=dtype)
    floored = np.maximum(Y, dtype(floor))
    start = {"loss": loss, "seed": 0, "max_iter": 30, "tol": 0}
    for method, rank in ((nmf, (2,)), (convolutive_nmf, (2, 2)), (nonnegative_tucker, (2,))):
        one, other = (method(data, *rank, **start) for data in (Y, floored))
        assert other.status == "max_iter"
        assert other.loss == pytest.approx(one.loss, rel=1e-3 if dtype == np.float32 else 1e-6)


@pytest.mark.parametrize(("dtype", "floor"), FLOORS)
@pytest.mark.parametrize("solver", KL_SOLVERS)
def test_kullback_leibler_regression_on_floored_data(solver, dtype, floor, rng):
    A, Y = rng.random((12, 2)).astype(dtype), sparse_counts(rng, dtype=dtype)
    one, other = (nnkl(A, data, solver=solver, max_iter=40, tol=0) for data in (Y, np.maximum(Y, dtype(floor))))
    assert other.status == "max_iter"
    assert np.isfinite(other.trace.extra["gap"]).all()
    # the damped steps of Newton are short beside a faint datum, by their very theory
    assert other.loss == pytest.approx(one.loss, rel=1e-3) or (solver == "newton" and other.loss >= one.loss)


def test_itakura_saito_in_single_precision_follows_double_precision(monkeypatch):
    """Entries keep above 1e-8 of their row, and not 1e-16: with that floor, double precision gives the same loss."""
    rng = np.random.default_rng(0)
    Y = (1e8 * (rng.random((20, 2)) @ rng.random((2, 15))) * (rng.random((20, 15)) > 0.3)).astype(np.float32)
    floored = np.maximum(Y, np.float32(TINY))
    single = nmf(floored, 2, loss="is", seed=0)
    assert (np.diff(single.trace.loss) <= 1e-6 * single.trace.loss[:-1]).all()
    assert nmf(floored.astype(float), 2, loss="is", seed=0).loss == pytest.approx(7354.59, rel=1e-6)

    def floor_of_single(u, weight):
        return np.asarray(floor_of(u.astype(np.float32), weight.astype(np.float32)), dtype=float)

    monkeypatch.setattr(sys.modules["tensorly_hdr.regression.mu"], "floor_of", floor_of_single)
    double = nmf(floored.astype(float), 2, loss="is", seed=0)
    np.testing.assert_allclose(single.trace.loss, double.trace.loss, rtol=1e-6)


def test_the_values_of_the_report():
    assert nnkl(np.ones((2, 1)), [5e-324, 4.0]).loss == pytest.approx(4 * np.log(2), rel=1e-9)
    Y = np.array([[3e3, 0.0], [1e3, 2e3], [4e3, 4e3]])
    zero, floored = (nmf(data, 1, loss="kl", seed=0).loss for data in (Y, np.maximum(Y, 5e-324)))
    assert floored == pytest.approx(zero, rel=1e-12)
    assert nmf(np.zeros((4, 3)), 2, loss="kl", seed=0, tol=0).loss == pytest.approx(0.0, abs=1e-300)


@pytest.mark.parametrize("solver", KL_SOLVERS)
def test_atoms_over_two_hundred_decades(solver):
    rng = np.random.default_rng(1)
    A = rng.random((30, 5)) * np.geomspace(1e-100, 1e100, 30)[:, None]
    assert nnkl(A, np.eye(30)[:, 0], solver=solver, max_iter=2000).loss == pytest.approx(459.347, rel=1e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_at_the_ends_of_the_range(dtype):
    """Closed forms, computed with logarithms."""
    y, m = np.array([dtype(1e-45) if dtype == np.float32 else 5e-324, 1e8], dtype), np.array([2.0, 1e-37], dtype)
    logs = np.log(y.astype(float)) - np.log(m.astype(float))
    kl = float(np.sum(y.astype(float) * logs - y + m))
    assert LOSSES["kl"].value(y, m) == pytest.approx(kl, rel=1e-6)
    itakura = float(np.sum(y.astype(float) / m - logs - 1.0))
    assert LOSSES["is"].value(y, m) == pytest.approx(itakura, rel=1e-6)
    big = np.array([1e16, 3e16], dtype)
    assert np.isfinite(Beta(3.0).value(big, 2 * big))


@pytest.mark.parametrize("b", [0.3, 0.5, 1.5, 1.9])
def test_a_zero_datum_costs_what_the_limit_costs(b):
    y, m = np.array([0.0, 0.0, 1.0]), np.array([0.0, 2.0, 1.0])
    assert Beta(b).value(y, m) == pytest.approx(2.0**b / b)
    assert Beta(b).split(y, m)[1][:2].tolist() == [0.0, 0.0]
    assert np.isfinite(Beta(b).split(y, m)[0]).all()
