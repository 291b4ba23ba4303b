"""The convolutive model as a product of matrices: templates times the shifted copies of the activations, side by side.

Frames are rows here, as in the tall activations: for data of shape (F, N) the arrays below are (N, F).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr.blocks import HUGE
from tensorly_hdr.losses import Loss, above_zero, in_double, ratio
from tensorly_hdr.regression.base import floor_of
from tensorly_hdr.regression.mu import exponent_of
from tensorly_hdr.solve import Iterate

BEYOND = 10.0
"""An activation whose template is not wholly seen may be this many times the largest of those that are."""


def stacked(H: NDArray, n_taps: int) -> NDArray:
    """Copies of ``H`` (N, r) delayed by 0, 1, ... frames, side by side: (N, n_taps * r)."""
    n, rank = H.shape
    out = np.empty((n, n_taps, rank), dtype=H.dtype)
    for t in range(n_taps):
        out[:t, t] = 0.0
        out[t:, t] = H[: max(n - t, 0)]
    return out.reshape(n, n_taps * rank)


def folded(G: NDArray, rank: int) -> NDArray:
    """Adjoint of :func:`stacked`: each block of ``rank`` columns is advanced by its delay, and all are added."""
    n = len(G)
    blocks = G.reshape(n, -1, rank)
    out = blocks[:, 0].copy()
    for t in range(1, min(blocks.shape[1], n)):
        out[: n - t] += blocks[t:, t]
    return out


def convolve(W: NDArray, H: NDArray) -> NDArray:
    r"""Convolutive model of ``W`` (F, T, r) and ``H`` (N, r): :math:`\sum_{t,q} W[f,t,q] H[n-t,q]`, shape (F, N).

    Examples
    --------
    >>> import numpy as np
    >>> convolve(np.array([[[3.0], [1.0]]]), np.array([[1.0], [0.0], [2.0]]))
    array([[3., 1., 6.]])
    """
    return np.ascontiguousarray((stacked(H, W.shape[1]) @ W.reshape(len(W), -1).T).T)


def correlate(W: NDArray, E: NDArray) -> NDArray:
    """Adjoint of ``H -> convolve(W, H)`` at ``E`` (F, N): shape (N, r).

    Examples
    --------
    >>> import numpy as np
    >>> correlate(np.array([[[3.0], [1.0]]]), np.array([[1.0, 0.0, 2.0]])).T
    array([[3., 2., 6.]])
    """
    return folded(E.T @ W.reshape(len(W), -1), W.shape[2])


def correlate_activations(H: NDArray, E: NDArray, n_taps: int) -> NDArray:
    """Adjoint of ``W -> convolve(W, H)`` at ``E`` (F, N): shape (F, n_taps, r)."""
    return np.asarray(E @ stacked(H, n_taps)).reshape(len(E), n_taps, H.shape[1])


class State(NamedTuple):
    """Templates, flat (F, T r), activations (N, r), their shifted copies, and what the loss and the next update need.

    ``fit`` is the model (N, F); for Kullback-Leibler the data divided by it. ``mass`` (N, r) is what a unit of each
    activation adds to the model on the observed frames.
    """

    W: NDArray
    H: NDArray
    stack: NDArray
    fit: NDArray
    mass: NDArray


@dataclass(frozen=True)
class ConvolutiveProblem:
    """Checked data, frames as rows and zero where they are hidden; loss; weights.

    ``pull`` (T r,) weighs the Kullback-Leibler divergence from the templates ``anchor`` (F, T r), if there are any.
    ``adapts`` tells whether the templates are updated too.
    """

    Y: NDArray
    seen: NDArray | None
    loss: Loss
    l1: float = 0.0
    pull: NDArray | None = None
    anchor: NDArray | None = None
    adapts: bool = False

    @property
    def is_kl(self) -> bool:
        """Whether the loss is Kullback-Leibler, whose updates need one product less."""
        return self.loss.beta == 1.0

    @property
    def frames(self) -> NDArray:
        """One for an observed frame, zero for a hidden one, shape (N, 1)."""
        shown = np.ones(len(self.Y), bool) if self.seen is None else self.seen
        return shown[:, None].astype(self.Y.dtype)

    def mass(self, W: NDArray, rank: int) -> NDArray:
        """Mass of the part of each template that falls on observed frames, for each instant: (N, r)."""
        return folded(self.frames * W.sum(axis=0), rank)

    def cut(self, n_taps: int) -> NDArray:
        """Whether a template begun at an instant reaches past the last frame, or falls on a hidden one: (N,)."""
        return np.asarray(folded(np.tile(self.frames, n_taps), 1)[:, 0] < n_taps)

    def bounded(self, new: NDArray, old: NDArray, n_taps: int) -> NDArray:
        """Keep the activations of templates that are not wholly seen from growing far above the others.

        Otherwise the objective may have no minimum: the first tap of a template runs to zero, where it costs nothing
        elsewhere, and the activation of the last frame, which acts through that tap only, to infinity. The objective is
        separable and convex in the majorant, so that to stop on the way to its minimum does not raise it.
        """
        cut = self.cut(n_taps)
        if cut.all() or not cut.any():
            return new
        most = BEYOND * new[~cut].max(axis=0)
        new[cut] = np.minimum(new[cut], np.maximum(old[cut], most))
        return new

    def state(self, W: NDArray, H: NDArray, mass: NDArray | None = None, out: NDArray | None = None) -> State:
        """State of two factors: one product, written in ``out``, the fit of a state that is not needed any more."""
        rank = H.shape[1]
        stack = stacked(H, W.shape[1] // rank)
        fit = np.matmul(stack, W.T, out=out)
        if self.is_kl:
            fit = ratio(self.Y, fit, overwrite=True)
        elif self.loss.beta != 2.0:
            # powers of what is left of the model in silence would leave the range of the numbers
            np.maximum(fit, np.cbrt(np.finfo(fit.dtype).tiny) * (self.Y.mean() or 1.0), out=fit)
        return State(W, H, stack, fit, self.mass(W, rank) if mass is None else mass)

    def _parts(self, state: State) -> tuple[NDArray | None, NDArray]:
        """Nonnegative parts of the derivative of the loss in the model; None for the ones of Kullback-Leibler."""
        if self.is_kl:
            return None, state.fit
        plus, minus = self.loss.split(self.Y, state.fit)
        return (plus if self.seen is None else plus * self.frames), minus

    def _in_range(self, state: State, weights: NDArray, product: Callable[[NDArray], NDArray]) -> NDArray:
        """Product with the data over the model; in double precision, and cut, where they left the range."""
        with np.errstate(all="ignore"):
            quick = product(weights)
            if not self.is_kl or np.isfinite(quick).all():
                return quick
            return product(np.minimum(self.Y / above_zero(_double_model(state)), HUGE))

    def activated(self, state: State) -> State:
        """State after one update of the activations."""
        W, H, rank, l1 = state.W, state.H, state.H.shape[1], self.l1
        plus, minus = self._parts(state)
        above = self._in_range(state, minus, lambda weights: folded(weights @ W, rank))
        below = state.mass if plus is None else folded(plus @ W, rank)
        if self.loss.beta == 2.0:
            above, l1 = np.maximum(above - l1, 0.0), 0.0
        new = H * _power(above / above_zero(below + l1), exponent_of(self.loss.beta))
        new = new.astype(H.dtype, copy=False)
        new = np.maximum(new, _floor(new, state.mass))
        if self.adapts and self.pull is None:  # a pull keeps the first taps away from zero
            new = self.bounded(new, H, W.shape[1] // rank)
        return self.state(W, new, state.mass, state.fit)

    def adapted(self, state: State) -> State:
        """State after one update of the templates."""
        W, stack = state.W, state.stack
        plus, minus = self._parts(state)
        above = self._in_range(state, minus, lambda weights: weights.T @ stack)
        below = self.frames.T @ stack if plus is None else plus.T @ stack
        if self.pull is None:
            above /= above_zero(below)
            new = _power(above, exponent_of(self.loss.beta))
            new *= W
        else:
            new = (W * above + self.pull * self.anchor) / above_zero(below + self.pull)
        new = new.astype(W.dtype, copy=False)
        # relative to each tap, and no finer: the array is large
        np.maximum(new, above_zero(_smallest(new) * new.max(axis=0)), out=new)
        return self.state(new, state.H, out=state.fit)

    def objective(self, state: State) -> float:
        """Loss on the observed frames, plus the penalties."""
        value = self.l1 * float(state.H.sum(dtype=np.float64)) + self._kl_of_templates(state.W)
        shown = slice(None) if self.seen is None else self.seen
        if self.is_kl:
            linear = np.multiply(state.mass, state.H).sum(dtype=np.float64) - self.Y.sum(dtype=np.float64)
            quick = self._log_sum(state.fit) + float(linear)
            if np.isfinite(quick):
                return value + max(quick, 0.0)
            return value + self.loss.value(self.Y[shown], _double_model(state)[shown])
        return value + self.loss.value(self.Y[shown], state.fit[shown])

    @cached_property
    def _scratch(self) -> NDArray:
        """An array made once: to allocate one takes as long as to compute the logarithms in it."""
        return np.empty_like(self.Y)

    def _log_sum(self, quotient: NDArray) -> float:
        """Sum of ``Y log(quotient)``, zero where ``Y`` is."""
        low = np.maximum(quotient, np.finfo(quotient.dtype).smallest_normal, out=self._scratch)
        np.log(low, out=low)
        low *= self.Y
        return float(low.sum(dtype=np.float64))

    def _kl_of_templates(self, W: NDArray) -> float:
        if self.pull is None or self.anchor is None:
            return 0.0
        columns = (self.anchor * np.log(above_zero(ratio(self.anchor, W))) - self.anchor + W).sum(axis=0)
        return float(self.pull @ columns)


def _double_model(state: State) -> NDArray:
    """Model in double precision."""
    return np.asarray(in_double(state.stack) @ in_double(state.W).T)


def _power(x: NDArray, exponent: float) -> NDArray:
    return x if exponent == 1.0 else np.asarray(x**exponent)


def _floor(new: NDArray, weight: NDArray) -> NDArray:
    """Least values of the entries; one for all below that, since numbers short of the least normal one are slow."""
    return np.asarray(np.maximum(floor_of(new, weight), _smallest(new) ** 2 * new.max()))


def _smallest(u: NDArray) -> float:
    return 1e-16 if u.dtype == np.float64 else 1e-8


def alternate(problem: ConvolutiveProblem, W: NDArray, H: NDArray, n_inner: int) -> Iterator[Iterate]:
    """Update the activations ``n_inner`` times, then the templates once if they are free; one iterate a round."""
    state = problem.state(W, H)
    yield state, {}
    while True:
        for _ in range(n_inner):
            state = problem.activated(state)
        if problem.adapts:
            state = problem.adapted(state)
        yield state, {}
