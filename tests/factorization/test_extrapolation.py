"""Extrapolation with restart: the plain algorithm when beta is zero, never a rise, faster where it is slow."""

import numpy as np
import pytest

from tensorly_hdr import Extrapolation, ncp, nmf
from tensorly_hdr.linalg import reconstruct
from tensorly_hdr.losses import Frobenius, KullbackLeibler
from tensorly_hdr.penalties import NonNegative, Simplex
from tensorly_hdr.regression import hals

SHAPE = (9, 10, 8)


def ill_conditioned(seed, shape=(20, 20, 20), rank=4, angle=0.2):
    """Columns of each factor close to one direction, and noise of one hundredth of the spread."""
    rng = np.random.default_rng(seed)
    factors = [(1 - angle) * rng.random((n, 1)) + angle * rng.random((n, rank)) for n in shape]
    T = reconstruct(factors)
    return T + 1e-2 * T.std() * rng.random(shape), [rng.random((n, rank)) for n in shape]


CASES = {
    "hals": {},
    "mask": {"mask": np.random.default_rng(0).random(SHAPE) > 0.3},
    "fixed": {"fixed": (1,)},
    "simplex": {"penalties": (Simplex(), NonNegative(), NonNegative()), "solver": "pgd"},
    "admm": {"solver": "admm"},
    "kl": {"loss": "kl"},
    "kl mu": {"loss": "kl", "solver": "mu"},
    "balanced": {"penalties": NonNegative(l2=0.1), "balance": "every"},
}


@pytest.mark.parametrize("case", CASES)
def test_beta_zero_is_the_plain_algorithm_bit_for_bit(case, rng):
    T, init = rng.random(SHAPE), [rng.random((n, 3)) for n in SHAPE]
    options = {"init": init, "max_iter": 12, "tol": 0, **CASES[case]}
    plain, zero = ncp(T, 3, **options), ncp(T, 3, extrapolate=Extrapolation(beta=0.0), **options)
    np.testing.assert_array_equal(plain.trace.loss, zero.trace.loss)
    for a, b in zip(plain.factors, zero.factors, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("case", CASES)
def test_the_best_iterate_is_kept_feasible_and_the_loss_is_its_objective(case, rng):
    T, init = rng.random(SHAPE), [rng.random((n, 3)) for n in SHAPE]
    options = {"init": init, "max_iter": 60, "tol": 0, **CASES[case]}
    seen = []
    result = ncp(T, 3, extrapolate=True, callback=lambda k, factors, info: seen.append(factors), **options)
    assert (np.diff(result.trace.loss) <= 0).all()
    assert all(u.min() >= 0 for factors in seen for u in factors)
    loss = KullbackLeibler() if "loss" in options else Frobenius()
    mask, gs = options.get("mask", np.ones(SHAPE, bool)), options.get("penalties", NonNegative())
    fit = loss.value(T[mask], reconstruct(result.factors)[mask])
    each = gs if isinstance(gs, tuple) else (gs,) * 3
    assert result.loss == pytest.approx(fit + sum(g.value(u) for g, u in zip(each, result.factors, strict=True)))


def test_the_step_grows_falls_at_a_restart_and_the_next_round_is_plain():
    T, init = ill_conditioned(0)
    extra = ncp(T, 4, init=init, extrapolate=Extrapolation(beta=0.9), max_iter=80, tol=0).trace.extra
    beta, restart = extra["beta"], extra["restart"] == 1
    after = np.flatnonzero(restart[:-2])
    assert after.size
    np.testing.assert_array_equal(beta[after + 1], 0.0)
    np.testing.assert_allclose(beta[after + 2], beta[after] / 1.5)
    grown = np.flatnonzero(~restart[:-1] & (beta[:-1] > 0))
    assert (beta[grown + 1] >= beta[grown]).all()
    assert beta.max() <= 1


def test_a_restart_is_not_taken_for_convergence():
    T, init = ill_conditioned(0)
    result = ncp(T, 4, init=init, extrapolate=True, tol=1e-9, max_iter=2000)
    assert result.status == "converged"
    assert result.trace.extra["restart"].sum() > 0
    assert result.trace.extra["restart"][-1] == 0


def test_extrapolation_beats_the_plain_algorithm_on_ill_conditioned_tensors():
    """After as many sweeps, on at least eight seeds of ten (it may end in another basin on the others)."""
    options = {"n_inner": 5, "max_iter": 100, "tol": 0}
    wins = 0
    for seed in range(10):
        T, init = ill_conditioned(seed)
        wins += ncp(T, 4, init=init, extrapolate=True, **options).loss <= ncp(T, 4, init=init, **options).loss * (
            1 + 1e-12
        )
    assert wins >= 8


def test_extrapolation_reaches_the_same_optimum_when_one_factor_is_free(rng):
    """With the others fixed the problem is convex: both find its solution."""
    Y, W = rng.random((12, 15)), rng.random((12, 4))
    options = {"init": (W, None), "fixed": (0,), "seed": 0, "tol": 1e-15, "max_iter": 3000}
    plain, fast = nmf(Y, 4, **options), nmf(Y, 4, extrapolate=True, **options)
    assert fast.loss == pytest.approx(plain.loss, rel=1e-10)


def test_the_schedule_of_the_step_and_its_ceiling():
    """Replayed from the restarts alone: a restart brings the ceiling down to the last step that was safe."""
    T, init = ill_conditioned(0)
    rule = Extrapolation(beta=0.9)
    extra = ncp(T, 4, init=init, extrapolate=rule, max_iter=80, tol=0).trace.extra
    beta = safe = rule.beta
    ceiling, undone = 1.0, False
    for step, restart in zip(extra["beta"][1:], extra["restart"][1:] == 1, strict=True):
        assert step == (0.0 if undone else beta)
        if restart:
            ceiling, beta = safe, beta / rule.eta
        elif step > 0:
            safe, beta, ceiling = beta, min(ceiling, rule.gamma * beta), min(1.0, rule.gamma_bar * ceiling)
        undone = restart
    assert extra["restart"].sum() >= 2


def test_a_restart_gives_back_what_the_solver_remembered():
    T, init = ill_conditioned(0)
    found = []

    def remembering(u, block, penalty, n_iter=1, memory=None):
        found.append(memory or 0)
        return hals(u, block, penalty, 5)[0], found[-1] + 1

    rule = Extrapolation(beta=0.9)
    extra = ncp(T, 4, init=init, solver=remembering, extrapolate=rule, max_iter=40, tol=0).trace.extra
    undone = extra["restart"][1:] == 1
    assert undone[:-1].any()
    expected = np.concatenate([[0], np.cumsum(~undone)[:-1]])
    np.testing.assert_array_equal(np.reshape(found, (-1, 3)), np.tile(expected[:, None], 3))
