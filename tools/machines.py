"""Run every page of the book and every test as other machines would run them, and say what fails where.

The last digits of a result depend on the machine: OpenBLAS has one set of kernels for each family of processors, NumPy
one set of loops for each width of vectors, numba compiles for the processor that it finds, and two threads add up in
another order. This script imitates other machines on this one, through variables that these libraries read::

    make machines                                        # all environments, pages and tests
    python tools/machines.py --list                      # what can be imitated here, and what really runs then
    python tools/machines.py Haswell no-numba --pages    # two environments, pages only
    python tools/machines.py default --pages snnls       # pages whose path contains "snnls"
    python tools/machines.py --other-kernel --pages      # one environment, whose BLAS kernels are not the default ones

A core type imitates another processor: OpenBLAS takes its kernels, and NumPy does without the instructions that it
lacks. A core type that cannot run here, or that runs nothing new, is skipped, and the table says so. What passed is
kept in ``_build/machines`` and not run again until the package, the page or the tests change.
"""

import argparse
import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STORE = ROOT / "_build" / "machines"
sys.path.insert(0, str(ROOT / "book" / "_ext"))
from hdr_book import code_fingerprint  # noqa: E402 (it is found on the path set above)

# The core types of OpenBLAS that are tried, with a pattern of the NumPy targets that a processor of that name lacks.
# The first one that is not the default is the "other kernel".
NO_AVX512 = r"AVX512.*|X86_V4"
INTEL = {"Haswell": NO_AVX512, "Prescott": ".*", "Sandybridge": ".*", "SkylakeX": "$", "Zen": NO_AVX512}
ARM = {"NEOVERSEN1": "SVE.*", "ARMV8": ".*", "NEOVERSEV1": "$", "CORTEXA57": ".*"}
# OpenBLAS reports the first name of a kernel that serves several core types.
SYNONYMS = {"Prescott": ["Katmai"], "CORTEXA57": ["CORTEXA53"]}
OTHERS = {
    "two-threads": {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
    "generic-numba": {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(STORE / "numba")},
    "no-numba": {"HDR_SECONDS_A_TEST": "120"},  # loops in Python: a test that would take longer is skipped
}
PROBE = """
import json, os, numpy as np, scipy.linalg, threadpoolctl
from numpy._core._multiarray_umath import __cpu_dispatch__ as targets, __cpu_features__ as has
a = np.random.default_rng(0).random((300, 300))
np.linalg.svd(a @ a), scipy.linalg.cholesky(a.T @ a + np.eye(300)), scipy.linalg.lu(a)
blas = {}
for lib in threadpoolctl.threadpool_info():
    if lib["user_api"] == "blas":
        owner = "numpy" if "numpy" in lib["filepath"] else "scipy" if "scipy" in lib["filepath"] else "shared"
        blas[owner] = f"{lib.get('architecture', lib['internal_api'])} x{lib['num_threads']}"
try:
    import numba
    compiled = numba.config.CPU_NAME or "native"
except ImportError:
    compiled = "none"
print(json.dumps({"blas": blas, "simd": [t for t in targets if has.get(t)], "numba": compiled}))
"""


def core_types() -> dict[str, str]:
    """Core types to try on this platform."""
    machine = platform.machine().lower()
    return INTEL if machine in ("x86_64", "amd64") else ARM if machine in ("arm64", "aarch64") else {}


def environment(name: str, simd: list[str]) -> dict[str, str]:
    """Variables of one environment, on top of those of the caller."""
    new = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    new |= OTHERS.get(name, {})
    if name in core_types():
        lacks = [target for target in simd if re.fullmatch(core_types()[name], target)]
        new |= {"OPENBLAS_CORETYPE": name, "NPY_DISABLE_CPU_FEATURES": " ".join(lacks)}
    if name == "no-numba":
        hidden = STORE / name / "hidden"
        hidden.mkdir(parents=True, exist_ok=True)
        (hidden / "numba.py").write_text(
            'raise ModuleNotFoundError("numba is hidden: tools/machines.py", name="numba")\n', encoding="utf-8"
        )
        new["PYTHONPATH"] = os.pathsep.join([str(hidden), str(ROOT)])
    kept = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES")}
    return kept | new


def probe(name: str, simd: list[str]) -> dict | str:
    """What really runs in an environment; a string says why nothing can."""
    done = subprocess.run([sys.executable, "-c", PROBE], env=environment(name, simd), capture_output=True, text=True)
    if done.returncode:
        return f"the processor stops (code {done.returncode}) {done.stderr.strip()[-120:]}"
    return json.loads(done.stdout.splitlines()[-1])


def find_out(names: list[str]) -> tuple[dict[str, dict], dict[str, str]]:
    """Environments that differ, with what runs there; and those to skip, with the reason."""
    usual = probe("default", [])
    if isinstance(usual, str):
        sys.exit(f"The libraries do not even run as they are: {usual}")
    found, skipped = {}, {}
    for name in ["default", *(n for n in names if n != "default")]:
        facts = probe(name, usual["simd"])
        if isinstance(facts, str):
            skipped[name] = facts
            continue
        ran = " ".join(facts["blas"].values()).lower()
        if name in core_types() and not any(n.lower() in ran for n in [name, *SYNONYMS.get(name, [])]):
            skipped[name] = f"OpenBLAS has or takes no such kernels here; it ran {describe(facts)}"
        elif twin := next((other for other, known in found.items() if known == facts), None):
            skipped[name] = f"the same as {twin} here"
        else:
            found[name] = facts
    if "default" not in names:
        del found["default"]
    return found, skipped


def describe(facts: dict) -> str:
    """What runs, in a few words."""
    blas = ", ".join(f"{owner} {kernel}" for owner, kernel in sorted(facts["blas"].items())) or "no BLAS that reports"
    return f"{blas}; SIMD {facts['simd'][-1] if facts['simd'] else 'baseline'}; numba {facts['numba']}"


def digest(*files: Path) -> str:
    """A fingerprint of the package and of some files."""
    return code_fingerprint() + hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()[:12]


def pages() -> list[Path]:
    """The pages that are executed."""
    return sorted(p for p in (ROOT / "book").rglob("*.md") if re.search("^kernelspec:", p.read_text("utf-8"), re.M))


def short(page: Path) -> str:
    """Name of a page in the table."""
    return page.relative_to(ROOT / "book").with_suffix("").as_posix()


def execute_page(page: str, target: str, timeout: int) -> None:
    """Execute one page, as the book does, into ``target``; an error in a cell ends the process."""
    import nbformat
    from myst_nb.core.read import myst_nb_reader_plugin
    from nbclient import NotebookClient

    where = {"metadata": {"path": str(Path(page).parent)}}
    client = NotebookClient(myst_nb_reader_plugin(page), timeout=timeout, kernel_name="python3", resources=where)
    nbformat.write(client.execute(), target)


def last_words(output: str) -> str:
    """Why a page failed: the line of the page that failed and the error, else the last line."""
    lines = [line.strip() for line in re.sub(r"\x1b\[[\d;]*m", "", output).splitlines() if line.strip()]
    names_an_error = [line for line in lines if re.match(r"\w*(Error|Exception|Warning|Died)\b", line)]
    arrows = [line for line in lines if re.match("-+> ?[0-9]", line)]
    return " ".join([*(names_an_error or lines)[-1:], *arrows[:1]])


def run_page(page: Path, env: dict[str, str], folder: Path, timeout: int) -> dict:
    """Execute a page in a process of its own, and keep what it said if it failed."""
    target = folder / short(page).replace("/", "-")
    command = [sys.executable, __file__, "--execute", str(page), f"{target}.ipynb", "--timeout", str(timeout)]
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=timeout)
        output = "" if done.returncode == 0 else done.stdout + done.stderr + f"\nexit code {done.returncode}"
    except subprocess.TimeoutExpired:
        output = f"TimeoutError: the page takes more than {timeout} s"
    if output:
        Path(f"{target}.log").write_text(output, encoding="utf-8")
    return {"failed": [last_words(output)] if output else []}


