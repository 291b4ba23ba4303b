"""Compiled Kullback-Leibler kernels equal their NumPy twins."""

import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest
from scipy.sparse import csr_array

from tensorly_hdr.kernels import kl_reference

pytest.importorskip("numba", reason="there are no compiled kernels without numba")
kl_compiled = import_module("tensorly_hdr.kernels.kl_compiled")

WEIGHTS = [(0.0, 0.0), (0.3, 0.0), (0.0, 0.2), (0.3, 0.2)]


def problem(rng, level, n):
    """Counts, many of them zero when the level is low; the last row is without data, one atom without entries."""
    K = rng.random((40, 5))
    K[:, 3] = 0.0
    Y = rng.poisson(level * rng.random((n, 5)) @ K.T).astype(float)
    Y[-1] = 0.0 if n > 1 else Y[-1]
    return Y, K, 10.0 ** rng.uniform(-2, 2, (n, 5))


@pytest.mark.parametrize("damped", [False, True])
@pytest.mark.parametrize("level", [0.2, 50.0])
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("n", [1, 63, 64, 65, 130])
def test_dense(damped, level, weights, masked, n, rng):
    Y, K, u = problem(rng, level, n)
    seen = rng.random(Y.shape) < 0.8 if masked else np.ones(Y.shape, dtype=bool)
    mass = seen.astype(float) @ K if masked else K.sum(axis=0, keepdims=True)
    one, two = u.copy(), u.copy()
    for source, x in ((kl_compiled, one), (kl_reference, two)):
        source.kl_descent(x, Y * seen, np.ascontiguousarray(K.T), mass, *weights, 1e-16, damped, 4)
    np.testing.assert_allclose(one, two, rtol=1e-8, atol=1e-12)
    assert (one != u).any()


@pytest.mark.parametrize("damped", [False, True])
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("n", [1, 63, 64, 65, 130])
def test_sparse(damped, weights, n, rng):
    Y, K, u = problem(rng, 0.3, n)
    S, mass = csr_array(Y), K.sum(axis=0, keepdims=True)
    one, two, dense = u.copy(), u.copy(), u.copy()
    for source, x in ((kl_compiled, one), (kl_reference, two)):
        source.kl_descent_sparse(x, S.indptr, S.indices, S.data, K, mass, *weights, 1e-16, damped, 4)
    kl_compiled.kl_descent(dense, Y, np.ascontiguousarray(K.T), mass, *weights, 1e-16, damped, 4)
    np.testing.assert_allclose(one, two, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(one, dense, rtol=1e-12, atol=1e-15)


def test_without_numba_nnkl_picks_the_updates_and_descent_still_works():
    code = (
        "import sys; sys.modules['numba'] = None\n"
        "import numpy as np, tensorly_hdr as hdr\n"
        "assert not hdr.kernels.is_compiled\n"
        "assert hdr.nnkl(np.eye(2), [1.0, 2.0]).solver == 'mu'\n"
        "np.testing.assert_allclose(hdr.nnkl(np.eye(2), [1.0, 2.0], solver='ccd').x, [1.0, 2.0])\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_model_does_not_drown_in_rounding_when_a_coefficient_falls(rng):
    """Data twenty orders of magnitude below the start: a difference with the old model would be nothing but noise."""
    KT = rng.random((3, 9))
    KT[1] = KT[0] * (1 + 1e-6 * rng.random(9))
    Y = 1e-20 * rng.poisson(2.0, (1, 9))
    mass = KT.sum(axis=1)[None]
    for damped in (False, True):
        u = np.array([[337.0, 2.2, 1e-16]])
        before = np.sum(u * mass) - np.sum(Y * np.log(u @ KT))
        for _ in range(40):
            kl_compiled.kl_descent(u, Y, KT, mass, 0.0, 0.0, 1e-36, damped, 1)
            after = np.sum(u * mass) - np.sum(Y * np.log(u @ KT))
            assert after <= before + 1e-12 * Y.sum() * 50
            before = after
        if not damped:  # whose steps are short
            assert np.sum(u * mass) / Y.sum() == pytest.approx(1.0, rel=1e-6)
