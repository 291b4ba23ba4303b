"""Convergence curves draw the traces, nothing else."""

from types import SimpleNamespace

import numpy as np
import pytest

from tensorly_hdr import plotting


def run(loss, status="converged"):
    loss = np.array(loss)
    return SimpleNamespace(trace=SimpleNamespace(loss=loss, time=0.5 + np.arange(loss.size)), status=status)


@pytest.fixture
def runs():
    return {"fast": run([8.0, 2.0, 1.0]), "slow": run([8.0, 6.0, 5.0, 4.0], "max_iter")}


def curves(ax):
    return {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}


@pytest.mark.parametrize(("x", "label"), [("time", "Time (s)"), ("iteration", "Iteration")])
def test_curves_are_the_traces(runs, x, label):
    ax = plotting.convergence(runs, x=x)
    drawn = curves(ax)
    assert list(drawn) == list(runs)
    for name, result in runs.items():
        np.testing.assert_array_equal(drawn[name].get_ydata(), result.trace.loss)
        where = result.trace.time if x == "time" else np.arange(result.trace.loss.size)
        np.testing.assert_array_equal(drawn[name].get_xdata(), where)
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()) == (label, "Loss", "log")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(runs)


@pytest.mark.parametrize(
    ("relative_to", "label", "value"), [("best", "Loss − best loss", 1.0), (0.5, "Loss − minimum", 0.5)]
)
def test_relative_losses(runs, relative_to, label, value):
    ax = plotting.convergence(runs, relative_to=relative_to)
    for name, line in curves(ax).items():
        expected = runs[name].trace.loss - value
        np.testing.assert_array_equal(line.get_ydata(), np.where(expected > 0, expected, np.nan))
    assert ax.get_ylabel() == label


def test_only_unfinished_runs_end_hollow(runs):
    ax = plotting.convergence(runs)
    ends = {line.get_color(): line.get_markerfacecolor() for line in ax.lines if line.get_marker() == "o"}
    fast, slow = (line.get_color() for line in curves(ax).values())
    assert ends == {fast: fast, slow: "white"}


def test_a_run_at_the_minimum_draws_no_end():
    ax = plotting.convergence({"exact": run([0.0, 0.0])})
    assert [line.get_marker() for line in ax.lines] == ["None"]


def test_one_run_needs_no_legend(runs):
    assert plotting.convergence({"fast": runs["fast"]}).get_legend() is None


@pytest.mark.parametrize("bad", [{"x": "flops"}, {"relative_to": "worst"}])
def test_unknown_options_are_listed(runs, bad):
    with pytest.raises(ValueError, match=f"{next(iter(bad))} must be one of"):
        plotting.convergence(runs, **bad)
