"""Nonnegative Tucker: descent, optimality, planted factors, NMF and the algebra of TensorLy."""

from itertools import pairwise, permutations

import numpy as np
import pytest
import tensorly as tl
import xarray as xr

from tensorly_hdr import Beta, metrics, nmf, nonnegative_tucker
from tensorly_hdr.factorization.tucker import contract, expand
from tensorly_hdr.losses import LOSSES

SHAPE, RANKS = (7, 8, 9), (2, 3, 2)
EVERY = pytest.mark.parametrize("loss", ["frobenius", "kl", "is", Beta(1.5), Beta(0.5), Beta(3.0)], ids=str)


def planted(rng, shape=SHAPE, ranks=RANKS):
    """A random core and factors."""
    factors = [rng.random((n, r)) for n, r in zip(shape, ranks, strict=True)]
    core = rng.random(ranks)
    return expand(core, factors), core, factors


def identifiable(rng, shape, r):
    """Each unfolding is a product of two separable matrices: unique up to order and scale."""
    factors = [rng.random((n, r)) for n in shape]
    for U in factors:
        U[:r] = np.eye(r)  # pure rows in the factor ...
    core = np.zeros((r, r, r))
    for i, j, k in permutations(range(r), 3):
        core[i, j, k] = rng.random()
    core[range(r), range(r), range(r)] = 1.0  # ... and pure columns in each unfolding of the core
    return expand(core, factors), factors


@EVERY
@pytest.mark.parametrize("init", ["svd", "random"])
def test_the_loss_never_rises(loss, init, rng):
    T = rng.random(SHAPE) + 0.01
    result = nonnegative_tucker(T, RANKS, loss=loss, init=init, seed=0, max_iter=60, tol=0)
    losses = result.trace.loss
    assert all(b <= a + 1e-12 * losses[0] for a, b in pairwise(losses))
    assert losses[-1] < losses[0]


@EVERY
def test_the_loss_is_that_of_the_tensor_returned(loss, rng):
    T = rng.random(SHAPE) + 0.01
    result = nonnegative_tucker(T, RANKS, loss=loss, max_iter=5)
    model = tl.tucker_to_tensor(result.x)
    np.testing.assert_allclose(result.loss, LOSSES.get(loss, loss).value(T, model), rtol=1e-10)
    assert result.core.shape == RANKS
    for U in (result.core, *result.factors):
        assert (U >= 0).all()
    for U in result.factors:
        np.testing.assert_allclose(U.sum(axis=0), 1.0)


def pulled_back(Z, core, factors):
    """``Z`` seen from the core and from each factor: the adjoints of what each of them multiplies."""
    out = [contract(Z, factors)]
    for m in range(Z.ndim):
        others = expand(core, [np.eye(core.shape[k]) if k == m else factors[k] for k in range(Z.ndim)])
        letters = "abc".replace("abc"[m], "z")
        out.append(np.einsum(f"abc,{letters}->{'abc'[m]}z", Z, others))
    return out


@pytest.mark.parametrize("loss", ["frobenius", "kl"])
def test_optimality_at_the_end(loss, rng):
    T = identifiable(rng, SHAPE, 2)[0] + 0.1 * rng.random(SHAPE)
    result = nonnegative_tucker(T, 2, loss=loss, max_iter=2000, tol=1e-14)
    core, factors = result.core, result.factors
    parts = [pulled_back(Z, core, factors) for Z in LOSSES[loss].split(T, expand(core, factors))]
    for u, plus, minus in zip((core, *factors), *parts, strict=True):
        assert np.abs((plus - minus) * u).max() < 1e-5 * (plus * u).sum()  # complementary
        assert (minus / plus).max() < 1 + 1e-4  # and no way down


@pytest.mark.parametrize("loss", ["frobenius", "kl"])
def test_planted_factors_are_found(loss, rng):
    T, factors = identifiable(rng, (9, 10, 11), 3)
    result = nonnegative_tucker(T, 3, loss=loss, max_iter=1000, tol=1e-11)
    assert result.loss < 1e-6 * result.trace.loss[0]
    for U, V in zip(result.factors, factors, strict=True):
        assert metrics.factor_match_score([U], [V]) > 0.99


def test_kl_keeps_the_mass(rng):
    T = rng.random(SHAPE)
    result = nonnegative_tucker(T, RANKS, loss="kl", max_iter=10)
    np.testing.assert_allclose(expand(result.core, result.factors).sum(), T.sum(), rtol=1e-10)


