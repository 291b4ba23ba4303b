"""Compiled kernels equal their NumPy twins, and the package works without numba."""

import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest

from tensorly_hdr.kernels import reference

pytest.importorskip("numba", reason="there are no compiled kernels without numba")
compiled = import_module("tensorly_hdr.kernels.compiled")

BOUNDS = [(0.0, 0.0, 0.0, np.inf), (0.3, 0.2, 0.0, np.inf), (0.2, 0.0, -np.inf, np.inf), (0.0, 0.1, 0.1, 0.6)]


def normal_equations(rng, dtype=np.float64, m=12, r=5, n=9):
    A, Y = rng.standard_normal((m, r)), rng.standard_normal((m, n))
    return (A.T @ A).astype(dtype), np.ascontiguousarray(Y.T @ A).astype(dtype), rng.random((n, r)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("scalars", BOUNDS)
@pytest.mark.parametrize("n", [1, 63, 64, 65, 130])
def test_hals_sweeps(dtype, scalars, n, rng):
    gram, cross, u = normal_equations(rng, dtype, n=n)
    gram[2], gram[:, 2] = 0, 0
    one, two = u.copy(), u.copy()
    compiled.hals_sweeps(one, gram, cross, *scalars, 3)
    reference.hals_sweeps(two, gram, cross, *scalars, 3)
    np.testing.assert_allclose(
        one, two, rtol=1e-4 if dtype == np.float32 else 1e-10, atol=1e-5 if dtype == np.float32 else 1e-12
    )


@pytest.mark.parametrize("delta", [0.01, 0.1, 0.5])
@pytest.mark.parametrize("n", [1, 63, 64, 65, 130, 1000])
def test_hals_sweeps_that_stop_early(delta, n, rng):
    gram, cross, u = normal_equations(rng, n=n)
    one, two, full = u.copy(), u.copy(), u.copy()
    compiled.hals_sweeps(one, gram, cross, *BOUNDS[0], 200, delta)
    reference.hals_sweeps(two, gram, cross, *BOUNDS[0], 200, delta)
    reference.hals_sweeps(full, gram, cross, *BOUNDS[0], 200)
    np.testing.assert_allclose(one, two, rtol=1e-10, atol=1e-12)
    assert np.abs(one - full).max() > 1e-12


@pytest.mark.parametrize("n", [1, 63, 64, 65, 130])
def test_sampled_product(n, rng):
    from scipy.sparse import random_array

    S = random_array((n, 30), density=0.1, rng=rng, format="csr")
    u, K = rng.random((n, 4)), rng.random((30, 4))
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
