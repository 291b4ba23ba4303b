"""No function says that it has converged while its own start says otherwise."""

import copy
import warnings

import numpy as np
import pytest

from tensorly_hdr.solve import Trace

from .attack import DECLARED
from .registry import DOORS

ITERATIVE = [name for name, door in DOORS.items() if "max_iter" in door.arguments and "tol" in door.arguments]


def ends(name, **stop):
    """Result of the valid call of a door, with other options of the stop."""
    arguments = {key: copy.deepcopy(value) for key, value in DOORS[name].arguments.items()}
    with warnings.catch_warnings():
        for declared in DECLARED:
            warnings.filterwarnings("ignore", declared, UserWarning)
        return DOORS[name].function(**{**arguments, **stop})


@pytest.mark.parametrize("name", ITERATIVE)
@pytest.mark.parametrize("tol", [1e-9, 1e-2])
def test_converged_is_not_said_above_the_start(name, tol):
    result = ends(name, max_iter=60, tol=tol)
    if isinstance(getattr(result, "trace", None), Trace) and result.status == "converged":
        first, last = result.trace.loss[[0, -1]]
        assert last <= first + 1e-10 * abs(first)


@pytest.mark.parametrize("name", ITERATIVE)
def test_a_run_cut_short_does_not_say_that_it_has_converged(name):
    """With a tolerance of zero only a method that ends by itself has come to its end."""
    result = ends(name, max_iter=2, tol=0.0)
    if not isinstance(getattr(result, "trace", None), Trace):
        return
    assert result.n_iter == len(result.trace.loss) - 1
    assert np.isfinite(result.loss)
    assert result.status in ("max_iter", "stalled", "optimal") or result.n_iter < 2
