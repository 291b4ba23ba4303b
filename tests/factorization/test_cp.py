"""nmf and ncp: descent, symmetry, agreement with peers, sparse and masked data, labels."""

import numpy as np
import pytest
import xarray as xr
from scipy.sparse import random_array
from sklearn.decomposition import NMF

from tensorly_hdr import ncp, nmf, nnls
from tensorly_hdr.linalg import reconstruct
from tensorly_hdr.losses import Beta, KullbackLeibler
from tensorly_hdr.metrics import factor_match_score, kkt_residual
from tensorly_hdr.penalties import Box, HardSparse, NonNegative, Simplex, SquaredL2, Zero
from tensorly_hdr.regression import KL_SOLVERS, LS_SOLVERS

LOSSES = ["frobenius", "kl", "is", Beta(0.5), Beta(1.5), Beta(3.0)]


def planted(shape, rank, rng):
    factors = [rng.random((n, rank)) for n in shape]
    return reconstruct(factors), factors


@pytest.mark.parametrize("shape", [(12, 15), (6, 7, 8), (4, 5, 3, 4)])
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_the_loss_never_rises(shape, loss, rng):
    T = rng.random(shape) + 0.1
    result = ncp(T, 3, loss=loss, seed=0, max_iter=40, tol=0)
    assert [u.shape for u in result.factors] == [(n, 3) for n in shape]
    assert (np.diff(result.trace.loss) <= 1e-10 * result.trace.loss[0]).all()
    assert result.trace.loss[-1] < result.trace.loss[0]


@pytest.mark.parametrize("solver", LS_SOLVERS)
@pytest.mark.parametrize("g", [NonNegative(), NonNegative(l1=0.05), NonNegative(l2=0.1)], ids=repr)
def test_every_solver_serves_and_the_traced_loss_is_the_objective(solver, g, rng):
    T = rng.random((6, 7, 8))
    result = ncp(T, 3, penalties=g, solver=solver, seed=1, max_iter=30, tol=0)
    direct = 0.5 * np.sum((T - reconstruct(result.factors)) ** 2) + sum(g.value(u) for u in result.factors)
    assert result.loss == pytest.approx(direct, rel=1e-9)
    if LS_SOLVERS[solver].monotone:
        assert (np.diff(result.trace.loss) <= 1e-10 * result.trace.loss[0]).all()


@pytest.mark.parametrize("solver", KL_SOLVERS)
def test_kl_traced_loss_is_the_objective(solver, rng):
    T = rng.poisson(3, (6, 7, 8)).astype(float)
    g = NonNegative(l1=0.1, l2=0.2)
    result = ncp(T, 3, loss="kl", penalties=g, solver=solver, seed=1, max_iter=30, tol=0)
    direct = KullbackLeibler().value(T, reconstruct(result.factors)) + sum(g.value(u) for u in result.factors)
    assert result.loss == pytest.approx(direct, rel=1e-9)
    assert (np.diff(result.trace.loss) <= 1e-10 * result.trace.loss[0]).all()


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_planted_tensors_are_recovered(rank, rng):
    T, truth = planted((10, 11, 12), rank, rng)
    result = ncp(T, rank, seed=0, max_iter=5000, tol=1e-14)
    assert result.loss < 1e-9 * 0.5 * np.sum(T**2)
    assert factor_match_score(result.factors, truth) > 0.99


def test_the_same_seed_gives_the_same_run_and_another_another(rng):
    Y = rng.random((8, 9))
    one, two, three = (nmf(Y, 3, seed=s, max_iter=10, tol=0).trace.loss for s in (5, 5, 6))
    np.testing.assert_array_equal(one, two)
    assert one[0] != three[0]


@pytest.mark.parametrize("loss", ["frobenius", "kl"])
def test_permuting_the_modes_permutes_the_factors(loss, rng):
    """The order of the updates changes with the modes, so compare one update of one factor."""
    T, init = rng.random((5, 6, 7)), [rng.random((n, 2)) for n in (5, 6, 7)]
    one = ncp(T, 2, loss=loss, init=init, fixed=(1, 2), max_iter=1).factors[0]
    turned = ncp(T.transpose(2, 0, 1), 2, loss=loss, init=[init[2], init[0], init[1]], fixed=(0, 2), max_iter=1)
    np.testing.assert_allclose(turned.factors[1], one, rtol=1e-10)


