"""Damped Newton steps, one coordinate at a time, for Kullback-Leibler regression."""

from __future__ import annotations

from numpy.typing import NDArray

from tensorly_hdr.blocks import Entrywise
from tensorly_hdr.penalties import NonNegative, orthant
from tensorly_hdr.regression.base import declares
from tensorly_hdr.regression.ccd import descend


@declares(orthant, monotone=True, any_namespace=False, interior=True)
def newton(
    u: NDArray, block: Entrywise, penalty: NonNegative, n_iter: int = 1, memory: None = None
) -> tuple[NDArray, None]:
    r"""Scalar Newton of Hien and Gillis [1]_: the step of length :math:`\lambda` is divided by :math:`1 + \lambda`.

    With ``c = 1 / sqrt(least positive datum)`` of the observation, its constant of self-concordance, the length is
    :math:`\lambda = c |d| \sqrt{f''}`. Steps that are upward, or no longer than 0.68, are taken in full. One positive
    datum close to zero makes every downward step short: prefer :func:`ccd` when the data are not counts.

    References
    ----------
    .. [1] L. T. K. Hien and N. Gillis, Algorithms for nonnegative matrix factorization with the Kullback-Leibler
       divergence, 2021.
    """
    return descend(u, block, penalty, n_iter, damped=True), None
