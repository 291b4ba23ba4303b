"""The contract of a block."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorly_hdr.testing._theorem import close, holds


def check_block(block: Any, shape: tuple[int, int], rng: int = 0) -> None:
    r"""Assert that the value, the gradient and the parts of a block belong together.

    At random positive factors :math:`u`: ``grad`` is the derivative of ``value`` (by central differences); where the
    block has them, :math:`u G - C` of its ``gram`` and ``cross`` is the gradient too, and so is the difference of the
    two parts of ``split``, both nonnegative.

    Parameters
    ----------
    block : Block
        What is checked; :class:`~tensorly_hdr.blocks.Quadratic`, :class:`~tensorly_hdr.blocks.Entrywise` or your own.
    shape : (n, r)
        Shape of the factor of the block.
    rng : int, default 0
        Seed of the trials.

    Raises
    ------
    AssertionError
        With the theorem that does not hold.

    References
    ----------
    J. Cohen, Regularized low-rank approximations, 2026, section 6.2.2 (the subproblem in one factor).

    Examples
    --------
    >>> import numpy as np
    >>> from tensorly_hdr.blocks import least_squares
    >>> check_block(least_squares(np.eye(3), np.ones((3, 2))), (3, 2))
    """
    random = np.random.default_rng(rng)
    u, D, h = random.random(shape) + 0.1, random.standard_normal(shape), 1e-6
    kept, slope = u.copy(), np.asarray(block.grad(u))
    along = (block.value(u + h * D) - block.value(u - h * D)) / (2 * h)
    scale = np.abs(slope).max()
    close("grad is the derivative of value", np.vdot(slope, D), along, rtol=1e-5, atol=1e-6 * scale)
    if hasattr(block, "gram"):
        close("grad is u gram - cross", u @ block.gram - block.cross, slope, rtol=1e-10, atol=1e-10 * scale)
    if hasattr(block, "split"):
        plus, minus = (np.broadcast_to(part, shape) for part in block.split(u))
        holds("both parts of split are nonnegative", (plus >= 0) & (minus >= 0))
        close("grad is the difference of the parts of split", plus - minus, slope, rtol=1e-10, atol=1e-10 * scale)
    holds("the argument is not changed", u == kept)
