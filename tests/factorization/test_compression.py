"""pro-ALS and proco-ALS: feasible, equal where theory says so, exact without noise, KKT of the projection."""

from itertools import combinations

import numpy as np
import pytest
import tensorly as tl
import xarray as xr

from tensorly_hdr import ncp, pro_als, proco_als, project_on_cone, tucker_compress
from tensorly_hdr.factorization.projected import Target
from tensorly_hdr.factorization.tucker import expand
from tensorly_hdr.linalg import khatri_rao, mttkrp, reconstruct, unfold
from tensorly_hdr.metrics import factor_match_score, kkt_residual

METHODS = {
    "pro": pro_als,
    "proco": lambda T, rank, **k: proco_als(T, rank, [min(rank + 1, n) for n in T.shape], **k),
    "proco, exact": lambda T, rank, **k: proco_als(T, rank, [min(rank + 1, n) for n in T.shape], exact=True, **k),
}
EVERY = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)


def planted(shape, rank, rng):
    factors = [rng.random((n, rank)) * (rng.random((n, rank)) < 0.7) for n in shape]
    return reconstruct(factors), factors


def noisy(shape, rank, rng):
    T, _ = planted(shape, rank, rng)
    return np.maximum(T + 0.1 * T.std() * rng.standard_normal(shape), 0.0)


def half(residual):
    return 0.5 * float(np.sum(residual**2))


def iterates(method, T, rank, **options):
    seen = []
    method(T, rank, n_polish=0, tol=0.0, callback=lambda k, x, info: seen.append(x), **options)
    return seen


@EVERY
@pytest.mark.parametrize("shape", [(9, 10), (8, 9, 10), (5, 4, 6, 5)])
def test_every_iterate_is_nonnegative_and_the_loss_is_the_objective(method, shape, rng):
    T = noisy(shape, 3, rng)
    for factors in iterates(method, T, 3, seed=0, max_iter=15):
        assert min(u.min() for u in factors) >= 0
    for n_polish in (0, 1, 30):
        result = method(T, 3, seed=0, max_iter=15, n_polish=n_polish, tol=0.0)
        assert result.loss == pytest.approx(half(T - reconstruct(result.factors)), rel=1e-9)
        assert len(result.trace.loss) == len(result.trace.time) == result.n_iter + 1
        assert result.n_iter == 15 + 1 + n_polish
        assert (np.diff(result.trace.time) >= 0).all()


def test_descent_is_promised_in_the_second_stage_only_and_it_starts_from_the_best_iterate():
    """And the first stage does rise, on a tensor whose noise makes the constraint active."""
    rises = 0
    for seed in range(6):
        result = pro_als(noisy((8, 9, 10), 5, np.random.default_rng(seed)), 5, seed=seed, max_iter=40, tol=0.0)
        loss, stage = result.trace.loss, result.trace.extra["stage"]
        rises += int((np.diff(loss[stage == 0]) > 1e-9 * loss[0]).sum())
        assert loss[stage == 1][0] == pytest.approx(loss[stage == 0].min(), rel=1e-9)
        assert (np.diff(loss[stage == 1]) <= 1e-10 * loss[0]).all()
    assert rises > 0


def test_an_iterate_of_pro_als_is_least_squares_then_a_projection(rng):
    """From the formula, with flips; the unfolding and the Khatri-Rao product are those of TensorLy."""
    T, init = noisy((6, 7, 8), 3, rng), [rng.random((n, 3)) for n in (6, 7, 8)]
    factors = [u.copy() for u in init]
    for seen in iterates(pro_als, T, 3, init=init, max_iter=4)[1:5]:
        for m in range(3):
            K = tl.tenalg.khatri_rao(factors, skip_matrix=m)
            u = np.linalg.lstsq(K, tl.unfold(T, m).T, rcond=None)[0].T
            u[:, (u <= 0).all(axis=0)] *= -1
            factors[m] = np.maximum(u, 0)
        np.testing.assert_allclose(reconstruct(seen), reconstruct(factors), atol=1e-9 * T.max())
        for u, v in zip(seen, factors, strict=True):  # the norms of a component move between the modes
            np.testing.assert_allclose(u / u.max(axis=0), v / v.max(axis=0), atol=1e-8)


