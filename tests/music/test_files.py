"""Files are written whole or not at all, under the name that was given; damaged ones are refused before they cost."""

import io
import json
import os
import zipfile

import numpy as np
import pytest

from tensorly_hdr import music
from tensorly_hdr.music import Notes, _files, load_templates, read_midi, storage, write_midi

NOTES = Notes([0.0], [1.0], [60])


@pytest.mark.parametrize("save", [lambda f, t: write_midi(NOTES, f), lambda f, t: t.save(f)], ids=["midi", "templates"])
def test_a_disk_that_is_full_leaves_the_old_file(save, soft, tmp_path, monkeypatch):
    file = tmp_path / "old.x"
    file.write_bytes(b"old")

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(_files.os, "replace", full)
    with pytest.raises(OSError, match="no space left"):
        save(file, soft)
    assert file.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["old.x"]


def test_an_error_in_the_middle_leaves_the_old_file(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"old")

    def stopped():
        with _files.replacing(file) as whole:
            whole.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert (file.read_bytes(), os.listdir(tmp_path)) == (b"old", ["a"])


def test_links_and_modes_are_kept_and_a_hard_link_is_not_written_through(tmp_path):
    file, link, twin = tmp_path / "a", tmp_path / "link", tmp_path / "twin"
    file.write_bytes(b"old")
    file.chmod(0o640)
    link.symlink_to(file)
    twin.hardlink_to(file)
    with _files.replacing(link) as whole:
        whole.write(b"new")
    assert (file.read_bytes(), twin.read_bytes(), link.is_symlink()) == (b"new", b"old", True)
    assert file.stat().st_mode & 0o777 == 0o640


def test_templates_are_found_under_the_name_that_was_given(soft, tmp_path):
    soft.save(tmp_path / "x")
    assert os.listdir(tmp_path) == ["x"]
    np.testing.assert_array_equal(load_templates(tmp_path / "x").pitch, soft.pitch)


def changed(soft, **changes):
    """Archive of templates with some members replaced."""
    file = io.BytesIO()
    soft.save(file)
    file.seek(0)
    with np.load(file) as archive:
        found = {key: archive[key] for key in archive.files}
    new = {key: change(found[key]) if callable(change) else change for key, change in changes.items()}
    members = {**found, **new}
    out = io.BytesIO()
    np.savez_compressed(out, **members)
    out.seek(0)
    return out


def about(**settings):
    usual = {"rate": 44_100, "n_fft": 4096, "hop": 882, "power": 0.5}
    return np.array(json.dumps({"settings": {**usual, **settings}, "source": {}}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"about": about(hop=10**12)}, "hop must be at most"),
        ({"about": about(n_fft=10**12)}, "n_fft must be at most"),
        ({"about": about(rate=2)}, "rate between 100 and"),
        ({"about": np.array("[" * 200_000)}, "decoding a JSON array"),
        ({"W": lambda W: W[:, :0]}, "one tap or more"),
        ({"latency": lambda latency: np.full_like(latency, -1e9)}, "latency must be seconds"),
        ({"pitch": lambda pitch: np.where(pitch == 60, 60.5, pitch)}, "pitches of W must be whole numbers"),
    ],
    ids=["hop", "n_fft", "rate", "deep", "no taps", "latency", "half a pitch"],
)
def test_damaged_templates_are_refused(changes, message, soft):
    with pytest.raises(ValueError, match=message):
        load_templates(changed(soft, **changes))


def test_the_size_of_an_archive_is_looked_at_before_it_is_read(soft, monkeypatch):
    file = changed(soft, W=np.zeros((storage.LARGEST // 8 + 1, 1, 8), dtype=np.int8))
    assert len(file.getvalue()) < 10**6
    monkeypatch.setattr(zipfile.ZipExtFile, "read", lambda *_: pytest.fail("a member was read"))
    with pytest.raises(ValueError, match="it unpacks to"):
        load_templates(file)


@pytest.mark.parametrize("read", [read_midi, music.load_templates, lambda f: write_midi(NOTES, f)])
def test_what_is_no_file_is_refused(read):
    for odd in (None, 3.0, ["a"]):
        with pytest.raises(TypeError, match="must be a path or an open binary file"):
            read(odd)


def test_the_reason_why_a_file_cannot_be_read_is_a_sentence():
    with pytest.raises(ValueError, match=r"cannot be read \([^()]* [^()]*\)"):
        read_midi(
            io.BytesIO(b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x01\xf4MTrk\x00\x00\x00\x06\x00\xff\x59\x02\x40\x07")
        )


def test_late_notes_are_scored_without_a_grid(rng):
    late = Notes([1e7], [1e7 + 1.0], [60])
    assert music.frame_score(late, Notes([1e7], [1e7 + 0.5], [60])).recall == 0.5
    with pytest.raises(ValueError, match="notes would take"):
        music.synthesize(late)
    for _ in range(20):  # the grid of times that the definition speaks of
        a, b = (Notes(t, t + rng.uniform(0.01, 0.5, 9), rng.integers(60, 64, 9)) for t in rng.uniform(0, 2, (2, 9)))
        grid = np.arange(300) * 0.01
        x, y = a.roll(grid).values, b.roll(grid).values
        assert music.frame_score(a, b)[3:] == ((x & y).sum(), y.sum(), x.sum())
