"""The contracts pass on what is registered, and name the theorem that a planted fault breaks."""

from dataclasses import dataclass, replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.linalg import LinearOperator, aslinearoperator

import tensorly_hdr as hdr
from tensorly_hdr import testing
from tensorly_hdr.blocks import Entrywise, least_squares
from tensorly_hdr.losses import Beta, Frobenius, KullbackLeibler
from tensorly_hdr.penalties import PENALTIES, HardSparse, NonNegative, convex
from tensorly_hdr.regression import KL_SOLVERS, LS_SOLVERS, hals
from tensorly_hdr.testing import check_block, check_loss, check_operator, check_penalty, check_solver


def test_the_contracts_are_public():
    assert hdr.testing is testing
    assert set(testing.__all__) == {f"check_{what}" for what in ("block", "loss", "operator", "penalty", "solver")}


# ---- solvers

# these reach the optimum to the last digits only after far more calls
SLOW = {"mirror"}


@pytest.mark.parametrize(
    ("name", "g"),
    [(name, g) for name, s in LS_SOLVERS.items() for g in PENALTIES if s.accepts(g) and convex(g)],
    ids=lambda v: v if isinstance(v, str) else repr(v),
)
def test_every_least_squares_solver_obeys_its_contract(name, g):
    check_solver(LS_SOLVERS[name], g, monotone=LS_SOLVERS[name].monotone)


@pytest.mark.parametrize("name", [name for name in KL_SOLVERS if name not in SLOW])
@pytest.mark.parametrize("g", [NonNegative(), NonNegative(l1=0.3, l2=0.2)], ids=repr)
def test_every_kullback_leibler_solver_obeys_its_contract(name, g):
    check_solver(KL_SOLVERS[name], g, KullbackLeibler(), monotone=KL_SOLVERS[name].monotone)


def short_step(u, block, penalty, n_iter=1, memory=None):
    return penalty.prox(u - 1e-6 * block.grad(u), 1e-6), None


def forgets_the_penalty(u, block, penalty, n_iter=1, memory=None):
    return np.maximum(u - block.grad(u) / block.lipschitz, 0.0), None


def leaves_the_domain(u, block, penalty, n_iter=1, memory=None):
    return u - block.grad(u) / block.lipschitz, None


def climbs(u, block, penalty, n_iter=1, memory=None):
    return penalty.prox(u - 2.5 * block.grad(u) / block.lipschitz, 2.5 / block.lipschitz), None


def works_in_place(u, block, penalty, n_iter=1, memory=None):
    u *= 0.5
    return hals(u, block, penalty, n_iter, memory)


def returns_the_factor_alone(u, block, penalty, n_iter=1, memory=None):
    return hals(u, block, penalty, n_iter, memory)[0]


FAULTY_SOLVERS = [
    (short_step, NonNegative(), "optimal"),
    (forgets_the_penalty, NonNegative(l1=1.0), "optimal|gains nothing"),
    (leaves_the_domain, NonNegative(), "domain"),
    (climbs, NonNegative(), "never rises"),
    (works_in_place, NonNegative(), "start is not changed"),
    (returns_the_factor_alone, NonNegative(), "pair"),
]


@pytest.mark.parametrize(("update", "g", "theorem"), FAULTY_SOLVERS, ids=lambda v: getattr(v, "__name__", None))
def test_a_faulty_solver_is_found_out(update, g, theorem):
    with pytest.raises(AssertionError, match=theorem):
        check_solver(update, g)


# ---- penalties


@dataclass(frozen=True)
class Ridge:
    """A penalty with a fault to be planted."""

    weight: float = 2.0
    degree: float | None = 2.0
    prox_weight: float = 2.0
    nonneg: bool = False

    def value(self, u):
        return 0.5 * self.weight * float((u**2).sum())

    def prox(self, u, step):
        return u / (1.0 + step * self.prox_weight)


FAULTY_PENALTIES = [
    (Ridge(prox_weight=1.0), "minimizes"),
    (Ridge(degree=1.0), "degree"),
    (Ridge(nonneg=True), "nonneg"),
]


def test_a_ridge_without_a_fault_passes():
    check_penalty(Ridge())
    check_penalty(replace(Ridge(), degree=None))


