"""What holds for every drawing: it stays on the axes it is given, labels them, and leaves the data alone."""

import sys
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes

from tensorly_hdr import compare_ranks, plotting
from tensorly_hdr.music import Notes

NOTES = Notes([0.0, 0.5, 1.0], [0.4, 0.9, 2.0], [60, 64, 67])
FOUND = Notes([0.01, 0.5], [0.4, 0.9], [60, 65])
RNG = np.random.default_rng(0)
POINTS = RNG.random((3, 20))
RUN = SimpleNamespace(trace=SimpleNamespace(loss=np.array([3.0, 2.0, 1.0]), time=np.arange(3.0)), status="converged")
SINGLE = {
    "convergence": (plotting.convergence, {"a": RUN}),
    "spectra": (plotting.spectra, RNG.random((9, 2))),
    "simplex": (plotting.simplex, POINTS),
    "triangles": (lambda Y, ax=None: plotting.triangles(Y, [np.eye(3)], ax=ax), POINTS),
    "spectrogram": (plotting.spectrogram, RNG.random((6, 8))),
    "activations": (plotting.activations, RNG.random((8, 3))),
    "autosimilarity": (lambda A, ax=None: plotting.autosimilarity(A, boundaries=[0, 2, 5], ax=ax), RNG.random((5, 5))),
    "piano_roll": (plotting.piano_roll, NOTES),
    "piano_rolls": (lambda n, ax=None: plotting.piano_roll(n, FOUND, pairs=[[0, 0]], ax=ax), NOTES),
    "cone2d": (lambda Y, ax=None: plotting.cone2d(Y, np.eye(2), ax=ax), POINTS[:2]),
}
TABLE = compare_ranks(RNG.random((5, 6)), [1, 2], n_init=2, fraction=0.0, seed=0, max_iter=3)
PANELS = {
    "rank_choice": (plotting.rank_choice, TABLE),
    "templates": (plotting.templates, RNG.random((6, 3, 2))),
    "factors": (plotting.factors, [RNG.random((5, 2)), RNG.random((4, 2))]),
    "abundance_maps": (plotting.abundance_maps, RNG.random((6, 5, 2))),
}


@pytest.mark.parametrize("name", SINGLE)
def test_axes_given_are_axes_returned(name):
    draw, data = SINGLE[name]
    _, (ax, other) = plt.subplots(1, 2)
    assert draw(data, ax=ax) is ax
    assert not other.has_data()
    assert plt.get_fignums() == [1]


@pytest.mark.parametrize("name", PANELS)
def test_panels_given_are_panels_returned(name):
    draw, data = PANELS[name]
    _, given = plt.subplots(1, 2)
    np.testing.assert_array_equal(draw(data, axes=given), given)
    assert plt.get_fignums() == [1]


@pytest.mark.parametrize("name", PANELS)
def test_a_wrong_number_of_panels_is_refused(name):
    draw, data = PANELS[name]
    with pytest.raises(ValueError, match=r"axes given = 3.*panels = 2"):
        draw(data, axes=plt.subplots(1, 3)[1])


@pytest.mark.parametrize("name", SINGLE)
def test_new_axes_by_default(name):
    draw, data = SINGLE[name]
    ax = draw(data)
    assert isinstance(ax, Axes)
    assert ax.has_data()
    if name not in ("simplex", "triangles"):  # their axes are the triangle
        assert ax.get_xlabel()
        assert ax.get_ylabel()


@pytest.mark.parametrize("name", SINGLE | PANELS)
def test_data_are_not_changed(name):
    draw, data = (SINGLE | PANELS)[name]
    arrays = {"convergence": [RUN.trace.loss, RUN.trace.time], "factors": data}.get(name, [data])
    arrays = list(data.values()) if data is TABLE else arrays
    arrays = [NOTES.onset, NOTES.offset, NOTES.pitch] if data is NOTES else arrays
    before = [a.copy() for a in arrays]
    draw(data)
    for a, b in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", SINGLE | PANELS)
def test_drawing_in_the_style_of_the_book(name):
    draw, data = (SINGLE | PANELS)[name]
    with plotting.style():
        drawn = draw(data)
        np.ravel(drawn)[0].figure.canvas.draw()  # a layout that does not fit would warn


def test_a_missing_extra_is_named(monkeypatch):
    for module in [m for m in sys.modules if m.startswith("tensorly_hdr.plotting")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r'pip install "tensorly-hdr\[plot\] @ git'):
        __import__("tensorly_hdr.plotting")
