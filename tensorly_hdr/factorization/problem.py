"""A factorization as a sequence of regressions: the block of each factor, and the objective."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr._validation import is_sparse
from tensorly_hdr.blocks import BEARABLE, Entrywise, Quadratic, cancels_below, half_square, squared_gap
from tensorly_hdr.factorization.missing import Completion
from tensorly_hdr.linalg import gram_hadamard, khatri_rao, mttkrp, unfold
from tensorly_hdr.losses import Frobenius, Loss
from tensorly_hdr.penalties import Penalty
from tensorly_hdr.solve import rounding_floor

Block = Quadratic | Entrywise


class State(NamedTuple):
    """Factors, a block whose products give their loss for free (that of ``mode``), and the objective once known."""

    factors: tuple[NDArray, ...]
    block: Block
    mode: int
    value: float | None = None


@dataclass(frozen=True)
class Problem:
    """Checked data, loss and penalties."""

    T: Any
    mask: NDArray | None
    loss: Loss
    penalties: tuple[Penalty, ...]

    @property
    def is_quadratic(self) -> bool:
        """Whether the loss is Frobenius."""
        return isinstance(self.loss, Frobenius)

    @property
    def is_completed(self) -> bool:
        """Whether the block depends on the factor it improves, through the missing entries."""
        return self.is_quadratic and self.mask is not None

    @cached_property
    def const(self) -> float:
        """Half the squared norm of the data."""
        return half_square(self.T)

    @cached_property
    def unseen(self) -> list[NDArray] | None:
        """Which slices of each mode the mask hides wholly; None without a mask."""
        if self.mask is None:
            return None
        modes = range(self.mask.ndim)
        return [np.asarray(~self.mask.any(axis=tuple(k for k in modes if k != m))) for m in modes]

    @cached_property
    def unfoldings(self) -> tuple[Any, ...]:
        """Data and mask seen from each mode, in memory order, for the losses that need every entry."""
        if is_sparse(self.T):
            return ((self.T, None), (self.T.T.tocsr(), None))
        arrays = (self.T, self.mask)
        seen = [[None if a is None else np.ascontiguousarray(unfold(a, m)) for a in arrays] for m in range(self.T.ndim)]
        return tuple((Y, mask) for Y, mask in seen)

    @cached_property
    def _completion(self) -> Completion:
        assert self.mask is not None
        return Completion(self.T, self.mask, self.const)

    def block(self, factors: Sequence[NDArray], mode: int) -> Block:
        """Subproblem in the factor of ``mode``."""
        if not self.is_quadratic:
            Y, mask = self.unfoldings[mode]
            return Entrywise(Y, khatri_rao(factors, mode), self.loss, mask)
        T, const = (self.T, self.const) if self.mask is None else self._completion.at(factors)
        return Quadratic(gram_hadamard(factors, mode), mttkrp(T, factors, mode), const)

    def start(self, factors: Sequence[NDArray], first: int) -> State:
        """State before the first round."""
        return State(tuple(factors), self.block(factors, first), first)

    def after(self, factors: Sequence[NDArray], block: Block, mode: int, first: int) -> State:
        """State after a round that ended with ``block``, that of ``mode``.

        With missing entries, completed anew, it holds the first block of the next round: its value there is the loss on
        what was observed.
        """
        return self.start(factors, first) if self.is_completed else State(tuple(factors), block, mode)

    def next_block(self, state: State, factors: Sequence[NDArray], mode: int) -> Block:
        """Block of ``mode``, which is that of the state as long as the factors it is made of are."""
        made_of = [m for m in range(len(factors)) if m != mode or self.is_completed]
        same = state.mode == mode and all(factors[m] is state.factors[m] for m in made_of)
        return state.block if same else self.block(factors, mode)

    def fit(self, state: State) -> float:
        """Loss at the factors; computed entry by entry where the products would cancel."""
        value = state.block.value(state.factors[state.mode])
        if not self.is_quadratic:
            return max(value, 0.0) if np.isfinite(value) else value
        cancels = value < cancels_below(state.factors[0]) * self.const
        if cancels and (not is_sparse(self.T) or np.prod(self.T.shape, dtype=float) <= BEARABLE):
            return residual(self.T, self.mask, state.factors, value / self.const)
        return max(value, 0.0)

    def penalty(self, factors: Sequence[NDArray]) -> float:
        """Sum of the penalties."""
        return sum(g.value(u) for g, u in zip(self.penalties, factors, strict=True))

    def objective(self, state: State) -> float:
        """Loss plus penalties."""
        return self.fit(state) + self.penalty(state.factors) if state.value is None else state.value

    def known(self, state: State) -> State:
        """State with its objective, so that it is computed once."""
        return state._replace(value=self.objective(state))

    def scaled(self, state: State, scales: Sequence[NDArray]) -> State:
        """State of the factors times scales that leave the model as it is, and so the loss."""
        factors = tuple(u * t for u, t in zip(state.factors, scales, strict=True))
        # the next round begins with the block of completed data, which must be that of the new scales
        block = self.block(factors, state.mode) if self.is_completed else state.block
        return State(factors, block, state.mode, self.fit(state) + self.penalty(factors))


def floor_of_fit(T: Any, loss: Loss) -> float:
    """What rounding alone leaves of the loss of an exact model; other divergences have no such scale."""
    if loss.beta == 2.0:
        return rounding_floor(half_square(T), float(np.finfo(T.dtype).eps))
    return 8.0 * float(np.finfo(np.float64).eps) * float(T.sum()) if loss.beta == 1.0 else 0.0


def residual(T: Any, mask: NDArray | None, factors: Sequence[NDArray], most: float = 0.0) -> float:
    """Half the squared distance to the model on the observed entries, a few slices of the largest mode at a time."""
    mode = int(np.argmax(T.shape))
    u, K = factors[mode], khatri_rao(factors, mode)
    data = (T.T.tocsr() if mode else T) if is_sparse(T) else np.moveaxis(T, mode, 0)
    seen = None if mask is None else np.moveaxis(mask, mode, 0)
    return squared_gap(data, u, K, seen, most)