def test_a_column_without_a_positive_entry_is_flipped_and_none_dies(rng):
    T, _ = planted((6, 7, 8), 2, rng)
    away = [np.eye(6, 2), np.eye(7, 2), np.eye(8, 2)]  # starts that see almost nothing of the tensor
    for seed in range(5):
        for factors in iterates(pro_als, T, 4, init=None, seed=seed, max_iter=20):
            assert all(u.any(axis=0).all() for u in factors)
    assert all(u.any(axis=0).all() for u in pro_als(T, 2, init=away, max_iter=20).factors)
    # (1, 2) = 2 (2, 1) - 3 (1, 0): the second coefficient is negative, and alone in its column
    init = [np.array([[5**0.5, 1.0]]), np.array([[2.0, 1.0], [1.0, 0.0]])]  # norms are even already
    one = iterates(pro_als, np.array([[1.0, 2.0]]), 2, init=init, max_iter=1)[1]
    np.testing.assert_allclose(one[0], [[2.0, 3.0]])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("ranks", [3, (4, 3, 5)])
def test_compressed_is_uncompressed_when_the_ranks_are_exact(seed, ranks):
    """Iterate by iterate, from the same start, with the clipping."""
    rng = np.random.default_rng(seed)
    T, _ = planted((9, 8, 10), 3, rng)
    full = iterates(pro_als, T, 3, seed=seed, max_iter=8)
    small = iterates(lambda *a, **k: proco_als(*a, ranks, **k), T, 3, seed=seed, max_iter=8)
    for one, two in zip(full, small, strict=True):
        for u, v in zip(one, two, strict=True):
            np.testing.assert_allclose(v, u, atol=1e-6 * np.abs(u).max())


def test_on_noise_it_is_pro_als_of_the_compressed_tensor(rng):
    T = 0.5 + noisy((9, 8, 10), 3, rng)
    small = tucker_compress(T, 4)
    compressed_tensor = expand(small.core, small.factors)  # nonnegative, or pro_als would refuse it
    full = iterates(pro_als, compressed_tensor, 3, seed=0, max_iter=10)
    compressed = iterates(lambda T, r, **k: proco_als(T, r, small, **k), T, 3, seed=0, max_iter=10)
    # the random start is scaled to the tensor: compare up to the scale of the start, which the first round forgets
    for one, two in zip(full[1:-1], compressed[1:-1], strict=True):
        np.testing.assert_allclose(reconstruct(two), reconstruct(one), atol=1e-7 * T.max())


def test_with_bases_of_full_size_nothing_changes(rng):
    T = noisy((5, 6, 7), 2, rng)
    for exact in (False, True):
        one, two = pro_als(T, 2, seed=0, max_iter=20), proco_als(T, 2, T.shape, exact=exact, seed=0, max_iter=20)
        np.testing.assert_allclose(two.trace.loss, one.trace.loss, rtol=1e-7)


@pytest.mark.parametrize("exact", [False, True])
def test_the_first_stage_traces_the_loss_on_the_compressed_tensor_plus_what_is_left_out(exact, rng):
    T = noisy((9, 8, 10), 3, rng)
    small = tucker_compress(T, 4)
    seen = []
    result = proco_als(
        T, 3, small, exact=exact, seed=0, max_iter=6, n_polish=0, tol=0.0, callback=lambda k, x, i: seen.append(x)
    )
    for k in range(1, 7):
        model = reconstruct(seen[k])
        value = half(expand(small.core, small.factors) - model) + small.loss
        assert result.trace.loss[k] == pytest.approx(value, rel=1e-9)
        if exact:  # the factors are in the span of the bases: the theorem of Pythagoras
            assert result.trace.loss[k] == pytest.approx(half(T - model), rel=1e-9)
            for u, U in zip(seen[k], small.factors, strict=True):
                np.testing.assert_allclose(U @ (U.T @ u), u, atol=1e-9 * u.max())


def test_the_loss_keeps_its_digits_near_an_exact_fit(rng):
    """The factors leave the span of the bases by a hair: that is all of the loss, and the core does not see it."""
    T, truth = planted((9, 8, 10), 2, rng)
    small = tucker_compress(T, 2)
    target = Target(small.core, tuple(small.factors))
    hair = [
        1e-6 * (u - U @ (U.T @ u)) for u, U in zip((rng.random(u.shape) for u in truth), small.factors, strict=True)
    ]
    factors = [u + h for u, h in zip(truth, hair, strict=True)]
    coords = [target.coordinates(u, m) for m, u in enumerate(factors)]
    loss = target.loss(factors, coords, mttkrp(small.core, coords, 2))
    assert loss == pytest.approx(half(expand(small.core, small.factors) - reconstruct(factors)), rel=1e-4)


