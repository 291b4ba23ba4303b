"""No solver says converged while a certificate, an optimality residual or its own start says otherwise."""

import numpy as np
import pytest

from tensorly_hdr import Beta, ncp, nmf, nnkl, nnls, nonnegative_tucker, pro_als, tucker_compress
from tensorly_hdr.blocks import least_squares
from tensorly_hdr.losses import Frobenius, KullbackLeibler
from tensorly_hdr.penalties import PENALTIES, NonNegative, UnitBall, convex, tall
from tensorly_hdr.regression import KL_SOLVERS, LS_SOLVERS, ccd, msom, mu
from tensorly_hdr.regression.admm import admm
from tensorly_hdr.regression.optimality import misses

BADLY_SCALED = np.diag([1.0, 1e6])
PAIRS = [(s, g) for s in LS_SOLVERS for g in PENALTIES if LS_SOLVERS[s].accepts(tall(g)) and convex(g)]


@pytest.mark.parametrize("solver", ["fista", "pgd", "spg", "admm"])
@pytest.mark.parametrize("penalty", [None, UnitBall(nonneg=True)], ids=repr)
def test_a_faint_column_is_not_forgotten(solver, penalty):
    result = nnls(BADLY_SCALED, [0.5, 0.0], solver=solver, penalty=penalty)
    assert result.status != "converged" or result.loss < 1e-6


def miss(A, Y, X, g):
    """Proximal residual beside the data, atoms in units of their own: zero at a solution, whatever the scales."""
    block, u = least_squares(Y.T, A), X.T
    return misses(u, block, tall(g), {}, [1.0])


@pytest.mark.parametrize(("solver", "g"), PAIRS, ids=repr)
def test_converged_means_close_to_the_best_of_all_solvers(solver, g, rng):
    A = rng.random((12, 4)) * 10.0 ** np.array([0.0, -3.0, 3.0, 1.0])
    Y = A @ (rng.random((4, 3)) / np.array([[1.0], [1e-3], [1e3], [10.0]])) + 0.1 * rng.standard_normal((12, 3))
    result = nnls(A, Y, solver=solver, penalty=g, max_iter=200)
    assert result.status == "converged" or (result.status == "max_iter" and result.n_iter == 200)
    if result.status == "converged":
        others = [nnls(A, Y, solver=s, penalty=g, max_iter=300, tol=0).loss for s, h in PAIRS if h == g]
        excess = (result.loss - min(others)) / (0.5 * (Y**2).sum())
        assert excess <= (1e-10 if LS_SOLVERS[solver].exact else 1e-3)
        assert miss(A, Y, result.x, g) <= (1e-8 if LS_SOLVERS[solver].exact else 1e-3)
    else:
        assert not LS_SOLVERS[solver].exact


@pytest.mark.parametrize("g", [g for g in PENALTIES if convex(g) and any(h == g for _, h in PAIRS)], ids=repr)
def test_the_default_solver_converges_where_atoms_are_alike(g, rng):
    A = rng.random((12, 4))
    Y = A @ rng.random((4, 3)) + 0.1 * rng.standard_normal((12, 3))
    result = nnls(A, Y, penalty=g)
    assert result.status == "converged"
    assert miss(A, Y, result.x, g) <= 1e-3


def test_the_default_solver_of_counts_converges(rng):
    A = rng.random((30, 5))
    result = nnkl(A, rng.poisson(A @ (5 * rng.random((5, 6)))))
    assert result.status == "converged"
    assert result.trace.extra["gap"][-1] <= 1e-3 * result.trace.loss[0]


@pytest.mark.parametrize("solver", KL_SOLVERS)
@pytest.mark.parametrize("tiny", [0.0, 1e-16])
def test_converged_means_a_small_gap(solver, tiny):
    rng = np.random.default_rng(1)
    A = rng.random((30, 5))
    Y = rng.poisson(A @ (rng.random((5, 6)) * 5)).astype(float)
    result = nnkl(A, np.where(Y == 0, tiny, Y), solver=solver, max_iter=300)
    small = result.trace.extra["gap"][-1] <= 1e-3 * result.trace.loss[0]
    assert (result.status == "converged" and small) or (result.status == "max_iter" and result.n_iter == 300)