@pytest.mark.parametrize(("g", "theorem"), FAULTY_PENALTIES, ids=repr)
def test_a_faulty_penalty_is_found_out(g, theorem):
    with pytest.raises(AssertionError, match=theorem):
        check_penalty(g)


def test_a_penalty_that_claims_to_be_convex_is_found_out():
    g = HardSparse(2)
    claims = SimpleNamespace(value=g.value, prox=g.prox, degree=0.0, nonneg=True)  # convex where nothing is said
    with pytest.raises(AssertionError, match="convex"):
        check_penalty(claims)


def test_a_prox_that_writes_into_its_argument_is_found_out():
    class InPlace(NonNegative):
        def prox(self, u, step):
            np.maximum(u, 0.0, out=u)
            return u

    with pytest.raises(AssertionError, match=r"argument|domain|minimizes"):
        check_penalty(InPlace())


# ---- losses


@dataclass(frozen=True)
class Faulty(Beta):
    """A beta divergence with a fault to be planted."""

    fault: str = ""

    def value(self, Y, M):
        return super().value(Y, M) * (2.0 if self.fault == "value" else 1.0) + (self.fault == "constant")

    def split(self, Y, M):
        plus, minus = super().split(Y, M)
        return (plus - 9.0, minus - 9.0) if self.fault == "parts" else (plus, minus)

    def curvature(self, Y, M):
        return super().curvature(Y, M) + (self.fault == "curvature")


@pytest.mark.parametrize(
    ("fault", "theorem"),
    [("value", "derivative"), ("constant", "zero at the data"), ("parts", "nonnegative"), ("curvature", "second")],
)
def test_a_faulty_loss_is_found_out(fault, theorem):
    check_loss(Faulty(1.5))
    with pytest.raises(AssertionError, match=theorem):
        check_loss(Faulty(1.5, fault))


# ---- blocks


def blocks(rng):
    Y, K = rng.poisson(2.0, (6, 9)).astype(float), rng.random((9, 3)) + 0.1
    mask = rng.random(Y.shape) > 0.3
    yield least_squares(Y, K)
    yield least_squares(csr_array(Y), K)
    for loss in (Frobenius(), KullbackLeibler(), Beta(1.5)):
        yield Entrywise(Y + 0.1, K, loss)
        yield Entrywise(Y + 0.1, K, loss, mask)
    yield Entrywise(csr_array(Y), K, KullbackLeibler())


def test_every_block_obeys_its_contract(rng):
    for block in blocks(rng):
        check_block(block, (6, 3))


def test_a_faulty_block_is_found_out(rng):
    block = next(blocks(rng))
    with pytest.raises(AssertionError, match="derivative"):
        check_block(SimpleNamespace(value=block.value, grad=lambda u: 2 * block.grad(u)), (6, 3))
    with pytest.raises(AssertionError, match="gram"):
        check_block(SimpleNamespace(value=block.value, grad=block.grad, gram=block.gram, cross=0.0), (6, 3))


# ---- operators


class Dense:
    """A matrix under the names of the package."""

    def __init__(self, M, back=None):
        self.M, self.back, self.shape = M, M.T if back is None else back, M.shape

    def forward(self, x):
        return self.M @ x

    def adjoint(self, y):
        return self.back @ y

    def to_dense(self):
        return self.M

    def pinv(self, y):
        return np.linalg.pinv(self.M) @ y


def test_a_matrix_is_an_operator_under_both_pairs_of_names(rng):
    M = rng.standard_normal((7, 4))
    check_operator(aslinearoperator(M))
    check_operator(Dense(M))
    check_operator(Dense(np.zeros((3, 2))))


def test_a_faulty_operator_is_found_out(rng):
    M = rng.standard_normal((5, 5))
    with pytest.raises(AssertionError, match=r"A\* y"):
        check_operator(Dense(M, back=M))
    affine = LinearOperator((5, 5), matvec=lambda x: M @ x + 1.0, rmatvec=lambda y: M.T @ y, dtype=float)
    with pytest.raises(AssertionError, match="Does not hold"):
        check_operator(affine)
    other = Dense(M)
    other.to_dense = lambda: 2 * M
    with pytest.raises(AssertionError, match="to_dense"):
        check_operator(other)
    other = Dense(M)
    other.pinv = partial(np.matmul, M)
    with pytest.raises(AssertionError, match="A A"):
        check_operator(other)
