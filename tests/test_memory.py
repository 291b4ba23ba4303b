"""What a run holds beside its data, and how many versions of a kernel are compiled."""

import tracemalloc

import numpy as np
import pytest
from scipy.sparse import csr_array

import tensorly_hdr as hdr
from tensorly_hdr import kernels

A = np.random.default_rng(1).random((400, 5))
Y = np.random.default_rng(0).poisson(A @ np.random.default_rng(2).random((5, 2000)) * 5).astype(float)


def _peak(run):
    run()  # what is imported, compiled and cached is not counted
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("solver", ["auto", "ccd", "mu", "mu_extrapolated", "msom", "newton"])
@pytest.mark.parametrize("name", ["nmf", "nnkl"])
def test_kullback_leibler_holds_half_a_copy_beside_one_of_the_data(name, solver):
    runs = {
        "nmf": lambda: hdr.nmf(Y, 5, loss="kl", solver=solver, seed=0, max_iter=2),
        "nnkl": lambda: hdr.nnkl(A, Y, solver=solver, max_iter=2),
    }
    assert _peak(runs[name]) <= 1.5 * Y.nbytes


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("loss", ["kl", "is", hdr.Beta(1.5)])
def test_a_block_computed_a_few_rows_at_a_time_is_the_block(loss, masked, rng, monkeypatch):
    from tensorly_hdr import blocks
    from tensorly_hdr.losses import LOSSES

    T, K, u = rng.random((7, 6)) + 0.1, rng.random((6, 3)), rng.random((7, 3))
    mask = rng.random((7, 6)) > 0.3 if masked else None
    arguments = (T, K, LOSSES.get(loss, loss) if isinstance(loss, str) else loss, mask)
    whole = blocks.Entrywise(*arguments)
    expected = [whole.value(u), *whole.split(u), *([whole.row_values(u), whole.curvature_sums(u)] * (loss == "kl"))]
    for portion in (1, 6, 13, 30):
        monkeypatch.setattr(blocks, "PORTION", portion)
        block = blocks.Entrywise(*arguments)
        found = [block.value(u), *block.split(u), *([block.row_values(u), block.curvature_sums(u)] * (loss == "kl"))]
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(*np.broadcast_arrays(a, b), rtol=1e-12)


def _frozen(X):
    out = X.copy()
    out.flags.writeable = False
    return out


def _use_the_kernels(change):
    B, Z = (np.random.default_rng(k).random((8, n)) + 0.1 for k, n in ((3, 3), (4, 6)))
    B, S, Z = change(B), csr_array(change(Z)), change(Z)
    for solver in ("auto", "hals", "active_set", "block_pivoting"):
        hdr.nnls(B, Z, solver=solver, max_iter=2)
    hdr.sparse_nnls(B, Z, 2, solver="branch_and_bound")
    hdr.sparse_nnls(B, Z, 2, solver="enumeration")
    hdr.nnomp(B, Z, 2)
    hdr.snpa(Z, 2)
    for data in (Z, S):
        hdr.nnkl(B, data, max_iter=2)
        for loss in ("frobenius", "kl"):
            hdr.nmf(data, 3, loss=loss, init=(B, None), fixed=(0,), max_iter=2)


def _signatures():
    functions = {name: getattr(kernels, name) for name in kernels.__all__}
    return {name: set(f.signatures) for name, f in functions.items() if hasattr(f, "signatures")}


@pytest.mark.skipif(not kernels.is_compiled, reason="needs numba")
def test_kernels_are_compiled_once_a_precision_whatever_the_layout_of_the_data():
    _use_the_kernels(np.array)
    _use_the_kernels(lambda X: X.astype(np.float32))
    before = _signatures()
    for change in (_frozen, np.asfortranarray, lambda X: np.repeat(X, 2, axis=1)[:, ::2], lambda X: X[::-1]):
        _use_the_kernels(change)
        _use_the_kernels(lambda X, change=change: change(X.astype(np.float32)))
    assert _signatures() == before