def test_nmf_is_the_two_mode_ncp(rng):
    Y = rng.random((8, 9))
    one, two = nmf(Y, 3, seed=2, max_iter=20), ncp(Y, 3, seed=2, max_iter=20)
    np.testing.assert_array_equal(one.trace.loss, two.trace.loss)


def test_fixing_a_factor_is_regression(rng):
    Y, W = rng.random((10, 12)), rng.random((10, 3))
    result = nmf(Y, 3, init=(W, None), fixed=(0,), solver="active_set", seed=0)
    np.testing.assert_array_equal(result.factors[0], W)
    np.testing.assert_allclose(result.factors[1].T, nnls(W, Y).x, atol=1e-9)


@pytest.mark.parametrize("alpha", [0.0, 0.01])
def test_frobenius_reaches_the_objective_of_scikit_learn(alpha, rng):
    """Same start, same penalty (scikit-learn multiplies it by the sizes): ours ends at a stationary point as good."""
    Y, W0, H0 = rng.random((30, 20)), rng.random((30, 4)), rng.random((20, 4))
    peer = NMF(4, init="custom", tol=1e-10, max_iter=3000, alpha_W=alpha, alpha_H=alpha, l1_ratio=0.0)
    W = peer.fit_transform(Y, W=W0.copy(), H=H0.T.copy())
    gs = (NonNegative(l2=alpha * 20), NonNegative(l2=alpha * 30))
    ours = nmf(Y, 4, penalties=gs, init=(W0, H0), max_iter=3000, tol=1e-12)
    theirs = 0.5 * np.sum((Y - W @ peer.components_) ** 2) + gs[0].value(W) + gs[1].value(peer.components_)
    assert ours.loss <= theirs * (1 + 2e-3)
    W, H = ours.factors
    assert kkt_residual(W, Y, H.T, gs[1]) < 1e-4


def test_kl_reaches_the_objective_of_scikit_learn(rng):
    Y, W0, H0 = rng.poisson(4, (30, 20)).astype(float), rng.random((30, 4)), rng.random((20, 4))
    peer = NMF(4, init="custom", solver="mu", beta_loss="kullback-leibler", tol=0, max_iter=2000)
    W = peer.fit_transform(Y, W=W0.copy(), H=H0.T.copy())
    ours = nmf(Y, 4, loss="kl", init=(W0, H0), max_iter=2000, tol=1e-13)
    assert ours.loss <= KullbackLeibler().value(Y, W @ peer.components_) * (1 + 2e-3)


