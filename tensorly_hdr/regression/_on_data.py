"""An active set on the atoms themselves, which takes a step only if it lowers the objective: for ill-conditioned atoms.

The normal equations square the condition number. Where two atoms differ in their tenth digit, a dual variable that is
all rounding and one that promises half of the data look alike: only the length of the newcomer beyond the span of
the others tells them apart, and only the objective tells whether the step was worth it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr, solve_triangular

from tensorly_hdr.penalties import NonNegative

EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Atoms:
    """``min |y - B x|^2 / 2 + cost x`` over ``x >= 0``, the columns of ``B`` being of length one (or zero).

    ``x`` is the coefficient times ``norms``; a ridge makes more rows of ``B``.
    """

    B: NDArray
    cost: NDArray
    norms: NDArray

    @property
    def dependent(self) -> float:
        """An atom that is no longer than this beyond the span of others depends on them."""
        return 2.0 * float(max(self.B.shape)) * EPS

    def value(self, x: NDArray, y: NDArray) -> float:
        """Objective at ``x``."""
        gap = y - self.B @ x
        return 0.5 * float(gap @ gap) + float(self.cost @ x)

    def size(self, x: NDArray, y: NDArray) -> float:
        """Bound on what the residual is a difference of: it is known to that many units of rounding."""
        return float(np.linalg.norm(y)) + float(np.abs(x).sum())

    def misfit(self, x: NDArray, y: NDArray) -> float:
        """How far ``x`` is from ``x >= 0``, slope ``>= 0``, one of them zero."""
        slope = self.B.T @ (self.B @ x - y) + self.cost
        return float(np.abs(np.minimum(x, slope)).max())


def scaled_atoms(K: NDArray, penalty: NonNegative) -> Atoms:
    """Atoms of length one; l1 becomes their cost, l2 rows below."""
    if penalty.l2:
        K = np.vstack([K, np.sqrt(penalty.l2) * np.eye(K.shape[1])])
    size = np.abs(K).max(axis=0)
    size[size == 0.0] = 1.0
    norms = np.linalg.norm(K / size, axis=0)
    norms = size * np.where(norms > 0, norms, 1.0)
    return Atoms(K / norms, penalty.l1 / norms, norms)


def descend(u: NDArray, y: NDArray, atoms: Atoms) -> NDArray:
    """Solution for one observation, from the support of ``u``; from zero too if rounding stopped the first.

    The best by the objective, ``u`` included; among those that differ by rounding, the best by its slope.
    """
    unit = float(np.abs(y).max()) or 1.0
    y = np.append(y, np.zeros(len(atoms.B) - len(y))) / unit
    scaled = Atoms(atoms.B, atoms.cost / unit, atoms.norms)
    points = [u * atoms.norms / unit]
    for start, cautious in ((points[0], False), (np.zeros_like(u), True)):
        x, settled = _active_set(start, y, scaled, cautious)
        points.append(x)
        if settled:
            break
    values = [scaled.value(x, y) for x in points]
    gap = EPS * scaled.size(points[int(np.argmin(values))], y)
    limit = min(values) + 4.0 * gap * (np.sqrt(2.0 * max(min(values), 0.0)) + gap)
    x = min((x for x, v in zip(points, values, strict=True) if v <= limit), key=lambda x: scaled.misfit(x, y))
    return np.asarray(x / atoms.norms * unit)


def _active_set(x: NDArray, y: NDArray, atoms: Atoms, cautious: bool) -> tuple[NDArray, bool]:
    """Let the atom that promises most enter as long as that lowers the objective.

    The cautious way takes the steepest first, which prefers atoms far from the others and so small coefficients. The
    answer is followed by False where rounding is large enough to hide what is left to gain.
    """
    x = _settled(x, x > 0, y, atoms, np.zeros_like(x))
    value = atoms.value(x, y)
    for _ in range(20 * len(x) + 20):
        for j in _promising(x, y, atoms, cautious):
            new = _entered(x, j, y, atoms)
            after = atoms.value(new, y)
            if after < value * (1.0 - 4.0 * EPS):
                x, value = new, after
                break
        else:
            return x, not hides(atoms.size(x, y), np.linalg.norm(y))
    return x, False


def gains(S: NDArray, X: NDArray, Y: NDArray, atoms: Atoms) -> tuple[NDArray, NDArray, NDArray]:
    """By how much each atom may shorten the residuals of observations ``Y``, near ``X`` on one support ``S``.

    Only its part beyond the span of the atoms in use is asked: on that span the residual is rounding, which may exceed
    what a nearly dependent atom still brings. After the gains: how far each atom reaches beyond that span, and what
    the observations miss of their least squares solution on the support.
    """
    Q, R = _factors(S, atoms)
    b = Q.T @ atoms.B
    beyond = atoms.B - Q @ b
    beyond -= Q @ (Q.T @ beyond)
    gap = Y - X @ atoms.B.T
    slope, missed = gap @ beyond - atoms.cost, gap @ Q
    if atoms.cost.any():
        shift = solve_triangular(R, atoms.cost[S], trans="T", check_finite=False)
        slope, missed = slope + shift @ b, missed - shift
    left = np.linalg.norm(beyond, axis=0)
    free = left > atoms.dependent
    gain: NDArray = np.where(free, slope / np.where(free, left, 1.0), slope if atoms.cost.any() else 0.0)
    gain[:, S] = 0.0
    return gain, left, np.linalg.norm(missed, axis=1)


def may_gain(X: NDArray, Y: NDArray, atoms: Atoms) -> NDArray:
    """Observations that may improve by more than rounding; those of one support are asked together."""
    out = np.zeros(len(X), dtype=bool)
    Y = np.hstack([Y, np.zeros((len(Y), len(atoms.B) - Y.shape[1]))])
    supports, which = np.unique(X > 0, axis=0, return_inverse=True)
    order = np.argsort(which.ravel(), kind="stable")
    ends = np.cumsum(np.bincount(which.ravel()))
    for S, first, last in zip(supports, np.append(0, ends), ends, strict=False):
        rows = order[first:last]
        length = np.linalg.norm(Y[rows], axis=1)
        size = length + X[rows].sum(axis=1)
        gain, _, missed = gains(S, X[rows], Y[rows], atoms)
        out[rows] = (gain.max(axis=1) > 4.0 * EPS * size) | (missed > 1e-8 * length) | hides(size, length)
    return out


def hides(size: Any, length: Any) -> Any:
    """Whether the residual, a difference of numbers of this size, is not known to ten digits of the data's length."""
    return EPS * size > 1e-10 * length


