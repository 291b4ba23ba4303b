"""Exact kernels: compiled and NumPy twins agree, updates of a factor equal a new one, searches visit the same nodes."""

import os
import subprocess
import sys
from importlib import import_module
from itertools import combinations
from math import comb

import numpy as np
import pytest

from tensorly_hdr.kernels import active_reference, search_reference

pytest.importorskip("numba", reason="there are no compiled kernels without numba")
active, cholesky, pivoting, search = (
    import_module(f"tensorly_hdr.kernels.{name}") for name in ("active", "cholesky", "pivoting", "search")
)

TOL = 1e-14
SIZES = [1, 63, 64, 65, 130]  # rows: compiled kernels may take some of them side by side


def normalised(rng, m=12, r=5, n=9, signed=True):
    """Normal equations of unit atoms."""
    A = rng.standard_normal((m, r)) if signed else rng.random((m, r))
    A /= np.linalg.norm(A, axis=0)
    Y = A @ np.maximum(rng.standard_normal((r, n)), 0) + 0.5 * rng.standard_normal((m, n))
    return A.T @ A, np.ascontiguousarray(Y.T @ A)


def values(u, gram, cross):
    return 0.5 * np.einsum("ij,jk,ik->i", u, gram, u) - (u * cross).sum(axis=1)


@pytest.mark.parametrize("r", [1, 2, 7, 20])
def test_an_updated_factor_equals_a_new_one(r, rng):
    """Indices enter and leave in a random order: U'U stays the Gram matrix of the support."""
    gram, _ = normalised(rng, m=30, r=r)
    U, S, v, p = np.zeros((r, r)), np.zeros(r, np.int64), np.empty(r), 0
    for _ in range(60):
        outside = np.setdiff1d(np.arange(r), S[:p])
        if p and (rng.random() < 0.4 or outside.size == 0):
            cholesky.remove(U, S, p, int(rng.integers(p)))
            p -= 1
        else:
            assert cholesky.append(U, S, p, int(rng.choice(outside)), gram, v)
            p += 1
        factor = np.triu(U[:p, :p])
        np.testing.assert_allclose(factor.T @ factor, gram[np.ix_(S[:p], S[:p])], atol=1e-13)
    fresh = np.zeros((r, r))
    assert cholesky.factorize(fresh, S, p, gram, v)
    np.testing.assert_allclose(np.triu(fresh[:p, :p]), factor, atol=1e-12)


def test_a_dependent_index_is_refused_and_changes_nothing(rng):
    gram, _ = normalised(rng, r=4)
    gram = gram[np.ix_([0, 1, 2, 3, 1], [0, 1, 2, 3, 1])]
    U, S, v = np.zeros((5, 5)), np.zeros(5, np.int64), np.empty(5)
    for p in range(4):
        assert cholesky.append(U, S, p, p, gram, v)
    before = U.copy()
    assert not cholesky.append(U, S, 4, 4, gram, v)
    np.testing.assert_array_equal(U, before)


@pytest.mark.parametrize("kernel", ["active_set_rows", "block_pivoting_rows", "small_pivoting_rows"])
@pytest.mark.parametrize("m", [3, 12])
@pytest.mark.parametrize("start", ["zero", "full", "random"])
@pytest.mark.parametrize("n", SIZES)
def test_exact_rows(kernel, m, start, n, rng):
    home = active if kernel.startswith("active") else pivoting
    more = (0.0,) if kernel.startswith("active") else ()
    for _ in range(20 if n == 1 else 2):
        gram, cross = normalised(rng, m=m, n=n)
        u = {"zero": 0.0, "full": 1.0, "random": rng.random(cross.shape) < 0.5}[start] * np.ones_like(cross)
        one, two = u.copy(), u.copy()
        getattr(home, kernel)(one, gram, cross, TOL, *more)
        getattr(active_reference, kernel)(two, gram, cross, TOL, *more)
        np.testing.assert_allclose(values(one, gram, cross), values(two, gram, cross), rtol=1e-9, atol=1e-12)
        for x in (one, two):
            assert np.abs(np.minimum(x, x @ gram - cross)).max() < 1e-12


@pytest.mark.parametrize("m", [3, 12])
@pytest.mark.parametrize("n", SIZES)
def test_rows_of_a_given_sum(m, n, rng):
    for _ in range(20 if n == 1 else 2):
        gram, cross = normalised(rng, m=m, n=n)
        gram, cross = (gram + 1.0) / 2.0, (cross + 2.0) / 2.0
        one, two = np.ones_like(cross), np.ones_like(cross)
        active.active_set_rows(one, gram, cross, TOL, 2.0)
        active_reference.active_set_rows(two, gram, cross, TOL, 2.0)
        np.testing.assert_allclose(one.sum(axis=1), 2.0, rtol=1e-13)
        np.testing.assert_allclose(values(one, gram, cross), values(two, gram, cross), rtol=1e-10)


def test_backup_rule_and_fallback_end_on_degenerate_data(rng):
    """Small integers make ties, duplicates and singular supports: no kernel may cycle, all find the same value."""
    for _ in range(200):
        A = rng.integers(-1, 2, (4, 8)).astype(float)
        A = A[:, np.linalg.norm(A, axis=0) > 0]
        A /= np.linalg.norm(A, axis=0)
        gram, cross = A.T @ A, rng.integers(-2, 3, (5, 4)) @ A
        found = []
        for kernel, more in (
            (active.active_set_rows, (0.0,)),
            (pivoting.block_pivoting_rows, ()),
            (pivoting.small_pivoting_rows, ()),
        ):
            u = np.ones_like(cross)
            kernel(u, gram, cross, TOL, *more)
            assert np.abs(np.minimum(u, u @ gram - cross)).max() < 1e-11
            found.append(values(u, gram, cross))
        np.testing.assert_allclose(found[1], found[0], atol=1e-11)
        np.testing.assert_allclose(found[2], found[0], atol=1e-11)


