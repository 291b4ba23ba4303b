"""The range of the numbers: scales that do not change a problem do not change its solution, however large they are."""

import numpy as np
import pytest

from tensorly_hdr import nnls, nnomp, one_sparse_dlra, sparse_nnls
from tensorly_hdr.penalties import NonNegative, Simplex
from tensorly_hdr.regression import LS_SOLVERS
from tensorly_hdr.regression.door import _powers_of_two

RANGES = [(np.float64, 500), (np.float64, 900), (np.float32, 50), (np.float32, 110)]


@pytest.mark.parametrize(("dtype", "most"), RANGES)
@pytest.mark.parametrize("solver", LS_SOLVERS)
def test_powers_of_two_on_the_atoms_are_divided_off_their_coefficients(solver, dtype, most, rng):
    A, Y = rng.standard_normal((12, 4)).astype(dtype), rng.standard_normal((12, 3)).astype(dtype)
    one = nnls(A, Y, solver=solver, max_iter=20, tol=0)
    exponents = np.array([0, -most, most // 50, -most // 2])
    other = nnls(np.ldexp(A, exponents), Y, solver=solver, max_iter=20, tol=0)
    np.testing.assert_array_equal(np.ldexp(other.x, exponents[:, None]), one.x)
    np.testing.assert_array_equal(other.trace.loss, one.trace.loss)


@pytest.mark.parametrize("method", [nnomp, sparse_nnls])
def test_powers_of_two_do_not_change_what_is_picked(method, rng):
    A, Y = rng.random((8, 5)), rng.random((8, 3))
    big = np.ldexp(1.0, [3, -600, 20, -700, 0])[:, None]
    np.testing.assert_array_equal(method(A * big.T, Y, 2).x * big, method(A, Y, 2).x)


@pytest.mark.parametrize("solver", LS_SOLVERS)
def test_a_start_is_scaled_with_the_atoms(solver, rng):
    A, Y, start = rng.random((12, 4)), rng.random((12, 3)), rng.random((4, 3))
    big, seen = np.ldexp(1.0, [0, 30, -400, 5]), []
    options = {"solver": solver, "max_iter": 2, "tol": 0}
    one = nnls(A, Y, init=start, **options)
    other = nnls(A * big, Y, init=start / big[:, None], callback=lambda k, x, info: seen.append(x), **options)
    np.testing.assert_array_equal(seen[-1], other.x)
    np.testing.assert_array_equal(other.x * big[:, None], one.x)


@pytest.mark.parametrize("solver", LS_SOLVERS)
def test_an_atom_of_1e_200_carries_its_share(solver):
    A = np.abs(np.random.default_rng(0).random((6, 2))) * [1, 1e-200]
    x = nnls(A, A @ [1.0, 1e200], solver=solver, max_iter=20000, tol=0).x
    np.testing.assert_allclose(x, [1.0, 1e200], rtol=1e-5)


def test_an_atom_out_of_range_is_named_where_its_scale_matters(rng):
    A = rng.random((6, 2)) * [1, 1e-200]
    for penalty in (NonNegative(l1=0.1), Simplex()):
        with pytest.raises(ValueError, match=r"column\(s\) \[1\] so small"):
            nnls(A, rng.random(6), penalty=penalty)
    with pytest.raises(ValueError, match=r"column\(s\) \[1\] so small"):
        one_sparse_dlra(rng.random((6, 3)), A, 1)


@pytest.mark.parametrize("size", [1.0, 2.0, *np.sqrt([2.0, 3.0, 5.0, 10.0])])
def test_rounding_does_not_choose_the_units_of_atoms_of_a_usual_length(size, rng):
    """Else two machines would take different steps on the same atoms of norm one, or of two entries equal to one."""
    A = rng.random((12, 40))
    atoms = size * A / np.linalg.norm(A, axis=0)
    assert np.unique([_powers_of_two(atoms * (1 + k * 2.0**-52)) for k in (-2, 0, 2)]).size == 1
