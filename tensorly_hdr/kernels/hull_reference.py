"""NumPy twin of the projection on a growing convex hull."""

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr.kernels.active_reference import active_set_rows


def hull_rows(u: NDArray, distance: NDArray, length: NDArray, gram: NDArray, cross: NDArray, tol: float) -> None:
    """Project observations on the convex hull of vertices, the last of which is new, in place, float64.

    Row by row, minimises ``length - 2 <u, cross> + u gram u'`` over the simplex, from the solution ``u`` without the
    new vertex; ``distance`` becomes the minimum. A row for which the new vertex brings nothing is left as it is. No
    entry of ``gram`` may exceed one.
    """
    slope = cross - u @ gram
    in_use = np.take_along_axis(slope, np.argmax(u, axis=1, keepdims=True), axis=1)[:, 0]
    moves = slope[:, -1] - in_use > tol
    rows = np.flatnonzero(moves)
    x = np.ascontiguousarray(u[rows])
    active_set_rows(x, gram, cross[rows], tol, 1.0)
    u[rows] = x
    distance[rows] = np.maximum(length[rows] - np.einsum("ij,ij->i", x, 2.0 * cross[rows] - x @ gram), 0.0)
