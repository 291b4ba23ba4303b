"""What every benchmark shares: race methods in one run, print ratios, keep the table with its provenance."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Callable
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

RESULTS = Path(__file__).parent / "results"


def median_time(call: Callable[[], Any], repeats: int = 5) -> float:
    """Median seconds of ``call`` over ``repeats`` runs, after one run that warms caches and compiles kernels."""
    call()
    seconds = []
    for _ in range(repeats):
        start = perf_counter()
        call()
        seconds.append(perf_counter() - start)
    return float(np.median(seconds))


def time_to_reach(loss: np.ndarray, seconds: np.ndarray, target: float) -> float:
    """First time at which the loss is at most ``target``; infinity if it never is."""
    reached = np.flatnonzero(np.asarray(loss) <= target)
    return float(seconds[reached[0]]) if reached.size else float("inf")


def provenance(*packages: str) -> dict[str, Any]:
    """Machine, versions, commit and date of a run."""
    versions = {}
    for name in ("numpy", "scipy", "numba", *packages):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "absent"
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return {
        "date": date.today().isoformat(),
        "commit": commit.stdout.strip(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "threads": os.environ.get("OMP_NUM_THREADS", "all"),
        "python": platform.python_version(),
        "versions": versions,
    }


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def report(name: str, rows: list[dict[str, Any]], *packages: str) -> None:
    """Print the rows as a table and keep them in ``results/NAME.json`` with their provenance."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    text = [[_cell(row.get(c)) for c in columns] for row in rows]
    widths = [max(len(c), *(len(r[k]) for r in text)) for k, c in enumerate(columns)]
    for line in ([*columns], *text):
        print("  ".join(v.ljust(w) for v, w in zip(line, widths, strict=True)).rstrip())
    RESULTS.mkdir(exist_ok=True)
    table = {"provenance": provenance(*packages), "rows": rows}
    (RESULTS / f"{name}.json").write_text(json.dumps(table, indent=1, default=str) + "\n")


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
