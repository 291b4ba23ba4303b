"""CP decomposition with coded factors: descent, sparsity, planted atoms, the same problem in other words."""

from itertools import combinations

import numpy as np
import pytest
import xarray as xr

from tensorly_hdr import CodedResult, bspline_dictionary, dictionary_cp, ncp
from tensorly_hdr.dictionary.cp import VISITS
from tensorly_hdr.linalg import khatri_rao, reconstruct

MONOTONE = 1e-10


def planted(rng, *, noise=0.0, shape=(12, 7, 6), atoms=20, rank=2, k=2, nonneg=True, mode=0):
    """Tensor of a coded factor, its dictionary and codes."""
    D = rng.standard_normal((shape[mode], atoms))
    D /= np.linalg.norm(D, axis=0)
    X = np.zeros((atoms, rank))
    for q in range(rank):
        X[rng.choice(atoms, k, replace=False), q] = rng.uniform(1, 2, k) * (1 if nonneg else rng.choice([-1, 1], k))
    factors = [rng.random((n, rank)) if nonneg else rng.standard_normal((n, rank)) for n in shape]
    factors[mode] = D @ X
    T = reconstruct(factors)
    return T + noise * np.linalg.norm(T) / T.size**0.5 * rng.standard_normal(T.shape), D, X


def supports(X):
    return sorted(tuple(np.flatnonzero(x).tolist()) for x in X.T)


@pytest.mark.parametrize("solver", VISITS)
@pytest.mark.parametrize("nonneg", [True, False])
def test_the_loss_never_rises_and_codes_are_sparse(rng, solver, nonneg):
    T, D, _ = planted(rng, noise=0.3, nonneg=nonneg)
    result = dictionary_cp(T, 2, D, 2, solver=solver, nonneg=nonneg, seed=0, max_iter=8, tol=0)
    X = result.codes[0]
    assert isinstance(result, CodedResult)
    assert (np.diff(result.trace.loss) <= MONOTONE * result.trace.loss[0]).all()
    assert (np.count_nonzero(X, axis=0) <= 2).all()
    assert [s.tolist() for s in result.indices[0]] == [np.flatnonzero(x).tolist() for x in X.T]
    np.testing.assert_allclose(result.factors[0], D @ X, atol=1e-13)
    assert result.loss == pytest.approx(0.5 * np.sum((T - reconstruct(result.factors)) ** 2), rel=1e-9)
    if nonneg:
        assert min(X.min(), *(u.min() for u in result.factors[1:])) >= 0


@pytest.mark.parametrize(("solver", "mode"), [("homp", 0), ("homp", 1), ("homp", -1), ("auto", 1)])
def test_planted_atoms_are_found_in_most_draws(solver, mode):
    found = 0
    for draw in range(10):
        shape = [7, 6, 5]
        shape[mode] = 14
        T, D, X = planted(np.random.default_rng(draw), shape=tuple(shape), mode=mode)
        result = dictionary_cp(T, 2, D, 2, mode=mode, solver=solver, n_init=3, seed=0, max_iter=20)
        found += supports(result.codes[mode % 3]) == supports(X)
    assert found >= 8


def test_with_the_true_factors_as_a_start_nothing_moves(rng):
    T, D, X = planted(rng)
    others = planted_factors(T, D, X)
    result = dictionary_cp(T, 2, D, 2, init=[D @ X, *others], max_iter=5)
    assert result.loss < 1e-12 * np.sum(T**2)
    assert supports(result.codes[0]) == supports(X)


def planted_factors(T, D, X):
    """The other factors, from the unfolding: each row of the pseudo-inverse is a rank one matrix."""
    rows = np.linalg.pinv(D @ X) @ T.reshape(len(T), -1)
    out = []
    for row in rows:
        U, s, Vt = np.linalg.svd(row.reshape(T.shape[1:]))
        out.append((np.abs(U[:, 0]) * s[0], np.abs(Vt[0])))
    return [np.column_stack(u) for u in zip(*out, strict=True)]


