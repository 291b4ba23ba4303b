"""Environments of the peers, and one contestant run in a process of its own.

scikit-learn, SciPy and TensorLy run in our environment. A peer whose pins conflict with ours lives in
``_build/peers/GROUP``, made from ``peers/GROUP.txt`` by ``python benchmarks/_peers.py`` (``make bench`` does it first).
All contestants, ours too, are subprocesses that read the same file: none can disturb another, and the peak of memory of
each is known.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
HOME = HERE.parent / "_build" / "peers"
GROUP_OF = {
    "torchnmf": "torch",
    "torchnmf NMFD": "torch",
    "nn-fac": "tensorly06",
    "fnnls": "tensorly06",
    "mcrnmf": "numpy22",
    "mcrnmf SNPA": "numpy22",
}
PATIENCE = 300  # seconds for one contestant, its start and the evaluation of losses included
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Contestant:
    """A line of a table: its label, the method of ``peers/methods.py`` behind it, and options for that."""

    label: str
    method: str
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def is_ours(self) -> bool:
        return self.method.startswith("hdr ")


@dataclass(frozen=True, eq=False)
class Curve:
    """Loss against seconds; ``x`` where the method returns one; the peak of memory of its process in MiB."""

    time: np.ndarray
    loss: np.ndarray
    peak: float
    x: np.ndarray | None = None


def python_of(method: str) -> Path | None:
    """The interpreter that has the method; None when its environment was not installed."""
    group = GROUP_OF.get(method)
    if group is None:
        return Path(sys.executable)
    return _python(group) if (HOME / group / ".installed").exists() else None


def run(contestant: Contestant, problem: Path) -> Curve | None:
    """Run in a process of its own; None when the peer is absent. A failure is raised with the last line it wrote."""
    python = python_of(contestant.method)
    if python is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "curve.npz"
        call = [str(python), str(HERE / "peers" / "run.py"), contestant.method, str(problem), str(target)]
        env = {**os.environ, **ONE_THREAD}
        try:
            # not a limit of processor time: while Linux watches one, the clock of the process ticks every 4 ms only
            done = subprocess.run(
                [*call, json.dumps(contestant.options)], env=env, capture_output=True, text=True, timeout=PATIENCE,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as reason:
            raise RuntimeError(f"{contestant.label}: did not end in {PATIENCE} s") from reason
        if done.returncode:
            raise RuntimeError(f"{contestant.label}: {_last_line(done.stderr)}")
        with np.load(target, allow_pickle=False) as file:
            x = file["x"] if "x" in file.files else None
            return Curve(file["time"], file["loss"], float(file["peak"]), x)


def versions() -> dict[str, str]:
    """Version of every package that the environments of the peers exist for, or "absent"."""
    found = {}
    for file in sorted((HERE / "peers").glob("*.txt")):
        for name in sorted({*GROUP_OF, "torch"}):
            pins = dict(line.split("==") for line in file.read_text().splitlines() if "==" in line)
            if name in pins:
                found[name] = pins[name] if (HOME / file.stem / ".installed").exists() else "absent"
    return found


def install() -> None:
    """Make each environment that is missing or whose pins have changed, with the first Python that suits it."""
    for file in sorted((HERE / "peers").glob("*.txt")):
        stamp = HOME / file.stem / ".installed"
        if stamp.exists() and stamp.read_text() == file.read_text():
            continue
        reasons = []
        for python in _interpreters():
            reason = _make(python, file)
            if reason is None:
                stamp.write_text(file.read_text())
                break
            reasons.append(f"  {python}: {reason}")
        else:
            print(f"Peers of {file.name} are absent:", *reasons, sep="\n")


def _make(python: str, file: Path) -> str | None:
    """Make an environment; the reason if that fails."""
    home = HOME / file.stem
    shutil.rmtree(home, ignore_errors=True)
    print(f"Installing the peers of {file.name} with {Path(python).name}", flush=True)
    pip = [str(_python(file.stem)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in ([python, "-m", "venv", str(home)], [*pip, "-r", str(file)]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return _last_line(done.stderr)
    return None


def _interpreters() -> list[str]:
    """Our own Python, then others of the machine: some peers refuse the newest, some the oldest."""
    named = [shutil.which(f"python3.{minor}") for minor in (12, 13, 11)]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [sys.executable, *filter(None, named), *map(str, sorted(pyenv.glob("3.1[1-3].*/bin/python")))]
    return [p for p in candidates if subprocess.run([p, "-c", ""], capture_output=True, check=False).returncode == 0]


def _python(group: str) -> Path:
    return HOME / group / "bin" / "python"


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no message"


if __name__ == "__main__":
    install()