@pytest.mark.parametrize("loss", ["frobenius", "kl"])
def test_sparse_is_dense(loss, rng):
    S = random_array((40, 30), density=0.1, rng=rng)
    sparse, dense = (nmf(Y, 4, loss=loss, seed=0, max_iter=20, tol=0) for Y in (S, S.toarray()))
    np.testing.assert_allclose(sparse.trace.loss, dense.trace.loss, rtol=1e-9)
    for a, b in zip(sparse.factors, dense.factors, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("loss", ["frobenius", "kl", Beta(1.5)], ids=repr)
def test_masks(loss, rng):
    T, _ = planted((9, 10, 8), 2, rng)
    mask = rng.random(T.shape) > 0.2
    full, seen = (ncp(T, 2, loss=loss, seed=0, max_iter=20, tol=0, mask=m) for m in (None, np.ones(T.shape, bool)))
    np.testing.assert_array_equal(full.trace.loss, seen.trace.loss)
    one, two = (ncp(np.where(mask, T, v), 2, loss=loss, seed=0, mask=mask, max_iter=300, tol=0) for v in (np.nan, 7.0))
    np.testing.assert_array_equal(one.trace.loss, two.trace.loss)
    assert (np.diff(one.trace.loss) <= 1e-10 * one.trace.loss[0]).all()
    hidden = reconstruct(one.factors)[~mask] - T[~mask]
    assert np.sqrt(np.mean(hidden**2)) < 0.05 * T.std()


# one factor is free on purpose here: that scale escapes the penalty, which nmf warns of, is tested in test_scales.py
@pytest.mark.filterwarnings("ignore:the penalties of mode:UserWarning")
@pytest.mark.parametrize("g", [Simplex(), Box(0.0, 0.5), HardSparse(3), SquaredL2(0.1), Zero()], ids=repr)
def test_other_penalties_on_one_factor(g, rng):
    Y = rng.random((12, 10))
    result = nmf(Y, 2, penalties=(g, NonNegative()), seed=0, max_iter=50, tol=0)
    assert np.isfinite(g.value(result.factors[0]))
    assert (np.diff(result.trace.loss) <= 1e-10 * result.trace.loss[0]).all()


def test_unconstrained_factors_take_signed_data_and_reach_the_svd(rng):
    Y = rng.standard_normal((12, 10))
    result = nmf(Y, 3, penalties=Zero(), seed=0, max_iter=5000, tol=1e-13)
    assert result.loss == pytest.approx(0.5 * np.sum(np.linalg.svd(Y, compute_uv=False)[3:] ** 2), rel=1e-6)


@pytest.mark.parametrize("loss", ["frobenius", "kl"])
def test_float32(loss, rng):
    Y = rng.random((12, 10)).astype(np.float32)
    result = nmf(Y, 2, loss=loss, seed=0)
    assert {u.dtype for u in result.factors} == {np.dtype(np.float32)}
    assert result.loss == pytest.approx(nmf(Y.astype(float), 2, loss=loss, seed=0).loss, rel=1e-2)


def test_labels_travel_from_data_to_factors(rng):
    cube = xr.DataArray(
        rng.random((3, 4, 5)), dims=("row", "column", "wavelength"), coords={"wavelength": [400.0, 500, 600, 700, 800]}
    )
    a, _, c = ncp(cube, 2, seed=0, max_iter=3).to_xarray()
    assert a.dims == ("row", "component")
    np.testing.assert_array_equal(c["wavelength"], cube["wavelength"])
    pixels = cube.stack(pixel=("row", "column")).transpose("wavelength", "pixel")
    _, H = nmf(pixels, 2, seed=0, max_iter=3).to_xarray()
    assert H.unstack("pixel").sizes == {"component": 2, "row": 3, "column": 4}
    plain = nmf(cube.values[0], 2, seed=0, max_iter=3).to_xarray()
    assert [u.dims[0] for u in plain] == ["mode_0", "mode_1"]


def test_starts_from_a_result_and_from_a_weighted_cp_tensor(rng):
    from tensorly.cp_tensor import CPTensor

    Y = rng.random((8, 9))
    first = nmf(Y, 3, seed=0, max_iter=10, tol=0)
    again = nmf(Y, 3, init=first, max_iter=1, tol=0)
    assert again.trace.loss[0] == pytest.approx(first.loss, rel=1e-9)
    W, H = first.factors
    cp = CPTensor((np.full(3, 4.0), [W / 4, H]))
    assert nmf(Y, 3, init=cp, max_iter=0).loss == pytest.approx(first.loss, rel=1e-9)


def test_rank_above_the_dimensions_fits_exactly(rng):
    Y = rng.random((3, 8))
    assert nmf(Y, 6, seed=0, max_iter=5000, tol=1e-15).loss < 1e-6


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_cancellation_does_not_spoil_the_loss(dtype, rng):
    """Near an exact fit the products lose the digits of the loss; it is then computed entry by entry."""
    Y = (rng.random((30, 3)) @ rng.random((3, 40)) + 1e-6 * rng.random((30, 40))).astype(dtype)
    result = nmf(Y, 3, seed=0, max_iter=3000, tol=0)
    W, H = (u.astype(float) for u in result.factors)
    direct = 0.5 * np.sum((Y.astype(float) - W @ H.T) ** 2)
    assert direct < 1e-7 * np.sum(Y**2)
    assert result.loss == pytest.approx(direct, rel=1e-6 if dtype == np.float64 else 0.05)


def test_degenerate_shapes(rng):
    for shape in [(1, 1), (1, 5), (5, 1), (1, 1, 5), (5, 1, 1), (1, 1, 1), (2, 1, 3, 1)]:
        T = rng.random(shape)
        for loss in ("frobenius", "kl"):
            assert ncp(T, 1, loss=loss, seed=0, max_iter=50).factors[-1].shape == (shape[-1], 1)


def test_kl_starts_with_zeros_are_lifted(rng):
    Y = rng.random((6, 5))
    for init in ((np.zeros((6, 2)), None), (np.eye(6, 2), np.eye(5, 2))):
        result = nmf(Y, 2, loss="kl", init=init, seed=0, max_iter=300)
        assert result.status != "diverged"
        assert result.loss < KullbackLeibler().value(Y, np.full_like(Y, Y.mean()))


def test_l1_prunes_components_and_leaves_no_waste(rng):
    """When a factor loses a column, the same column of the other costs its penalty and must go to zero too."""
    Y = rng.random((8, 9))
    W, H = nmf(Y, 6, penalties=NonNegative(l1=0.6), seed=0, max_iter=2000, tol=1e-12).factors
    dead = (W.sum(axis=0) == 0) | (H.sum(axis=0) == 0)
    assert dead.any()
    assert W[:, dead].sum() + H[:, dead].sum() == 0


def test_a_loss_of_ones_own_is_used_even_when_it_calls_itself_two(rng):
    class Doubled:
        beta = 2.0

        def value(self, Y, M):
            return float(np.sum((Y - M) ** 2))

        def split(self, Y, M):
            return 2 * M, 2 * Y

    Y = rng.random((6, 5))
    result = nmf(Y, 2, loss=Doubled(), solver="mu", seed=0, max_iter=20)
    W, H = result.factors
    assert result.loss == pytest.approx(np.sum((Y - W @ H.T) ** 2))


@pytest.mark.parametrize("options", [{}, {"loss": "kl", "solver": "mu"}], ids=["frobenius", "kl"])
def test_transposing_the_data_swaps_the_factors(options, rng):
    """Started half a round later, the transposed problem goes through the same factors."""
    Y, init = rng.random((8, 9)), (rng.random((8, 3)), rng.random((9, 3)))
    options = {**options, "tol": 0}
    W1, _ = nmf(Y, 3, init=init, max_iter=1, **options).factors
    H, _ = nmf(Y.T, 3, init=(init[1], W1), max_iter=6, **options).factors
    np.testing.assert_allclose(H, nmf(Y, 3, init=init, max_iter=6, **options).factors[1], rtol=1e-7, atol=1e-12)


def test_turning_the_modes_turns_the_factors(rng):
    """The same for a tensor: after a cyclic permutation, and a start one update later, the updates are the same."""
    T, init = rng.random((5, 6, 7)), [rng.random((n, 2)) for n in (5, 6, 7)]
    first = ncp(T, 2, init=init, fixed=(1, 2), max_iter=1).factors[0]
    turned = ncp(T.transpose(1, 2, 0), 2, init=(init[1], init[2], first), max_iter=8, tol=0).factors
    straight = ncp(T, 2, init=init, max_iter=8, tol=0).factors
    np.testing.assert_allclose(turned[0], straight[1], rtol=1e-8)
    np.testing.assert_allclose(turned[1], straight[2], rtol=1e-8)


@pytest.mark.parametrize("extrapolate", [False, True])
def test_a_planted_sparse_factorization_is_recovered(extrapolate, rng):
    """Factors that satisfy the separability of one and the sparsity of the other are essentially unique."""
    W, H = rng.random((20, 3)), np.vstack([np.eye(3), rng.dirichlet(0.3 * np.ones(3), size=30)])
    W[:3] = np.eye(3)
    result = nmf(W @ H.T, 3, init="snpa", extrapolate=extrapolate, tol=1e-14, max_iter=2000)
    assert factor_match_score(result.factors, (W, H)) > 1 - 1e-6


@pytest.mark.parametrize("solver", KL_SOLVERS)
def test_kl_descends_when_components_are_of_very_different_scales(solver, rng):
    """A component nearly gone from one factor and huge in the other: its entries must not set the floor of the rest."""
    Y = planted((12, 15), 3, rng)[0] + 0.01 * rng.random((12, 15))
    W, H = rng.random((12, 5)), rng.random((15, 5))
    W[:, 1] *= 1e-15
    H[:, 1] *= 1e14
    even = nmf(Y, 5, loss="kl", solver=solver, init=(W * [1, 1e14, 1, 1, 1], H / [1, 1e14, 1, 1, 1]), max_iter=20)
    result = nmf(Y, 5, loss="kl", solver=solver, init=(W, H), max_iter=20)
    # the start lifts entries to a fraction of the others
    assert (np.diff(result.trace.loss[1:]) <= 1e-10 * result.trace.loss[0]).all()
    if solver != "msom":  # its metric, sums of rows of the Hessian, sees the scales
        assert result.loss <= 1.5 * even.loss


@pytest.mark.parametrize("init", ["auto", "svd"])
def test_kl_descends_when_the_rank_is_larger_than_the_sizes(init):
    """Components die here, and what is left of them must not raise the loss."""
    rng = np.random.default_rng(0)
    Y = planted((12, 15), 3, rng)[0] + 0.01 * rng.random((12, 15))
    result = nmf(Y, 20, loss="kl", seed=0, init=init, solver="ccd", max_iter=40, tol=0)
    assert (np.diff(result.trace.loss) <= 1e-12 * result.trace.loss[0]).all()
    assert result.loss < 1e-3
