"""NumPy twin of the projection on a growing convex hull: an active set that moves many observations at once."""

import numpy as np
from numpy.typing import NDArray

BLOCK = 4096  # observations at once: one small system each is held in memory


def hull_rows(u: NDArray, distance: NDArray, length: NDArray, gram: NDArray, cross: NDArray, tol: float) -> None:
    """Project observations on the convex hull of vertices, the last of which is new, in place, float64.

    Row by row, minimises ``length - 2 <u, cross> + u gram u'`` over the simplex, from the solution ``u`` without the
    new vertex; ``distance`` becomes the minimum. A row for which the new vertex brings nothing is left as it is. No
    entry of ``gram`` may exceed one, and the vertices are independent.
    """
    slope = cross - u @ gram
    in_use = np.take_along_axis(slope, np.argmax(u, axis=1, keepdims=True), axis=1)[:, 0]
    moving = np.flatnonzero(slope[:, -1] - in_use > tol)
    for first in range(0, len(moving), BLOCK):
        rows = moving[first : first + BLOCK]
        x, c = u[rows], cross[rows]
        _active_set(x, gram, c, tol)
        u[rows] = x
        distance[rows] = np.maximum(length[rows] - np.einsum("ij,ij->i", x, 2.0 * c - x @ gram), 0.0)


def _active_set(x: NDArray, gram: NDArray, cross: NDArray, tol: float) -> None:
    """Lawson and Hanson's method on the simplex, all rows in step, in place; the last vertex enters first."""
    n, p = x.shape
    passive, newcomer, refused = x > 0.0, np.full(n, p - 1), np.zeros((n, p), dtype=bool)
    passive[:, -1] = True
    rows = np.arange(n)
    for _ in range(20 * p + 20):
        z = _on_the_support(passive[rows], gram, cross[rows])
        # by rounding, since its slope was positive
        useless = (newcomer[rows] >= 0) & (z[np.arange(len(rows)), newcomer[rows]] <= 0.0)
        fits = (z >= 0.0).all(axis=1) & ~useless
        back, inside, outside = rows[useless], rows[fits], rows[~fits & ~useless]
        passive[back, newcomer[back]], refused[back, newcomer[back]] = False, True
        x[inside], refused[inside] = z[fits], False
        _advance(x, passive, z[~fits & ~useless], outside)
        still, entering = _entering(x, passive, refused, gram, cross, tol, np.append(inside, back))
        passive[still, entering], newcomer[still] = True, entering
        newcomer[outside] = -1  # it has entered
        rows = np.append(outside, still)
        if rows.size == 0:
            return


def _on_the_support(passive: NDArray, gram: NDArray, cross: NDArray) -> NDArray:
    """Least squares under a sum of one on the vertices in use of each row, zero on the others."""
    bits = np.packbits(passive, axis=1)
    # many rows use the same vertices, and share one inverse
    names = np.ascontiguousarray(bits).view(np.dtype((np.void, bits.shape[1])))[:, 0]
    _, first, which = np.unique(names, return_index=True, return_inverse=True)
    S = passive[first]
    both = S[:, :, None] & S[:, None, :]
    inverse = np.where(both, np.linalg.inv(np.where(both, gram, np.eye(len(gram)))), 0.0)
    ones = inverse.sum(axis=2)
    a = np.einsum("ijk,ik->ij", inverse[which], cross)
    z: NDArray = a + ((1.0 - a.sum(axis=1)) / ones.sum(axis=1)[which])[:, None] * ones[which]
    return z


def _advance(x: NDArray, passive: NDArray, z: NDArray, rows: NDArray) -> None:
    """Move towards ``z`` until a vertex is used up, and drop it."""
    y, drops = x[rows], z < 0.0
    t = np.where(drops, y / np.where(drops, y - z, 1.0), np.inf)
    y += t.min(axis=1, keepdims=True) * (z - y)
    y[drops & (t <= t.min(axis=1, keepdims=True))] = 0.0
    x[rows] = np.maximum(y, 0.0)
    passive[rows] = x[rows] > 0.0


def _entering(
    x: NDArray, passive: NDArray, refused: NDArray, gram: NDArray, cross: NDArray, tol: float, rows: NDArray
) -> tuple[NDArray, NDArray]:
    """Rows that are not optimal, and the vertex that lowers the loss of each the fastest."""
    slope, used = cross[rows] - x[rows] @ gram, passive[rows]
    mean = np.where(used, slope, 0.0).sum(axis=1) / np.maximum(used.sum(axis=1), 1)
    gain = np.where(used | refused[rows], -np.inf, slope - mean[:, None])
    j = np.argmax(gain, axis=1)
    most = np.maximum(np.abs(cross[rows]).max(axis=1), 1.0)
    moves = gain[np.arange(len(rows)), j] > tol * most
    return rows[moves], j[moves]
