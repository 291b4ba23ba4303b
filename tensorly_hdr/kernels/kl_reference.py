r"""NumPy twins of the Kullback-Leibler kernels: the definition the tests hold them to, and the fallback.

In one coordinate :math:`t` the derivative of the cost,
:math:`\varphi(t) = b + \lambda_2 t - \sum y a / (z + (t - x)a)`, increases and is concave; :math:`z` is the model at
:math:`x`. Three facts follow, which make the descent safe without any evaluation of the cost. Where
:math:`\varphi(x) < 0`, Newton's point and the minimiser of the Jensen majorant both
stop short of the minimum: the farther one is taken. Where :math:`\varphi(x) > 0`, Newton's point :math:`t` lies beyond
the minimum, and as the mean of a concave function exceeds the mean of its values at the ends, the cost has not risen if
:math:`\varphi(x) + \varphi(t) \ge 0`. Otherwise the chord of :math:`\varphi` and the majorant each give a point between
the minimum and :math:`x`, and the nearer to the minimum is taken.
"""

import numpy as np
from numpy.typing import NDArray

TINY = 1e-100
FULL_STEP = 0.683802


def kl_descent(
    u: NDArray, Y: NDArray, KT: NDArray, mass: NDArray, l1: float, l2: float, floor: float, damped: bool, n_iter: int
) -> None:
    """Sweep ``n_iter`` times over the coordinates of each row of ``u``, in place, float64.

    Lowers ``KL(Y, u KT) + l1 sum u + l2 / 2 sum u**2`` over ``u >= floor``, where ``mass`` (one row, or one for each of
    ``u``) replaces the row sums of ``KT``. ``damped`` takes the steps of self-concordant functions instead: a full
    Newton step upwards or where it is short, else one divided by ``1 + length``.
    """
    smallest = np.min(Y, axis=1, initial=np.inf, where=Y > 0)
    for _ in range(n_iter):
        for k in range(u.shape[1]):
            _coordinate(u, k, Y, KT, mass[:, k] + l1, l2, floor, smallest if damped else None)


def kl_descent_sparse(
    u: NDArray, indptr: NDArray, indices: NDArray, data: NDArray, K: NDArray, mass: NDArray, l1: float, l2: float,
    floor: float, damped: bool, n_iter: int,
) -> None:  # fmt: skip
    """Do the same for the rows of a CSR array: only its nonzeros are touched."""
    for i in range(len(u)):
        span = slice(indptr[i], indptr[i + 1])
        part = np.ascontiguousarray(K[indices[span]].T)
        kl_descent(u[i : i + 1], data[None, span], part, mass, l1, l2, floor, damped, n_iter)


def _coordinate(
    u: NDArray, k: int, Y: NDArray, KT: NDArray, b: NDArray, l2: float, floor: float, smallest: NDArray | None
) -> None:
    """Move column ``k`` of ``u``; ``smallest`` holds the least positive datum of each row when steps are damped."""
    z, a, old = u @ KT, KT[k], u[:, k].copy()
    w = 1.0 / np.maximum(z, TINY)
    s, h = (Y * w) @ a, (Y * w * w) @ (a * a) + l2
    g = b + l2 * old - s
    flat = np.where(g > 0, floor, old)  # where the cost is linear
    new = np.where(h > 0, np.maximum(old - g / np.where(h > 0, h, 1.0), floor), flat)
    if smallest is not None:
        size = np.sqrt(h / smallest) * (old - new)
        u[:, k] = np.where((g > 0) & (size > FULL_STEP), old + (new - old) / (1.0 + np.abs(size)), new)
        return
    c = old * s
    below = b + np.sqrt(b * b + 4.0 * l2 * c)
    safe = np.where(below > 0, 2.0 * c / np.where(below > 0, below, 1.0), old)
    new = np.where(g < 0, np.maximum(new, safe), new)
    after = b + l2 * new - (Y / np.maximum(z + np.outer(new - old, a), TINY)) @ a
    too_far = (g > 0) & (after < -g)
    chord = new + (old - new) * after / np.where(too_far, after - g, 1.0)
    u[:, k] = np.where(too_far, np.maximum(np.minimum(chord, safe), new), new)
