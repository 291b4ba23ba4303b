"""The panels of a rank choice are the columns of the table."""

import numpy as np
import pytest

from tensorly_hdr import compare_ranks, plotting


@pytest.mark.parametrize(("shape", "fraction", "n"), [((4, 5, 6), 0.1, 4), ((4, 5, 6), 0.0, 3), ((5, 6), 0.0, 2)])
def test_panels_are_the_criteria_that_have_values(shape, fraction, n, rng):
    table = compare_ranks(rng.random(shape), [1, 2, 4], n_init=2, fraction=fraction, seed=0, max_iter=3)
    panels = plotting.rank_choice(table)
    assert len(panels) == n
    names = {"Objective": "best_loss", "Match of the starts": "stability"}
    for ax in panels:
        assert ax.get_xlabel() == "Rank"
        line = ax.lines[-1]
        np.testing.assert_array_equal(line.get_xdata(), [1, 2, 4])
        if ax.get_ylabel() in names:
            np.testing.assert_array_equal(line.get_ydata(), table[names[ax.get_ylabel()]])
    starts = [line.get_ydata() for line in panels[0].lines[:-1]]
    np.testing.assert_array_equal(np.transpose(starts), table["loss"])


def test_a_core_far_from_diagonal_does_not_flatten_its_panel(rng):
    table = compare_ranks(rng.random((4, 5, 6)), [1, 2, 4], n_init=2, fraction=0.0, seed=0, max_iter=3)
    table["core_consistency"][:] = [100.0, 40.0, -1e9]
    ax = plotting.rank_choice(table)[2]
    low, line = ax.lines
    assert ax.get_ylim()[0] == -20
    np.testing.assert_array_equal(line.get_ydata(), [100.0, 40.0, -20.0])
    np.testing.assert_array_equal(low.get_xydata(), [[4, -20.0]])
