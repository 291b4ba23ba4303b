"""The script behind ``make machines``: what it imitates really runs, what fails is named, what passed is kept."""

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "tools" / "machines.py"
PAGE = """---
kernelspec: {name: python3, display_name: Python 3, language: python}
---
# A page
```{code-cell} ipython3
a = 1
assert a == %d
```
"""


@pytest.fixture
def machines(tmp_path, monkeypatch):
    """The script as a module, whose records go to a folder of their own."""
    spec = importlib.util.spec_from_file_location("machines", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "STORE", tmp_path / "store")
    return module


def test_without_numba_numba_is_absent_and_the_package_is_there(machines):
    code = "import tensorly_hdr as hdr; assert not hdr.kernels.is_compiled; import numba"
    env = machines.environment("no-numba", [])
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.stderr.strip().endswith("ModuleNotFoundError: numba is hidden: tools/machines.py")


def test_environments_that_run_differ_and_the_others_say_why(machines):
    names = ["default", *machines.core_types()]
    found, skipped = machines.find_out(names)
    assert sorted([*found, *skipped]) == sorted(names)
    facts = list(found.values())
    assert all(one != other for k, one in enumerate(facts) for other in facts[:k])
    assert all(skipped.values())
    for name, ran in found.items():
        lacks = machines.core_types().get(name, "$")
        assert not [target for target in ran["simd"] if machines.re.fullmatch(lacks, target)]


@pytest.mark.parametrize(("right", "failed"), [(1, []), (2, ["AssertionError: ----> 2 assert a == 2"])])
def test_a_page_that_fails_is_named_with_the_line(right, failed, machines, tmp_path, monkeypatch):
    pytest.importorskip("nbclient", reason="pages need the extra book")
    pytest.importorskip("myst_nb", reason="pages need the extra book")
    monkeypatch.setattr(machines, "ROOT", tmp_path)
    page = tmp_path / "book" / "page.md"
    page.parent.mkdir()
    page.write_text(PAGE % right, encoding="utf-8")
    assert machines.pages() == [page]
    env = machines.environment("default", []) | {"PYTHONPATH": ""}
    assert machines.run_page(page, env, tmp_path, timeout=120)["failed"] == failed


def test_what_passed_runs_again_only_when_the_code_changed_and_what_failed_runs_again(machines):
    (machines.STORE / "default").mkdir(parents=True)
    calls = []

    def outcome(failed):
        return lambda: calls.append(failed) or {"failed": failed}

    for key, failed, n_calls in (("a", ["x"], 1), ("a", [], 2), ("a", [], 2), ("b", [], 3)):
        assert machines.once("default", "page", key, outcome(failed))["failed"] == failed
        assert len(calls) == n_calls


def test_the_table_counts_failures_and_names_them_and_what_was_skipped(machines, capsys):
    page = {"what": "a/page", "seconds": 60, "failed": ["AssertionError"]}
    tests = {"what": "tests", "seconds": 30, "failed": ["test_x", "test_y"], "slow": 7}
    facts = {"blas": {"numpy": "Haswell x1", "scipy": "Haswell x1"}, "simd": [], "numba": "native"}
    done = {"Haswell": {"pages": [page, page | {"failed": []}], "tests": [tests]}}
    assert machines.table(done, {"Haswell": facts}, {"Zen": "as Haswell"}) == 3
    said = capsys.readouterr().out
    for part in (
        "1 of 2",
        "2, 7 too slow",
        "numpy Haswell x1",
        "as Haswell",
        "a/page: AssertionError",
        "tests: test_y",
        "2.5",
    ):
        assert part in said


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="this system has no alarm")
def test_a_test_that_takes_too_long_is_skipped_where_a_limit_is_asked_for(tmp_path):
    (tmp_path / "conftest.py").write_text((SCRIPT.parents[1] / "tests" / "conftest.py").read_text("utf-8"))
    (tmp_path / "test_it.py").write_text("def test_slow():\n    while True: pass\ndef test_fast(): pass\n")
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "-c", os.devnull, str(tmp_path)]
    env = os.environ | {"HDR_SECONDS_A_TEST": "1"}
    said = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True).stdout
    assert "takes more than 1 s" in said
    assert "1 passed, 1 skipped" in said
