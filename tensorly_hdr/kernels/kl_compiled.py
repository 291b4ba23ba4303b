"""Coordinate descent for Kullback-Leibler regression in numba. Twins, and what they compute, in ``kl_reference.py``."""

import numba as nb
import numpy as np
from numpy.typing import NDArray

TINY = 1e-100  # least value of the model in a division: its square is still a number
FULL_STEP = 0.683802  # largest t with -t - log(1 - t) <= t**2: up to there a Newton step of any sign descends
REORDER = {"reassoc", "contract", "nsz"}  # lets sums run on SIMD lanes; infinities and NaN keep their meaning


@nb.njit(cache=True, fastmath=REORDER)
def _slopes(a: NDArray, q: NDArray, w: NDArray, p: int) -> tuple[float, float]:
    """``sum a y / z`` and ``sum a**2 y / z**2``."""
    s, h = 0.0, 0.0
    for t in range(p):
        v = a[t] * q[t]
        s += v
        h += v * a[t] * w[t]
    return s, h


@nb.njit(cache=True, fastmath=REORDER)
def _shift(z: NDArray, w: NDArray, q: NDArray, y: NDArray, a: NDArray, d: float, p: int) -> float:
    """Move the model by ``d a``, refresh ``w = 1 / z`` and ``q = y / z``; the new ``sum a y / z``."""
    s = 0.0
    for t in range(p):
        z[t] += d * a[t]
        w[t] = 1.0 / max(z[t], TINY)
        q[t] = y[t] * w[t]
        s += a[t] * q[t]
    return s


@nb.njit(cache=True, fastmath=REORDER)
def _start(z: NDArray, w: NDArray, q: NDArray, y: NDArray, K: NDArray, x: NDArray, p: int) -> None:
    """Model at ``x``, its inverse and its ratio to the data."""
    r = len(x)
    z[:p] = 0.0
    for k in range(0, r - 1, 2):  # two atoms at a time, since to load and store z costs more than to multiply
        u, v, a, b = x[k], x[k + 1], K[k], K[k + 1]
        for t in range(p):
            z[t] += u * a[t] + v * b[t]
    if r % 2:
        u, a = x[r - 1], K[r - 1]
        for t in range(p):
            z[t] += u * a[t]
    for t in range(p):
        w[t] = 1.0 / max(z[t], TINY)
        q[t] = y[t] * w[t]


@nb.njit(cache=True)
def _least_positive(y: NDArray, p: int) -> float:
    least = np.inf
    for t in range(p):
        if y[t] > 0.0:
            least = min(least, y[t])
    return least


@nb.njit(cache=True)
def _count_positive(y: NDArray) -> int:
    p = 0
    for t in range(len(y)):
        p += y[t] > 0.0
    return p


@nb.njit(cache=True)
def _safe(x: float, s: float, b: float, l2: float) -> float:
    """Minimiser of the Jensen majorant in one coordinate."""
    c = x * s
    below = b + np.sqrt(b * b + 4.0 * l2 * c)
    return 2.0 * c / below if below > 0.0 else x


@nb.njit(cache=True)
def _newton(x: float, g: float, h: float, floor: float) -> float:
    """Newton's point; the floor where the cost is linear and grows."""
    if h > 0.0:
        return max(x - g / h, floor)
    return floor if g > 0.0 else x


@nb.njit(cache=True)
def _target(
    old: float, s: float, g: float, h: float, b: float, l2: float, floor: float, least: float, damped: bool
) -> float:
    """Where to go from ``old``; ``least`` is the least positive datum, for damped steps."""
    new = _newton(old, g, h, floor)
    if not damped:
        return max(new, _safe(old, s, b, l2)) if g < 0.0 else new
    size = np.sqrt(h / least) * (old - new)
    return new if size <= FULL_STEP else old + (new - old) / (1.0 + size)


@nb.njit(cache=True, fastmath=REORDER)
def _pair_slopes(
    a: NDArray, b: NDArray, q: NDArray, w: NDArray, p: int
) -> tuple[float, float, float, float, float]:
    """``sum a y / z``, ``sum b y / z`` and the sums of ``a a``, ``a b``, ``b b`` times ``y / z**2``."""
    s, t, aa, ab, bb = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(p):
        u, v = a[i] * q[i], b[i] * q[i]
        s += u
        t += v
        u *= w[i]
        aa += u * a[i]
        ab += u * b[i]
        bb += v * w[i] * b[i]
    return s, t, aa, ab, bb


@nb.njit(cache=True, fastmath=REORDER)
def _pair_shift(
    z: NDArray, w: NDArray, q: NDArray, y: NDArray, a: NDArray, b: NDArray, d: float, e: float, p: int
) -> tuple[float, float]:
    """Move the model by ``d a + e b``; the new ``sum a y / z`` and ``sum b y / z``."""
    s, t = 0.0, 0.0
    for i in range(p):
        z[i] += d * a[i] + e * b[i]
        w[i] = 1.0 / max(z[i], TINY)
        q[i] = y[i] * w[i]
        s += a[i] * q[i]
        t += b[i] * q[i]
    return s, t