@pytest.mark.parametrize("home", [active, active_reference])
def test_a_dependent_atom_takes_the_place_of_others_where_l1_makes_it_cheaper(home):
    """The third atom is a combination of the first two with coefficients of sum 1.41: one of them has to leave."""
    A = np.array([[1.0, 0.0, np.sqrt(0.5)], [0.0, 1.0, np.sqrt(0.5)]])
    gram, cross = A.T @ A, (np.array([[1.0, 1.0], [1.0, 2.0]]) @ A) - 0.1
    u = np.array([[1.0, 1.0, 0.0], [1.0, 2.0, 0.0]])
    home.active_set_rows(u, gram, cross, TOL, 0.0)
    assert np.abs(np.minimum(u, u @ gram - cross)).max() < 1e-13
    assert (u[:, 2] > 0).all()


def test_rounding_cannot_make_an_index_enter_for_ever():
    """Even with no tolerance, and data in the cone, where all dual variables end as rounding: few entries an index."""
    code = (
        "import numpy as np\n"
        "from tensorly_hdr.kernels import active, active_reference\n"
        "for home, name in ((active, 'dual'), (active_reference, '_dual_of')):\n"
        "    plain, calls = getattr(home, name), [0]\n"
        "    def count(w, *rest): calls[0] += 1; return plain(w, *rest)\n"
        "    def count_of(*rest):\n"
        "        dual, slack = plain(*rest)\n"
        "        def counted(x): calls[0] += 1; return dual(x)\n"
        "        return counted, slack\n"
        "    setattr(home, name, count if name == 'dual' else count_of)\n"
        "    rng = np.random.default_rng(0)\n"
        "    for _ in range(40):\n"
        "        A = rng.standard_normal((12, 8)); A /= np.linalg.norm(A, axis=0)\n"
        "        cross = (A @ np.maximum(rng.standard_normal((8, 1)), 0)).T @ A\n"
        "        u, calls[0] = np.zeros((1, 8)), 0\n"
        "        home.active_set_rows(u, A.T @ A, cross, 0.0, 0.0)\n"
        "        assert calls[0] <= 3 * 8, (name, calls)\n"
        "        B = rng.random((15, 1)) + 1e-7 * rng.random((15, 8)); B /= np.linalg.norm(B, axis=0)\n"
        "        y = B @ np.maximum(rng.standard_normal(8), 0) + 1e-7 * rng.standard_normal(15)\n"
        "        u, calls[0] = np.zeros((1, 8)), 0\n"
        "        home.active_set_rows(u, B.T @ B, (y @ B)[None], 2e-15, 0.0)\n"
        "        assert calls[0] <= 6 * 8, (name, 'nearly equal atoms', calls)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "NUMBA_DISABLE_JIT": "1"})


@pytest.mark.parametrize("n", [*SIZES, search.LANES, search.LANES + 7])
def test_enumerate_supports(n, rng):
    gram, cross = normalised(rng, r=6, n=n)
    count = sum(comb(6, p) for p in (1, 2, 3))
    results = []
    for home in (search, search_reference):
        gain, found, supports = np.empty((3, n)), np.empty((3, n), np.int64), np.full((count, 3), -1)
        home.enumerate_supports(gain, found, supports, gram, np.ascontiguousarray(cross.T))
        u = np.empty((n, 6))
        home.solve_supports(u, supports, found[2], gram, cross)
        np.testing.assert_allclose((u * cross).sum(axis=1)[found[2] >= 0], gain[2][found[2] >= 0], rtol=1e-10)
        results.append((gain, u))
    np.testing.assert_allclose(results[0][0], results[1][0], atol=1e-12)
    np.testing.assert_allclose(results[0][1], results[1][1], atol=1e-10)


@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("n", SIZES)
def test_omp_and_branch_and_bound_visit_the_same_nodes(k, signed, n, rng):
    gram, cross = normalised(rng, m=20, r=7, n=n, signed=signed)
    results = []
    for home in (search, search_reference):
        u = np.empty_like(cross)
        home.omp_rows(u, gram, cross, k, TOL)
        greedy = u.copy()
        gain, nodes, place = (u * cross).sum(axis=1), np.zeros(n, np.int64), np.array([0, -1])
        stack, worth = search_reference.new_stack(7), np.zeros(n)
        while place[0] < n:  # a small budget: the search is interrupted and goes on
            home.branch_and_bound_rows(u, gain, nodes, place, stack, gram, cross, worth, k, TOL, 5)
        results.append((greedy, u, gain, nodes))
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-11)
    assert results[0][3].max() <= sum(comb(7, p) for p in range(k, 8))
    # and the gain is that of the best support
    for i in range(min(n, 12)):
        best = 0.0
        for p in range(1, k + 1):
            for support in combinations(range(7), p):
                S = list(support)
                x = np.linalg.solve(gram[np.ix_(S, S)], cross[i, S])
                best = max(best, float(x @ cross[i, S])) if x.min() > 0 else best
        assert results[0][2][i] == pytest.approx(best, rel=1e-10)
