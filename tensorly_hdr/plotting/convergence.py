"""How fast solvers converge."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr.plotting.style import legend, one


class _Trace(Protocol):
    @property
    def loss(self) -> NDArray: ...
    @property
    def time(self) -> NDArray: ...


class _Result(Protocol):
    @property
    def trace(self) -> _Trace: ...
    @property
    def status(self) -> str: ...


@check.known_options
def convergence(
    results: Mapping[str, _Result] | _Result,
    *,
    ax: Axes | None = None,
    x: Literal["time", "iteration"] = "time",
    relative_to: float | Literal["best"] | None = None,
) -> Axes:
    """Draw the loss of each run against time or iterations, on a logarithmic axis.

    The last point is a full dot if the run converged and a hollow one if a limit stopped it.

    Parameters
    ----------
    results : dict of Result, or one Result
        Label -> result of a solver.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    x : {"time", "iteration"}
        Horizontal axis: seconds, starting after the set-up of the solver, or iterations.
    relative_to : float, "best" or None
        Subtract this value from the losses: a known minimum, or the smallest loss any of the runs reached. Points where
        nothing positive remains cannot be drawn on a logarithmic axis and are left out.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> trace = SimpleNamespace(loss=np.array([4.0, 2.0, 1.0]), time=np.array([0.0, 0.1, 0.2]))
    >>> run = SimpleNamespace(trace=trace, status="converged")
    >>> convergence({"hals": run}, relative_to="best").get_ylabel()
    'Loss − best loss'
    """
    horizontal = {"time": "Time (s)", "iteration": "Iteration"}
    xlabel = check.choice("x", x, horizontal)
    runs = check.results_by_label("results", results)
    reference, ylabel = _reference(runs, relative_to)
    ax = one(ax)
    for label, result in runs.items():
        loss = np.asarray(result.trace.loss, dtype=float) - reference
        loss = np.where(loss > 0, loss, np.nan)
        where = np.asarray(result.trace.time) if x == "time" else np.arange(loss.size)
        (line,) = ax.plot(where, loss, label=label)
        _mark_end(ax, where, loss, line.get_color(), hollow=result.status != "converged")
    ax.set_yscale("log")
    ax.set(xlabel=xlabel, ylabel=ylabel)
    legend(ax, list(runs))
    return ax


def _reference(results: Mapping[str, _Result], relative_to: float | str | None) -> tuple[float, str]:
    if relative_to is None:
        return 0.0, "Loss"
    if isinstance(relative_to, str):
        check.choice("relative_to", relative_to, {"best": None})
        return min(float(np.nanmin(r.trace.loss)) for r in results.values()), "Loss − best loss"
    check.finite_float("relative_to", relative_to)
    return float(relative_to), "Loss − minimum"


def _mark_end(ax: Axes, where: NDArray, loss: NDArray, color: Any, *, hollow: bool) -> None:
    drawn = np.flatnonzero(np.isfinite(loss))
    if drawn.size:
        last = drawn[-1]
        ax.plot(where[last], loss[last], "o", color=color, mfc="white" if hollow else color, label="_nolegend_")
