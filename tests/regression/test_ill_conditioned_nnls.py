"""No exact solver ends above the best of all supports, however close to each other the atoms are."""

from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import nnls as scipy_nnls

from tensorly_hdr import nnls
from tensorly_hdr.penalties import NonNegative
from tensorly_hdr.regression import LS_SOLVERS

EXACT = [name for name, update in LS_SOLVERS.items() if update.exact]
EPS = np.finfo(float).eps
NEARLY_ONE_ATOM = np.array(
    [
        [0.1769902551710525, 0.0362578901732714],
        [0.7898341313054376, 0.1618039320833965],
        [0.3383066884575681, 0.0693048718606896],
        [-0.0882847515141197, -0.0180858479804454],
        [0.1099861035842806, 0.0225315457727252],
        [0.412574080096189, 0.084519148672908],
    ]
).T


def problem(rng):
    """Up to nine equations and seven atoms: of low rank but for the 3rd to 16th digit, doubled, of all sizes."""
    m, r, level = rng.integers(1, 10), rng.integers(1, 8), 10.0 ** -rng.uniform(3, 16)
    kind, A = rng.integers(7), rng.standard_normal((m, r))
    if kind < 2:
        k = rng.integers(1, max(2, min(m, r)))
        A = rng.standard_normal((m, k)) @ rng.standard_normal((k, r)) + level * rng.standard_normal((m, r))
    elif kind == 2:
        A[:, -1] = A[:, 0] * (1 + level * rng.standard_normal(m))
    elif kind == 3:
        A[:, -1] = A[:, 0]
    elif kind == 4:
        A = A * 10.0 ** rng.uniform(-8, 8, r)
    elif kind == 5:
        A = np.vander(rng.random(m), r)
    if rng.random() < 0.3:
        A[:, rng.integers(r)] *= 10.0 ** -rng.uniform(0, 12)
    y = rng.standard_normal(m) if rng.random() < 0.5 else A @ (rng.random(r) * (rng.random(r) < 0.6))
    return A, y + (rng.random() < 0.3) * 10.0 ** -rng.uniform(0, 14) * rng.standard_normal(m)


def objective(A, y, x, l1=0.0):
    return 0.5 * float(((A @ x - y) ** 2).sum()) + l1 * float(x.sum())


def best_of_all_supports(A, y, l1=0.0):
    """The least objective of nonnegative least squares solutions on a support, and SciPy's answer."""
    norms = np.linalg.norm(A, axis=0)
    norms[norms == 0] = 1.0
    B, cost = A / norms, l1 / norms
    points = [np.zeros(len(norms))]
    for size in range(1, min(A.shape) + 1):
        for S in map(list, combinations(range(len(norms)), size)):
            pinv = np.linalg.pinv(B[:, S], rcond=1e-15)
            z = pinv @ (y - pinv.T @ cost[S]) if l1 else np.linalg.lstsq(B[:, S], y, rcond=1e-15)[0]
            if (z >= 0).all():
                points.append(np.zeros(len(norms)))
                points[-1][S] = z / norms[S]
    if not l1:
        points.append(scipy_nnls(B, y)[0] / norms)
    return min(points, key=lambda x: objective(A, y, x, l1))


def limit(A, y, best, l1=0.0):
    """Objective of the best point, and what rounding adds to the length of its residual and to squares of the data."""
    rounding = 20 * max(A.shape) * EPS * np.linalg.norm(np.abs(A) @ best + np.abs(y))
    return 0.5 * (np.sqrt(2 * objective(A, y, best, l1)) + rounding) ** 2 + 4 * EPS * float(y @ y)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("l1", [0.0, 1e-3], ids=["plain", "l1"])
def test_no_support_is_better_by_more_than_rounding(seed, l1):
    for n in range(100):
        A, y = problem(np.random.default_rng([seed, n]))
        most = limit(A, y, best_of_all_supports(A, y, l1), l1)
        for solver in EXACT:
            x = nnls(A, y, solver=solver, penalty=NonNegative(l1)).x
            assert x.min() >= 0
            assert objective(A, y, x, l1) <= most, (n, solver)


@pytest.mark.parametrize("solver", EXACT)
def test_two_directions_that_differ_in_the_ninth_digit_fit_two_numbers(solver):
    assert nnls(NEARLY_ONE_ATOM, [0.48, -0.24], solver=solver).loss < 1e-12


@pytest.mark.parametrize("solver", EXACT)
def test_many_observations_are_judged_one_by_one(solver, rng):
    Y = rng.standard_normal((2, 200))
    X = nnls(NEARLY_ONE_ATOM, Y, solver=solver).x
    for x, y in zip(X.T, Y.T, strict=True):
        best = best_of_all_supports(NEARLY_ONE_ATOM, y)
        assert objective(NEARLY_ONE_ATOM, y, x) <= limit(NEARLY_ONE_ATOM, y, best)
