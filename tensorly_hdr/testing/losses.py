"""The contract of a loss."""

from __future__ import annotations

import numpy as np

from tensorly_hdr.losses import Loss
from tensorly_hdr.testing._theorem import close, holds


def check_loss(loss: Loss, rng: int = 0) -> None:
    r"""Assert that the value, the derivative and the curvature of a loss belong together.

    On random positive data :math:`Y` and models :math:`M`: ``split`` gives two nonnegative parts whose difference is
    the derivative of ``value`` in :math:`M` (by central differences), ``curvature`` is the derivative of that, the
    value is zero at :math:`M = Y` and positive elsewhere, and nothing that was given is changed.

    Parameters
    ----------
    loss : Loss
        What is checked.
    rng : int, default 0
        Seed of the trials.

    Raises
    ------
    AssertionError
        With the theorem that does not hold.

    References
    ----------
    C. Févotte and J. Idier, Neural Computation 23, 2011, section 3 (derivatives as differences of nonnegative parts).

    Examples
    --------
    >>> from tensorly_hdr.losses import KullbackLeibler
    >>> check_loss(KullbackLeibler())
    """
    random = np.random.default_rng(rng)
    Y, M = random.random((4, 5)) + 0.5, random.random((4, 5)) + 0.5
    kept = Y.copy(), M.copy()
    plus, minus = (np.broadcast_to(part, M.shape) for part in loss.split(Y, M))
    holds("both parts of split are nonnegative", (plus >= 0) & (minus >= 0))
    D, h = random.standard_normal(M.shape), 1e-5
    slope = (loss.value(Y, M + h * D) - loss.value(Y, M - h * D)) / (2 * h)
    close("plus - minus is the derivative of value", np.vdot(plus - minus, D), slope, rtol=1e-6, atol=1e-7)
    up, down = (np.subtract(*loss.split(Y, M + s * h)) for s in (1, -1))
    close("curvature is the second derivative", loss.curvature(Y, M), (up - down) / (2 * h), rtol=1e-5, atol=1e-8)
    close("the loss is zero at the data", loss.value(Y, Y), 0.0, rtol=0, atol=1e-10)
    holds("the loss is positive away from the data", loss.value(Y, M) > 0, f"{loss.value(Y, M):.6g}")
    holds("the arguments are not changed", np.array_equal(Y, kept[0]) and np.array_equal(M, kept[1]))