def test_a_matrix_with_free_codes_reaches_the_best_supports_by_enumeration():
    rng = np.random.default_rng(3)
    D = rng.standard_normal((6, 8))
    D /= np.linalg.norm(D, axis=0)
    Y = D @ np.outer([2, 1, 0, 0, 0, 0, 0, 0], rng.standard_normal(9)) + 0.3 * rng.standard_normal((6, 9))
    # rank one, k = 2, no signs: the best support maximizes the largest singular value of the projected data
    best = min(
        0.5 * (np.sum(Y**2) - np.linalg.norm(np.linalg.qr(D[:, S])[0].T @ Y, 2) ** 2)
        for S in map(list, combinations(range(8), 2))
    )
    result = dictionary_cp(Y, 1, D, 2, nonneg=False, n_init=10, seed=0, tol=1e-14, max_iter=500)
    assert result.loss == pytest.approx(best, rel=1e-6)
    assert (result.starts >= best * (1 - 1e-9)).all()


def test_all_atoms_of_an_orthogonal_dictionary_are_no_constraint(rng):
    T, _, _ = planted(rng, noise=0.2)
    D = np.linalg.qr(rng.standard_normal((12, 12)))[0]
    start = [rng.random((n, 2)) for n in T.shape]
    coded = dictionary_cp(T, 2, D, 12, solver="homp", nonneg=(1, 2), init=start, max_iter=800, tol=1e-13)
    free = ncp_without_signs_in_the_first_mode(T, start)
    assert coded.loss == pytest.approx(free, rel=1e-5)


def ncp_without_signs_in_the_first_mode(T, start):
    from tensorly_hdr.penalties import NonNegative, Zero

    return ncp(T, 2, penalties=(Zero(), NonNegative(), NonNegative()), init=start, max_iter=3000, tol=1e-13).loss


