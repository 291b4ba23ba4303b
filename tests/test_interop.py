"""A Tucker decomposition is never taken for a CP one: the core is kept, or the function says no."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorly as tl
from tensorly.cp_tensor import CPTensor
from tensorly.tucker_tensor import TuckerTensor

import tensorly_hdr as hdr
from tensorly_hdr import interop, metrics, plotting

X = np.random.default_rng(0).random((4, 5, 6))
RESULT = hdr.nonnegative_tucker(X, 2, seed=0, max_iter=5)
TUCKERS = {"result": RESULT, "tensor": RESULT.x, "parafac2": SimpleNamespace(factors=RESULT.factors, projections=[X])}


@pytest.mark.parametrize("result", [RESULT, hdr.tucker_compress(X, (2, 3, 2))])
def test_a_tucker_result_becomes_a_tucker_tensor_of_the_same_values(result):
    tensor = interop.to_tensorly(result)
    assert isinstance(tensor, TuckerTensor)
    model = np.einsum("abc,ia,jb,kc->ijk", result.core, *result.factors)
    np.testing.assert_allclose(tl.tucker_to_tensor(tensor), model, rtol=1e-12)
    np.testing.assert_allclose(0.5 * np.sum((X - model) ** 2), result.loss, rtol=1e-9)


@pytest.mark.parametrize("tucker", TUCKERS.values(), ids=TUCKERS)
@pytest.mark.parametrize(
    "helper",
    [
        interop.from_tensorly,
        lambda t: interop.label(t, X),
        lambda t: metrics.factor_match_score(t, RESULT.factors),
        lambda t: metrics.factor_match_score(RESULT.factors, t),
        lambda t: metrics.core_consistency(X, t),
        lambda t: hdr.balance(t, hdr.SquaredL2(1.0)),
        lambda t: hdr.scale(X, t, hdr.NonNegative()),
        lambda t: hdr.ncp(X, 2, init=t),
        lambda t: hdr.pro_als(X, 2, init=t),
        lambda t: hdr.smooth_cp(X, 2, np.eye(4), init=t),
        lambda t: hdr.dictionary_cp(X, 2, np.eye(4), 2, init=t),
        lambda t: hdr.one_sparse_dlra(X, np.eye(4), 2, init=t),
    ],
)
def test_helpers_of_cp_models_refuse_what_is_more_than_its_factors(helper, tucker):
    with pytest.raises(TypeError, match="no CP decomposition"):
        helper(tucker)


@pytest.mark.parametrize("tucker", [RESULT, RESULT.x], ids=["result", "tensor"])
def test_the_factors_of_a_tucker_decomposition_are_drawn(tucker):
    assert len(plotting.factors(tucker)) == 3


def test_a_cp_tensor_still_goes_everywhere():
    cp = hdr.ncp(X, 2, seed=0, max_iter=3)
    assert isinstance(interop.to_tensorly(cp), CPTensor)
    for same in (cp, cp.x):
        assert metrics.factor_match_score(same, cp) == pytest.approx(1.0)
        np.testing.assert_array_equal(interop.from_tensorly(same)[1], cp.factors[1])
