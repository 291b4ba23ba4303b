"""Units and dynamics: no observation, and no unit of the data or of the atoms, changes the solution of another."""

import numpy as np
import pytest
import xarray as xr
from scipy.sparse import csr_array
from scipy.special import kl_div

from tensorly_hdr import nnkl, nnls, nnomp, sparse_nnls
from tensorly_hdr.blocks import Entrywise
from tensorly_hdr.losses import KullbackLeibler
from tensorly_hdr.penalties import NonNegative
from tensorly_hdr.regression import KL_SOLVERS
from tensorly_hdr.regression.certificate import kl_gap_bound

QUIET = [(np.float64, 1e-18), (np.float32, 1e-9)]


@pytest.mark.parametrize(("dtype", "faint"), QUIET)
@pytest.mark.parametrize("solver", KL_SOLVERS)
def test_a_faint_observation_is_solved_beside_a_strong_one(solver, dtype, faint, rng):
    """A silent frame of a spectrogram: its coefficients lie far under the largest of all."""
    A = rng.random((20, 4)).astype(dtype)
    y = rng.poisson(1000 * A @ np.array([0.0, 1.0, 0.5, 0.2], dtype)).astype(dtype)
    both = nnkl(A, np.column_stack([y, dtype(faint) * y]), solver=solver, max_iter=300, tol=0).x
    np.testing.assert_allclose(both[:, 1] / dtype(faint), both[:, 0], atol=1e-2 * both[:, 0].max())


@pytest.mark.parametrize(("of_A", "l2"), [(1.0, 0.0), (1.0, 0.3), (1e-100, 0.0), (1e100, 0.0)])
@pytest.mark.parametrize("solver", KL_SOLVERS)
def test_kullback_leibler_in_any_unit(solver, of_A, l2, rng):
    A, y = rng.random((20, 4)), rng.poisson(5.0, 20).astype(float)
    one, other = (
        nnkl(a * A, b * y, penalty=NonNegative(l2=l2 / b), solver=solver, max_iter=40, tol=0)
        for a, b in ((1.0, 1.0), (of_A, 1e-100))
    )
    np.testing.assert_allclose(other.x / (1e-100 / of_A), one.x, rtol=1e-6, atol=1e-12 * one.x.max())
    np.testing.assert_allclose(other.trace.extra["gap"] / 1e-100, one.trace.extra["gap"], atol=1e-9 * one.loss)


@pytest.mark.parametrize("solver", ["ccd", "newton"])
def test_sparse_data_in_a_tiny_unit(solver, rng):
    A, Y = rng.random((20, 4)), rng.poisson(0.7, (20, 6)).astype(float)
    one, tiny = (nnkl(A, csr_array(unit * Y), solver=solver, max_iter=40, tol=0).x for unit in (1.0, 1e-120))
    np.testing.assert_allclose(tiny / 1e-120, one, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize(("dtype", "unit"), [(np.float64, 1e-150), (np.float64, 1e150), (np.float32, 1e-17)])
def test_multiplicative_updates_stay_in_range(dtype, unit, rng):
    """Data and atoms both tiny or huge: products of four of them are no numbers any more."""
    A = rng.random((12, 4)).astype(dtype)
    A[:, 2] = 0.0
    Y = rng.random((12, 3)).astype(dtype) - dtype(0.2)
    one, other = (nnls(dtype(s) * A, dtype(s) * Y, solver="mu", max_iter=50, tol=0).x for s in (1, unit))
    np.testing.assert_allclose(other, one, rtol=1e-9 if dtype == np.float64 else 1e-3, atol=1e-7)


def test_the_certificate_is_finite_for_huge_coefficients(rng):
    A, y = rng.random((12, 3)), rng.random(12) + 1.0
    gap = nnkl(1e-100 * A, 1e100 * y, solver="ccd", max_iter=50).trace.extra["gap"]
    assert np.isfinite(gap).all()
    assert gap[-1] < 1e-3 * 1e100


def test_the_certificate_holds_in_single_precision(rng):
    """With a million counts, rounding alone is worth more than many a tolerance: the bound must not forget it."""
    A = rng.random((200, 6)).astype(np.float32)
    Y = rng.poisson(1e4 * A @ rng.random((6, 50))).astype(np.float32)
    best = nnkl(A.astype(float), Y.astype(float), max_iter=300, tol=0).x
    near = best.astype(np.float32)
    true = [kl_div(Y.astype(float), A.astype(float) @ x.astype(float)).sum(axis=0) for x in (near, best)]
    for y, x, gap in zip(Y.T, near.T, true[0] - true[1], strict=True):
        assert kl_gap_bound(x[None], Entrywise(y[None], A, KullbackLeibler()), NonNegative()) >= gap


@pytest.mark.parametrize("method", [nnls, nnkl, nnomp, sparse_nnls])
def test_a_dataset_of_xarray_is_refused_with_the_remedy(method, rng):
    A = xr.DataArray(rng.random((6, 3)), dims=("a", "b"))
    Y = xr.DataArray(rng.random((6, 5)), dims=("a", "c"))
    k = () if method in (nnls, nnkl) else (2,)
    for one, two in (
        (A, Y.to_dataset(name="counts")),
        (A.to_dataset(name="atoms"), Y),
        (A.values, Y.to_dataset(name="c")),
    ):
        with pytest.raises(TypeError, match="is a dataset; pass one of its variables"):
            method(one, two, *k)


def test_a_refused_penalty_does_not_recommend_what_was_asked_for(rng):
    from tensorly_hdr.penalties import Box

    A, Y = rng.random((6, 3)), rng.random((6, 5))
    with pytest.raises(ValueError, match="solver 'auto' does not handle Box"):
        nnkl(A, Y, penalty=Box(0.0, 1.0))
    with pytest.raises(ValueError, match="Use solver='auto'"):
        nnls(A, Y, penalty=Box(0.0, 1.0), solver="mu")


def test_the_bar_of_an_unlimited_search_has_no_end(rng, capsys):
    sparse_nnls(rng.random((6, 3)), rng.random((6, 5)), 2, progress=True)
    assert str(2**62) not in capsys.readouterr().err
