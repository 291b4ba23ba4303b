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
