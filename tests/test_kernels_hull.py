"""The compiled projection on a growing hull equals its NumPy twin and an independent solver."""

import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest
from scipy.optimize import nnls as scipy_nnls

from tensorly_hdr.kernels import hull_reference

pytest.importorskip("numba", reason="there are no compiled kernels without numba")
hull = import_module("tensorly_hdr.kernels.hull")

TOL = 1e-14


def grow(kernel, V, Y):
    """Project the columns of ``Y`` on the hull of the first column of ``V``, of the first two, ...; all solutions."""
    gram, cross, length = (V.T @ V + 1) / 2, (Y.T @ V + 1) / 2, (np.sum(Y**2, axis=0) + 1) / 2
    u, distance = np.zeros((Y.shape[1], V.shape[1])), np.empty(Y.shape[1])
    u[:, 0] = 1.0
    distance[:] = length - 2 * cross[:, 0] + gram[0, 0]
    out = []
    for p in range(2, V.shape[1] + 1):
        kernel(u[:, :p], distance, length, gram[:p, :p].copy(), cross[:, :p], TOL)
        out.append((u[:, :p].copy(), 2 * distance))
    return out


@pytest.mark.parametrize("origin", [True, False])
@pytest.mark.parametrize("n", [1, 63, 64, 65, 130])
def test_compiled_and_twin_project_on_the_hull(origin, n, rng):
    V, Y = rng.random((8, 6)) / 4, rng.random((8, n)) / 4
    if origin:
        V[:, 0] = 0.0
    steps = zip(grow(hull.hull_rows, V, Y), grow(hull_reference.hull_rows, V, Y), strict=True)
    for p, ((u, squares), (twin, of_twin)) in enumerate(steps, start=2):
        np.testing.assert_allclose(u, twin, atol=1e-11)
        np.testing.assert_allclose(squares, of_twin, atol=1e-13)
        np.testing.assert_allclose(u.sum(axis=1), 1, rtol=1e-13)
        np.testing.assert_allclose(squares, np.sum((Y - V[:, :p] @ u.T) ** 2, axis=0), atol=1e-13)
        big = 1e4  # sum to one as a heavy row of a plain problem
        expected = [scipy_nnls(np.vstack([V[:, :p], np.full(p, big)]), np.append(y, big))[0] for y in Y.T]
        np.testing.assert_allclose(u, expected, atol=1e-6)


def test_rows_to_which_the_new_vertex_brings_nothing_are_left_bit_for_bit(rng):
    """A vertex inside the hull of the others changes no projection."""
    V = rng.random((5, 3)) / 4
    V = np.column_stack([V, V @ [0.2, 0.3, 0.5]])
    Y = rng.random((5, 30)) / 4
    for kernel in (hull.hull_rows, hull_reference.hull_rows):
        (_, _), (before, _), (after, _) = grow(kernel, V, Y)
        np.testing.assert_array_equal(after[:, :3], before)
        assert (after[:, 3] == 0).all()


def test_the_twin_solves_many_rows_at_once_and_each_to_its_optimum(rng):
    """More rows than a block, supports that lose several vertices on the way: where both stop, slopes are those of KKT.

    Vertices in use have one slope, the others no larger one.
    """
    V = rng.random((12, 10)) / 4
    V[:, 0] = 0.0
    Y = V @ rng.dirichlet(0.5 * np.ones(10), 5000).T + 0.05 * rng.random((12, 5000))
    gram, cross = (V.T @ V + 1) / 2, (Y.T @ V + 1) / 2
    for kernel in (hull.hull_rows, hull_reference.hull_rows):
        for u, squares in grow(kernel, V, Y):
            p = u.shape[1]
            slope = cross[:, :p] - u @ gram[:p, :p]
            level = np.einsum("ij,ij->i", u, slope)[:, None]
            assert (slope - level).max() < 1e-11
            np.testing.assert_allclose(u.sum(axis=1), 1, rtol=1e-12)
            np.testing.assert_allclose(squares, np.sum((Y - V[:, :p] @ u.T) ** 2, axis=0), atol=1e-12)


def test_without_numba_snpa_picks_the_same_columns():
    from tensorly_hdr.factorization import snpa

    rng = np.random.default_rng(0)
    V = rng.random((9, 5))
    Y = np.hstack([V, V @ rng.dirichlet(np.ones(5), 200).T])[:, rng.permutation(205)]
    Y[:, 7] = 0.0
    code = (
        "import sys; sys.modules['numba'] = None\n"
        "import ast, numpy as np\n"
        "from tensorly_hdr import kernels\n"
        "from tensorly_hdr.factorization import snpa\n"
        "assert not kernels.is_compiled\n"
        "Y = np.array(ast.literal_eval(sys.stdin.read()))\n"
        "print(snpa(Y, 5).indices.tolist())\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, input=str(Y.tolist()), check=True, capture_output=True, text=True)
    assert done.stdout.strip() == str(snpa(Y, 5).indices.tolist())