def test_of_a_matrix_it_is_nmf_with_a_square_core(rng):
    Y = rng.random((8, 3)) @ rng.random((3, 9)) + 0.01 * rng.random((8, 9))
    mine = nonnegative_tucker(Y, 3, max_iter=500, tol=1e-10)
    best = min(nmf(Y, 3, seed=s, max_iter=500, tol=1e-10).loss for s in range(3))
    assert mine.loss <= 1.05 * best


def test_a_start_is_taken_and_a_perfect_one_kept(rng):
    T, core, factors = planted(rng)
    for init in ((core, factors), nonnegative_tucker(T, RANKS, init=(core, factors), max_iter=0)):
        assert nonnegative_tucker(T, RANKS, init=init, max_iter=0).loss < 1e-20
        assert nonnegative_tucker(T, RANKS, init=init, max_iter=5).loss < 1e-20


@pytest.mark.parametrize("init", ["svd", "random"])
def test_a_start_has_the_best_scale(init, rng):
    T = rng.random(SHAPE)
    result = nonnegative_tucker(T, RANKS, init=init, seed=0, max_iter=0)
    model = expand(result.core, result.factors)
    assert np.vdot(T, model) == pytest.approx(np.vdot(model, model), rel=1e-10)


def test_zeros_of_a_start_are_left_by_multiplicative_updates_too(rng):
    T, core, factors = planted(rng)
    spoiled = [U.copy() for U in factors]
    spoiled[0][0] = spoiled[1][:, 0] = 0.0
    for loss in ("frobenius", "kl"):
        result = nonnegative_tucker(T, RANKS, loss=loss, init=(core, spoiled), max_iter=300, tol=0)
        assert result.factors[0][0].max() > 0 < result.factors[1][:, 0].max()
        assert result.loss < 1e-2 * result.trace.loss[0]


def test_labels_and_float32_travel(rng):
    T = xr.DataArray(rng.random((4, 5, 6)).astype(np.float32), dims=("frequency", "time", "bar"))
    result = nonnegative_tucker(T, 2, max_iter=3)
    assert [u.dims for u in result.to_xarray()] == [(d, f"{d}_component") for d in T.dims]
    assert result.core.dtype == np.float32


def test_zeros_are_factorized_by_zeros():
    assert nonnegative_tucker(np.zeros((3, 4, 5)), 2, max_iter=5).loss == 0.0
    assert nonnegative_tucker(np.zeros((3, 4, 5)), 2, loss="kl", max_iter=5).loss < 1e-6


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ranks": 9}, "ranks"),
        ({"ranks": (2, 2)}, "one for each of the 3 modes"),
        ({"loss": "cosine"}, "loss must be one of"),
        ({"init": "snpa"}, "init must be one of"),
        ({"init": 3}, "init must be a name"),
        ({"init": (np.ones((2, 2, 2)), [np.ones((7, 2))])}, r"factors in init\[1\] = 1"),
        ({"init": (np.ones((2, 2)), [])}, "must have shape"),
        ({"n_inner": 0}, "n_inner"),
        ({"itmax": 3}, "no option 'itmax'"),
    ],
)
def test_bad_options_are_refused(options, words):
    with pytest.raises((TypeError, ValueError), match=words):
        nonnegative_tucker(np.ones(SHAPE), **{"ranks": 2, **options})


def test_a_large_core_is_improved_by_another_rule_and_still_descends(rng):
    T = rng.random((12, 13, 14))
    result = nonnegative_tucker(T, (10, 11, 10), max_iter=8, tol=0)  # 1100 entries
    assert all(b <= a * (1 + 1e-12) for a, b in pairwise(result.trace.loss))


def test_both_rules_for_the_core_solve_the_same_problem(rng, monkeypatch):
    from tensorly_hdr.factorization import tucker_nonneg

    T, factors = identifiable(rng, SHAPE, 2)
    given = ([U.T @ U for U in factors], contract(T + 0.1, factors), 0.0)
    ends = []
    for small in (0, 1000):
        monkeypatch.setattr(tucker_nonneg, "SMALL", small)
        new = np.ones((2, 2, 2))
        for _ in range(300):
            new = tucker_nonneg._better_core(new, *given)
        ends.append(tucker_nonneg.CoreQuadratic(*given).value(new))
    np.testing.assert_allclose(*ends, rtol=1e-9)
