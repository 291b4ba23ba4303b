"""compare_ranks: each column is what its definition says, and the planted rank wins."""

import numpy as np
import pytest
import xarray as xr

from tensorly_hdr import compare_ranks, ncp
from tensorly_hdr.interop import to_tensorly
from tensorly_hdr.linalg import reconstruct
from tensorly_hdr.metrics import core_consistency, factor_match_score

OPTIONS = {"max_iter": 300, "tol": 1e-10, "extrapolate": True}


@pytest.fixture(scope="module")
def planted():
    rng = np.random.default_rng(5)
    T = reconstruct([rng.random((n, 3)) ** 3 for n in (12, 13, 14)])
    return T + 0.03 * T.mean() * rng.standard_normal(T.shape).clip(-1, 1) * (T > 0.1)


@pytest.fixture(scope="module")
def table(planted):
    return compare_ranks(planted.clip(0), [1, 2, 3, 4], n_init=4, fraction=0.1, seed=0, **OPTIONS)


def test_the_planted_rank_is_found_by_every_criterion(table):
    assert int(table["holdout_error"].idxmin()) == 3
    assert table["core_consistency"].sel(rank=3) > 95
    assert table["core_consistency"].sel(rank=4) < 50
    assert table["stability"].sel(rank=3) > 0.99
    assert table["best_loss"].sel(rank=3) < 0.05 * table["best_loss"].sel(rank=2)


def test_columns_are_what_they_say(table):
    assert table["loss"].dims == ("rank", "start")
    np.testing.assert_array_equal(table["best_loss"], table["loss"].min("start"))
    np.testing.assert_allclose(table["spread"], table["loss"].max("start") / table["best_loss"] - 1)
    assert all(v.attrs["long_name"] for v in table.values())


def test_the_same_seed_gives_the_same_table_whatever_the_other_ranks(planted, table):
    again = compare_ranks(planted.clip(0), [2], n_init=4, fraction=0.1, seed=0, **OPTIONS)
    xr.testing.assert_identical(again.sel(rank=2), table.sel(rank=2))


def test_missing_entries_and_labels(planted, rng):
    T = planted.clip(0)
    mask = rng.random(T.shape) > 0.1
    options = {"n_init": 2, "seed": 1, "mask": mask, "max_iter": 50}
    one, two = (compare_ranks(np.where(mask, T, v), [2, 3], **options) for v in (np.nan, 0.0))
    xr.testing.assert_identical(one, two)
    labelled = xr.DataArray(np.where(mask, T, np.nan), dims=("a", "b", "c"))
    xr.testing.assert_identical(compare_ranks(labelled, [2, 3], **options), one)


def test_a_matrix_has_no_core_and_one_start_no_stability(rng):
    table = compare_ranks(rng.random((6, 7)), [2], n_init=1, fraction=0.0, seed=0, max_iter=20)
    assert np.isnan([table[k].item() for k in ("core_consistency", "stability", "holdout_error")]).all()
    assert table["spread"].item() == 0


@pytest.mark.parametrize("shape", [(6, 7, 8), (5, 4, 6, 3)])
def test_core_consistency_is_that_of_tlviz(shape, rng):
    from tlviz.factor_tools import distribute_weights_evenly
    from tlviz.model_evaluation import core_consistency as peer

    T = rng.random(shape)
    result = ncp(T, 2, seed=0, max_iter=20)
    even = distribute_weights_evenly(to_tensorly(result))
    assert core_consistency(T, result) == pytest.approx(peer(even, T), rel=1e-8)


def test_core_consistency_does_not_depend_on_the_scales_that_the_model_leaves_free(rng):
    T = rng.random((6, 7, 8))
    A, B, C = ncp(T, 3, seed=0, max_iter=20).factors
    scale = np.array([1.0, 1e3, 1e-2])
    expected = core_consistency(T, [A, B, C])
    assert core_consistency(T, [A * scale, B, C / scale]) == pytest.approx(expected, rel=1e-8)
    with_zero = [np.column_stack([u, np.zeros(len(u))]) for u in (A, B, C)]
    assert core_consistency(T, with_zero) == pytest.approx((3 * expected + 0.0) / 4, rel=1e-8)


def test_the_seeds_of_the_table_make_its_runs_again(planted, table):
    rank, start = 4, 2
    again = ncp(planted.clip(0), rank, seed=int(table["seed"][start]), **OPTIONS)
    assert again.loss == table["loss"].sel(rank=rank, start=start).item()


def test_stability_compares_with_the_best_start(rng):
    T = rng.random((6, 7, 8))
    table = compare_ranks(T, [3], n_init=2, fraction=0.0, seed=4, max_iter=30)
    seeds = np.random.default_rng(4).integers(2**63, size=2)
    one, two = (ncp(T, 3, seed=int(s), max_iter=30) for s in seeds)
    assert table["stability"].item() == pytest.approx(factor_match_score(one.factors, two.factors))


@pytest.mark.parametrize("bad", [[], [2, 2], [0], [1.5]])
def test_ranks_must_be_different_positive_integers(bad, rng):
    with pytest.raises(ValueError, match="ranks"):
        compare_ranks(rng.random((4, 5)), bad)


def test_missing_entries_do_not_pull_the_core_away_from_the_model(rng):
    T = reconstruct([rng.random((n, 2)) for n in (6, 7, 8)])
    mask = rng.random(T.shape) > 0.3
    table = compare_ranks(T, [2], n_init=1, fraction=0.0, mask=mask, seed=0, max_iter=2000, tol=1e-13)
    assert float(table["core_consistency"][0]) > 99