def test_the_norm_of_the_atoms_does_not_matter(rng):
    T, D, _ = planted(rng, noise=0.1)
    scales = rng.uniform(0.1, 10, 20)
    a, b = (dictionary_cp(T, 2, M, 2, seed=0, max_iter=10, tol=0) for M in (D, D * scales))
    np.testing.assert_allclose(a.factors[0], b.factors[0], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(a.codes[0], b.codes[0] * scales[:, None], rtol=1e-6, atol=1e-9)


def test_several_modes_in_both_notations(rng):
    T, D, _ = planted(rng)
    U = bspline_dictionary(np.arange(7.0), 5)
    a = dictionary_cp(T, 2, {0: D, 1: U}, {0: 2, 1: [1, 3]}, solver="homp", seed=0, max_iter=8, tol=0)
    b = dictionary_cp(T, 2, [D, U], [2, [1, 3]], mode=(0, -2), solver="homp", seed=0, max_iter=8, tol=0)
    assert set(a.codes) == set(b.codes) == {0, 1}
    for m, M in enumerate((D, U)):
        np.testing.assert_array_equal(a.codes[m], b.codes[m])
        np.testing.assert_allclose(a.factors[m], M @ a.codes[m], atol=1e-13)
    counts = np.count_nonzero(a.codes[1], axis=0)
    assert (counts <= [1, 3]).all()
    assert (np.diff(a.trace.loss) <= MONOTONE * a.trace.loss[0]).all()


def test_a_matrix_coded_on_both_sides_is_descended(rng):
    D, U = planted(rng)[1], bspline_dictionary(np.arange(9.0), 6)
    Y = D[:, :2] @ rng.random((2, 2)) @ U[:, :2].T
    result = dictionary_cp(Y, 2, [D, U], [2, 2], mode=(0, 1), nonneg=False, seed=0, n_init=5)
    assert result.loss < 1e-6 * np.sum(Y**2)
    assert result.axes is None


def test_labels_are_carried_and_compared(rng):
    T = xr.DataArray(rng.random((5, 30)), dims=("sample", "time"), coords={"time": np.linspace(0, 2, 30)})
    D = bspline_dictionary(T.time, 8)
    result = dictionary_cp(T, 2, D, 3, mode=1, solver="homp", seed=0, max_iter=3)
    assert result.to_xarray()[1].dims == ("time", "component")
    np.testing.assert_array_equal(result.to_xarray()[1].time, T.time)
    with pytest.raises(ValueError, match="different coordinates"):
        dictionary_cp(T, 2, D.assign_coords(time=np.linspace(1, 3, 30)), 3, mode=1)
    with pytest.raises(ValueError, match="same dimensions"):
        dictionary_cp(T, 2, D.rename(time="hour"), 3, mode=1)


def test_single_precision_stays(rng):
    T, D, _ = planted(rng, noise=0.1)
    result = dictionary_cp(T.astype(np.float32), 2, D.astype(np.float32), 2, seed=0, max_iter=5)
    assert {u.dtype for u in (*result.factors, result.codes[0])} == {np.dtype(np.float32)}


def test_components_may_die_without_harm():
    D = np.eye(4)
    T = np.einsum("i,j,k->ijk", D[0], np.ones(3), np.ones(3))
    result = dictionary_cp(T, 3, D, 1, seed=0, max_iter=30)
    assert result.loss < 1e-10
    assert np.isfinite(khatri_rao(result.factors)).all()


@pytest.mark.parametrize(
    ("call", "error", "word"),
    [
        (lambda T, D: dictionary_cp(T, 2, D, 21), ValueError, r"k\[0\] must be at most 20, the number of atoms"),
        (lambda T, D: dictionary_cp(T, 2, D, 0), ValueError, r"k\[0\] must be a positive integer"),
        (lambda T, D: dictionary_cp(T, 2, D, [1, 2, 3]), ValueError, "one for each of the 2 columns, got 3"),
        (lambda T, D: dictionary_cp(T, 2, D[:-1], 2), ValueError, "one row for each entry of mode 0, that is 12, got"),
        (lambda T, D: dictionary_cp(T, 2, D, 2, mode=3), ValueError, "mode must be a mode from 0 to 2"),
        (lambda T, D: dictionary_cp(T, 2, D * (np.arange(20) != 4), 2), ValueError, r"all zero, column\(s\) \[4\]"),
        (lambda T, D: dictionary_cp(T, 2, [D, D], [2, 2], mode=(0, -3)), ValueError, "none twice"),
        (lambda T, D: dictionary_cp(T, 2, D, 2, mode=(0,)), ValueError, "D must be a list with one entry"),
        (lambda T, D: dictionary_cp(T, 2, [D], 2, mode=(0,)), ValueError, "k must be a list with one entry"),
        (lambda T, D: dictionary_cp(T, 2, [D], [2], mode=(0, 1)), ValueError, "for each of the 2 modes"),
        (lambda T, D: dictionary_cp(T, 2, {0: D}, 2), ValueError, "k must have the modes of D as its keys"),
        (lambda T, D: dictionary_cp(T, 2, {0: D}, {1: 2}), ValueError, "k must have the modes of D as its keys"),
        (lambda T, D: dictionary_cp(T, 2, {}, {}), ValueError, "k must have the modes"),
        (lambda T, D: dictionary_cp(T, 2, {7: D}, {7: 2}), ValueError, "mode must be a mode"),
        (lambda T, D: dictionary_cp(T, 2, D, 2, solver="omp"), ValueError, "solver must be one of"),
        (lambda T, D: dictionary_cp(T, 2, D, 2, n_init=0), ValueError, "n_init must be a positive"),
        (lambda T, D: dictionary_cp(T, 2, D, 2, mask=T > 0), TypeError, "no option 'mask': missing entries"),
        (lambda T, D: dictionary_cp(np.where(T > 0, T, np.nan), 2, D, 2), ValueError, "NaN or infinite"),
    ],
)
def test_bad_options_are_named(rng, call, error, word):
    T, D, _ = planted(rng, noise=0.1)
    with pytest.raises(error, match=word):
        call(T, D)
