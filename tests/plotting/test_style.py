"""The style: a context restores the settings, colours are told apart by all readers."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from tensorly_hdr import plotting

# Machado, Oliveira and Fernandes (2009), full severity: what a dichromat sees of a linear RGB colour.
VISION = {
    "trichromat": np.eye(3),
    "protanope": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranope": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}


def test_context_restores_the_settings():
    before = dict(mpl.rcParams)
    with plotting.style():
        assert dict(mpl.rcParams) != before
    assert dict(mpl.rcParams) == before


def test_use_style_is_global():
    with mpl.rc_context():
        plotting.use_style()
        colors = mpl.rcParams["axes.prop_cycle"].by_key()["color"]
        assert mpl.rcParams["savefig.facecolor"] == "white"
    assert {mpl.colors.to_hex(c) for c in colors} == {c.lower() for c in plotting.PALETTE.values()}


@pytest.mark.parametrize("vision", VISION)
def test_colours_differ_for_every_reader(vision):
    srgb = np.array([mpl.colors.to_rgb(c) for c in plotting.PALETTE.values()])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ VISION[vision].T, 0, 1)
    lab = _lab(seen)
    distance = np.linalg.norm(lab[:, None] - lab[None], axis=2)[np.triu_indices(len(lab), 1)]
    assert distance.min() > 10  # CIE 1976; 2.3 is just noticeable


def _lab(linear):
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    t = linear @ to_xyz.T / to_xyz.sum(axis=1)
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


def test_spare_panels_are_removed():
    panels = plotting.factors([np.ones((4, 2))] * 3)
    assert len(panels) == len(plt.gcf().axes) == 3