@nb.njit(cache=True)
def _pair_target(
    x: float, v: float, g: float, f: float, aa: float, ab: float, bb: float, floor: float
) -> tuple[float, float]:
    """Minimiser of the quadratic model over both coordinates, none below the floor."""
    det = aa * bb - ab * ab
    d, e = (ab * f - bb * g) / det, (ab * g - aa * f) / det
    if x + d >= floor and v + e >= floor:
        return x + d, v + e
    # on one of the two edges
    down = floor - x
    e = max(-(f + ab * down) / bb, floor - v)
    if g + aa * down + ab * e >= 0.0:
        return floor, v + e
    down = floor - v
    d = max(-(g + ab * down) / aa, floor - x)
    return x + d, floor


@nb.njit(cache=True)
def _pair(
    x: NDArray, k: int, z: NDArray, w: NDArray, q: NDArray, y: NDArray, K: NDArray, c: NDArray, p: int, l1: float,
    l2: float, floor: float,
) -> bool:  # fmt: skip
    a, b = K[k], K[k + 1]
    s, t, aa, ab, bb = _pair_slopes(a, b, q, w, p)
    aa += l2
    bb += l2
    if aa * bb - ab * ab <= 1e-6 * aa * bb:
        return False
    g, f = c[k] + l1 + l2 * x[k] - s, c[k + 1] + l1 + l2 * x[k + 1] - t
    x0, x1 = x[k], x[k + 1]
    n0, n1 = _pair_target(x0, x1, g, f, aa, ab, bb, floor)
    d, e = n0 - x0, n1 - x1
    if abs(d) <= 4e-16 * x0 and abs(e) <= 4e-16 * x1:
        return True
    slope = g * d + f * e
    if slope >= 0.0:
        return False
    step = 1.0
    s, t = _pair_shift(z, w, q, y, a, b, d, e, p)
    for _ in range(60):
        n0, n1 = x0 + step * d, x1 + step * e
        after = (c[k] + l1 + l2 * n0 - s) * d + (c[k + 1] + l1 + l2 * n1 - t) * e
        if after <= -slope:   # heuristic as in one coordinate
            break
        less = max(step * slope / (slope - after), 0.1 * step)
        s, t = _pair_shift(z, w, q, y, a, b, (less - step) * d, (less - step) * e, p)
        step = less
    x[k], x[k + 1] = max(x0 + step * d,floor), max(x1 + step * e,floor)
    return True


@nb.njit(cache=True)
def _row(
    x: NDArray, y: NDArray, work: NDArray, K: NDArray, c: NDArray, p: int, l1: float, l2: float, floor: float,
    damped: bool, n_iter: int,
) -> None:  # fmt: skip
    """Sweep over the coordinates of one observation, restricted to ``p`` entries that hold all positive ones."""
    z, w, q = work[0], work[1], work[2]
    _start(z, w, q, y, K, x, p)
    least = _least_positive(y, p) if damped else np.inf
    for _ in range(n_iter):
        k = -1
        while k + 1 < len(x):
            k += 1
            if not damped and k + 1 < len(x) and _pair(x, k, z, w, q, y, K, c, p, l1, l2, floor):
                k += 1
                continue
            s, h = _slopes(K[k], q, w, p)
            b, old = c[k] + l1, x[k]
            g = b + l2 * old - s
            x[k] = new = _target(old, s, g, h + l2, b, l2, floor, least, damped)
            if abs(new - old) <= 4e-16 * old:
                continue
            after = b + l2 * new - _shift(z, w, q, y, K[k], new - old, p)
            if not damped and g > 0.0 and after < -g:
                chord = new + (old - new) * after / (after - g)
                x[k] = max(min(chord, _safe(old, s, b, l2)), new)
                _shift(z, w, q, y, K[k], x[k] - new, p)


@nb.njit(cache=True)
def kl_descent(
    u: NDArray, Y: NDArray, KT: NDArray, mass: NDArray, l1: float, l2: float, floor: float, damped: bool, n_iter: int
) -> None:
    """See :func:`tensorly_hdr.kernels.kl_reference.kl_descent`."""
    (n, m), r = Y.shape, u.shape[1]
    y, work, where, part = np.empty(m), np.empty((3, m)), np.empty(m, np.int64), np.empty((r, m))
    for i in range(n):
        c = mass[i] if len(mass) == n else mass[0]
        if 5 * _count_positive(Y[i]) > 4 * m:  # copying the columns of K would cost more than it saves
            _row(u[i], Y[i], work, KT, c, m, l1, l2, floor, damped, n_iter)
            continue
        p = 0
        for j in range(m):  # without a branch, since its outcome cannot be predicted
            where[p], y[p] = j, Y[i, j]
            p += Y[i, j] > 0.0
        for k in range(r):
            for t in range(p):
                part[k, t] = KT[k, where[t]]
        _row(u[i], y, work, part, c, p, l1, l2, floor, damped, n_iter)


@nb.njit(cache=True)
def kl_descent_sparse(
    u: NDArray, indptr: NDArray, indices: NDArray, data: NDArray, K: NDArray, mass: NDArray, l1: float, l2: float,
    floor: float, damped: bool, n_iter: int,
) -> None:  # fmt: skip
    """See :func:`tensorly_hdr.kernels.kl_reference.kl_descent_sparse`."""
    n, r = u.shape
    widest = max(np.max(np.diff(indptr)), 1)
    y, work, part = np.empty(widest), np.empty((3, widest)), np.empty((r, widest))
    for i in range(n):
        first, p = indptr[i], indptr[i + 1] - indptr[i]
        for t in range(p):
            y[t] = data[first + t]
            for k in range(r):
                part[k, t] = K[indices[first + t], k]
        _row(u[i], y, work, part, mass[0], p, l1, l2, floor, damped, n_iter)
