"""Starts: at the scale of the data, from singular vectors, from columns, several of them; and the sweeps at a visit."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from tensorly_hdr import ncp, nmf, snpa
from tensorly_hdr.linalg import reconstruct
from tensorly_hdr.penalties import NonNegative
from tensorly_hdr.regression import hals

NAMES = ["auto", "random", "scaled", "svd"]


def start(T, rank, **options):
    return ncp(T, rank, max_iter=0, seed=0, **options).factors


@pytest.mark.parametrize("init", NAMES)
@pytest.mark.parametrize("shape", [(12, 15), (6, 7, 8), (3, 20), (20, 3)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_starts_have_the_right_shape_and_type_and_no_zero(init, shape, dtype, rng):
    factors = start(rng.random(shape).astype(dtype), 5, init=init)
    assert [u.shape for u in factors] == [(n, 5) for n in shape]
    assert all(u.dtype == dtype and u.min() > 0 for u in factors)


@pytest.mark.parametrize("init", ["scaled", "svd"])
@pytest.mark.parametrize("masked", [False, True])
def test_the_scale_of_a_start_is_the_best(init, masked, rng):
    T = 50 * rng.random((6, 7, 8))
    mask = rng.random(T.shape) > 0.3 if masked else np.ones(T.shape, bool)
    model = reconstruct(start(T, 3, init=init, mask=mask))
    losses = [np.sum((T - t * model)[mask] ** 2) for t in (0.99, 1.0, 1.01)]
    assert np.argmin(losses) == 1


def test_the_svd_start_of_a_positive_rank_one_matrix_is_exact(rng):
    Y = rng.random((8, 1)) @ rng.random((1, 9)) + 0
    np.testing.assert_allclose(reconstruct(start(Y, 1, init="svd")), Y, rtol=1e-6)


def test_the_svd_start_does_not_depend_on_the_seed_nor_on_the_storage(rng):
    Y = rng.random((30, 20)) * (rng.random((30, 20)) > 0.7)
    one = nmf(Y, 4, init="svd", seed=0, max_iter=0).factors
    for other in (nmf(Y, 4, init="svd", seed=1, max_iter=0), nmf(csr_array(Y), 4, init="svd", seed=0, max_iter=0)):
        for a, b in zip(one, other.factors, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9)


def test_the_svd_start_is_closer_than_random_ones(rng):
    T = reconstruct([rng.random((n, 3)) ** 3 for n in (10, 11, 12)])
    svd = ncp(T, 3, init="svd", max_iter=0).loss
    assert svd < min(ncp(T, 3, seed=s, max_iter=0).loss for s in range(5))


def test_the_snpa_start_solves_a_separable_problem_at_once(rng):
    W, H = rng.random((10, 3)), rng.dirichlet(np.ones(3), size=20)
    Y = W @ np.vstack([np.eye(3), H]).T
    result = nmf(Y, 3, init="snpa", max_iter=0)
    assert result.loss < 1e-12
    np.testing.assert_array_equal(result.factors[0], snpa(Y, 3).W)


@pytest.mark.parametrize(
    "bad", [lambda Y: (Y[:, :, None], {}), lambda Y: (csr_array(Y), {}), lambda Y: (Y, {"mask": Y > 0.5})]
)
def test_snpa_needs_every_entry_of_a_matrix(bad, rng):
    T, options = bad(rng.random((6, 7)))
    with pytest.raises(ValueError, match="dense matrix without missing entries"):
        ncp(T, 2, init="snpa", **options)


def test_several_starts_keep_the_best_and_report_each(rng):
    Y = rng.random((10, 12))
    result = nmf(Y, 4, n_init=4, seed=3, max_iter=30)
    assert result.starts.shape == (4,)
    assert result.loss == result.starts.min()
    assert np.ptp(result.starts) > 0
    first = nmf(Y, 4, seed=3, max_iter=30)
    assert (result.starts[0], first.starts.tolist()) == (first.loss, [first.loss])
    np.testing.assert_array_equal(result.starts, nmf(Y, 4, n_init=4, seed=3, max_iter=30).starts)


def test_the_first_of_several_starts_is_the_one_asked_for_and_fixed_factors_stay(rng):
    Y, W, H = rng.random((10, 12)), rng.random((10, 3)), rng.random((12, 3))
    assert nmf(Y, 3, init=(W, H), n_init=2, max_iter=5).starts[0] == nmf(Y, 3, init=(W, H), max_iter=5).loss
    result = nmf(Y, 3, init=(W, H), fixed=(0,), n_init=3, seed=0, tol=1e-14)
    np.testing.assert_array_equal(result.factors[0], W)
    np.testing.assert_allclose(result.starts, result.starts[0], rtol=1e-9)  # the regression in H is convex


def test_by_default_sweeps_stop_when_they_move_little(rng):
    """One visit with ``delta`` is some number of plain sweeps; none is made once the block is solved."""
    Y, W, H = rng.random((30, 20)), rng.random((30, 4)), rng.random((20, 4))
    visit = nmf(Y, 4, init=(W, H), fixed=(1,), max_iter=1).factors[0]
    sweeps = [nmf(Y, 4, init=(W, H), fixed=(1,), max_iter=1, n_inner=n).factors[0] for n in range(1, 21)]
    counts = [n for n, u in enumerate(sweeps, 1) if (u == visit).all()]
    moves = [np.linalg.norm(b - a) for a, b in zip([W, *sweeps], sweeps, strict=False)]
    n = counts[0]
    assert 1 < n < 20
    assert moves[n - 1] <= 0.1 * moves[0] < moves[n - 2]


def test_sweeps_of_a_solved_block_move_nothing(rng):
    from tensorly_hdr.blocks import least_squares

    Y, K = rng.random((30, 20)), rng.random((20, 4))
    block = least_squares(Y, K)
    solved, _ = hals(rng.random((30, 4)), block, NonNegative(), 5000)
    again, _ = hals(solved, block, NonNegative(), 20, delta=0.1)
    np.testing.assert_allclose(again, solved, atol=1e-12)


@pytest.mark.parametrize("loss", ["frobenius", "kl"])
def test_the_svd_start_of_an_empty_sparse_matrix(loss):
    result = nmf(csr_array((30, 40)), 3, init="svd", loss=loss, seed=0, max_iter=5)
    assert result.loss <= 1e-6
    assert all(np.isfinite(u).all() for u in result.factors)


def test_the_svd_start_weighs_each_part_by_its_share_of_the_singular_value(rng):
    Y = rng.random((12, 10))
    W, H = nmf(Y, 3, init="svd", max_iter=0).factors
    U, s, Vt = np.linalg.svd(Y)
    shares = []
    for k in range(3):
        shares.append(s[k] * max(np.linalg.norm(np.maximum(e * U[:, k], 0)) * np.linalg.norm(np.maximum(e * Vt[k], 0))
                                 for e in (1, -1)))  # fmt: skip
    found = np.linalg.norm(W, axis=0) * np.linalg.norm(H, axis=0)
    np.testing.assert_allclose(found / found[0], np.array(shares) / shares[0], rtol=1e-3)