def _promising(x: NDArray, y: NDArray, atoms: Atoms, cautious: bool) -> NDArray:
    """Atoms whose entering may shorten the residual: first those that promise most, or the steepest."""
    gain, left, _ = gains(x > 0, x[None], y[None], atoms)
    gain = gain[0]
    order = np.argsort(-gain * left if cautious else -gain, kind="stable")
    return np.asarray(order[gain[order] > 4.0 * EPS * np.linalg.norm(y)])


def _entered(x: NDArray, j: int, y: NDArray, atoms: Atoms) -> NDArray:
    """Let atom ``j`` enter; one that depends on those in use takes the place of one of them, at the same fit."""
    S = np.flatnonzero(x > 0)
    Q, R = _factors(x > 0, atoms)
    b = Q.T @ atoms.B[:, j]
    passive = x > 0
    if np.linalg.norm(atoms.B[:, j] - Q @ b) <= atoms.dependent and S.size:
        h = solve_triangular(R, b)
        falls = h > 1e-10
        if not falls.any():
            return x
        t = np.min(x[S[falls]] / h[falls])
        x = x.copy()
        x[S] = np.where(x[S] <= t * h, 0.0, x[S] - t * h)
        x[j], passive = t, x > 0
    passive[j] = True
    return _settled(x, passive, y, atoms, x)


def _factors(passive: NDArray, atoms: Atoms) -> tuple[NDArray, NDArray]:
    Q, R = qr(atoms.B[:, passive], mode="economic", check_finite=False)
    return Q, R


def _settled(x: NDArray, passive: NDArray, y: NDArray, atoms: Atoms, otherwise: NDArray) -> NDArray:
    """Least squares on the support; atoms that would be negative leave on the way; ``otherwise`` where they depend."""
    x, passive = np.where(passive, x, 0.0), passive.copy()
    while passive.any():
        z = _least_squares(passive, y, atoms)
        if z is None:
            return otherwise
        S = np.flatnonzero(passive)
        if (z > 0).all():
            x[:] = 0.0
            x[S] = z
            return x
        bad = z <= 0
        steps = x[S[bad]] / np.where(bad, x[S] - z, 1.0)[bad]
        t = float(np.min(steps))
        x[S] += t * (z - x[S])
        x[S[bad][steps <= t]] = 0.0
        x[S[x[S] <= 0]] = 0.0
        passive = x > 0
    return x


def _least_squares(passive: NDArray, y: NDArray, atoms: Atoms) -> NDArray | None:
    """Solution on a support, refined once; None if its atoms are dependent."""
    B, cost = atoms.B[:, passive], atoms.cost[passive]
    Q, R = qr(B, mode="economic", check_finite=False)
    if B.shape[1] > B.shape[0] or (np.abs(np.diag(R)) <= atoms.dependent).any():
        return None
    shift = solve_triangular(R, cost, trans="T", check_finite=False)
    z: NDArray = solve_triangular(R, Q.T @ y - shift, check_finite=False)
    z += solve_triangular(R, Q.T @ (y - B @ z) - shift, check_finite=False)
    return z if len(z) == len(y) else _refined(z, R, B, y, cost)


def _refined(z: NDArray, R: NDArray, B: NDArray, y: NDArray, cost: NDArray) -> NDArray:
    """``z`` after a step to the zero of its slope, where that brings it closer: Q is known to fewer digits than B."""
    slope = B.T @ (y - B @ z) - cost
    new: NDArray = z + solve_triangular(R, solve_triangular(R, slope, trans="T"))
    after = B.T @ (y - B @ new) - cost
    return new if np.linalg.norm(after) < np.linalg.norm(slope) else z
