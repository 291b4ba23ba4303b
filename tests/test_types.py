"""What editors and type checkers see of the package is what it holds, and mistakes in a call are errors for them."""

import ast
import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import get_type_hints

import pytest

import tensorly_hdr as hdr
from tensorly_hdr.model_choice import compare_ranks
from tensorly_hdr.solve import Stop, run

STUB = ast.parse(Path(hdr.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
IMPORTS = {alias.name: node.module for node in STUB.body if isinstance(node, ast.ImportFrom) for alias in node.names}
# what a computer without the extras lacks; blocked in a fresh interpreter
EXTRAS = ["matplotlib", "tlviz", "soundfile", "pretty_midi", "mir_eval", "midirenderer", "sklearn", "numba"]
BARE = f"import sys; sys.modules.update(dict.fromkeys({EXTRAS}))\n"
OPTIONS = [f for f in map(hdr.__getattr__, hdr.__all__) if inspect.isfunction(f)]


def in_a_bare_interpreter(code):
    return subprocess.run([sys.executable, "-c", BARE + code], check=True, capture_output=True, text=True).stdout


def test_the_stub_lists_the_public_names_once():
    (listed,) = [node.value for node in STUB.body if isinstance(node, ast.Assign)]
    assert sorted(ast.literal_eval(listed)) == sorted(hdr.__all__) == sorted(IMPORTS)


@pytest.mark.parametrize(("name", "module"), IMPORTS.items())
def test_the_stub_takes_each_name_from_where_it_lives(name, module):
    expected = import_module(f"{module}.{name}") if module == "tensorly_hdr" else getattr(import_module(module), name)
    assert getattr(hdr, name) is expected


def test_mypy_sees_the_mistakes_in_a_call(tmp_path):
    pytest.importorskip("mypy")
    page = tmp_path / "page.py"
    page.write_text(
        "import numpy as np\nimport tensorly_hdr as hdr\nY = np.ones((4, 3))\nreveal_type(hdr.nmf(Y, 3, seed=0))\n"
        'hdr.nmf(Y, "three", sedd=0)\nhdr.nmff\nhdr.compare_ranks(Y, [1, 2], n_iner=3)\n',
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file=", "--cache-dir", str(tmp_path), str(page)],
        capture_output=True,
        text=True,
        cwd=Path(hdr.__file__).parents[1],
    )
    assert 'Revealed type is "tensorly_hdr.factorization.result.FactorResult"' in done.stdout
    for mistake in [
        ':5: error: Unexpected keyword argument "sedd" for "nmf"',
        ':5: error: Argument 2 to "nmf" has incompatible type "str"; expected "int"',
        ':6: error: Module has no attribute "nmff"',
        ':7: error: Unexpected keyword argument "n_iner" for "compare_ranks"',
    ]:
        assert mistake in done.stdout


@pytest.mark.parametrize("f", OPTIONS, ids=lambda f: f.__name__)
def test_no_public_function_takes_options_without_a_type(f):
    rest = [p for p in inspect.signature(f).parameters.values() if p.kind is p.VAR_KEYWORD]
    assert [p for p in rest if "Unpack[" not in str(p.annotation)] == []


def test_the_stop_options_are_those_of_the_loop():
    loop = inspect.signature(run).parameters
    assert set(get_type_hints(Stop)) <= set(loop)


def test_the_options_of_compare_ranks_are_those_of_ncp():
    taken = set(inspect.signature(hdr.ncp).parameters) - {"T", "rank", "stop"} | set(get_type_hints(Stop))
    given = set(inspect.signature(compare_ranks).parameters)
    assert set(hdr.model_choice.NcpOptions.__annotations__) | set(Stop.__annotations__) == taken - given - {"options"}


def test_help_and_inspection_work_without_the_extras():
    code = "import inspect, pydoc, tensorly_hdr as hdr\nfrom tensorly_hdr import *\n"
    code += "assert len(pydoc.render_doc(hdr)) > 1000\nprint(len(inspect.getmembers(hdr)))"
    assert int(in_a_bare_interpreter(code)) > 70


def test_a_module_without_its_package_still_says_what_to_install():
    code = "import tensorly_hdr as hdr\ntry: hdr.plotting\nexcept ImportError as e: print(e)"
    assert "figures need matplotlib" in in_a_bare_interpreter(code)


def test_dir_shows_public_names_only():
    assert dir(hdr) == sorted([*hdr.__all__, "__version__"])
