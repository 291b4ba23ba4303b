"""Coordinate descent for Kullback-Leibler regression in numba. Twins, and what they compute, in ``kl_reference.py``."""

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr.kernels._jit import njit

TINY = 1e-100  # least value of the model in a division: its square is still a number
DROP = 1e-6  # to take off more than all but this part of the model would leave rounding errors in its place
FULL_STEP = 0.683802  # largest t with -t - log(1 - t) <= t**2: up to there a Newton step of any sign descends
REORDER = {"reassoc", "contract", "nsz"}  # lets sums run on SIMD lanes; infinities and NaN keep their meaning


@njit(fastmath=REORDER)
def _slopes(a: NDArray, q: NDArray, w: NDArray, p: int) -> tuple[float, float]:
    """``sum a y / z`` and ``sum a**2 y / z**2``."""
    s, h = 0.0, 0.0
    for t in range(p):
        v = a[t] * q[t]
        s += v
        h += v * a[t] * w[t]
    return s, h


@njit(fastmath=REORDER)
def _shift(z: NDArray, w: NDArray, q: NDArray, y: NDArray, a: NDArray, d: float, p: int) -> float:
    """Move the model by ``d a``, refresh ``w = 1 / z`` and ``q = y / z``; the new ``sum a y / z``."""
    s = 0.0
    for t in range(p):
        z[t] += d * a[t]
        w[t] = 1.0 / max(z[t], TINY)
        q[t] = y[t] * w[t]
        s += a[t] * q[t]
    return s


@njit(fastmath=REORDER)
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


@njit
def _cancels(z: NDArray, y: NDArray, a: NDArray, b: NDArray, d: float, e: float, p: int) -> bool:
    """Whether hardly anything is left of the model somewhere, once ``d a + e b`` is added."""
    lost = False
    for t in range(p):
        lost |= y[t] > 0.0 and z[t] + (d * a[t] + e * b[t]) < DROP * z[t]
    return lost


@njit
def _least_positive(y: NDArray, p: int) -> float:
    least = np.inf
    for t in range(p):
        if y[t] > 0.0:
            least = min(least, y[t])
    return least


@njit
def _count_positive(y: NDArray) -> int:
    p = 0
    for t in range(len(y)):
        p += y[t] > 0.0
    return p


@njit
def _safe(x: float, s: float, b: float, l2: float) -> float:
    """Minimiser of the Jensen majorant in one coordinate."""
    c = x * s
    below = b + np.sqrt(b * b + 4.0 * l2 * c)
    return 2.0 * c / below if below > 0.0 else x


@njit
def _newton(x: float, g: float, h: float, floor: float) -> float:
    """Newton's point; the floor where the cost is linear and grows."""
    if h > 0.0:
        return max(x - g / h, floor)
    return floor if g > 0.0 else x


@njit
def _target(
    old: float, s: float, g: float, h: float, b: float, l2: float, floor: float, least: float, damped: bool
) -> float:
    """Where to go from ``old``; ``least`` is the least positive datum, for damped steps."""
    new = _newton(old, g, h, floor)
    if not damped:
        return max(new, _safe(old, s, b, l2)) if g < 0.0 else new
    size = np.sqrt(h) / np.sqrt(least) * (old - new)
    return new if size <= FULL_STEP else old + (new - old) / (1.0 + size)


@njit(fastmath=REORDER)
def _pair_slopes(a: NDArray, b: NDArray, q: NDArray, w: NDArray, p: int) -> tuple[float, float, float, float, float]:
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


@njit(fastmath=REORDER)
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


@njit
def _corner(
    x: float, v: float, g: float, f: float, p: float, o: float, rho: float, floor: float
) -> tuple[float, float]:
    """Minimiser of the quadratic model over both coordinates, neither below the floor.

    The curvatures are ``p**2`` and ``o**2``, ``rho`` is the correlation: no product that could leave the range.
    """
    g, f = g / p, f / o
    d = (rho * f - g) / (1.0 - rho * rho) / p
    e = (rho * g - f) / (1.0 - rho * rho) / o
    if x + d >= floor and v + e >= floor:
        return x + d, v + e
    d = p * (floor - x)
    e = max(-(f + rho * d), o * (floor - v))
    if g + d + rho * e >= 0.0:
        return floor, max(v + e / o, floor)
    e = o * (floor - v)
    return max(x - (g + rho * e) / p, floor), floor


