"""Nothing observed, nothing answered: a slice that the mask hides wholly has zeros in its factor, and one warning."""

import numpy as np
import pytest

import tensorly_hdr as hdr
from tensorly_hdr import metrics
from tensorly_hdr.regression import KL_SOLVERS, LS_SOLVERS

SEEN = np.ones((4, 5), dtype=bool)
SEEN[2] = False
ONES = np.where(SEEN, 1.0, np.nan)
ANY_LOSS = [("frobenius", s) for s in LS_SOLVERS] + [("kl", s) for s in KL_SOLVERS]
ANY_LOSS += [("is", "mu"), (hdr.Beta(0.5), "mu")]


@pytest.mark.parametrize(("loss", "solver"), ANY_LOSS)
@pytest.mark.parametrize("extrapolate", [False, True])
def test_a_hidden_row_is_zero_and_said_once(loss, solver, extrapolate):
    with pytest.warns(UserWarning, match=r"1 slice\(s\) of mode 0 of Y") as caught:
        result = hdr.nmf(ONES, 1, mask=SEEN, seed=0, loss=loss, solver=solver, extrapolate=extrapolate)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    W, H = result.factors
    assert not W[2].any()
    np.testing.assert_allclose((W @ H.T)[SEEN], 1.0, atol=0.01)


def test_every_mode_of_a_tensor_is_told_and_fixed_factors_keep_their_values(rng):
    A = [rng.random((n, 2)) + 0.1 for n in (5, 6, 7)]
    T = np.einsum("ir,jr,kr->ijk", *A)
    seen = np.ones(T.shape, dtype=bool)
    seen[0], seen[:, :, 3], seen[:, :, 4] = False, False, False
    with pytest.warns(UserWarning, match=r"1 slice\(s\) of mode 0, 2 slice\(s\) of mode 2 of T"):
        result = hdr.ncp(T, 2, mask=seen, init=(A[0], None, None), fixed=(0,), seed=0)
    np.testing.assert_array_equal(result.factors[0], A[0])
    assert not result.factors[2][3:5].any()


def test_a_penalty_that_forbids_zeros_is_obeyed():
    with pytest.warns(UserWarning, match="hides all"):
        W, _ = hdr.nmf(ONES, 1, mask=SEEN, penalties=(hdr.Box(0.5, 2.0), hdr.NonNegative()), seed=0).factors
    assert 0.5 <= W[2] <= 2.0


def test_the_stability_of_rank_one_is_judged_on_what_is_observed(rng):
    T = np.einsum("i,j,k->ijk", *(rng.random(n) + 0.1 for n in (6, 5, 4)))
    seen = np.ones(T.shape, dtype=bool)
    seen[2] = False
    with pytest.warns(UserWarning, match="hides all") as caught:
        table = hdr.compare_ranks(T, [1], n_init=4, mask=seen, seed=0)
    assert len(caught) == 1
    assert float(table["stability"][0]) == pytest.approx(1.0, abs=1e-6)
    assert float(table["core_consistency"][0]) == pytest.approx(100.0, abs=1e-3)


def test_core_consistency_takes_a_mask(rng):
    factors = [rng.random((n, 2)) + 0.1 for n in (5, 6, 7)]
    T = np.einsum("ir,jr,kr->ijk", *factors)
    seen = rng.random(T.shape) > 0.2
    holed = np.where(seen, T, np.nan)
    assert metrics.core_consistency(holed, factors, mask=seen) == pytest.approx(100.0)
    assert metrics.core_consistency(np.where(seen, T, 0.0), factors) < 90.0
