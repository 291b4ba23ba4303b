"""Float32 beside float64: the loss that is traced is that of the answer, and a certificate is never below the truth."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from tensorly_hdr import ncp, nmf, nnkl, nnls
from tensorly_hdr.losses import Beta, KullbackLeibler
from tensorly_hdr.penalties import NonNegative
from tensorly_hdr.regression import KL_SOLVERS, LS_SOLVERS

KINDS = ["dense", "sparse", "fits well", "many"]


def problem(kind, rng):
    n = 300 if kind == "many" else 10
    A, X = rng.random((60, 5)), rng.random((5, n))
    noise = {"fits well": 1e-4, "sparse": 0.3}.get(kind, 0.05)
    Y = np.maximum(A @ X + noise * rng.standard_normal((60, n)), 1e-3)
    if kind == "sparse":
        Y = Y * (rng.random(Y.shape) < 0.2)
    return A.astype(np.float32), Y.astype(np.float32)


def true_loss(A, Y, X, loss=None):
    A, Y, X = (np.asarray(a, dtype=np.float64) for a in (A, Y, X))
    return loss.value(Y, A @ X) if loss else 0.5 * float(((A @ X - Y) ** 2).sum())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("solver", LS_SOLVERS)
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_least_squares_loss_is_that_of_the_answer(solver, kind, precision, rng):
    A, Y = problem(kind, rng)
    result = nnls(A.astype(precision), csr_array(Y) if kind == "sparse" else Y, solver=solver, max_iter=10)
    assert result.loss == pytest.approx(true_loss(A, Y, result.x), rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("solver", KL_SOLVERS)
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_kullback_leibler_loss_is_that_of_the_answer(solver, kind, precision, rng):
    A, Y = problem(kind, rng)
    result = nnkl(A.astype(precision), csr_array(Y) if kind == "sparse" else Y, solver=solver, max_iter=5)
    assert result.loss == pytest.approx(true_loss(A, Y, result.x, KullbackLeibler()), rel=1e-5)


@pytest.mark.parametrize("solver", KL_SOLVERS)
@pytest.mark.parametrize("penalty", [NonNegative(), NonNegative(l1=0.1), NonNegative(l2=0.1)], ids=repr)
def test_the_gap_is_never_below_the_excess(solver, penalty, rng):
    for n in range(6):
        A = rng.random((20, 4)).astype(np.float32)
        Y = rng.poisson(10.0 ** rng.uniform(0, 4) * (A @ rng.random((4, 3)))).astype(np.float32)
        best = nnkl(A.astype(float), Y.astype(float), penalty=penalty, max_iter=5000, tol=0, tol_gap=1e-10)
        result = nnkl(A, Y, solver=solver, penalty=penalty, max_iter=[3, 30, 100][n % 3], tol=0)
        value = true_loss(A, Y, result.x, KullbackLeibler()) + penalty.value(result.x.astype(float))
        least = best.loss - best.trace.extra["gap"][-1]
        assert value - best.loss <= result.trace.extra["gap"][-1] * (1 + 1e-9) + 1e-12 * best.loss
        assert value >= least - 1e-12 * best.loss


@pytest.mark.parametrize("loss", ["frobenius", "kl", Beta(1.5)], ids=repr)
@pytest.mark.parametrize("masked", [False, True])
def test_factorizations_trace_the_loss_of_their_factors(loss, masked, rng):
    T = (np.einsum("ir,jr,kr->ijk", *(rng.random((n, 2)) for n in (9, 8, 7))) + 0.01 * rng.random((9, 8, 7))).astype(
        "f4"
    )
    mask = rng.random(T.shape) < 0.8 if masked else None
    result = ncp(T, 2, loss=loss, mask=mask, seed=0, max_iter=20)
    model = np.einsum("ir,jr,kr->ijk", *(u.astype(float) for u in result.factors))
    seen = slice(None) if mask is None else mask
    kind = Beta(2.0) if loss == "frobenius" else KullbackLeibler() if loss == "kl" else loss
    assert result.loss == pytest.approx(kind.value(T.astype(float)[seen], model[seen]), rel=1e-5)


def test_sparse_factorization_traces_the_loss_of_its_factors(rng):
    Y = (rng.poisson(0.3, (40, 30))).astype(np.float32)
    for loss, kind in (("frobenius", Beta(2.0)), ("kl", KullbackLeibler())):
        result = nmf(csr_array(Y), 3, loss=loss, seed=0, max_iter=20)
        W, H = (u.astype(float) for u in result.factors)
        assert result.loss == pytest.approx(kind.value(Y.astype(float), W @ H.T), rel=1e-5)


def test_a_long_sum_of_squares_keeps_its_digits():
    """The reported case: atoms in double precision, many data in single precision."""
    rng = np.random.default_rng(0)
    B = rng.random((200, 20))
    Y = (B @ rng.random((20, 5000)) + 0.01 * rng.standard_normal((200, 5000))).astype(np.float32)
    result = nnls(B, Y)
    assert result.loss == pytest.approx(true_loss(B, Y, result.x), rel=1e-6)
