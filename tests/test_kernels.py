"""Compiled kernels equal their NumPy twins, and the package works without numba."""

import subprocess
import sys

import numpy as np
import pytest

from tensorly_hdr.kernels import compiled, reference

BOUNDS = [(0.0, 0.0, 0.0, np.inf), (0.3, 0.2, 0.0, np.inf), (0.2, 0.0, -np.inf, np.inf), (0.0, 0.1, 0.1, 0.6)]


def normal_equations(rng, dtype=np.float64, m=12, r=5, n=9):
    A, Y = rng.standard_normal((m, r)), rng.standard_normal((m, n))
    return (A.T @ A).astype(dtype), np.ascontiguousarray(Y.T @ A).astype(dtype), rng.random((n, r)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("scalars", BOUNDS)
@pytest.mark.parametrize("n", [9, 64, 130])
def test_hals_sweeps(dtype, scalars, n, rng):
    gram, cross, u = normal_equations(rng, dtype, n=n)
    gram[2], gram[:, 2] = 0, 0
    one, two = u.copy(), u.copy()
    compiled.hals_sweeps(one, gram, cross, *scalars, 3)
    reference.hals_sweeps(two, gram, cross, *scalars, 3)
    np.testing.assert_allclose(
        one, two, rtol=1e-4 if dtype == np.float32 else 1e-10, atol=1e-5 if dtype == np.float32 else 1e-12
    )


@pytest.mark.parametrize("m", [3, 12])
@pytest.mark.parametrize("start", ["cold", "warm"])
def test_active_set_rows(m, start, rng):
    for _ in range(30):
        gram, cross, u = normal_equations(rng, m=m)
        one, two = (u.copy() if start == "warm" else np.zeros_like(u) for _ in range(2))
        compiled.active_set_rows(one, gram, cross, 1e-14)
        reference.active_set_rows(two, gram, cross, 1e-14)
        for i in range(len(u)):
            value = [0.5 * x @ gram @ x - x @ cross[i] for x in (one[i], two[i])]
            assert value[0] == pytest.approx(value[1], rel=1e-8, abs=1e-10)


@pytest.mark.parametrize("scale", [1.0, 1e-4])
def test_simplex_rows(scale, rng):
    W, Y = 1 + scale * rng.random((9, 4)), 1 + scale * rng.standard_normal((9, 20))
    products = (W.T @ W, np.ascontiguousarray(Y.T @ W), np.sum(Y**2, axis=0))
    one, two = np.full((20, 4), 0.25), np.full((20, 4), 0.25)
    compiled.simplex_rows(one, *products, 1e-14)
    reference.simplex_rows(two, *products, 1e-14)
    np.testing.assert_allclose(one.sum(axis=1), 1, rtol=1e-12)
    for u in (one, two):
        assert u.min() >= 0
    fits = [np.sum((Y - W @ u.T) ** 2, axis=0) for u in (one, two)]
    np.testing.assert_allclose(fits[0], fits[1], rtol=1e-8)
    compiled.simplex_rows(one[:1], np.ones((4, 4)), np.ones((1, 4)), np.ones(1), 1e-14)
    np.testing.assert_array_equal(one[0], 0.25)


def test_sampled_product(rng):
    from scipy.sparse import random_array

    S = random_array((20, 30), density=0.1, rng=rng, format="csr")
    u, K = rng.random((20, 4)), rng.random((30, 4))
    one, two = np.empty(S.nnz), np.empty(S.nnz)
    compiled.sampled_product(one, S.indptr, S.indices, u, K)
    reference.sampled_product(two, S.indptr, S.indices, u, K)
    np.testing.assert_allclose(one, two, rtol=1e-13)
    rows, columns = S.nonzero()
    np.testing.assert_allclose(one, (u @ K.T)[rows, columns], rtol=1e-12)


def test_without_numba_the_twins_take_over():
    code = (
        "import sys; sys.modules['numba'] = None\n"
        "import numpy as np, tensorly_hdr as hdr\n"
        "from tensorly_hdr import kernels\n"
        "assert kernels.hals_sweeps.__module__.endswith('reference')\n"
        "rng = np.random.default_rng(0); Y = rng.random((6, 2)) @ rng.random((2, 7))\n"
        "assert hdr.nmf(Y, 2, seed=0).loss < 1e-3\n"
        "np.testing.assert_allclose(hdr.nnls(np.eye(2), [1.0, -1.0]).x, [1.0, 0.0])\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
