"""Missing entries: complete the data with the model, or hide some of them to judge a model by what it predicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr.linalg import khatri_rao

FEW = 1 / 32  # part of the entries up to which the model is computed at the missing ones only


class Completion:
    """Data whose missing entries are replaced by the model: the E step of expectation-maximization.

    The least squares block of the completed data is a majorant of the loss on the observed entries, and touches it at
    the factors that made the model: lowering the one lowers the other. The array is made once and written in place.
    """

    def __init__(self, T: NDArray, mask: NDArray, const: float) -> None:
        self.T, self.mask, self.const = T, mask, const
        self.full = T.copy()
        count = mask.size - int(np.count_nonzero(mask))
        self.hidden = np.nonzero(~mask) if count <= FEW * mask.size else None

    def at(self, factors: Sequence[NDArray]) -> tuple[NDArray, float]:
        """Completed data, and half their squared norm."""
        if self.hidden is None:
            np.matmul(factors[0], khatri_rao(factors, 0).T, out=self.full.reshape(len(self.full), -1))
            np.copyto(self.full, self.T, where=self.mask)
            return self.full, 0.5 * float(np.vdot(self.full, self.full))
        product = factors[0][self.hidden[0]]
        for u, index in zip(factors[1:], self.hidden[1:], strict=True):
            product *= u[index]
        model = product.sum(axis=1)
        self.full[self.hidden] = model
        return self.full, self.const + 0.5 * float(np.vdot(model, model))


@check.known_options
def holdout(Y: Any, fraction: float = 0.1, *, mask: Any = None, seed: int | None = None) -> tuple[NDArray, NDArray]:
    """Draw observed entries to hide, so that a model fitted without them is judged by what it predicts there [1]_.

    Parameters
    ----------
    Y : array, dense
        Only its shape matters.
    fraction : float between 0 and 1
        Part of the observed entries to hide.
    mask : boolean array of the shape of ``Y``, optional
        True where ``Y`` is observed.
    seed : int, optional

    Returns
    -------
    train, validation : boolean arrays of the shape of ``Y``
        Entries to fit (the ``mask`` of :func:`nmf` and :func:`ncp`) and entries to predict: disjoint, together what was
        observed. Every slice that had observed entries keeps one, since nothing else determines its row of the factor.

    Raises
    ------
    TypeError, ValueError
        When the data are sparse (absent entries are zeros), the mask has another shape or hides every entry, or the
        fraction is not one.

    References
    ----------
    .. [1] S. Wold, Cross-validatory estimation of the number of components in factor and principal components models,
       1978.

    Examples
    --------
    >>> import numpy as np
    >>> train, validation = holdout(np.ones((4, 5)), 0.2, seed=0)
    >>> int(validation.sum()), bool((train ^ validation).all())
    (4, True)
    """
    fraction = check.fraction("fraction", fraction)
    check.order_of("Y", Y, matrix=False)
    array = check.as_array("Y", Y, finite=False)
    _, seen = check.as_data("Y", Y, mask, nonneg=False)
    seen = np.ones(array.shape, dtype=bool) if seen is None else seen
    rng = check.generator(seed)
    entries = np.flatnonzero(seen)
    hidden = rng.choice(entries, size=round(fraction * entries.size), replace=False, shuffle=False)
    train = seen.copy()
    train.reshape(-1)[hidden] = False
    _keep_one_a_slice(train, seen, rng)
    return train, seen & ~train


def _keep_one_a_slice(train: NDArray, seen: NDArray, rng: np.random.Generator) -> None:
    """Show one observed entry of each slice that the draw has hidden altogether."""
    for mode in range(train.ndim):
        slices, observed = np.moveaxis(train, mode, 0), np.moveaxis(seen, mode, 0)
        others = tuple(range(1, train.ndim))
        for i in np.flatnonzero(~slices.any(axis=others) & observed.any(axis=others)):
            choices = np.argwhere(observed[i])
            slices[(i, *choices[rng.integers(len(choices))])] = True
