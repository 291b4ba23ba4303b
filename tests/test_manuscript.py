"""Figures that the manuscript prints, reproduced from its seeds."""

import numpy as np
import pytest

from tensorly_hdr import datasets, nnls, snpa


def test_active_set_example():
    """Section 7.4, seed 2: residual 0.04207535623520433 on the support {4, 41, 44}."""
    state = np.random.RandomState(2)
    W = state.rand(6, 50)
    truth = np.zeros(50)
    truth[[0, 2, 4]] = state.rand(3)
    y = W @ truth + 0.1 * state.randn(6)
    x = nnls(W, y, solver="active_set").x
    assert np.linalg.norm(y - W @ x) == pytest.approx(0.04207535623520433, rel=1e-12)
    assert np.flatnonzero(x).tolist() == [4, 41, 44]
    np.testing.assert_allclose(x[[4, 41, 44]], [0.00500251, 0.25668643, 0.45111056], atol=5e-9)


def test_hals_example():
    """Section 7.5, seed 2, 100 sweeps from clipped least squares: relative error 0.004666660655171395."""
    state = np.random.RandomState(2)
    W = state.rand(10, 6)
    HT = np.maximum(state.randn(6, 20), 0)
    Y = W @ HT + 0.01 * state.randn(10, 20)
    start = np.maximum(np.linalg.solve(W.T @ W, W.T @ Y), 0)
    x = nnls(W, Y, solver="hals", init=start, max_iter=100, tol=0).x
    assert np.linalg.norm(Y - W @ x) / np.linalg.norm(Y) == pytest.approx(0.004666660655171395, rel=1e-12)
    assert np.linalg.norm(HT - x) / np.sqrt(6 * 20) == pytest.approx(0.010340649769157122, rel=1e-9)


def test_snpa_pixels_of_indian_pines():
    """Section 12.3: rank 5, the image divided by its maximum; pixels in the order of the picks."""
    cube = datasets.load("indian_pines").data
    pixels = cube.stack(pixel=("row", "column")).transpose("wavelength", "pixel").values
    assert snpa(pixels / pixels.max(), 5).indices.tolist() == [13225, 19579, 17966, 259, 2516]
