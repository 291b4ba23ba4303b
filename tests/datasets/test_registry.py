"""What every real dataset must satisfy, and what the registry refuses."""

import numpy as np
import pytest

from tensorly_hdr.datasets import _record, indian_pines, list_datasets, load


@pytest.mark.parametrize("name", list_datasets())
def test_record_is_complete(name):
    d = load(name)
    assert d.name == name
    assert all(len(text) > 20 for text in (d.description, d.source, d.licence, d.citation))
    assert d.sha256
    assert all(len(digest) == 64 for digest in d.sha256.values())
    assert d.data.attrs["units"]
    assert d.data.dtype == np.float64
    for dim in d.data.dims:
        assert d.data.indexes[dim].is_monotonic_increasing
        assert d.data.coords[dim].attrs["long_name"]
    for truth in d.truth.values():
        for dim in set(truth.dims) & set(d.data.dims):
            np.testing.assert_array_equal(truth[dim], d.data[dim])


@pytest.mark.parametrize("name", list_datasets())
def test_each_load_is_independent(name):
    first, second = load(name), load(name)
    assert not np.shares_memory(first.data.values, second.data.values)
    first.data.values[...] = -1.0
    first.data.attrs["units"] = "spoilt"
    first.data.coords[first.data.dims[0]].attrs["long_name"] = "spoilt"
    first.sha256.clear()
    third = load(name)
    np.testing.assert_array_equal(third.data, second.data)
    assert third.data.attrs == second.data.attrs
    assert third.data.coords[third.data.dims[0]].attrs == second.data.coords[second.data.dims[0]].attrs
    assert third.sha256 == second.sha256


@pytest.mark.parametrize("name", ["indian pines", "", None, 3])
def test_unknown_name_lists_the_names(name):
    with pytest.raises(ValueError, match=r"name must be one of .*indian_pines.*kinetic_fluorescence.*got"):
        load(name)


def test_repr_tells_sizes_and_truth():
    assert repr(load("indian_pines")) == "<Dataset indian_pines: row 145, column 145, wavelength 200; truth: classes>"


def test_a_changed_file_is_refused(monkeypatch):
    name = "Indian_pines_gt.npy"
    monkeypatch.setitem(indian_pines.SHA256, name, "0" * 64)
    with pytest.raises(RuntimeError, match=f"{name}.*pinned version"):
        load("indian_pines")


def test_check_files_reads_the_bytes(tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    digest_of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # FIPS 180-4
    _record.check_files(tmp_path, {"empty": digest_of_nothing})
    (tmp_path / "empty").write_bytes(b"\0")
    with pytest.raises(RuntimeError, match="empty"):
        _record.check_files(tmp_path, {"empty": digest_of_nothing})
