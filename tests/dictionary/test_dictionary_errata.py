"""Known mistakes of chapter 12 of the manuscript, one test each: the right formula is pinned, the wrong one fails."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from tensorly_hdr import mixed_sparse_coding, one_sparse_dlra
from tensorly_hdr.dictionary import assign
from tensorly_hdr.dictionary.assignment import Pool
from tensorly_hdr.penalties import MaxColumnL1


def test_the_rows_of_an_assignment_are_in_the_order_of_the_columns(rng):
    """Manuscript 12.1 reads the rows as SciPy returns them, sorted: the atoms then go with the wrong columns."""
    D = np.linalg.qr(rng.standard_normal((8, 8)))[0]
    K = np.array([6, 1, 4])
    score = np.abs(D.T @ D[:, K])
    np.testing.assert_array_equal(assign(score), K)
    np.testing.assert_array_equal(Pool(D, (8,), (3,)).choose(D[:, K], "correlation", False), K)
    printed, _ = linear_sum_assignment(score, maximize=True)
    np.testing.assert_array_equal(printed, np.sort(K))
    assert not np.array_equal(printed, K)


def test_the_assignment_to_several_dictionaries_is_not_the_identity(rng):
    """In section 12.3 the score is square, so that the sorted rows are 0, 1, ...: the assignment is lost."""
    D = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    A = D[:, [4, 2, 0]]  # their dictionaries are the third, the second and the first
    np.testing.assert_array_equal(Pool(D, (2, 2, 2), (1, 1, 1)).choose(A, "correlation", True), [4, 2, 0])
    score = np.array([(D[:, 2 * i : 2 * i + 2].T @ A).max(axis=0) for i in range(3)])
    np.testing.assert_array_equal(linear_sum_assignment(score, maximize=True)[0], [0, 1, 2])


def test_atoms_are_those_of_largest_correlation(rng):
    """Section 12.1 prints ``argmin`` where its code, rightly, maximizes."""
    D = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    a = D[:, [3]] + 0.1 * D[:, [0]]
    assert Pool(D, (6,), (1,)).choose(a, "correlation", False) == [3]
    assert np.argmin(np.abs(D.T @ a)) != 3


def test_unique_atoms_need_a_spark_above_the_rank_plus_one():
    """Theorem 14 asks for a spark above ``r``. Here it is ``r + 1`` and two choices are exact: ``r + 2`` is needed."""
    D = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]])  # any two atoms are independent, the three are not: spark 3, r = 2
    assert all(np.linalg.matrix_rank(np.delete(D, j, axis=1)) == 2 for j in range(3))
    Y = D[:, [0, 1]] @ np.array([[1.0, 2.0, 0.5], [3.0, 1.0, 1.0]])
    other = np.linalg.solve(D[:, [0, 2]], Y)
    assert other.min() > 0  # nor do signs help
    np.testing.assert_allclose(D[:, [0, 2]] @ other, Y)
    assert one_sparse_dlra(Y, D, 2).status == "optimal"


def test_two_errors_of_codes_add_up():
    """Theorem 15 prints ``sqrt(delta + epsilon / sigma^2)``: the roots must be added, the best codes do not help."""
    # one atom, data zero, codes 1 and -1: both errors are one, the distance is two
    assert abs(1.0 - (-1.0)) == 1.0 + 1.0 > np.sqrt(1.0 + 1.0)
    # the data lie between two atoms, nearer to the second: the best code uses it, the planted one the first
    angles = np.deg2rad([40.0, -30.0])
    D, y, planted = np.stack([np.cos(angles), np.sin(angles)]), np.array([1.0, 0.0]), np.array([1.1, 0.0])
    best = mixed_sparse_coding(y[:, None], D, np.ones((1, 1)), 1, solver="trick_omp").x[:, 0]
    assert best[0] == 0
    errors, least = [np.linalg.norm(y - D @ x) for x in (best, planted)], np.linalg.svd(D, compute_uv=False)[-1]
    assert np.linalg.norm(D @ (planted - best)) > np.hypot(*errors)
    assert np.linalg.norm(planted - best) <= sum(errors) / least


def test_a_column_of_the_relaxation_has_as_many_atoms_as_the_dictionary_has_rows():
    """Theorem 16 bounds them by ``n``, the columns of the data; here ``n = 1``, ``m = 3``, and three are in use."""
    y = np.array([[3.0], [2.0], [2.0]])
    x = MaxColumnL1(1.0).prox(y, 1.0)  # with D the identity: strongly convex, one solution
    assert np.count_nonzero(x) == len(y) > y.shape[1]