def test_the_core_holds_the_products_of_the_compressed_tensor(rng):
    """The identity behind proco-ALS."""
    small = tucker_compress(rng.random((7, 8, 9)), (3, 2, 4))
    full, factors = expand(small.core, small.factors), [rng.random((n, 2)) for n in (7, 8, 9)]
    coords = [U.T @ u for U, u in zip(small.factors, factors, strict=True)]
    for m, U in enumerate(small.factors):
        np.testing.assert_allclose(U @ mttkrp(small.core, coords, m), mttkrp(full, factors, m), atol=1e-12)
        np.testing.assert_allclose(mttkrp(full, factors, m), unfold(full, m) @ khatri_rao(factors, m), atol=1e-12)


@pytest.mark.parametrize("method", [pro_als, lambda *a, **k: proco_als(*a, 2, **k)], ids=["pro", "proco"])
def test_the_tensor_of_the_manuscript_is_recovered_without_noise(method):
    """Section 14.1: 10 x 10 x 10, rank two, seed 0; the relative error is under 1e-6, polish or none."""
    legacy = np.random.RandomState(0)
    truth, start = (tl.random.random_cp([10, 10, 10], 2, random_state=legacy).factors for _ in range(2))
    T = reconstruct(truth)
    for n_polish in (0, 100):
        result = method(T, 2, init=start, n_polish=n_polish, tol=1e-16)
        assert np.sqrt(2 * result.loss) < 1e-6 * np.linalg.norm(T)
        assert factor_match_score(result.factors, truth) > 1 - 1e-6


@pytest.mark.parametrize("rank", [1, 2, 4])
@pytest.mark.parametrize("name", ["pro", "proco"])
def test_planted_tensors_are_recovered(name, rank):
    for seed in range(5):
        T, truth = planted((10, 11, 12), rank, np.random.default_rng(seed))
        result = METHODS[name](T, rank, seed=seed, tol=1e-14)
        assert factor_match_score(result.factors, truth) > 0.9999


@EVERY
def test_the_polish_ends_at_a_stationary_point_that_ncp_confirms(method, rng):
    T = noisy((8, 9, 10), 3, rng)
    result = method(T, 3, seed=0, n_polish=3000, tol=1e-14)
    for m in range(3):
        assert kkt_residual(khatri_rao(result.factors, m), unfold(T, m).T, result.factors[m].T) < 1e-4
    again = ncp(T, 3, init=result, max_iter=50, tol=0.0)
    assert again.loss == pytest.approx(result.loss, rel=1e-6)


def test_a_fixed_point_of_pro_als_need_not_be_optimal():
    """Two modes and one fixed point in closed form: the last factor is not the constrained solution of its block."""
    T = noisy((8, 9, 10), 4, np.random.default_rng(3))
    result = pro_als(T, 4, seed=3, max_iter=3000, n_polish=0, tol=0.0)
    worst = max(kkt_residual(khatri_rao(result.factors, m), unfold(T, m).T, result.factors[m].T) for m in range(3))
    assert worst > 1e-3
    assert ncp(T, 4, init=result, max_iter=200).loss < result.loss * (1 - 1e-5)


def nearest_by_enumeration(x, U):
    """Try each set of active inequalities: project on the subspace where they hold with equality."""
    best = np.zeros_like(x)
    for size in range(len(x)):
        for rows in combinations(range(len(U)), size):
            N = U[list(rows)]
            y = x - np.linalg.pinv(N) @ (N @ x) if size else x
            if (U @ y).min() >= -1e-12 and np.linalg.norm(y - x) < np.linalg.norm(best - x):
                best = y
    return best


@pytest.mark.parametrize("seed", range(6))
def test_the_projection_on_the_cone_is_the_one_found_by_trying_every_face(seed):
    rng = np.random.default_rng(seed)
    for U in (np.linalg.qr(rng.standard_normal((7, 3)))[0], rng.standard_normal((5, 3)), rng.random((8, 3))):
        X = rng.standard_normal((3, 6))
        wanted = np.column_stack([nearest_by_enumeration(x, U) for x in X.T])
        np.testing.assert_allclose(project_on_cone(X, U), wanted, atol=1e-10)


