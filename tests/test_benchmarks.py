"""The harness of the benchmarks on tiny data: what it measures is what it says; no time is asserted."""

import json
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture
def harness(monkeypatch):
    """The modules of the scripts, which import each other as neighbours."""
    for folder in (BENCHMARKS, BENCHMARKS / "peers"):
        monkeypatch.syspath_prepend(folder)
    import _common
    import _peers
    import _race
    import losses

    return _common, _peers, _race, losses


@pytest.fixture
def no_environments(harness, monkeypatch, tmp_path):
    monkeypatch.setattr(harness[1], "HOME", tmp_path / "peers")


def curve(peers, time, loss):
    return peers.Curve(np.array(time), np.array(loss), 0.0)


def test_a_race_has_one_line_a_method_and_one_start(harness, no_environments, rng, tmp_path):
    common, peers, race, _ = harness
    factors = [rng.random((n, 1)) for n in (8, 9)]  # rank one: a single minimum, that of the power method
    Y = rng.random((8, 9))
    contestants = [
        peers.Contestant("ours", "hdr factorization"),
        peers.Contestant("scikit-learn cd", "scikit-learn", {"solver": "cd"}),
        peers.Contestant("mcrnmf", "mcrnmf"),
    ]
    outcome = race.race("tiny", contestants, levels=(0.05,), Y=Y, factors=factors, beta=2, seconds=0.02)
    ours, peer, absent = outcome.rows
    assert ours["times ours, 0.05"] == 1.0
    assert peer["to 0.05 (s)"] / ours["to 0.05 (s)"] == pytest.approx(peer["times ours, 0.05"])
    assert absent == {"task": "tiny", "method": "mcrnmf", "to 0.05 (s)": "absent"}
    assert min(row["loss above best"] for row in (ours, peer)) == 0
    first = [kept["above"][0] for kept in outcome.curves["tiny"].values()]
    assert first[0] == first[1] > 0
    common.report("tiny", outcome, tmp_path)
    kept = json.loads((tmp_path / "tiny.json").read_text())
    assert kept["rows"] == outcome.rows
    assert kept["curves"] == outcome.curves
    assert kept["provenance"]["versions"]["mcrnmf"] == "absent"
    assert "<svg" in (tmp_path / "tiny.svg").read_text()


def test_methods_that_end_return_their_answer_and_are_scaled(harness, rng):
    _, peers, race, _ = harness
    A, Y = rng.random((7, 3)), rng.random((7, 6))
    some = peers.Contestant("a few", "SciPy nnls", {"columns": 2})
    rows, answers = race.timed("tiny", [peers.Contestant("ours", "hdr nnls"), some], A=A, Y=Y, seconds=0.01)
    np.testing.assert_allclose(answers["a few"], answers["ours"][:, :2], atol=1e-12)
    assert rows[0]["times ours"] == 1.0
    assert rows[1]["times ours"] == pytest.approx(rows[1]["ms"] / rows[0]["ms"])


@pytest.mark.parametrize("fixed", [True, False])
def test_convolutive_contestants_do_the_same_iterations(fixed, harness, rng):
    peers, race = harness[1:3]
    W, H, Y = rng.random((5, 3, 2)) + 0.1, rng.random((8, 2)) + 0.1, rng.random((5, 8))
    options = {"fixed": fixed, "iterations": 3}
    contestants = [
        peers.Contestant("ours", "hdr convolutive", options),
        peers.Contestant("loop", "NumPy lags", options),
    ]
    _, answers = race.timed("tiny", contestants, Y=Y, factors=[W, H], seconds=0.01)
    np.testing.assert_allclose(answers["loop"], answers["ours"], rtol=1e-11)


def test_our_failure_is_an_error_and_a_failure_of_a_peer_a_line(harness, rng, capsys):
    _, peers, race, _ = harness
    problem = {"A": rng.random((4, 2)), "Y": rng.random((5, 3)), "seconds": 0.01}  # of different heights
    bad_peer = peers.Contestant("SciPy", "SciPy nnls")
    assert race.collect([bad_peer], 1, **problem) == {"SciPy": "failed"}
    assert "A peer failed. SciPy: ValueError" in capsys.readouterr().out
    with pytest.raises(RuntimeError, match="ours: ValueError"):
        race.collect([peers.Contestant("ours", "hdr nnls")], 1, **problem)


