"""Importing the package is cheap and pulls in nothing optional; every public name exists."""

import subprocess
import sys

import pytest

import tensorly_hdr

HEAVY = ["matplotlib", "torch", "pandas", "tlviz", "sklearn", "soundfile", "pooch", "IPython"]


def test_import_loads_nothing_optional():
    code = f"import sys, tensorly_hdr; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_solving_loads_nothing_optional():
    code = (
        "import sys, tensorly_hdr as hdr; hdr.nmf([[1.0, 2.0], [3.0, 4.0]], 1); hdr.nnkl([[1.0]], [2.0])\n"
        "print([m for m in ('matplotlib', 'torch', 'tlviz', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", tensorly_hdr.__all__)
def test_every_public_name_exists_and_is_documented(name):
    assert getattr(tensorly_hdr, name).__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nmff"):
        _ = tensorly_hdr.nmff


def test_dir_lists_the_names():
    assert set(tensorly_hdr.__all__) <= set(dir(tensorly_hdr))
