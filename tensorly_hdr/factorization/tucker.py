"""Tucker compression: an orthonormal basis for each mode and a small core."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr._labels import axes_of
from tensorly_hdr.blocks import half_square
from tensorly_hdr.factorization.result import TuckerResult, as_tucker
from tensorly_hdr.linalg import unfold
from tensorly_hdr.solve import Iterate, Stop, rounding_floor, run

Tucker = tuple[NDArray, tuple[NDArray, ...]]  # core, bases


@check.known_options
def tucker_compress(T: Any, ranks: int | Sequence[int], **stop: Unpack[Stop]) -> TuckerResult:
    r"""Best small core: :math:`\min \frac12 \|T - (U_1 \otimes \dots \otimes U_d) G\|_F^2`, :math:`U_i^T U_i = I` [1]_.

    Starts from the truncated higher-order SVD, one mode after the other, and improves one basis at a time (HOOI); the
    loss never rises.

    Parameters
    ----------
    T : array of two dimensions or more
        Array-like or DataArray; signs are free.
    ranks : int or one for each mode
        Columns of each basis: at most the size of the mode, and at most the product of the other ranks.
    **stop
        See :class:`tensorly_hdr.solve.Stop`. ``max_iter=0`` returns the higher-order SVD, whose loss is at most the
        number of modes times the least one.

    Returns
    -------
    TuckerResult
        ``core`` (ranks), ``factors``: one orthonormal basis a mode, of shape (n_mode, rank_mode); ``x`` is a TensorLy
        ``TuckerTensor``.

    Raises
    ------
    TypeError, ValueError
        When ``T`` is sparse, empty or not finite, or a rank is out of range.

    References
    ----------
    .. [1] L. De Lathauwer, B. De Moor and J. Vandewalle, On the best rank-1 and rank-(R1, ..., RN) approximation of
       higher-order tensors, 2000; manuscript, section 14.3.1.

    Examples
    --------
    >>> import numpy as np
    >>> T = np.einsum("i,j,k->ijk", [1.0, 2.0], [3.0, 1.0, 4.0], [1.0, 1.0])
    >>> small = tucker_compress(T, 1)
    >>> small.core.shape, round(small.loss, 12)
    ((1, 1, 1), 0.0)
    """
    axes = axes_of(T)
    check.order_of("T", T, matrix=False)
    T = check.as_array("T", T)
    ranks = check.multilinear_ranks(ranks, T.shape)
    (core, bases), trace, status, n_iter = run(
        _hooi(T, ranks),
        lambda x: _left_out(T, *x),
        view=lambda x: x[1],
        floor=rounding_floor(half_square(T), np.finfo(T.dtype).eps),
        **check.stop_options(stop),
    )
    return TuckerResult(as_tucker(core, bases), trace, status, n_iter, "hooi", axes)


def contract(T: NDArray, matrices: Sequence[NDArray], skip: int | None = None) -> NDArray:
    """Multiply each mode by the transpose of its matrix, but ``skip``."""
    for m, U in enumerate(matrices):
        if m != skip:
            T = _fold(U.T @ unfold(T, m), T.shape, m)
    return T


def expand(core: NDArray, bases: Sequence[NDArray]) -> NDArray:
    """Full tensor of a core and its bases."""
    return contract(core, [U.T for U in bases])


def _fold(matrix: NDArray, shape: Sequence[int], mode: int) -> NDArray:
    others = [n for m, n in enumerate(shape) if m != mode]
    return np.ascontiguousarray(np.moveaxis(matrix.reshape(len(matrix), *others), 0, mode))


def _hooi(T: NDArray, ranks: Sequence[int]) -> Iterator[Iterate]:
    """Truncated SVD of each mode in turn, each of what the modes before it kept; then of all the others kept."""
    core, bases = T, []
    for m, rank in enumerate(ranks):
        bases.append(_leading(unfold(core, m), rank))
        core = _fold(bases[m].T @ unfold(core, m), core.shape, m)
    yield (core, tuple(bases)), {}
    while True:
        for m, rank in enumerate(ranks):
            small = contract(T, bases, skip=m)
            bases[m] = _leading(unfold(small, m), rank)
        core = _fold(bases[m].T @ unfold(small, m), small.shape, m)
        yield (core, tuple(bases)), {}


def _leading(X: NDArray, rank: int) -> NDArray:
    """Leading left singular vectors; of a wide matrix from its Gram matrix, which is one product."""
    if X.shape[1] <= 4 * X.shape[0]:
        return np.ascontiguousarray(np.linalg.svd(X, full_matrices=False)[0][:, :rank])
    return np.ascontiguousarray(np.linalg.eigh(X @ X.T)[1][:, : -rank - 1 : -1])


def _left_out(T: NDArray, core: NDArray, bases: Sequence[NDArray]) -> float:
    """Half the squared distance: by the theorem of Pythagoras, entry by entry where that would cancel."""
    total = half_square(T)
    value = total - half_square(core)
    cancels = value < (1e-6 if T.dtype == np.float64 else 1e-2) * total
    return half_square(T - expand(core, bases)) if cancels else value
