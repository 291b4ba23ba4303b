"""Uniqueness of complete dictionaries, counted by enumeration: the theorem, that it is sharp, and its limits."""

from itertools import combinations

import numpy as np
import pytest

from tensorly_hdr import facets, identifiability_bound, spark


def on_each_facet(rng, r, count):
    """``count`` generic points on each coordinate facet: codes with ``r - 1`` nonzeros, facet after facet."""
    B = rng.standard_normal((r, r, count))
    B[np.arange(r), np.arange(r)] = 0
    return np.moveaxis(B, 0, 1).reshape(r, -1)


def inside(rng, normals, count):
    """``count`` generic points orthogonal to the rows of ``normals``."""
    basis = np.linalg.svd(normals)[2][len(normals) :].T
    return basis @ rng.standard_normal((basis.shape[1], count))


def two_dictionaries(rng, r, extra=0):
    """``r - 2`` points on each intersection of a facet of one dictionary with one of another; ``extra`` on the first.

    So that each facet of either holds ``r (r - 2)`` points, one less than the theorem asks for ``k = r - 1``.
    """
    first, second = rng.standard_normal((2, r, r))
    shared = [inside(rng, np.array([a, c]), r - 2) for a in first for c in second]
    more = [inside(rng, a[None], extra) for a in first]
    return np.hstack([*shared, *more]), np.linalg.inv(first), np.linalg.inv(second)


def same_atoms(D, truth):
    cosines = np.abs((D / np.linalg.norm(D, axis=0)).T @ (truth / np.linalg.norm(truth, axis=0)))
    return D.shape == truth.shape and np.allclose(cosines.max(axis=0), 1, atol=1e-10)


@pytest.mark.parametrize(("r", "k", "bound", "total"), [(3, 2, 4, 12), (8, 3, 10, 16), (4, 2, 5, 10), (4, 3, 9, 36)])
def test_bound(r, k, bound, total):
    assert identifiability_bound(r, k) == bound
    assert identifiability_bound(r, k, total=True) == total


@pytest.mark.parametrize("r", range(2, 9))
def test_the_bound_is_what_the_pigeonhole_needs(r):
    """With that many points on ``r - k`` of ``r`` facets each, one holds ``r - 1``; with one less none has to."""
    for k in range(1, r):
        n = identifiability_bound(r, k)
        assert n * (r - k) > r * (r - 2) >= (n - 1) * (r - k)
        total = identifiability_bound(r, k, total=True)
        assert total * (r - k) >= n * r > (total - 1) * (r - k)


@pytest.mark.parametrize("r", [3, 4])
def test_one_point_less_than_the_bound_allows_exactly_two_dictionaries(rng, r):
    M, first, second = two_dictionaries(rng, r)
    found = facets(M, r, r - 1)
    assert len(found.dictionaries) == 2
    assert found.finite
    assert not found.unique
    for truth in (first, second):
        assert sum(same_atoms(D, truth) for D in found.dictionaries) == 1
    for on in found.points:
        assert (on.sum(axis=1) == identifiability_bound(r, r - 1) - 1).all()
        assert all(spark(M[:, facet]) == r for facet in on)


@pytest.mark.parametrize("r", [3, 4])
def test_at_the_bound_one_remains(rng, r):
    M, first, _ = two_dictionaries(rng, r, extra=1)
    found = facets(M, r, r - 1)
    assert found.unique
    (D,), (on,) = found.dictionaries, found.points
    assert same_atoms(D, first)
    assert ((np.abs(np.linalg.solve(D, M)) < 1e-8) == on).all()
    assert (on.sum(axis=1) == identifiability_bound(r, r - 1)).all()
    assert all(spark(M[:, facet]) == r for facet in on)


def test_two_points_on_each_edge_allow_fifteen_triangles(rng):
    """As many as ways to pair six points; with a point less, infinitely many."""
    M = rng.standard_normal((3, 3)) @ on_each_facet(rng, 3, 2)
    found = facets(M, 3, 2)
    assert len(found.dictionaries) == 15
    assert found.finite
    assert not facets(M[:, 1:], 3, 2).finite


def test_generic_points_need_fewer_than_the_bound(rng):
    """Three generic points a facet determine a triangle: the bound is for the worst position."""
    D = rng.standard_normal((3, 3))
    found = facets(D @ on_each_facet(rng, 3, 3), 3, 2)
    assert found.unique
    assert same_atoms(found.dictionaries[0], D)


def test_sparser_codes_within_the_theorem_are_unique(rng):
    """Four atoms, two nonzeros: ten points, five on each facet, any three of them independent; in six dimensions."""
    pairs = [p for p in combinations(range(4), 2) for _ in range(1 if p in ((0, 1), (2, 3)) else 2)]
    B = np.zeros((4, len(pairs)))
    for j, pair in enumerate(pairs):
        B[list(pair), j] = rng.standard_normal(2)
    D = rng.standard_normal((6, 4))
    assert B.shape[1] == identifiability_bound(4, 2, total=True)
    assert [spark((D @ B)[:, b == 0]) for b in B] == [4] * 4
    assert ((B == 0).sum(axis=1) == identifiability_bound(4, 2)).all()
    found = facets(D @ B, 4, 2)
    assert found.unique
    assert same_atoms(found.dictionaries[0], D)


def test_a_facet_without_points_can_turn(rng):
    D = rng.standard_normal((3, 3))
    found = facets(D @ on_each_facet(rng, 3, 5)[:, :10], 3, 2)  # all points on two facets of three
    assert found.dictionaries
    assert not any(found.rigid)
    assert not found.finite


