"""Points in a triangle, cones in the plane: the drawing keeps the geometry."""

import numpy as np
import pytest
import xarray as xr

from tensorly_hdr import plotting
from tensorly_hdr.datasets import synthetic
from tensorly_hdr.plotting.geometry import CORNERS, in_triangle


def test_the_triangle_is_equilateral():
    sides = np.linalg.norm(CORNERS - np.roll(CORNERS, 1, axis=0), axis=1)
    np.testing.assert_allclose(sides, 1.0, rtol=1e-15)


def test_barycentric_coordinates():
    np.testing.assert_allclose(in_triangle("points", 5 * np.eye(3)), CORNERS)
    np.testing.assert_allclose(in_triangle("points", np.ones((3, 1)))[0], CORNERS.mean(axis=0))


def test_scaling_does_not_move_points_and_zeros_have_no_place():
    Y = np.random.default_rng(0).random((3, 9))
    Y[:, 4] = 0
    scaled = Y * np.arange(1.0, 10.0)
    np.testing.assert_allclose(in_triangle("points", scaled), in_triangle("points", Y), rtol=1e-12)
    assert plotting.simplex(Y).collections[0].get_offsets().shape == (8, 2)


def test_the_hull_contains_the_cone_and_no_more():
    d = synthetic.separable(3, 40, 4, seed=3)
    ax = plotting.simplex(d.data, vertices=d.truth["W"])
    hull = ax.patches[1].get_path()
    data = ax.collections[0].get_offsets()
    assert hull.contains_points(data, radius=1e-9).all() or hull.contains_points(data, radius=-1e-9).all()
    corners = in_triangle("W", d.truth["W"])
    np.testing.assert_allclose(ax.collections[1].get_offsets(), corners)
    assert {tuple(p) for p in hull.vertices} <= {tuple(p) for p in corners}
    middle = CORNERS.mean(axis=0)
    outside = middle + 1.01 * np.max(np.linalg.norm(corners - middle, axis=1)) * np.array([[1.0, 0.0], [-1.0, 0.0]])
    assert not hull.contains_points(outside).any()


@pytest.mark.parametrize("rank", [1, 2])
def test_few_vertices_are_drawn_too(rank):
    W = np.random.default_rng(1).random((3, rank))
    hull = plotting.simplex(W, vertices=W).patches[1]
    assert {tuple(p) for p in hull.get_xy()} == {tuple(p) for p in in_triangle("W", W)}


def test_corners_are_named():
    names = ["red", "green", "blue"]
    Y = xr.DataArray(np.eye(3), dims=("colour", "pixel"), coords={"colour": names})
    assert [text.get_text() for text in plotting.simplex(Y).texts] == names
    assert len(plotting.simplex(np.eye(3)).texts) == 3


def test_a_point_is_on_the_line_of_the_atoms_that_make_it():
    D = np.array([[2.0, -0.3, 0.1], [0.2, 1.0, 0.4], [0.1, 0.2, 3.0]])
    ax = plotting.triangles(D[:, :2] @ np.array([[1.0, -0.2], [0.5, 1.0]]), [D, np.eye(3)])
    a, b = ax.patches[0].get_xy()[:2]
    for x in ax.collections[-1].get_offsets():
        assert abs(np.linalg.det(np.array([b - a, x - a]))) < 1e-12
    np.testing.assert_allclose(ax.patches[1].get_xy()[:3], CORNERS, atol=1e-15)


def test_sides_are_extended_where_there_are_two_different_corners():
    D = np.array([[1.0, 2.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])  # the first two atoms are one
    assert len(plotting.triangles(np.eye(3), [np.eye(3)]).lines) == 3
    assert len(plotting.triangles(np.eye(3), [D]).lines) == 2


def test_a_cone_contains_its_combinations_and_no_more():
    rng = np.random.default_rng(2)
    W = np.array([[1.0, 0.6, 0.3], [0.2, 0.6, 0.9]])
    Y = W @ rng.random((3, 50))
    ax = plotting.cone2d(Y, W)
    (cone,) = ax.patches
    np.testing.assert_array_equal(ax.collections[-1].get_offsets(), Y.T)
    assert cone.get_path().contains_points(Y.T).all()
    assert not cone.get_path().contains_points([[1.0, 0.19], [0.3, 0.91]]).any()
    marked = [(line.get_xdata()[1], line.get_ydata()[1]) for line in ax.lines]
    np.testing.assert_array_equal(marked, W.T)


def test_a_cone_reaches_the_border_of_the_drawing():
    ax = plotting.cone2d(np.ones((2, 1)), np.array([[1.0, 0.1], [0.1, 1.0]]))
    reach = ax.get_xlim()[1]
    assert ax.patches[0].get_path().contains_point((0.999 * reach, 0.999 * reach))


@pytest.mark.parametrize("W", [[[1.0, 0.0], [1.0, 0.0]], np.zeros((2, 2))])
def test_a_column_of_zeros_spans_nothing(W):
    ax = plotting.cone2d(np.ones((2, 1)), W)
    assert len(ax.lines) == np.any(W, axis=0).sum()


def test_cones_of_a_dict_are_named():
    ax = plotting.cone2d(np.ones((2, 1)), {"wide": np.eye(2), "narrow": np.ones((2, 1))})
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {"data", "wide", "narrow"}


@pytest.mark.parametrize(
    ("draw", "match"),
    [
        (lambda: plotting.simplex(np.ones((2, 5))), "rows of points = 2"),
        (lambda: plotting.simplex(-np.ones((3, 5))), "points must be nonnegative"),
        (lambda: plotting.simplex(np.ones((3, 5)), vertices=np.ones((4, 2))), "rows of vertices = 4"),
        (lambda: plotting.triangles(np.ones((2, 5)), []), "rows of points = 2"),
        (lambda: plotting.triangles(np.array([[1.0], [-1.0], [0.0]]), []), "columns of nonzero sum"),
        (lambda: plotting.cone2d(np.ones((3, 5)), np.eye(2)), "rows of Y = 3"),
        (lambda: plotting.cone2d(np.ones((2, 5)), np.eye(3)), "rows of W = 3"),
    ],
)
def test_bad_points_are_refused(draw, match):
    with pytest.raises(ValueError, match=match):
        draw()
