"""CP decomposition with one factor in a basis: stationarity, descent, exact recovery, and what the signs mean."""

import numpy as np
import pytest
import xarray as xr

from tensorly_hdr import bspline_dictionary, ncp, smooth_cp
from tensorly_hdr.linalg import gram_hadamard, mttkrp, reconstruct

U = bspline_dictionary(np.linspace(0, 1, 30), 8)


def planted(rng, noise=0.0, rank=2, mode=0):
    factors = [rng.random((n, rank)) for n in (6, 7, 5)]
    factors[mode] = U @ rng.random((8, rank)) ** 3
    T = reconstruct(factors)
    return T + noise * T.std() * rng.standard_normal(T.shape), factors


def slope(T, factors, mode, basis):
    return basis.T @ (factors[mode] @ gram_hadamard(factors, mode) - mttkrp(T, factors, mode))


@pytest.mark.parametrize("mode", [0, 1, 2, -1])
@pytest.mark.parametrize("nonneg", [True, False])
def test_noiseless_data_in_the_span_are_recovered(rng, mode, nonneg):
    T, _ = planted(rng, mode=mode % 3)
    result = smooth_cp(T, 2, U, mode=mode, nonneg=nonneg, seed=0, tol=1e-16, max_iter=2000)
    assert result.loss < 1e-8 * np.sum(T**2)
    np.testing.assert_allclose(result.factors[mode], U @ result.codes[mode % 3], rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("nonneg", [True, False, (1, 2), (0,)])
def test_the_loss_is_that_of_the_tensor_and_never_rises(rng, nonneg):
    T, _ = planted(rng, noise=0.3)
    result = smooth_cp(T, 2, U, nonneg=nonneg, seed=1, max_iter=50, tol=0.0)
    assert result.loss == pytest.approx(0.5 * np.sum((T - reconstruct(result.factors)) ** 2), rel=1e-10)
    assert (np.diff(result.trace.loss) <= 1e-10 * result.trace.loss[0]).all()
    signed = () if nonneg is True else (0, 1, 2) if nonneg is False else set(range(3)) - set(nonneg)
    for m in set(range(3)) - set(signed):
        assert (result.codes[0] if m == 0 else result.factors[m]).min() >= 0


def test_nonnegative_codes_satisfy_the_optimality_conditions(rng):
    T, _ = planted(rng, noise=0.3)
    result = smooth_cp(T, 2, U, seed=0, max_iter=3000, tol=1e-15)
    for m, basis in enumerate((U, np.eye(7), np.eye(5))):
        u, g = result.codes[0] if m == 0 else result.factors[m], slope(T, result.factors, m, basis)
        size = np.abs(basis.T @ mttkrp(T, result.factors, m)).max()
        assert g.min() > -1e-4 * size
        assert np.abs(g * u).max() < 1e-4 * size * u.max()


def test_free_codes_are_stationary(rng):
    T, _ = planted(rng, noise=0.3)
    result = smooth_cp(T, 2, U, nonneg=(1, 2), seed=0, max_iter=2000, tol=1e-15)
    g = slope(T, result.factors, 0, U)
    assert np.abs(g).max() < 1e-4 * np.abs(U.T @ mttkrp(T, result.factors, 0)).max()


def test_the_identity_as_a_basis_is_nonnegative_cp(rng):
    T = planted(rng, noise=0.2)[0].clip(0)
    start = [rng.random((n, 2)) for n in T.shape]
    ours = smooth_cp(T, 2, np.eye(30), init=start, max_iter=2000, tol=1e-14)
    theirs = ncp(T, 2, init=start, max_iter=2000, tol=1e-14)
    assert ours.loss == pytest.approx(theirs.loss, rel=1e-6)


def test_only_the_span_counts_without_signs(rng):
    T, _ = planted(rng, noise=0.3)
    start = [rng.random((n, 2)) for n in T.shape]
    mixed = U @ rng.standard_normal((8, 12))  # dependent columns, same span
    losses = [smooth_cp(T, 2, basis, nonneg=(1, 2), init=start, max_iter=40, tol=0).loss for basis in (U, mixed)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-8)


def test_projected_data_may_have_a_negative_factor_and_nonnegative_codes_never(rng):
    bump = np.exp(-0.5 * ((np.arange(30) - 15) / 1.0) ** 2)  # too narrow for the splines, which ring around it
    T = np.einsum("i,j,k->ijk", bump, *(rng.random(n) + 0.5 for n in (7, 5)))
    assert smooth_cp(T, 1, U, nonneg=(1, 2), seed=0).factors[0].min() < -1e-3
    assert smooth_cp(T, 1, U, seed=0).factors[0].min() >= 0


def test_matrices_labels_and_starts(rng):
    Y = U @ rng.random((8, 3)) @ rng.random((3, 9))
    labelled = xr.DataArray(Y, dims=("wavelength", "sample"), coords={"wavelength": np.linspace(0, 1, 30)})
    result = smooth_cp(labelled, 3, bspline_dictionary(labelled.wavelength, 8), n_init=3, seed=0, max_iter=30)
    assert len(result.starts) == 3
    assert result.loss == result.starts.min()
    assert result.to_xarray()[0].dims == ("wavelength", "component")


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda T: smooth_cp(T, 2, U[:-1]), "basis must have one row for each entry of mode 0, that is 30, got 29"),
        (lambda T: smooth_cp(T, 2, U, mode=3), "mode must be a mode from 0 to 2"),
        (lambda T: smooth_cp(T, 2, U, mode=0.0), "mode must be a mode"),
        (lambda T: smooth_cp(T, 2, U, nonneg="yes"), "nonneg must be True, False or a sequence"),
        (lambda T: smooth_cp(T, 2, U, nonneg=(5,)), r"nonneg\[0\] must be a mode"),
        (lambda T: smooth_cp(T, 2, 0 * U), "basis has 8 atom.* all zero"),
        (lambda T: smooth_cp(T, 0, U), "rank must be a positive integer"),
        (lambda T: smooth_cp(T[0], 2, U), "that is 7, got 30"),
    ],
)
def test_bad_options_are_named(rng, call, word):
    with pytest.raises(ValueError, match=word):
        call(planted(rng)[0])
