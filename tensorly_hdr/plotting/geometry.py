"""The geometry of nonnegative factorizations: points in a triangle, cones in the plane."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.patches import Polygon
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr.plotting.style import PALETTE, legend, one

#: Corners of an equilateral triangle of side one, a row each: what the three unit vectors become.
CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(3) / 2]])


@check.known_options
def simplex(points: Any, *, vertices: Any = None, ax: Axes | None = None) -> Axes:
    r"""Draw nonnegative points of three coordinates in the triangle where these sum to one.

    A column :math:`y` is divided by its sum and drawn at :math:`y_1 c_1 + y_2 c_2 + y_3 c_3`, where the :math:`c_i` are
    the corners. Cones become convex sets: :math:`y` is a nonnegative combination of the columns of ``vertices`` if and
    only if its point lies in their convex hull. Columns of zeros have no place and are left out.

    Parameters
    ----------
    points : array or DataArray of shape (3, n), nonnegative
        The data, one point a column; names of the corners are taken from the coordinate of the first dimension.
    vertices : array of shape (3, r), nonnegative, optional
        Points to mark, with their convex hull.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from tensorly_hdr import datasets
    >>> d = datasets.synthetic.separable(3, 50, 3, seed=0)
    >>> ax = simplex(d.data, vertices=d.truth["W"])
    >>> ax.collections[0].get_offsets().shape
    (50, 2)
    """
    position = in_triangle("points", points)
    ax = one(ax, figsize=(4.4, 4.0))
    ax.add_patch(Polygon(CORNERS, fill=False, edgecolor="#444444", linewidth=1.2))
    ax.scatter(position[:, 0], position[:, 1], s=14, color=PALETTE["blue"], alpha=0.6, linewidths=0, label="data")
    if vertices is not None:
        corners = in_triangle("vertices", vertices)
        red = PALETTE["vermilion"]
        if corners.size:
            ax.add_patch(Polygon(corners[_hull(corners)], edgecolor=red, facecolor=red + "22", linewidth=1.6))
        ax.scatter(corners[:, 0], corners[:, 1], s=70, marker="D", color=red, zorder=3, label="vertices")
        ax.legend(loc="upper left")
    for name, corner in zip(_corner_names(points), CORNERS, strict=True):
        right, up = corner + 0.14 * (corner - CORNERS.mean(axis=0))
        ax.text(right, up, name, ha="center", va="center")
    ax.set(xlim=(-0.12, 1.12), ylim=(-0.12, 1.0), aspect="equal")
    ax.axis("off")
    return ax


@check.known_options
def triangles(points: Any, dictionaries: Sequence[Any], *, ax: Axes | None = None) -> Axes:
    """Draw points of three coordinates and, for each dictionary of three atoms, their triangle, its sides extended.

    Every column, of any signs, is divided by its sum and drawn in the plane where the coordinates sum to one; the three
    unit vectors become the corners of :func:`simplex`. A point is a combination of two atoms if and only if it lies on
    the line through them.

    Parameters
    ----------
    points : array of shape (3, n), columns of nonzero sum
    dictionaries : sequence of arrays of shape (3, 3)
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import numpy as np
    >>> ax = triangles(np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]), [np.eye(3)])
    >>> len(ax.patches), ax.collections[-1].get_offsets().shape
    (1, (2, 2))
    """
    position = _on_plane("points", points)
    ax = one(ax, figsize=(4.4, 4.0))
    colors = [color for name, color in PALETTE.items() if name != "blue"]
    for k, atoms in enumerate(check.several("dictionaries", dictionaries)):
        corners, color = _on_plane(f"dictionaries[{k}]", atoms), colors[k % len(colors)]
        ax.add_patch(Polygon(corners, fill=False, edgecolor=color, linewidth=1.6, linestyle=("-", "--", ":")[k % 3]))
        for a, b in combinations(corners, 2):
            if (a != b).any():  # atoms of one direction have no line through them
                ax.axline(tuple(a), tuple(b), color=color, linewidth=0.6, alpha=0.5)
        ax.scatter(
            corners[:, 0], corners[:, 1], s=50, marker="Ds^"[k % 3], facecolor="white", edgecolor=color, zorder=3
        )
    ax.scatter(position[:, 0], position[:, 1], s=26, color=PALETTE["blue"], linewidths=0, zorder=4)
    ax.set(aspect="equal")
    ax.axis("off")
    return ax


def _on_plane(name: str, points: Any) -> NDArray:
    """Positions (n, 2) of the columns of ``points`` (3, n) divided by their sums."""
    array = check.as_array(name, points, ndim=2)
    check.same_size(**{f"rows_of_{name}": array.shape[0], "coordinates_of_the_drawing": 3})
    sums = array.sum(axis=0)
    check.nonzero_sums(name, sums)
    return np.asarray((array / sums).T @ CORNERS)


@check.known_options
def cone2d(Y: Any, W: Any, *, ax: Axes | None = None) -> Axes:
    """Draw points of the positive quadrant and the cones of nonnegative combinations of given columns.

    Parameters
    ----------
    Y : array of shape (2, n), nonnegative
        The data, one point a column.
    W : array of shape (2, r), nonnegative, or dict of such arrays
        Each array spans one cone, drawn between its two outermost columns; every column is drawn as a ray and a mark.
        The keys of a dict name the cones.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import numpy as np
    >>> ax = cone2d([[1.0, 2.0], [2.0, 1.0]], {"W": np.eye(2)})
    >>> len(ax.patches), len(ax.lines)
    (1, 2)
    """
    Y = _rows("Y", Y, 2)
    cones = {name: _rows("W", w, 2) for name, w in (W if isinstance(W, Mapping) else {"cone": W}).items()}
    ax = one(ax, figsize=(4.4, 4.0))
    reach = 1.1 * max(float(points.max()) for points in (Y, *cones.values())) or 1.0
    colors = [color for name, color in PALETTE.items() if name != "blue"]
    for (name, w), color in zip(cones.items(), colors, strict=False):
        _draw_cone(ax, w, 2 * reach, color, str(name))
    ax.scatter(Y[0], Y[1], s=18, color=PALETTE["blue"], linewidths=0, label="data", zorder=3)
    ax.set(xlim=(0, reach), ylim=(0, reach), aspect="equal", xlabel="First coordinate", ylabel="Second coordinate")
    legend(ax, ["data", *cones])
    return ax


def in_triangle(name: str, points: Any) -> NDArray:
    """Positions (n, 2) in the triangle of the columns of ``points``, those of sum zero left out."""
    array = _rows(name, points, 3)
    array = array[:, array.sum(axis=0) > 0]
    return np.asarray((array / array.sum(axis=0)).T @ CORNERS)


def _rows(name: str, points: Any, n: int) -> NDArray:
    array = check.as_array(name, points, ndim=2, nonneg=True)
    check.same_size(**{f"rows_of_{name}": array.shape[0], "coordinates_of_the_drawing": n})
    return np.asarray(array)


def _hull(points: NDArray) -> NDArray:
    """Find the corners of the convex hull of ``points`` (n, 2), in turn; all of them if they lie on a line."""
    centred = points - points.mean(axis=0)
    if np.linalg.matrix_rank(centred, tol=1e-9) < 2:
        return np.argsort(centred @ np.linalg.svd(centred)[2][0])
    from scipy.spatial import ConvexHull  # a heavy import, for this figure only

    return np.asarray(ConvexHull(points).vertices)


def _corner_names(points: Any) -> list[str]:
    if isinstance(points, xr.DataArray) and points.dims[0] in points.coords:
        return [str(name) for name in points[points.dims[0]].values]
    return ["$e_1$", "$e_2$", "$e_3$"]


def _draw_cone(ax: Axes, w: NDArray, length: float, color: str, name: str) -> None:
    w = w[:, w.any(axis=0)]  # a column of zeros spans nothing
    rays = length * w / np.linalg.norm(w, axis=0)
    order = np.argsort(np.arctan2(w[1], w[0]))
    outer = rays[:, order[[0, -1]] if order.size else order].T
    ax.add_patch(Polygon(np.vstack([np.zeros(2), outer]), facecolor=color + "33", edgecolor="none", label=name))
    for column, ray in zip(w.T, rays.T, strict=True):
        ax.plot([0, column[0], ray[0]], [0, column[1], ray[1]], color=color, marker="D", markevery=[1])
