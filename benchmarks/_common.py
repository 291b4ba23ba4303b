"""What every benchmark shares: its arguments, the printed tables, the files and figures of results with provenance."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
from collections.abc import Callable, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import _peers
from _race import Outcome
from matplotlib import rc_context
from matplotlib.figure import Figure

from tensorly_hdr import plotting

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
SMOKE = ROOT / "_build" / "bench"  # of a quick run, whose numbers mean nothing
MARKS = "os^Dv<>Pp*"


def main(name: str, tasks: Callable[[argparse.Namespace], Outcome]) -> None:
    """Read the arguments, run the tasks, show and keep their outcome."""
    parser = argparse.ArgumentParser(description=tasks.__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny data, to see that everything runs")
    parser.add_argument("--rounds", type=int, default=1, help="how often to race; times are medians")
    asked = parser.parse_args()
    print(f"== {name}", flush=True)
    report(name, tasks(asked), SMOKE if asked.quick else RESULTS)


def report(name: str, outcome: Outcome, folder: Path) -> None:
    """Print one table a task; write ``NAME.json``, and ``NAME.svg`` when there are curves."""
    for task in dict.fromkeys(row["task"] for row in outcome.rows):
        print(f"\n{task}")
        print_table([{k: v for k, v in row.items() if k != "task"} for row in outcome.rows if row["task"] == task])
    print(flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    table = {"provenance": provenance(), "rows": outcome.rows, "curves": outcome.curves}
    (folder / f"{name}.json").write_text(compact(table) + "\n")
    if outcome.curves:
        with rc_context({"svg.fonttype": "none"}):  # letters, not outlines: a small file
            draw(outcome.curves).savefig(folder / f"{name}.svg", metadata={"Date": None})


def print_table(rows: Sequence[dict[str, Any]]) -> None:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    text = [[*columns], *([_cell(row.get(c)) for c in columns] for row in rows)]
    widths = [max(len(line[k]) for line in text) for k in range(len(columns))]
    for line in text:
        print("  " + "  ".join(v.ljust(w) for v, w in zip(line, widths, strict=True)).rstrip())


def draw(curves: dict[str, dict[str, dict[str, list[float]]]]) -> Figure:
    """Distance to the best loss against time, one panel a task, one under the other so that a phone can show them."""
    with plotting.style():
        figure = Figure(figsize=(5.5, 4.2 * len(curves)), layout="constrained")
        panels = figure.subplots(len(curves), squeeze=False)[:, 0]
        for ax, (task, methods) in zip(panels, curves.items(), strict=True):
            for mark, (label, curve) in zip(MARKS, methods.items(), strict=False):
                shown = [(t, e) for t, e in zip(curve["time"], curve["above"], strict=True) if t > 0 and e > 0]
                line = "-" if label.startswith("ours") else "--"
                ax.loglog(*zip(*shown, strict=True), line, label=label, marker=mark, markevery=0.2)
            ax.set_ylim(bottom=max(ax.get_ylim()[0], 1e-6))
            ax.set(title=task, xlabel="Processor time (s)", ylabel="Loss above the best")
            ax.legend(fontsize="small", ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.22))
    return figure


def provenance() -> dict[str, Any]:
    """Machine, versions, commit and date of a run."""
    names = ("numpy", "scipy", "numba", "scikit-learn", "tensorly")
    return {
        "date": date.today().isoformat(),
        "commit": _git("describe", "--always", "--dirty", "--abbrev=7", "--exclude=*"),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "threads": _peers.ONE_THREAD["OMP_NUM_THREADS"],
        "python": platform.python_version(),
        "versions": {name: version(name) for name in names} | _peers.versions(),
    }


def compact(table: dict[str, Any]) -> str:
    """JSON with one row, and one list of a curve, on a line: small, and readable in a diff."""
    parts = [
        f'"provenance": {json.dumps(table["provenance"], indent=1)}',
        '"rows": [\n' + ",\n".join(json.dumps(row) for row in table["rows"]) + "\n]",
        '"curves": {\n' + ",\n".join(f"{json.dumps(t)}: {_lines(c)}" for t, c in table["curves"].items()) + "\n}",
    ]
    return "{\n" + ",\n".join(parts) + "\n}"


def _lines(methods: dict[str, Any]) -> str:
    return "{\n" + ",\n".join(f" {json.dumps(label)}: {json.dumps(curve)}" for label, curve in methods.items()) + "\n}"


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _git(*command: str) -> str:
    return subprocess.run(
        ["git", "-C", str(ROOT), *command], capture_output=True, text=True, check=False
    ).stdout.strip()


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
