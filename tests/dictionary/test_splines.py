"""Spline dictionaries: partition of unity, support, agreement with the spline as a function."""

import numpy as np
import pytest
import xarray as xr
from scipy.interpolate import BSpline

from tensorly_hdr.dictionary import bspline_dictionary

POINTS = np.linspace(210.0, 310.0, 101)


@pytest.mark.parametrize("degree", [1, 2, 3, 5])
def test_splines_are_nonnegative_and_sum_to_one(degree):
    U = bspline_dictionary(POINTS, 9, degree=degree, normalize=False)
    assert U.shape == (101, 9)
    assert U.min() >= 0
    np.testing.assert_allclose(U.sum(axis=1), 1.0, rtol=1e-12)


def test_atoms_have_norm_one_and_none_is_zero():
    D = bspline_dictionary(POINTS, (5, 12, 40))
    assert D.shape == (101, 57)
    np.testing.assert_allclose(np.linalg.norm(D, axis=0), 1.0, rtol=1e-14)


@pytest.mark.parametrize("degree", [1, 3])
def test_a_spline_lives_on_degree_plus_one_intervals(degree):
    n = 11
    U, knots = bspline_dictionary(POINTS, n, degree=degree), np.linspace(210.0, 310.0, n - degree + 1)
    t = np.concatenate([[210.0] * degree, knots, [310.0] * degree])
    for j in range(n):
        outside = (t[j] > POINTS) | (t[j + degree + 1] < POINTS)
        assert outside.any()
        assert not U[outside, j].any()


def test_equals_the_spline_as_a_function_on_knots_of_your_own(rng):
    points, knots = rng.random(30), np.array([-0.1, 0.2, 0.25, 0.7, 1.0])
    U = bspline_dictionary(points, knots=knots, normalize=False)
    t = np.concatenate([[-0.1] * 3, knots, [1.0] * 3])
    assert U.shape == (30, 7)
    coefficients = rng.standard_normal(7)
    np.testing.assert_allclose(U @ coefficients, BSpline(t, coefficients, 3)(points), rtol=1e-12, atol=1e-14)


def test_a_cubic_polynomial_is_a_combination_of_cubic_splines_and_a_quartic_is_not():
    x = (POINTS - 250) / 50
    U = bspline_dictionary(POINTS, 8)
    for power, bound in ((3, True), (4, False)):
        gap = np.linalg.norm(x**power - U @ np.linalg.lstsq(U, x**power)[0])
        assert (gap < 1e-12) == bound


def test_several_scales_are_their_sets_side_by_side():
    both = bspline_dictionary(POINTS, (4, 9))
    np.testing.assert_array_equal(both[:, :4], bspline_dictionary(POINTS, 4))
    np.testing.assert_array_equal(both[:, 4:], bspline_dictionary(POINTS, [9]))


def test_the_order_of_the_points_is_kept(rng):
    order = rng.permutation(101)
    np.testing.assert_allclose(bspline_dictionary(POINTS[order], 9), bspline_dictionary(POINTS, 9)[order], rtol=1e-13)


def test_a_labelled_coordinate_gives_labelled_atoms():
    emission = xr.DataArray(POINTS, dims="emission", coords={"emission": POINTS}, attrs={"units": "nm"})
    D = bspline_dictionary(emission, (4, 9), degree=1)
    assert D.dims == ("emission", "atom")
    np.testing.assert_array_equal(D.emission, POINTS)
    np.testing.assert_array_equal(D.scale, [4] * 4 + [9] * 9)
    tops = POINTS[D.values.argmax(axis=0)]  # a hat is highest at its center
    assert np.abs(D.center - tops).max() <= 1.0
    assert bspline_dictionary(emission.rename(emission="atom"), 4).dims == ("atom", "atom_2")


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: bspline_dictionary(POINTS), "n_splines or knots must be given"),
        (lambda: bspline_dictionary(POINTS, 5, knots=[200, 320]), "exclude each other"),
        (lambda: bspline_dictionary(POINTS, 3), "above the degree"),
        (lambda: bspline_dictionary(POINTS, []), "at least one number"),
        (lambda: bspline_dictionary(POINTS, (5, 2.5)), r"n_splines\[1\] must be a positive integer"),
        (lambda: bspline_dictionary(POINTS, 5, degree=0), "degree must be a positive"),
        (lambda: bspline_dictionary(np.ones(4), 5), "two different values"),
        (lambda: bspline_dictionary(POINTS[:, None], 5), "1 dimension"),
        (lambda: bspline_dictionary(POINTS, knots=[210, 300]), "cover the points"),
        (lambda: bspline_dictionary(POINTS, knots=[210, 250, 250, 310]), "increase strictly"),
        (lambda: bspline_dictionary([0.0, 1.0, 2.0], 12), r"zero at every point"),
    ],
)
def test_what_makes_no_dictionary_is_refused(call, word):
    with pytest.raises(ValueError, match=word):
        call()
