"""The loop: the clock, the trace, every reason to stop."""

import numpy as np
import pytest

from tensorly_hdr import nmf, nnls, solve
from tensorly_hdr.solve import run

A, Y = np.random.default_rng(0).random((8, 3)), np.random.default_rng(1).random((8, 4))


def halving():
    x = 1.0
    while True:
        yield x, {"half": x / 2}
        x /= 2


def test_trace_and_iterations():
    x, trace, status, n_iter = run(halving(), lambda x: x, max_iter=5, tol=0)
    assert (x, status, n_iter) == (2.0**-5, "max_iter", 5)
    np.testing.assert_array_equal(trace.loss, 2.0 ** -np.arange(6))
    np.testing.assert_array_equal(trace.extra["half"], trace.loss / 2)
    assert len(trace.time) == 6
    assert (np.diff(trace.time) >= 0).all()


class Clock:
    """A clock that only moves when it is told to."""

    now = 0.0

    def __call__(self):
        return self.now

    def move(self, seconds):
        self.now += seconds


def test_the_clock_counts_the_steps_and_the_set_up_and_is_paused_while_the_loss_is_evaluated(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(solve, "perf_counter", clock)

    def slow():
        clock.move(0.5)
        for x, info in halving():
            clock.move(1.0)
            yield x, info

    _, trace, _, _ = run(slow(), lambda x: clock.move(8.0) or x, max_iter=3, tol=0)
    assert trace.time.tolist() == [1.5, 2.5, 3.5, 4.5]


def test_tolerance_is_relative_to_the_start():
    _, trace, status, _ = run(halving(), lambda x: 1000 * x, tol=1e-3)
    assert status == "converged"
    falls = -np.diff(trace.loss)
    assert falls[-3] <= 1.0 < falls[-4]


def test_one_flat_iteration_is_not_convergence():
    losses = [10.0, 5.0, 5.0, 5.0, 2.0, 1.0, 1.0, 1.0, 1.0, 0.5]
    _, trace, status, _ = run(iter([(x, {}) for x in losses]), lambda x: x, tol=1e-3)
    assert (status, len(trace.loss)) == ("converged", 9)


def test_a_flat_loss_that_something_contradicts_is_not_convergence():
    def steps(x):
        return iter([(x, {})] * 20)

    assert run(steps(1.0), lambda x: x, tol=1e-3, max_iter=9, settled=lambda *_: False)[2:] == ("max_iter", 9)
    assert run(steps(1.0), lambda x: x, tol=1e-3, max_iter=9)[2:] == ("converged", 3)
    assert run(steps(1e-30), lambda x: x, max_iter=9, floor=1e-29)[2:] == ("converged", 1)
    assert run(steps(1e-30), lambda x: x, tol=0, max_iter=9, floor=1e-29)[2:] == ("max_iter", 9)


def test_max_time_callback_and_divergence():
    assert run(halving(), lambda x: x, max_time=0.0, tol=0)[2] == "max_time"
    assert run(halving(), lambda x: x, tol=0, callback=lambda k, x, info: k == 3)[2:] == ("callback", 3)
    assert run(halving(), lambda x: x, tol=0, callback=lambda k, x, info: np.bool_(k == 3))[2:] == ("callback", 3)
    assert run(halving(), lambda x: x, tol=0, max_iter=4, callback=lambda k, x, info: k)[2] == "max_iter"
    assert run(halving(), lambda x: np.nan if x < 0.2 else x, tol=0)[2] == "diverged"


def test_a_generator_that_ends_has_converged():
    assert run(iter([(1.0, {}), (0.5, {})]), lambda x: x, tol=0)[1:][1:] == ("converged", 1)


def test_max_iter_zero_returns_the_start():
    result = nnls(A, Y, max_iter=0)
    assert result.n_iter == 0
    assert len(result.trace.loss) == 1


def test_callback_sees_x_as_it_is_returned():
    seen = []
    result = nnls(A, Y, solver="hals", callback=lambda k, x, info: seen.append(x.shape))
    assert set(seen) == {(3, 4)}
    assert len(seen) == result.n_iter + 1
    shapes = []
    nmf(Y, 2, seed=0, max_iter=2, callback=lambda k, x, info: shapes.append([u.shape for u in x]))
    assert shapes[0] == [(8, 2), (4, 2)]


def test_ctrl_c_is_not_swallowed():
    def interrupt(k, x, info):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nmf(Y, 2, seed=0, callback=interrupt)


def test_progress_writes_a_bar_with_the_loss(capsys):
    nnls(A, Y, solver="pgd", max_iter=3, tol=0, progress=True)
    text = capsys.readouterr().err
    assert "3/3" in text
    assert "loss=" in text


def test_results_are_frozen_and_print_in_one_line():
    result = nnls(A, Y)
    with pytest.raises(AttributeError):
        result.x = 0
    assert repr(result).startswith("Result(x: 3x4, loss=")
    assert "\n" not in repr(nmf(Y, 2, seed=0, max_iter=2))
    assert result.loss == result.trace.loss[-1]
    assert result == result
    assert result != nnls(A, Y)
    assert len({result, result.trace}) == 2


@pytest.mark.parametrize(
    ("stop", "error", "word"),
    [
        ({"maxiter": 3}, TypeError, "maxiter"),
        ({"max_iter": -1}, ValueError, "max_iter"),
        ({"max_iter": 2.5}, ValueError, "max_iter"),
        ({"tol": -1e-3}, ValueError, "tol"),
        ({"tol": "small"}, TypeError, "tol"),
        ({"max_time": np.nan}, ValueError, "max_time"),
        ({"callback": 3}, TypeError, "callback"),
    ],
)
def test_bad_stop_options_are_named(stop, error, word):
    with pytest.raises(error, match=word):
        nnls(A, Y, **stop)


@pytest.mark.parametrize(("after", "status"), [(1.0, "converged"), (0.5, "converged"), (1.5, "max_iter")])
def test_a_flat_loss_above_that_of_the_start_is_not_convergence(after, status):
    steps = ((value, {}) for value in (1.0, *[after] * 50))
    assert run(steps, float, max_iter=20)[2] == status
