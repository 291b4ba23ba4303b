"""The one loop of the package: run a generator of iterates, keep time, trace, stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import pairwise
from time import perf_counter
from typing import Any, Literal, TypedDict

import numpy as np
from array_api_compat import array_namespace, is_array_api_obj
from numpy.typing import NDArray

from tensorly_hdr import _compiling
from tensorly_hdr._labels import Axis, labelled

PATIENCE = 3
"""So many flat iterations in a row are taken for convergence: one alone may be an accident."""
UNLIMITED = 2**62
"""A number of iterations that stands for no limit."""

Iterate = tuple[Any, dict[str, float]]
Callback = Callable[[int, Any, dict[str, float]], object]
Status = Literal["converged", "max_iter", "max_time", "callback", "diverged", "optimal", "stalled"]


class Stop(TypedDict, total=False):
    """Options of every iterative function of the package.

    max_iter : int, default 500
        Largest number of iterations; 0 returns the start.
    tol : float, default 1e-8
        Stop when the loss changes by at most ``tol`` times its value at the start, three times in a row; or when it is
        rounding beside the data. 0 turns the test off.
    max_time : float, default infinity
        Seconds of computation; the evaluation of the loss, the callback, the progress bar and the compilation of
        kernels (:func:`~tensorly_hdr.compilation.warm_up` does it beforehand) are not counted.
    callback : function of (k, x, info)
        Called at every iterate, the start (k = 0) included; stops the run by returning True. ``x`` and ``info`` are
        copies: they may be kept or changed, and the run goes on as it would have.
    progress : bool, default False
        Show a bar with the loss and the time, and what is compiled at a first call.
    """

    max_iter: int
    tol: float
    max_time: float
    callback: Callback | None
    progress: bool


@dataclass(frozen=True, eq=False)
class Trace:
    """What was recorded at each iterate; entry 0 is the start and ``time[0]`` the set-up.

    Attributes
    ----------
    loss : array of shape (n_iter + 1,)
        The objective that is minimized, penalties included, unnormalized.
    time : array of shape (n_iter + 1,)
        Seconds since the call, without the time it took to evaluate the objective or to compile kernels.
    extra : dict of arrays of shape (n_iter + 1,)
        What the algorithm adds (a gap, a count of nodes).
    """

    loss: NDArray
    time: NDArray
    extra: dict[str, NDArray] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Result:
    """Estimate ``x``, its ``trace``, why the run stopped, after how many iterations, and with which solver.

    ``status`` is ``"converged"``, ``"max_iter"``, ``"max_time"``, ``"callback"`` or ``"diverged"``; a
    search that has proven its answer says ``"optimal"``.
    """

    x: Any
    trace: Trace
    status: Status
    n_iter: int
    solver: str
    axes: tuple[Axis, ...] | None = field(default=None, repr=False)

    @property
    def loss(self) -> float:
        """Objective at the returned point."""
        return float(self.trace.loss[-1])

    def __repr__(self) -> str:
        """One line: shapes, loss, status, iterations, time, solver."""
        return (
            f"{type(self).__name__}({self._shapes()}, loss={self.loss:.6g}, status={self.status!r}, "
            f"n_iter={self.n_iter}, time={self.trace.time[-1]:.3g} s, solver={self.solver!r})"
        )

    def _shapes(self) -> str:
        return f"x: {'x'.join(map(str, self.x.shape))}"

    def to_xarray(self) -> Any:
        """``x`` as a DataArray, with the names and coordinates of the data where these had any.

        Of a factorization, the factors, each with a name of its own: ``xarray.merge(result.to_xarray())`` is a Dataset.
        """
        axes = self.axes or tuple(Axis(f"dim_{k}") for k in range(len(self.x.shape)))
        return labelled(np.asarray(self.x), *axes, name="coefficients")


def run(
    steps: Iterator[Iterate],
    objective: Callable[[Any], float],
    *,
    max_iter: int = 500,
    tol: float = 1e-8,
    max_time: float = np.inf,
    callback: Callback | None = None,
    progress: bool = False,
    view: Callable[[Any], Any] = lambda x: x,
    watch: Callable[[Any], dict[str, float]] = lambda x: {},
    tol_gap: float = 0.0,
    floor: float = 0.0,
    settled: Callable[[Any, dict[str, float], list[float]], bool] = lambda x, info, losses: True,
) -> tuple[Any, Trace, Status, int]:
    """Advance ``steps`` until the loss settles; the clock is paused while the loss is evaluated.

    A generator that ends has converged; an iterate whose info has a ``restart`` undid its step, so that its flat loss
    settles nothing. ``view`` turns an iterate into what the callback sees; ``watch`` adds to the
    trace, with the clock paused; a traced ``gap`` of at most ``tol_gap`` stops the run. An objective of at most
    ``floor`` is rounding. Before a flat loss counts as convergence, ``settled(x, info, losses)`` is asked, which may
    know a residual or a certificate that says otherwise; above the loss of the start it never does. Ctrl-C is not
    caught.
    """
    losses: list[float] = []
    times: list[float] = []
    extra: dict[str, list[float]] = {}
    elapsed, x, k = 0.0, None, -1
    status: Status | None = None
    bar = _bar(max_iter) if progress else None
    try:
        while status is None:
            item, seconds = _advance(steps, bar)
            elapsed += seconds
            if item is None:
                status = "converged"
                break
            x, info = item
            k += 1
            losses.append(float(objective(x)))
            info = {**info, **watch(x)}
            times.append(elapsed)
            for key, value in info.items():
                extra.setdefault(key, []).append(value)
            if bar is not None:
                bar.set_postfix(loss=f"{losses[-1]:.6g}", seconds=f"{elapsed:.1f}", refresh=False)
                bar.update(min(k, 1))
            wants_stop = callback is not None and _is_true(callback(k, _copied(view(x)), dict(info)))
            done = tol_gap > 0.0 and info.get("gap", np.inf) <= tol_gap
            if not done and tol and not info.get("restart"):
                done = k > 0 and losses[-1] <= floor
                done = done or (_is_flat(losses, tol) and _is_below_start(losses, floor) and settled(x, info, losses))
            status = _verdict(losses, elapsed, wants_stop, done, max_iter=max_iter, max_time=max_time)
    finally:
        if bar is not None:
            bar.close()
    traced = {key: np.array(values) for key, values in extra.items()}
    return x, Trace(np.array(losses), np.array(times), traced), status, k


def _advance(steps: Iterator[Iterate], bar: Any) -> tuple[Iterate | None, float]:
    """Next iterate, and the seconds it took; a kernel that numba compiles meanwhile is announced, and not counted."""
    start, compiled = perf_counter(), _compiling.seconds()
    if bar is None:
        item = next(steps, None)
    else:
        with _compiling.told(bar.set_description):
            item = next(steps, None)
    return item, perf_counter() - start - (_compiling.seconds() - compiled)


def _copied(x: Any) -> Any:
    """Copy what a callback sees: an array of any library, or several."""
    if isinstance(x, tuple | list):
        return tuple(_copied(u) for u in x)
    if isinstance(x, dict):
        return {key: _copied(u) for key, u in x.items()}
    return array_namespace(x).asarray(x, copy=True) if is_array_api_obj(x) else deepcopy(x)


def _is_true(answer: object) -> bool:
    """Whether a callback said True; what it returns by accident (an array, a number) does not stop the run."""
    return isinstance(answer, bool | np.bool_) and bool(answer)


def _is_flat(losses: list[float], tol: float) -> bool:
    """Whether the last changes of the loss were all small beside its value at the start."""
    most = tol * abs(losses[0])
    if len(losses) <= PATIENCE or not abs(losses[-1] - losses[-2]) <= most:
        return False  # the usual answer, first
    return all(abs(b - a) <= most for a, b in pairwise(losses[-PATIENCE - 1 :]))


def _is_below_start(losses: list[float], floor: float) -> bool:
    """Whether the loss is no worse than at the start, but for rounding."""
    return losses[-1] <= max(losses[0] + 1e-12 * abs(losses[0]), floor)


def rounding_floor(square: float, eps: float) -> float:
    """Half a squared residual that entries known to some units of rounding leave; ``square`` is that of the data."""
    return (64.0 * float(eps)) ** 2 * square


def _verdict(
    losses: list[float],
    elapsed: float,
    wants_stop: bool,
    done: bool,
    *,
    max_iter: int,
    max_time: float,
) -> Status | None:
    """Why to stop now, or None to go on."""
    k = len(losses) - 1
    if not np.isfinite(losses[-1]):
        return "diverged"
    if wants_stop:
        return "callback"
    if done:
        return "converged"
    if elapsed > max_time:
        return "max_time"
    return "max_iter" if k >= max_iter else None


def _bar(max_iter: int) -> Any:
    from tqdm.auto import tqdm

    return tqdm(total=max_iter if max_iter < UNLIMITED else None, unit="it", leave=True)
