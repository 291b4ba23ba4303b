"""Smooth atoms: B-splines of one scale or of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr._labels import Axis, axes_of, labelled


@check.known_options
def bspline_dictionary(
    points: Any,
    n_splines: int | Sequence[int] | None = None,
    *,
    degree: int = 3,
    knots: Any = None,
    normalize: bool = True,
) -> Any:
    r"""B-splines at given points, one atom per column [1]_: nonnegative, smooth, zero away from their place.

    A spline of degree :math:`p` is a polynomial of that degree between two knots, with :math:`p - 1` continuous
    derivatives across each of them, and it lives on :math:`p + 1` intervals. Before they are normalized, the splines of
    one scale sum to one at every point. Several scales, stacked, let a sparse code choose between wide and narrow ones.

    Parameters
    ----------
    points : array of shape (m,)
        Where the splines are evaluated: a plain array, or a coordinate of a DataArray (``data.emission``).
    n_splines : int or sequence of int
        How many, their knots evenly spaced over the range of the points; one set for each scale if several are given.
    degree : int, default 3
        Degree of the polynomials: 1 for hats, 3 for cubic splines.
    knots : increasing array, optional
        Knots of your own in place of ``n_splines``, ends included: there are ``len(knots) + degree - 1`` splines.
    normalize : bool
        Divide each atom by its Euclidean norm, as sparse coding needs.

    Returns
    -------
    array of shape (m, d), or a DataArray
        A DataArray where ``points`` is one; its coordinates ``center`` and ``scale`` tell, for each atom, the mean of
        the knots it is made of and the number of splines of its set.

    Raises
    ------
    TypeError, ValueError
        When the points are not finite or all the same, ``n_splines`` is too small for the degree or so large that an
        atom is zero at every point, or the knots do not increase and contain the points.

    References
    ----------
    .. [1] C. de Boor, A Practical Guide to Splines, 1978; manuscript, section 12.2.3.

    Examples
    --------
    >>> bspline_dictionary([0.0, 0.5, 1.0, 1.5, 2.0], 3, degree=1, normalize=False)
    array([[1. , 0. , 0. ],
           [0.5, 0.5, 0. ],
           [0. , 1. , 0. ],
           [0. , 0.5, 0.5],
           [0. , 0. , 1. ]])
    """
    axes = axes_of(points)
    where = check.as_array("points", points, ndim=1).astype(np.float64)
    degree = check.positive_int("degree", degree, at_most=len(where), why=", the number of points")
    low, high = check.some_range("points", where)
    if knots is not None:
        check.one_of_two("n_splines", n_splines, "knots", knots)
        grids = [check.increasing("knots", check.as_array("knots", knots, ndim=1), low, high)]
    else:
        counts = check.spline_counts("n_splines", n_splines, degree, len(where))
        grids = [np.linspace(low, high, n - degree + 1) for n in counts]
    sets = [_splines(where, grid, degree) for grid in grids]
    D = np.hstack([atoms for atoms, _ in sets])
    check.no_zero_atom("n_splines" if knots is None else "knots", D)
    D = D / np.linalg.norm(D, axis=0) if check.flag("normalize", normalize) else D
    if axes is None:
        return D
    return _labelled(D, axes[0], np.hstack([center for _, center in sets]), [atoms.shape[1] for atoms, _ in sets])


def _splines(where: NDArray, grid: NDArray, degree: int) -> tuple[NDArray, NDArray]:
    """Splines on one grid, and the mean of the inner knots of each; end knots are repeated so that they sum to one."""
    from scipy.interpolate import BSpline

    t = np.concatenate([np.repeat(grid[0], degree), grid, np.repeat(grid[-1], degree)])
    count = len(grid) + degree - 1
    center = np.array([t[j + 1 : j + degree + 1].mean() for j in range(count)])
    return BSpline.design_matrix(where, t, degree).toarray(), center


def _labelled(D: NDArray, axis: Axis, center: NDArray, counts: Sequence[int]) -> Any:
    """DataArray of dimensions (points, "atom")."""
    import xarray as xr

    name = "atom_2" if axis.name == "atom" else "atom"
    coords = {name: np.arange(D.shape[1]), "center": (name, center), "scale": (name, np.repeat(counts, counts))}
    return labelled(D, axis, Axis(name, xr.Dataset(coords=coords).coords))
