"""Assignments against brute force; the nearest atoms of a column are enough; counts are respected exactly."""

from itertools import permutations

import numpy as np
import pytest

from tensorly_hdr.dictionary import assign
from tensorly_hdr.dictionary.assignment import BLOCK, COSTS, Pool


def total(score, rows):
    return score[rows, np.arange(score.shape[1])].sum()


@pytest.mark.parametrize("shape", [(3, 3), (6, 3), (7, 1)])
def test_an_assignment_is_the_best_of_all(shape, rng):
    for _ in range(20):
        score = rng.standard_normal(shape)
        rows = assign(score)
        every = permutations(range(shape[0]), shape[1])
        assert total(score, rows) == max(total(score, np.array(p)) for p in every)


def best_by_force(pool, A, cost, is_signed):
    score = (pool.atoms / np.linalg.norm(pool.atoms, axis=0)).T @ A
    score = score if is_signed else abs(score)
    score = score if cost == "correlation" else -np.arccos(np.minimum(score / np.linalg.norm(A, axis=0), 1))
    every = (np.array(p) for p in permutations(range(pool.D.shape[1]), A.shape[1]))
    allowed = [p for p in every if (np.bincount(pool.source[p], minlength=len(pool.sizes)) == pool.counts).all()]
    return max(total(score, p) for p in allowed), score


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("is_signed", [True, False])
@pytest.mark.parametrize(
    ("sizes", "counts"), [((7,), (3,)), ((2, 5), (1, 2)), ((3, 1, 4), (1, 1, 1)), ((4, 3), (3, 1))]
)
def test_the_chosen_atoms_are_the_best_that_respect_the_counts(cost, is_signed, sizes, counts, rng):
    for _ in range(8):
        # near copies, so that columns compete for the same atom, and the nearest one is often taken
        D = rng.standard_normal((4, 1)) + 0.3 * rng.standard_normal((4, sum(sizes)))
        pool = Pool(D, sizes, counts)
        A = D[:, [0]] * (1 + rng.random(pool.rank)) + 0.1 * rng.standard_normal((4, pool.rank))
        atoms = pool.choose(A, cost, is_signed)
        best, score = best_by_force(pool, A, cost, is_signed)
        assert len(set(atoms)) == pool.rank
        assert tuple(np.bincount(pool.source[atoms], minlength=len(sizes))) == counts
        assert total(score, atoms) == pytest.approx(best, abs=1e-12)


def test_blocks_and_lengths_of_atoms_change_nothing(rng):
    D, A = rng.standard_normal((5, 2 * BLOCK + 7)), rng.standard_normal((5, 3))
    whole = Pool(D, (D.shape[1],), (3,)).choose(A, "correlation", True)
    score = (D / np.linalg.norm(D, axis=0)).T @ A
    np.testing.assert_array_equal(whole, assign(score))
    scaled = D * rng.uniform(1e-3, 1e3, D.shape[1])
    np.testing.assert_array_equal(Pool(scaled, (D.shape[1],), (3,)).choose(A, "correlation", True), whole)


def test_a_column_of_zeros_takes_any_atom_left():
    atoms = Pool(np.eye(4), (4,), (3,)).choose(np.eye(4)[:, [2, 0, 1]] * [1, 0, 1], "angle", True)
    assert (atoms[0], atoms[2]) == (2, 1)
    assert len(set(atoms)) == 3


def test_fewer_rows_than_columns_are_refused():
    with pytest.raises(ValueError, match="columns of score must be at most 2, the number of its rows"):
        assign(np.ones((2, 3)))