@pytest.mark.parametrize(("n", "r"), [(30, 4), (300, 6), (5, 5)])
def test_the_projection_satisfies_its_kkt_conditions(n, r, rng):
    """Feasible, orthogonal to the correction, and the correction is in the polar cone (Moreau)."""
    U = np.linalg.qr(rng.random((n, r)) - 0.2)[0]
    X = U.T @ (rng.random((n, 8)) - 0.4)
    P = project_on_cone(X, U)
    assert (U @ P).min() > -1e-12
    np.testing.assert_allclose(np.sum((X - P) * P, axis=0), 0, atol=1e-12)
    feasible = project_on_cone(rng.standard_normal((r, 50)), U)
    assert ((X - P).T @ feasible).max() < 1e-12
    # the nnls of SciPy 1.17 leaves a point that is in the cone already, for one far away
    np.testing.assert_allclose(project_on_cone(P, U), P, atol=1e-12)


def test_the_norm_of_a_component_is_shared_by_the_modes(rng):
    """Left alone it drifts by orders of magnitude, until a product overflows in single precision."""
    T = noisy((8, 9, 10), 5, rng)
    result = pro_als(T.astype(np.float32), 5, seed=0, max_iter=400, n_polish=0, tol=0.0)
    norms = np.array([np.linalg.norm(u, axis=0) for u in result.factors])
    np.testing.assert_allclose(norms / norms[0], 1, rtol=1e-4)
    spoiled = [u * s for u, s in zip(result.factors, (1e12, 1e-6, 1e-6), strict=True)]
    one, two = (pro_als(T, 5, init=init, max_iter=20).loss for init in (result, spoiled))
    assert one == pytest.approx(two, rel=1e-6)


def test_float32_and_labels(rng):
    T = noisy((6, 7, 8), 2, rng).astype(np.float32)
    for method in METHODS.values():
        result = method(T, 2, seed=0, max_iter=20)
        assert {u.dtype for u in result.factors} == {np.dtype(np.float32)}
        assert result.loss == pytest.approx(half(T - reconstruct(result.factors)), rel=1e-3)
    cube = xr.DataArray(T, dims=("a", "b", "c"), coords={"b": np.arange(7.0)})
    np.testing.assert_array_equal(proco_als(cube, 2, 3, seed=0, max_iter=5).to_xarray()[1]["b"], cube["b"])


def test_a_callback_and_a_time_limit_stop_both_stages(rng):
    T = noisy((6, 7, 8), 2, rng)
    ks = []
    pro_als(T, 2, seed=0, max_iter=3, n_polish=4, tol=0.0, callback=lambda k, x, info: ks.append(k))
    assert ks == list(range(9))
    stopped = pro_als(T, 2, seed=0, callback=lambda k, x, info: k == 2)
    assert (stopped.status, stopped.n_iter) == ("callback", 3)
    timed = proco_als(T, 2, 2, seed=0, max_time=0.0)
    assert (timed.status, timed.n_iter) == ("max_time", 1)
    assert min(u.min() for u in timed.factors) >= 0


def test_all_zero_data_and_thin_shapes(rng):
    assert pro_als(np.zeros((3, 4, 5)), 2, seed=0).loss == pytest.approx(0, abs=1e-12)
    for shape in [(1, 1), (1, 5), (1, 1, 5), (2, 1, 3, 1)]:
        T = rng.random(shape)
        assert pro_als(T, 1, seed=0).loss <= half(T)
        assert proco_als(T, 1, 1, seed=0).loss <= half(T)


@pytest.mark.parametrize("exact", [False, True])
def test_a_negative_column_is_flipped_in_the_full_space(exact, rng):
    """Signs of its coordinates say nothing: the factor they make does."""
    U = np.linalg.qr(rng.random((9, 3)))[0]
    full = np.maximum(U @ (U.T @ rng.random((9, 1))), 0.0)
    x = U.T @ full
    target = Target(np.zeros((3, 3, 3)), (U, U, U), 0.0, exact)
    assert (U @ x > 0).all()
    np.testing.assert_allclose(target.nonnegative(-x, 0), target.nonnegative(x, 0), rtol=1e-12)
    assert target.nonnegative(-x, 0).any()