def test_different_starts_are_refused(harness):
    _, peers, race, _ = harness
    curves = {"one": [curve(peers, [0, 1], [4.0, 2.0])], "two": [curve(peers, [0, 1], [4.1, 2.0])]}
    with pytest.raises(ValueError, match="do not start from the same loss"):
        race.same_start(curves)


def test_time_to_reach_interpolates_a_linear_convergence(harness):
    """With loss 1 + exp(-t) every level is reached at -log(level), however coarse the grid."""
    _, peers, race, _ = harness
    time = np.array([0.0, 1.0, 4.0, 9.0])
    known = curve(peers, time, 1 + np.exp(-time))
    for level in (0.5, 1e-2, 1e-3):
        assert race.time_to_reach(known, 1.0, level) == pytest.approx(-np.log(level), rel=1e-9)
    assert race.time_to_reach(known, 1.0, 1e-5) == np.inf


def test_a_ratio_is_a_bound_where_only_ours_arrived(harness):
    race = harness[2]
    assert race._ratio(6.0, 2.0, 9.0) == 3.0
    assert race._ratio(np.inf, 2.0, 9.0) == ">4.5"
    assert race._ratio(6.0, np.inf, 9.0) is None


def test_a_thinned_curve_keeps_its_ends(harness):
    _, peers, race, _ = harness
    time = np.arange(1000.0)
    kept = race.thinned(curve(peers, time, 1 + 1 / (1 + time)), 1.0)
    assert 20 < len(kept["time"]) == len(kept["above"]) <= 60
    assert (kept["time"][0], kept["time"][-1]) == (0.0, 999.0)
    assert np.all(np.diff(kept["time"]) > 0)


def test_losses_of_the_races_are_those_of_the_package(harness, rng):
    import scipy.sparse

    import tensorly_hdr as hdr
    from tensorly_hdr.linalg import reconstruct

    losses = harness[3]
    factors = [rng.random((n, 2)) for n in (4, 5, 3)]
    T, Y = rng.random((4, 5, 3)), rng.poisson(1.0, (4, 5)).astype(float)
    model = factors[0] @ factors[1].T
    assert losses.loss({"Y": T, "beta": 2}, factors) == pytest.approx(hdr.Frobenius().value(T, reconstruct(factors)))
    for data in (Y, scipy.sparse.csr_array(Y)):
        problem = {"Y": data, "beta": 2}
        assert losses.loss(problem, factors[:2]) == pytest.approx(hdr.Frobenius().value(Y, model))
        problem["beta"] = 1
        assert losses.loss(problem, factors[:2]) == pytest.approx(hdr.KullbackLeibler().value(Y, model))


def test_every_peer_with_an_environment_has_a_method_and_a_pin(harness):
    import methods

    peers = harness[1]
    assert set(peers.GROUP_OF) <= set(methods.METHODS)
    for method, group in peers.GROUP_OF.items():
        assert f"{method.split()[0]}==" in (BENCHMARKS / "peers" / f"{group}.txt").read_text()


def test_sparse_coding_races_report_what_was_found(harness):
    import bench_sparse_coding as bench

    rows = bench.mixed(10, 20, 2, 8, 1, rounds=1)
    assert {row["method"] for row in rows} >= {"ours, trick_omp", "NumPy OMP", "ours, block_fista", "NumPy FISTA"}
    assert all(row["planted"] == row["as ours"] == row["columns"] == 2 for row in rows if "OMP" in row["method"])
    Y, D, B, X = bench.coding_problem(10, 20, 2, 8, 1)
    pulled = Y @ B @ np.linalg.inv(B.T @ B)
    for found in (bench.numpy_omp(D, pulled, 1), bench.numpy_block_fista(Y, D, B, 1)):
        np.testing.assert_array_equal(found != 0, X != 0)
