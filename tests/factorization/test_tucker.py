"""Tucker compression: orthonormal bases, Pythagoras, descent, exact ranks, agreement with the SVD and with TensorLy."""

import numpy as np
import pytest
import tensorly as tl
import xarray as xr

from tensorly_hdr import tucker_compress
from tensorly_hdr.factorization.tucker import contract, expand
from tensorly_hdr.linalg import reconstruct


def low(shape, rank, rng):
    return reconstruct([rng.standard_normal((n, rank)) for n in shape])


@pytest.mark.parametrize(
    ("shape", "ranks"), [((8, 9), 3), ((8, 9, 10), (3, 4, 5)), ((40, 3, 4), (5, 3, 2)), ((5,) * 4, 2)]
)
def test_bases_are_orthonormal_the_core_is_the_projection_and_the_loss_falls(shape, ranks, rng):
    T = rng.standard_normal(shape)
    small = tucker_compress(T, ranks)
    for U in small.factors:
        np.testing.assert_allclose(U.T @ U, np.eye(U.shape[1]), atol=1e-12)
    np.testing.assert_allclose(small.core, contract(T, small.factors), atol=1e-12)
    direct = 0.5 * np.sum((T - expand(small.core, small.factors)) ** 2)
    assert small.loss == pytest.approx(direct, rel=1e-10)
    assert (np.diff(small.trace.loss) <= 1e-12 * small.trace.loss[0]).all()
    np.testing.assert_allclose(expand(small.core, small.factors), tl.tucker_to_tensor(small.x), atol=1e-12)


def test_of_a_matrix_it_is_the_truncated_svd(rng):
    Y = rng.standard_normal((12, 9))
    assert tucker_compress(Y, 4).loss == pytest.approx(0.5 * np.sum(np.linalg.svd(Y)[1][4:] ** 2), rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_the_start_is_within_the_number_of_modes_of_the_best_and_the_end_as_good_as_that_of_tensorly(seed):
    T = np.random.default_rng(seed).random((7, 8, 9))
    svd, small = tucker_compress(T, (2, 3, 4), max_iter=0), tucker_compress(T, (2, 3, 4), tol=1e-12)
    peer = tl.decomposition.tucker(T, [2, 3, 4], n_iter_max=500, tol=1e-10)
    theirs = 0.5 * np.sum((T - tl.tucker_to_tensor(peer)) ** 2)
    # the energy that the other singular vectors of one mode hold is lost whatever the other bases are
    tails = [np.sum(np.linalg.svd(tl.unfold(T, m))[1][r:] ** 2) / 2 for m, r in enumerate((2, 3, 4))]
    assert max(tails) <= small.loss <= svd.loss <= sum(tails) * (1 + 1e-12)
    assert small.loss <= theirs * 1.01


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_exact_ranks_lose_nothing(dtype, rng):
    T = low((11, 6, 30), 3, rng).astype(dtype)
    small = tucker_compress(T, 3)
    assert small.core.dtype == dtype
    assert np.sqrt(2 * small.loss) < 1e2 * np.finfo(dtype).eps * np.linalg.norm(T)


def test_labels_travel_to_the_bases(rng):
    T = xr.DataArray(
        rng.random((4, 5, 6)), dims=("sample", "emission", "excitation"), coords={"emission": np.arange(5)}
    )
    U = tucker_compress(T, (2, 3, 4)).to_xarray()
    assert [u.shape for u in U] == [(4, 2), (5, 3), (6, 4)]
    np.testing.assert_array_equal(U[1]["emission"], T["emission"])