def run_tests(env: dict[str, str], folder: Path, workers: int) -> dict:
    """Run the whole suite, and list the tests that failed."""
    command = [sys.executable, "-m", "pytest", "-q", "-rfE", "--tb=short", "-p", "no:cacheprovider", "-n", str(workers)]
    command += ["-m", "not network", "--ignore=tests/site", "--ignore=tests/browser"]
    if folder.name == "no-numba":
        command += ["--doctest-ignore-import-errors"]  # the compiled kernels are modules too
    with (folder / "tests.log").open("w", encoding="utf-8") as log:
        code = subprocess.run(command, env=env | {"MPLBACKEND": "Agg"}, cwd=ROOT, stdout=log, stderr=log).returncode
    output = (folder / "tests.log").read_text("utf-8")
    failed = re.findall(r"^(?:FAILED|ERROR) (.*)$", output, re.M)
    last = output.strip().splitlines()[-1]
    slow = sum(map(int, re.findall(r"^SKIPPED \[(\d+)\] .*takes more than", output, re.M)))
    failed = failed or ([f"pytest ended with code {code}: {last}"] if code else [])
    return {"failed": failed, "slow": slow, "said": last}


def once(name: str, what: str, key: str, call) -> dict:
    """Run ``call`` unless it passed before on the same code; keep and print the outcome."""
    record = STORE / name / f"{what.replace('/', '-')}.json"
    if record.exists() and (old := json.loads(record.read_text()))["key"] == key and not old["failed"]:
        return old
    start = time.monotonic()
    new = call() | {"key": key, "what": what, "seconds": round(time.monotonic() - start)}
    record.write_text(json.dumps(new, indent=1), encoding="utf-8")
    verdict = "FAILED " + "; ".join(new["failed"])[:300] if new["failed"] else "passed"
    print(f"  {name}: {what} {new.get('said', '')} {verdict} ({new['seconds']} s)", flush=True)
    return new


