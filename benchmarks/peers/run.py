"""The child side of a race: run one method on the arrays of a file, write its times and losses to another.

``python run.py METHOD PROBLEM.npz OUT.npz OPTIONS`` where OPTIONS is a JSON object. It imports the packages of the
method only, so it runs in environments where nothing else is installed. Times are seconds of the processor in one
thread; the loss is evaluated with the clock stopped.
"""

from __future__ import annotations

import contextlib
import io
import json
import resource
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import methods
import numpy as np
from losses import loss

Problem = dict[str, Any]


def read(path: str) -> Problem:
    """The problem: ``Y`` (dense, or the three arrays of a sparse one), ``factors``, ``beta``, ``seconds``."""
    with np.load(path, allow_pickle=False) as file:
        problem: Problem = {name: file[name] for name in file.files}
    problem["factors"] = [problem[f"factor_{k}"] for k in range(10) if f"factor_{k}" in problem]
    if "indptr" in problem:
        from scipy.sparse import csr_array

        parts = (problem["data"], problem["indices"], problem["indptr"])
        problem["Y"] = csr_array(parts, shape=tuple(problem["shape"]))
    return problem


def budgets(run: Callable[[int], Any], problem: Problem) -> dict[str, Any]:
    """Loss against time of a method that keeps no history: run it anew with ever more iterations."""
    limit, n = float(problem["seconds"]), 1
    losses, times = [loss(problem, problem["factors"])], [0.0]
    run(1)
    while 1.6 * times[-1] < limit and n < 100_000:
        start = process_time()
        found = run(n)
        times.append(process_time() - start)
        losses.append(loss(problem, found))
        n = max(n + 1, int(1.6 * n))
    # n iterations take no longer than more of them took: what exceeds that is a disturbance
    return {"time": np.minimum.accumulate(times[::-1])[::-1], "loss": losses}


def repeats(call: Callable[[], Any], problem: Problem) -> dict[str, Any]:
    """Median time of a method that ends by itself, over five runs or as many as fit; the first of several warms up."""
    times: list[float] = []
    while len(times) < 6 and sum(times) < float(problem["seconds"]):
        start = process_time()
        x = call()
        times.append(process_time() - start)
    return {"time": [float(np.median(times[1:] or times))], "loss": [np.nan], "x": x}


def laps(call: Callable[[], Any], problem: Problem) -> dict[str, Any]:
    """Median time of one of our runs of a given number of iterations, from its trace: not that of the losses."""
    found = [call() for _ in range(6)][1:]
    return {"time": [float(np.median([trace.time[-1] for trace, _ in found]))], "loss": [np.nan], "x": found[-1][1]}


def traced(call: Callable[[], Any], problem: Problem) -> dict[str, Any]:
    """Loss and time of one of our runs, from its trace."""
    trace = call().trace
    return {"time": trace.time, "loss": trace.loss}


def peak_of_memory() -> float:
    """Highest resident memory of this process in MiB; getrusage would count the process that started it on Linux."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


KINDS: dict[str, Callable[..., dict[str, Any]]] = {
    "budgets": budgets,
    "repeats": repeats,
    "traced": traced,
    "laps": laps,
}


def main(method: str, source: str, target: str, options: str) -> None:
    """Run and write; what the packages print is not ours to show."""
    warnings.simplefilter(
        "ignore"
    )  # they warn that small budgets do not converge: that is the purpose of small budgets
    problem = read(source)
    kind, prepare = methods.METHODS[method]
    with contextlib.redirect_stdout(io.StringIO()):
        curve = KINDS[kind](prepare(problem, json.loads(options)), problem)
    np.savez(target, peak=peak_of_memory(), **{name: np.asarray(value) for name, value in curve.items()})


if __name__ == "__main__":
    main(*sys.argv[1:])
