"""A race: contestants on the same data from the same start; times to come close to the best loss, ratios, curves.

The first contestant is ours, in its default configuration; ratios are the time of a line over its time, so a line above
one is slower than ours. A method that keeps no history is known at some iteration counts only: between two of them the
distance to the best loss is interpolated, on a logarithmic scale, for all methods alike.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from _peers import Contestant, Curve, run

POINTS = 60  # of a curve that is kept
Row = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """Rows of the table, and curves of the iterative methods: task -> label -> seconds and distance to the best."""

    rows: list[Row] = field(default_factory=list)
    curves: dict[str, dict[str, dict[str, list[float]]]] = field(default_factory=dict)

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(self.rows + other.rows, {**self.curves, **other.curves})


def collect(contestants: Sequence[Contestant], rounds: int, **arrays: Any) -> dict[str, list[Curve] | str]:
    """Curves of each contestant in every round, taken in turn; ``"absent"``, or why it failed."""
    found: dict[str, list[Curve] | str] = {}
    with tempfile.TemporaryDirectory() as folder:
        problem = Path(folder) / "problem.npz"
        np.savez(problem, **_flat(arrays))
        for _ in range(rounds):
            for one in contestants:
                if isinstance(found.get(one.label), str):
                    continue
                try:
                    curve = run(one, problem)
                except RuntimeError as reason:
                    if one.is_ours:
                        raise
                    print(f"A peer failed. {reason}")
                    found[one.label] = "failed"
                    continue
                known = found.setdefault(one.label, [])
                if curve is None:
                    found[one.label] = "absent"
                elif isinstance(known, list):
                    known.append(curve)
    return found


def race(
    task: str,
    contestants: Sequence[Contestant],
    *,
    levels: Sequence[float] = (1e-2, 1e-3),
    best: float | None = None,
    rounds: int = 1,
    **arrays: Any,
) -> Outcome:
    """Race iterative methods. ``best`` is the least loss of all methods unless it is known from elsewhere."""
    print(f"  {task}", flush=True)
    found = collect(contestants, rounds, **arrays)
    curves = {label: known for label, known in found.items() if isinstance(known, list)}
    same_start(curves)
    least = min(float(np.nanmin(c.loss)) for known in curves.values() for c in known)
    least = least if best is None else min(best, least)
    times = {label: [_median(known, least, level) for level in levels] for label, known in curves.items()}
    ours = times[contestants[0].label]
    rows = []
    for label, known in found.items():
        row: Row = {"task": task, "method": label}
        if isinstance(known, str):
            rows.append({**row, **{f"to {level:.2g} (s)": known for level in levels}})
            continue
        for level, seconds, mine in zip(levels, times[label], ours, strict=True):
            row[f"to {level:.2g} (s)"] = seconds if np.isfinite(seconds) else "never"
            row[f"times ours, {level:.2g}"] = _ratio(seconds, mine, float(known[0].time[-1]))
        row["in (s)"] = float(known[0].time[-1])
        row["loss above best"] = float(np.nanmin([np.nanmin(c.loss) for c in known]) / least - 1)
        row["peak (MiB)"] = round(float(np.median([c.peak for c in known])))
        rows.append(row)
    kept = {label: thinned(known[0], least) for label, known in curves.items()}
    return Outcome(rows, {task: kept})


def timed(task: str, contestants: Sequence[Contestant], *, rounds: int = 1, **arrays: Any) -> tuple[list[Row], dict]:
    """Race methods that end by themselves: rows with the milliseconds and the ratio, and what each returned."""
    print(f"  {task}", flush=True)
    found = collect(contestants, rounds, **arrays)
    whole, first = arrays["Y"].shape[1], contestants[0].label
    scale = {one.label: whole / min(one.options.get("columns", whole), whole) for one in contestants}
    seconds = {
        label: scale[label] * float(np.median([c.time[-1] for c in known]))
        for label, known in found.items()
        if isinstance(known, list)
    }
    rows: list[Row] = []
    for label, known in found.items():
        if isinstance(known, str):
            rows.append({"task": task, "method": label, "ms": known})
            continue
        spent = seconds[label]
        row = {"task": task, "method": label, "ms": 1e3 * spent, "times ours": spent / seconds[first]}
        rows.append({**row, "peak (MiB)": round(float(np.median([c.peak for c in known])))})
    return rows, {label: known[0].x for label, known in found.items() if isinstance(known, list)}


def same_start(curves: Mapping[str, Sequence[Curve]]) -> None:
    """All methods of a race begin at one loss: the same data, start and objective, or there is no comparison."""
    starts = np.array([c.loss[0] for known in curves.values() for c in known])
    if np.ptp(starts) > 1e-6 * starts.max():
        told = ", ".join(f"{label} {known[0].loss[0]:.9g}" for label, known in curves.items())
        raise ValueError(f"The methods do not start from the same loss: {told}.")


def time_to_reach(curve: Curve, best: float, level: float) -> float:
    """First time within ``level`` of ``best``; infinity if never."""
    excess = np.maximum(np.asarray(curve.loss, dtype=float) / best - 1.0, 1e-3 * level)
    reached = np.flatnonzero(excess <= level)
    if not reached.size:
        return float("inf")
    k = int(reached[0])
    if k == 0:
        return float(curve.time[0])
    before, after = np.log(excess[k - 1]), np.log(excess[k])
    part = (before - np.log(level)) / (before - after)
    return float(curve.time[k - 1] + part * (curve.time[k] - curve.time[k - 1]))


def thinned(curve: Curve, best: float, points: int = POINTS) -> dict[str, list[float]]:
    """At most ``points`` points, the first and the last among them, evenly spread over the logarithm of the time."""
    n = len(curve.time)
    chosen = np.arange(n)
    if n > points:
        after = max(float(curve.time[1]), 1e-6)
        instants = np.geomspace(after, max(float(curve.time[-1]), 2 * after), points - 2)
        chosen = np.unique(np.concatenate([[0], np.searchsorted(curve.time, instants).clip(1, n - 1), [n - 1]]))
    excess = np.asarray(curve.loss, dtype=float) / best - 1.0
    return {
        "time": [_rounded(curve.time[k]) for k in chosen],
        "above": [_rounded(excess[k]) for k in chosen],
    }


def _median(known: Sequence[Curve], best: float, level: float) -> float:
    return float(np.median([time_to_reach(curve, best, level) for curve in known]))


def _ratio(seconds: float, mine: float, given: float) -> float | str | None:
    """Time over ours; a lower bound where only ours arrived, nothing where ours did not."""
    if not np.isfinite(mine) or mine == 0:
        return None
    return seconds / mine if np.isfinite(seconds) else f">{given / mine:.2g}"


def _rounded(value: float) -> float:
    return float(f"{float(value):.4g}")


def _flat(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Plain arrays for the file: a sparse matrix becomes its three arrays, the start one array a factor."""
    flat: dict[str, Any] = {}
    for name, value in arrays.items():
        if name == "factors":
            flat.update({f"factor_{k}": np.ascontiguousarray(u) for k, u in enumerate(value)})
        elif hasattr(value, "tocsr"):
            rows = value.tocsr()
            flat.update(data=rows.data, indices=rows.indices, indptr=rows.indptr, shape=np.array(rows.shape))
        else:
            flat[name] = np.asarray(value, order="C")
    return flat
