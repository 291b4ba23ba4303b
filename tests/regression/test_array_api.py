"""Matrix-formula solvers run on any array library: array-api-strict always, PyTorch where it is installed."""

import array_api_strict as strict
import numpy as np
import pytest

from tensorly_hdr import nnkl, nnls
from tensorly_hdr.penalties import PENALTIES, NonNegative
from tensorly_hdr.regression import KL_SOLVERS, LS_SOLVERS

ANYWHERE = [s for s, update in LS_SOLVERS.items() if update.any_namespace]
PAIRS = [(s, g) for s in ANYWHERE for g in PENALTIES if LS_SOLVERS[s].accepts(g)]


def data(rng):
    A = rng.random((12, 4))
    return A, A @ rng.random((4, 3)) + 0.1 * rng.standard_normal((12, 3))


@pytest.mark.parametrize(("solver", "g"), PAIRS, ids=lambda v: v if isinstance(v, str) else repr(v))
def test_strict_arrays_give_the_numpy_result(solver, g, rng):
    A, Y = data(rng)
    other = nnls(strict.asarray(A), strict.asarray(Y), solver=solver, penalty=g, max_iter=30, tol=0)
    assert type(other.x).__module__.startswith("array_api_strict")
    expected = nnls(A, Y, solver=solver, penalty=g, max_iter=30, tol=0)
    np.testing.assert_allclose(np.asarray(other.x), expected.x, atol=1e-12)
    np.testing.assert_allclose(other.trace.loss, expected.trace.loss, rtol=1e-10)


@pytest.mark.parametrize("g", [NonNegative(), NonNegative(l1=0.1, l2=0.2)], ids=repr)
def test_strict_arrays_in_nnkl(g, rng):
    A, Y = data(rng)
    Y = np.abs(Y)
    other = nnkl(strict.asarray(A), strict.asarray(Y), penalty=g, max_iter=30)
    np.testing.assert_allclose(np.asarray(other.x), nnkl(A, Y, solver="mu", penalty=g, max_iter=30).x, atol=1e-12)


def test_a_vector_of_strict_integers_is_converted():
    x = nnls(strict.asarray([[1.0, 0.0], [0.0, 2.0]]), strict.asarray([3, 4])).x
    np.testing.assert_allclose(np.asarray(x), [3.0, 2.0], atol=1e-4)


@pytest.mark.parametrize("solver", sorted(set(LS_SOLVERS) - set(ANYWHERE)))
def test_compiled_solvers_say_that_they_need_numpy(solver, rng):
    A, Y = data(rng)
    with pytest.raises(TypeError, match="runs on NumPy arrays only"):
        nnls(strict.asarray(A), strict.asarray(Y), solver=solver)


@pytest.mark.torch
@pytest.mark.parametrize("solver", ANYWHERE)
def test_torch_tensors_give_the_numpy_result_and_gradients(solver, rng):
    torch = pytest.importorskip("torch")
    A, Y = data(rng)
    T = torch.tensor(Y, requires_grad=True)
    result = nnls(torch.tensor(A), T, solver=solver, max_iter=20, tol=0)
    assert isinstance(result.x, torch.Tensor)
    np.testing.assert_allclose(result.x.detach().numpy(), nnls(A, Y, solver=solver, max_iter=20, tol=0).x, atol=1e-10)
    result.x.sum().backward()
    step = 1e-6
    moved = Y.copy()
    moved[0, 0] += step
    slope = (
        nnls(A, moved, solver=solver, max_iter=20, tol=0).x - nnls(A, Y, solver=solver, max_iter=20, tol=0).x
    ).sum() / step
    np.testing.assert_allclose(float(T.grad[0, 0]), slope, rtol=1e-3, atol=1e-5)


@pytest.mark.torch
def test_torch_nnkl(rng):
    torch = pytest.importorskip("torch")
    A, Y = data(rng)
    for solver in [s for s, update in KL_SOLVERS.items() if update.any_namespace]:
        x = nnkl(torch.tensor(A), torch.tensor(np.abs(Y)), solver=solver, max_iter=20).x
        np.testing.assert_allclose(x.numpy(), nnkl(A, np.abs(Y), solver=solver, max_iter=20).x, atol=1e-10)