def test_a_start_that_fits_stops_at_once(rng):
    W, H = rng.random((9, 2)), rng.random((8, 2))
    cp = [rng.random((n, 2)) for n in (5, 6, 7)]
    T = np.einsum("ir,jr,kr->ijk", *cp)
    results = [
        tucker_compress(T, 2),
        nmf(W @ H.T, 2, init=[W, H]),
        nmf(W @ H.T, 2, init=[W, H], loss="kl"),
        ncp(T, 2, init=cp),
        pro_als(T, 2, init=cp),
        nonnegative_tucker(T, 2, init=(np.einsum("ir,jr,kr->ijk", *[np.eye(2)] * 3), cp)),
        nnls(W, W @ H.T, init=H.T, solver="pgd"),
    ]
    for result in results:
        assert result.status == "converged"
        assert result.n_iter <= 10


@pytest.mark.parametrize(
    ("beta", "same"), [(2.0, Frobenius()), (2.0, "frobenius"), (1.0, KullbackLeibler()), (1.0, "kl"), (0.0, "is")]
)
@pytest.mark.parametrize("model", [nmf, ncp, nonnegative_tucker])
def test_a_loss_is_the_same_by_each_of_its_names(model, beta, same, rng):
    T = rng.random((6, 5)) if model is nmf else rng.random((6, 5, 4))
    one, two = (model(T, 2, loss=loss, seed=0, max_iter=5) for loss in (Beta(beta), same))
    np.testing.assert_array_equal(one.trace.loss, two.trace.loss)
    assert one.solver == two.solver


def test_a_solver_that_declares_nothing_gets_a_positive_start(rng):
    A = rng.random((9, 3))
    Y = A @ rng.random((3, 4))
    wrapped = nnkl(A, Y, solver=lambda *a, **k: mu(*a, **k), init=np.zeros((3, 4)), max_iter=200)
    assert wrapped.loss == pytest.approx(nnkl(A, Y, solver=mu, init=np.zeros((3, 4)), max_iter=200).loss, abs=1e-12)


def test_a_solver_of_the_other_loss_is_refused_at_the_door(rng):
    A, y = rng.random((5, 2)), rng.random(5)
    with pytest.raises(ValueError, match=r"made for another loss.*'active_set'"):
        nnls(A, y, solver=ccd)
    with pytest.raises(ValueError, match=r"made for another loss.*'msom'"):
        nnkl(A, y, solver=msom)


def test_admm_inverts_once_for_each_gram_matrix(rng, monkeypatch):
    """Solving with the inverse costs a product; computing it again at each call made ADMM 94 times slower."""
    calls, plain = [], np.linalg.inv
    monkeypatch.setattr(np.linalg, "inv", lambda M: calls.append(M.copy()) or plain(M))
    from array_api_compat.numpy import linalg

    monkeypatch.setattr(linalg, "inv", np.linalg.inv)
    A, B, Y = rng.random((9, 3)), rng.random((9, 3)), rng.random((9, 4))
    g, u, memory = tall(NonNegative()), np.ones((4, 3)), None
    one, other = least_squares(Y.T, A), least_squares(Y.T, B)
    for _ in range(3):
        u, memory = admm(u, one, g, memory=memory)
    assert len(calls) == 1
    u, memory = admm(u, other, g, memory=memory)
    assert len(calls) == 2
    assert not np.allclose(calls[0], calls[1])
    for _ in range(1500):
        u, memory = admm(u, other, g, memory=memory)
    assert len(calls) == 2
    np.testing.assert_allclose(u.T, nnls(B, Y).x, atol=1e-8)