@njit
def _pair(
    x: NDArray, k: int, work: NDArray, y: NDArray, K: NDArray, b: NDArray, p: int, l2: float, floor: float
) -> bool:
    """Move two coordinates; False if they are dependent, or the quadratic model shows no way down."""
    z, w, q, a, c, x0, x1 = work[0], work[1], work[2], K[k], K[k + 1], x[k], x[k + 1]
    s, t, aa, ab, bb = _pair_slopes(a, c, q, w, p)
    aa, bb, g, f = aa + l2, bb + l2, b[k] + l2 * x0 - s, b[k + 1] + l2 * x1 - t
    if aa <= 0.0 or bb <= 0.0:
        return False
    sa, sb = np.sqrt(aa), np.sqrt(bb)
    rho = ab / sa / sb
    if abs(rho) >= 0.9995:
        return False
    n0, n1 = _corner(x0, x1, g, f, sa, sb, rho, floor)
    m0, m1 = _safe(x0, s, b[k], l2), _safe(x1, t, b[k + 1], l2)
    jensen = g < 0.0 and f < 0.0 and m0 >= n0 and m1 >= n1
    if jensen:
        n0, n1 = m0, m1
    d, e, step = n0 - x0, n1 - x1, 1.0
    if abs(d) <= 4e-16 * x0 and abs(e) <= 4e-16 * x1:
        return True
    slope, noise = g * d + f * e, 1e-14 * (b[k] * abs(d) + b[k + 1] * abs(e))
    if slope >= 0.0:
        return False
    if (n0 < DROP * x0 or n1 < DROP * x1) and _cancels(z, y, a, c, d, e, p):
        x[k], x[k + 1] = n0, n1
        _start(z, w, q, y, K, x, p)
        s, t = _pair_shift(z, w, q, y, a, c, 0.0, 0.0, p)
    else:
        s, t = _pair_shift(z, w, q, y, a, c, d, e, p)
    limit = np.inf if jensen else noise - slope if d <= 0.0 and e <= 0.0 else noise
    for _ in range(60):
        after = (b[k] + l2 * n0 - s) * d + (b[k + 1] + l2 * n1 - t) * e
        if after <= limit:
            break
        less = max(step * slope / (slope - after), 0.1 * step)
        s, t = _pair_shift(z, w, q, y, a, c, (less - step) * d, (less - step) * e, p)
        step = less
        n0, n1 = max(x0 + step * d, floor), max(x1 + step * e, floor)
    x[k], x[k + 1] = n0, n1
    return True


@njit
def _single(
    x: NDArray, k: int, work: NDArray, y: NDArray, K: NDArray, b: NDArray, p: int, l2: float, floor: float, least: float
) -> None:
    """Move one coordinate; damped where ``least``, the least positive datum, is given."""
    z, w, q = work[0], work[1], work[2]
    s, h = _slopes(K[k], q, w, p)
    old, damped = x[k], least > 0.0
    g = b[k] + l2 * old - s
    new = _target(old, s, g, h + l2, b[k], l2, floor, least, damped)
    if abs(new - old) <= 4e-16 * old:
        x[k] = new
        return
    x[k], d = new, new - old
    if new < DROP * old and _cancels(z, y, K[k], K[k], d, 0.0, p):
        _start(z, w, q, y, K, x, p)
        d = 0.0
    after = b[k] + l2 * new - _shift(z, w, q, y, K[k], d, p)
    if not damped and g > 0.0 and after < -g:
        chord = new + (old - new) * after / (after - g)
        x[k] = max(min(chord, _safe(old, s, b[k], l2)), new)
        _shift(z, w, q, y, K[k], x[k] - new, p)


@njit
def _row(
    x: NDArray, y: NDArray, work: NDArray, K: NDArray, b: NDArray, p: int, l2: float, floor: float, damped: bool,
    n_iter: int,
) -> None:  # fmt: skip
    """Sweep over the coordinates of one observation, restricted to ``p`` entries that hold all positive ones."""
    r = len(x)
    _start(work[0], work[1], work[2], y, K, x, p)
    least = _least_positive(y, p) if damped else 0.0
    for _ in range(n_iter):
        for k in range(0, r, 2):
            if damped or k + 1 == r or not _pair(x, k, work, y, K, b, p, l2, floor):
                for j in range(k, min(k + 2, r)):
                    _single(x, j, work, y, K, b, p, l2, floor, least)


@njit
def kl_descent(
    u: NDArray, Y: NDArray, KT: NDArray, mass: NDArray, l1: float, l2: float, floor: float, damped: bool, n_iter: int
) -> None:
    """See :func:`tensorly_hdr.kernels.kl_reference.kl_descent`."""
    (n, m), r = Y.shape, u.shape[1]
    y, work, where, part = np.empty(m), np.empty((3, m)), np.empty(m, np.int64), np.empty((r, m))
    b = mass + l1
    for i in range(n):
        c = b[i] if len(b) == n else b[0]
        if 5 * _count_positive(Y[i]) > 4 * m:  # copying the columns of K would cost more than it saves
            _row(u[i], Y[i], work, KT, c, m, l2, floor, damped, n_iter)
            continue
        p = int(0)
        for j in range(m):  # without a branch, since its outcome cannot be predicted
            where[p], y[p] = j, Y[i, j]
            p += Y[i, j] > 0.0
        for k in range(r):
            for t in range(p):
                part[k, t] = KT[k, where[t]]
        _row(u[i], y, work, part, c, p, l2, floor, damped, n_iter)


@njit
def kl_descent_sparse(
    u: NDArray, indptr: NDArray, indices: NDArray, data: NDArray, K: NDArray, mass: NDArray, l1: float, l2: float,
    floor: float, damped: bool, n_iter: int,
) -> None:  # fmt: skip
    """See :func:`tensorly_hdr.kernels.kl_reference.kl_descent_sparse`."""
    n, r = u.shape
    widest = max(np.max(np.diff(indptr)), 1)
    y, work, part, b = np.empty(widest), np.empty((3, widest)), np.empty((r, widest)), mass[0] + l1
    for i in range(n):
        first, p = indptr[i], indptr[i + 1] - indptr[i]
        for t in range(p):
            y[t] = data[first + t]
            for k in range(r):
                part[k, t] = K[indices[first + t], k]
        _row(u[i], y, work, part, b, p, l2, floor, damped, n_iter)