def run(name: str, facts: dict, simd: list[str], chosen: argparse.Namespace) -> dict[str, list[dict]]:
    """Pages and tests of one environment."""
    print(f"{name}: {describe(facts)}", flush=True)
    folder, env, outcome = STORE / name, environment(name, simd), {}
    folder.mkdir(parents=True, exist_ok=True)
    if chosen.pages is not None:
        chosen_pages = [page for page in pages() if chosen.pages in short(page)]

        def execute(page: Path) -> dict:
            return once(name, short(page), digest(page), lambda: run_page(page, env, folder, chosen.timeout))

        with ThreadPoolExecutor(chosen.workers) as pool:
            outcome["pages"] = list(pool.map(execute, chosen_pages))
    if chosen.tests:
        key = digest(*sorted((ROOT / "tests").rglob("*.py")))
        outcome["tests"] = [once(name, "tests", key, lambda: run_tests(env, folder, chosen.workers))]
    return outcome


def table(done: dict[str, dict], found: dict[str, dict], skipped: dict[str, str]) -> int:
    """Print the table; return the number of failures."""
    rows, failures = [("environment", "pages failed", "tests failed", "minutes", "what ran")], 0
    for name, outcome in done.items():
        cells = []
        for kind in ("pages", "tests"):
            bad = sum(len(item["failed"]) for item in outcome.get(kind, []))
            slow = sum(item.get("slow", 0) for item in outcome.get(kind, []))
            total = (
                f" of {len(outcome[kind])}"
                if kind == "pages" and kind in outcome
                else f", {slow} too slow" * (slow > 0)
            )
            cells.append(f"{bad}{total}" if kind in outcome else "not run")
            failures += bad
        minutes = sum(item["seconds"] for kind in outcome.values() for item in kind) / 60
        rows.append((name, *cells, f"{minutes:.1f}", describe(found[name])))
    rows += [(name, "skipped", "skipped", "", reason) for name, reason in skipped.items()]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    print()
    for row in rows:
        print("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]))
    for name, outcome in done.items():
        for item in (item for kind in outcome.values() for item in kind):
            for failure in item["failed"]:
                print(f"FAILED in {name}: {item['what']}: {failure}")
    print(f"\n{failures} failures; {platform.machine()}, Python {platform.python_version()}; details in {STORE}")
    return failures


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="environments (default: all of them)")
    parser.add_argument("--list", action="store_true", help="say what can be imitated here, and stop")
    parser.add_argument("--pages", nargs="?", const="", metavar="PART", help="only pages (whose path contains PART)")
    parser.add_argument("--tests", action="store_true", help="only tests; with --pages both")
    parser.add_argument("--other-kernel", action="store_true", help="one environment, with other BLAS kernels")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="pages, or tests, at a time")
    parser.add_argument("--timeout", type=int, default=1200, help="seconds for a page")
    parser.add_argument("--execute", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.pages is None and not chosen.tests:
        chosen.pages, chosen.tests = "", True
    if unknown := set(chosen.names) - {"default", *core_types(), *OTHERS}:
        parser.error(f"no environment {', '.join(unknown)}; there are default, {', '.join([*core_types(), *OTHERS])}")
    return chosen


def main() -> None:
    """Run what was asked for; fail if anything failed, or if nothing could run."""
    chosen = parse()
    if chosen.execute:
        return execute_page(*chosen.execute, chosen.timeout)
    names = chosen.names or (list(core_types()) if chosen.other_kernel else ["default", *core_types(), *OTHERS])
    found, skipped = find_out(names)
    if chosen.other_kernel:
        usual = probe("default", [])["blas"]
        found = dict([item for item in found.items() if item[1]["blas"] != usual][:1])
        skipped = skipped if not found else {}
    if chosen.list:
        print("\n".join(f"{n}: {describe(f)}" for n, f in found.items()))
        print("\n".join(f"{n}: skipped, {reason}" for n, reason in skipped.items()))
        return None
    simd = probe("default", [])["simd"]
    done = {name: run(name, facts, simd, chosen) for name, facts in found.items()}
    sys.exit(bool(table(done, found, skipped)) or not done)


if __name__ == "__main__":
    main()