def test_a_facet_that_is_not_rigid_really_turns(rng):
    """Turned about the points that need it, the dictionary still has sparse codes."""
    D = rng.standard_normal((3, 3))
    M = D @ on_each_facet(rng, 3, 4)[:, :9]  # one point on the last facet
    normals = np.linalg.inv(D)
    for angle in (0.1, 0.2):
        turned = normals.copy()
        turned[2] = np.cross(M[:, 8], D[:, 0] + angle * D[:, 1])
        codes = turned @ M
        assert (np.sum(np.abs(codes) > 1e-10, axis=0) <= 2).all()
    assert not facets(M, 3, 2).unique


def test_zeros_copies_and_scales_tell_nothing(rng):
    M = rng.standard_normal((3, 3)) @ on_each_facet(rng, 3, 2)
    found = facets(np.hstack([M, np.zeros((3, 2)), -2 * M, 1e-3 * M]), 3, 2)
    assert len(found.dictionaries) == 15
    assert found.finite
    assert all(on[:, 6:8].all() for on in found.points)
    assert len(facets(np.tile(M, 200), 3, 2).dictionaries) == 15  # too many pairs, if copies were points


def test_atoms_among_the_data_are_not_enough(rng):
    D = rng.standard_normal((3, 3))
    assert not facets(D, 3, 2).finite
    assert facets(np.hstack([D, D @ on_each_facet(rng, 3, 4)]), 3, 2).unique


def test_one_nonzero_is_clustering(rng):
    D = rng.standard_normal((5, 3))
    found = facets(np.hstack([D, -D, 2 * D]), 3, 1)
    assert found.unique
    assert same_atoms(found.dictionaries[0], D)
    assert not facets(np.hstack([D, D[:, :1] + D[:, 1:2]]), 3, 1).dictionaries


def test_data_without_an_exact_factorization_have_none(rng):
    assert not facets(rng.standard_normal((3, 12)), 3, 2).dictionaries
    assert not facets(rng.standard_normal((4, 12)), 3, 2).dictionaries
    assert not facets(rng.standard_normal((3, 12)), 3, 2).unique


def test_data_of_larger_rank_have_none_though_their_projection_does(rng):
    good = on_each_facet(rng, 3, 4)
    above = 1e-3 * np.linalg.svd(good)[2][-1]  # orthogonal to the rows: the leading subspace stays
    assert facets(good, 3, 2).unique
    assert not facets(np.vstack([good, above]), 3, 2).dictionaries


def test_facets_that_meet_in_a_line_make_no_dictionary(rng):
    """Points on three planes through one direction: the planes cover the data, but leave an atom open."""
    axis, others = rng.standard_normal((3, 1)), rng.standard_normal((3, 3))
    M = np.hstack([np.hstack([axis, d[:, None]]) @ rng.standard_normal((2, 5)) for d in others.T])
    assert not facets(M, 3, 2).dictionaries


def test_every_facet_found_is_spanned_by_points(rng):
    """Three points on each of three pairs of atoms: those without the first atom span less than its facet."""
    B = np.zeros((4, 9))
    for j, pair in enumerate([(0, 1), (2, 3), (0, 2)] * 3):
        B[list(pair), j] = rng.standard_normal(2)
    M = rng.standard_normal((4, 4)) @ B
    found = facets(M, 4, 2)
    assert found.dictionaries
    assert not found.finite
    assert all(np.linalg.matrix_rank(M[:, facet], tol=1e-6) == 3 for on in found.points for facet in on)


def test_single_precision_has_a_tolerance_of_its_own(rng):
    D = rng.standard_normal((3, 3))
    M = (D @ on_each_facet(rng, 3, 4)).astype(np.float32)
    assert facets(M, 3, 2).unique
    assert not facets(M, 3, 2, tol=1e-8).dictionaries
    assert spark(M[:, :3]) == 3
    assert spark(M[:, :3], tol=1e-10) == 4


def test_the_search_stops_at_its_limit(rng):
    M = on_each_facet(rng, 3, 2)
    found = facets(M, 3, 2, limit=4)
    assert len(found.dictionaries) == 4
    assert not found.exhaustive
    assert not found.finite
    assert facets(M, 3, 2, limit=15).exhaustive


def test_the_search_agrees_with_all_triples_of_lines(rng):
    """An independent brute force: every triple of lines through pairs of points."""
    M = two_dictionaries(rng, 3)[0][:, :7]
    lines = np.array([np.cross(M[:, i], M[:, j]) for i, j in combinations(range(7), 2)])
    lines /= np.linalg.norm(lines, axis=1, keepdims=True)
    on = np.abs(lines @ (M / np.linalg.norm(M, axis=0))) < 1e-9
    count = {
        tuple(sorted(on[i].tobytes() for i in triple))
        for triple in combinations(range(len(lines)), 3)
        if on[list(triple)].any(axis=0).all() and np.linalg.svd(lines[list(triple)])[1][-1] > 1e-6
    }
    assert len(facets(M, 3, 2).dictionaries) == len(count) > 1


def test_spark_known_answers(rng):
    assert spark(np.eye(4)) == 5
    assert spark(np.hstack([np.eye(4), np.ones((4, 1))])) == 5
    assert spark(np.hstack([np.eye(4), [[1.0], [1.0], [0.0], [0.0]]])) == 3
    assert spark(np.eye(3)[:, [0, 1, 0]]) == 2
    assert spark(np.zeros((3, 2))) == 1
    assert spark(np.vander([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 4).T) == 5
    assert spark(rng.standard_normal((5, 9))) == 6
    assert spark(1e-8 * rng.standard_normal((5, 9))) == 6


def test_spark_is_the_length_of_the_shortest_vanishing_combination(rng):
    D = np.hstack([rng.standard_normal((5, 4)), rng.standard_normal((5, 2)) @ rng.standard_normal((2, 3))])
    assert spark(D) == 3
    assert spark(D[:, :-1]) == 6
