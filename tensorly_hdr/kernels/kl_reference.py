r"""NumPy twins of the Kullback-Leibler kernels: the definition the tests hold them to, and the fallback.

In one coordinate :math:`t` the derivative of the cost,
:math:`\varphi(t) = b + \lambda_2 t - \sum y a / (z + (t - x)a)`, increases and is concave; :math:`z` is the model at
:math:`x`. Three facts follow, which make the descent safe without any evaluation of the cost. Where
:math:`\varphi(x) < 0`, Newton's point and the minimiser of the Jensen majorant both
stop short of the minimum: the farther one is taken. Where :math:`\varphi(x) > 0`, Newton's point :math:`t` lies beyond
the minimum, and as the mean of a concave function exceeds the mean of its values at the ends, the cost has not risen if
:math:`\varphi(x) + \varphi(t) \ge 0`. Otherwise the chord of :math:`\varphi` and the majorant each give a point between
the minimum and :math:`x`, and the nearer to the minimum is taken.

Coordinates move two at a time, since a division costs more than the products of a second coordinate, and two that are
correlated need fewer sweeps together. The target is the minimiser of the quadratic model, or the Jensen majorant's
where that is farther up in both. Along the way there the cost is convex: it has not risen if its slope at the end is
not positive, nor, when both coordinates fall, if the slopes at both ends sum to zero or less (the argument above).
Otherwise the way is cut by the chord until one of the two holds. Two dependent coordinates move one by one.
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
    ``u``) replaces the row sums of ``KT``. ``damped`` takes the steps of self-concordant functions instead, in one
    coordinate at a time: a full Newton step upwards or where it is short, else one divided by ``1 + length``.
    """
    for i, b in enumerate(np.broadcast_to(mass, (len(u), mass.shape[1])) + l1):
        seen = Y[i] > 0
        _row(u[i], Y[i, seen], KT[:, seen], b, l2, floor, damped, n_iter)


def kl_descent_sparse(
    u: NDArray, indptr: NDArray, indices: NDArray, data: NDArray, K: NDArray, mass: NDArray, l1: float, l2: float,
    floor: float, damped: bool, n_iter: int,
) -> None:  # fmt: skip
    """Do the same for the rows of a CSR array: only its nonzeros are touched."""
    for i in range(len(u)):
        span = slice(indptr[i], indptr[i + 1])
        _row(u[i], data[span], K[indices[span]].T, mass[0] + l1, l2, floor, damped, n_iter)


def _row(x: NDArray, y: NDArray, K: NDArray, b: NDArray, l2: float, floor: float, damped: bool, n_iter: int) -> None:
    least = float(np.min(y, initial=np.inf)) if damped else 0.0
    for _ in range(n_iter):
        for k in range(0, len(x), 2):
            if damped or k + 1 == len(x) or not _pair(x, slice(k, k + 2), y, K, b, l2, floor):
                for j in range(k, min(k + 2, len(x))):
                    _single(x, j, y, K, b[j], l2, floor, least)


def _model(x: NDArray, K: NDArray) -> NDArray:
    z: NDArray = np.maximum(x @ K, TINY)
    return z


def _single(x: NDArray, k: int, y: NDArray, K: NDArray, b: float, l2: float, floor: float, least: float) -> None:
    """Move one coordinate; damped where ``least``, the least positive datum, is given."""
    z, a, old = _model(x, K), K[k], x[k]
    s, h = float(a @ (y / z)), float((a * a) @ (y / z**2)) + l2
    g = b + l2 * old - s
    x[k] = new = max(old - g / h, floor) if h > 0 else floor if g > 0 else old
    if least:
        size = np.sqrt(h) / np.sqrt(least) * (old - new)
        x[k] = new if size <= FULL_STEP else old + (new - old) / (1.0 + size)
        return
    safe = _safe(old, s, b, l2)
    if g < 0:
        x[k] = max(new, safe)
        return
    after = b + l2 * new - float(a @ (y / _model(x, K)))
    if g > 0 and after < -g:
        x[k] = max(min(new + (old - new) * after / (after - g), safe), new)


def _safe(x: float, s: float, b: float, l2: float) -> float:
    """Minimiser of the Jensen majorant in one coordinate."""
    c = x * s
    below = b + np.sqrt(b * b + 4.0 * l2 * c)
    return float(2.0 * c / below) if below > 0 else x


def _pair(x: NDArray, two: slice, y: NDArray, K: NDArray, b: NDArray, l2: float, floor: float) -> bool:
    """Move two coordinates; False if they are dependent, or the quadratic model shows no way down."""
    z, A, old = _model(x, K), K[two], x[two].copy()
    s, H = A @ (y / z), (A * (y / z**2)) @ A.T + l2 * np.eye(2)
    g = b[two] + l2 * old - s
    scale = np.sqrt(np.diag(H))
    if (scale <= 0).any() or abs(H[0, 1] / scale[0] / scale[1]) >= 0.9995:
        return False
    new, safe = _corner(old, g, H, floor), np.array([_safe(*v, l2) for v in zip(old, s, b[two], strict=True)])
    jensen = bool((g < 0).all() and (safe >= new).all())
    new = safe if jensen else new
    d = new - old
    slope, noise = float(g @ d), 1e-14 * float(b[two] @ np.abs(d))
    if (np.abs(d) <= 4e-16 * old).all():
        return True
    if slope >= 0:
        return False
    limit = np.inf if jensen else noise - slope if (d <= 0).all() else noise
    step = 1.0
    for _ in range(60):
        x[two] = new
        after = float((b[two] + l2 * new - A @ (y / _model(x, K))) @ d)
        if after <= limit:
            break
        step = max(step * slope / (slope - after), 0.1 * step)
        new = np.maximum(old + step * d, floor)
    return True


def _corner(x: NDArray, g: NDArray, H: NDArray, floor: float) -> NDArray:
    """Minimiser of the quadratic model over both coordinates, neither below the floor."""
    scale = np.sqrt(np.diag(H))
    rho, x, g, low = H[0, 1] / scale[0] / scale[1], scale * x, g / scale, scale * floor
    free: NDArray = x - (g - rho * g[::-1]) / (1.0 - rho**2)
    if (free >= low).all():
        return free / scale
    one = max(x[1] - g[1] - rho * (low[0] - x[0]), low[1])
    if g[0] + low[0] - x[0] + rho * (one - x[1]) >= 0:
        return np.array([floor, max(one / scale[1], floor)])
    return np.array([max((x[0] - g[0] - rho * (low[1] - x[1])) / scale[0], floor), floor])
