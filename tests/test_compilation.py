"""No trace counts the compilation of a kernel, it is announced, can be done beforehand, and needs no place on disk."""

import logging
import subprocess
import sys

import numpy as np
import pytest

from tensorly_hdr import _compiling, solve
from tensorly_hdr.kernels import is_compiled

needs_numba = pytest.mark.skipif(not is_compiled, reason="numba is not there")
NO_PLACE = """
from numba.core import caching
for home in [c for c in vars(caching).values() if hasattr(c, "_locator_classes")]:
    home._locator_classes = []
"""
# Every kernel that is called from Python, and the types of arrays that it has been called with.
SEEN = """
from tensorly_hdr import kernels
def seen():
    return {name: set(f.signatures) for name, f in vars(kernels).items() if hasattr(f, "signatures")}
"""
TYPICAL = """
import numpy as np
from scipy.sparse import csc_array, csr_array
A, Y, T = rng.random((30, 5)).astype(t), rng.random((30, 12)).astype(t), rng.random((6, 5, 4)).astype(t)
for solver in hdr.regression.LS_SOLVERS:
    hdr.nnls(A, Y, solver=solver, max_iter=2); hdr.nnls(A, Y[:, 0], solver=solver, max_iter=2)
for solver in hdr.regression.KL_SOLVERS:
    hdr.nnkl(A, Y, solver=solver, max_iter=2)
for data in (Y, csr_array(Y), csc_array(Y), Y.tolist()):
    for loss in ("frobenius", "kl"):
        hdr.nmf(data, 3, loss=loss, seed=0, max_iter=2)
hdr.ncp(T, 2, seed=0, max_iter=2); hdr.ncp(T, 2, loss="kl", seed=0, max_iter=2)
hdr.nmf(Y, 3, mask=rng.random(Y.shape) < 0.9, seed=0, max_iter=2)
hdr.nnls(A, Y, penalty=hdr.Simplex(), max_iter=2)
hdr.snpa(Y, 4); hdr.minvol_nmf(Y, 2, seed=0, max_iter=2); hdr.sparse_nnls(A, Y, 2); hdr.nnomp(A, Y, 2)
"""


def fresh(code):
    """What code prints in a new interpreter."""
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def a_new_kernel():
    """A function that numba has not compiled, without a file, so without a place for its cache."""
    from tensorly_hdr.kernels._jit import njit

    names = {"njit": njit}
    exec(
        "@njit\ndef inner(x):\n    return 2.0 * x\n@njit(fastmath={'nsz'})\ndef outer(x):\n    return inner(x) + 1.0",
        names,
    )
    return names["outer"]


def test_the_clock_of_a_run_stops_while_a_kernel_is_compiled(monkeypatch):
    now = [0.0]
    for module in (solve, _compiling):
        monkeypatch.setattr(module, "perf_counter", lambda: now[0])

    def steps():
        for k in range(4):
            now[0] += 1.0
            if k == 1:  # one kernel, which calls another
                _compiling.begin("outer")
                now[0] += 30.0
                _compiling.begin("inner")
                now[0] += 20.0
                _compiling.end()
                _compiling.end()
            yield k, {}

    _, trace, status, _ = solve.run(steps(), lambda k: 1.0 / (1 + k), max_iter=3, max_time=10.0)
    assert trace.time.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert status == "max_iter"


@needs_numba
def test_a_compilation_is_counted_once_logged_and_told(caplog):
    told, before, kernel = [], _compiling.seconds(), a_new_kernel()
    with caplog.at_level(logging.INFO, "tensorly_hdr"), _compiling.told(told.append):
        assert kernel(1.5) == 4.0
        after = _compiling.seconds()
        assert kernel(2.5) == 6.0
    assert after > before
    assert _compiling.seconds() == after
    assert told == ["compiling outer", ""]
    assert [record.getMessage().split(" for")[0] for record in caplog.records] == ["compiling outer"]


@needs_numba
def test_a_kernel_without_a_place_for_its_cache_is_compiled_all_the_same():
    import numba

    names = {"numba": numba}
    with pytest.raises(RuntimeError, match="no locator available"):  # what numba says by itself
        exec("@numba.njit(cache=True)\ndef f(x):\n    return x", names)
    assert a_new_kernel()(1.0) == 3.0


@needs_numba
def test_another_error_of_the_compiler_is_not_silenced(monkeypatch):
    import numba

    from tensorly_hdr.kernels._jit import njit

    def broken(**options):
        raise RuntimeError("broken")

    monkeypatch.setattr(numba, "njit", broken)
    with pytest.raises(RuntimeError, match="broken"):
        njit(lambda x: x)


@needs_numba
def test_the_package_works_where_nothing_can_be_written():
    code = NO_PLACE + "import tensorly_hdr as hdr\nprint(hdr.kernels.is_compiled, hdr.nnls([[1.0]], [2.0]).x.tolist())"
    assert fresh(code) == "True [2.0]\n"


@needs_numba
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_after_warming_up_the_usual_calls_compile_nothing(precision):
    start = "import numpy as np, tensorly_hdr as hdr\nrng, t = np.random.default_rng(0), np." + precision + "\n"
    check = "new = {k: v - warm[k] for k, v in seen().items() if v - warm[k]}\nprint(new)"
    code = start + SEEN + "hdr.warm_up()\nwarm = seen()\nassert all(warm.values())\n" + TYPICAL + check
    assert fresh(code) == "{}\n"


def test_without_numba_there_is_nothing_to_compile():
    assert fresh("import sys; sys.modules['numba'] = None\nimport tensorly_hdr as hdr\nprint(hdr.warm_up())") == "0.0\n"


def test_the_module_is_a_command():
    command = [sys.executable, "-m", "tensorly_hdr.compilation"]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.startswith("compiled for ")


def test_another_thread_compiling_does_not_stop_this_clock():
    from threading import Thread

    before = _compiling.seconds()
    thread = Thread(target=lambda: (_compiling.begin("k"), np.linalg.svd(np.eye(50)), _compiling.end()))
    thread.start()
    thread.join()
    assert _compiling.seconds() == before
