"""Best nonnegative approximations of rank one, in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from tensorly_hdr import _validation as check
from tensorly_hdr._labels import axes_of
from tensorly_hdr._validation import is_sparse
from tensorly_hdr.blocks import Entrywise, half_square
from tensorly_hdr.factorization.result import ClosedForm, as_cp
from tensorly_hdr.linalg import reconstruct
from tensorly_hdr.losses import KullbackLeibler


@check.known_options
def rank_one_kl(T: Any) -> ClosedForm:
    r"""Best rank-one approximation in Kullback-Leibler divergence: the product of the marginals [1]_.

    Solves :math:`\min_{u_1, \dots, u_d \ge 0} KL(T, u_1 \otimes \dots \otimes u_d)` for any order :math:`d \ge 2`:
    :math:`u_i` is proportional to the sums of ``T`` over all modes but ``i``. It is the global optimum, and unique as a
    tensor. All factors have the same sum.

    Parameters
    ----------
    T : nonnegative array of two dimensions or more
        Array-like, DataArray, or a scipy.sparse matrix.

    Returns
    -------
    ClosedForm
        ``factors``, one a mode, of shape (n_mode, 1), and ``loss``.

    Raises
    ------
    TypeError, ValueError
        When ``T`` is not a finite nonnegative array of two dimensions or more.

    References
    ----------
    .. [1] J. Cohen, Regularized low-rank approximations, 2026, section 7.7.1; K. Huang and N. Sidiropoulos,
       Kullback-Leibler principal component for tensors is not NP-hard, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> w, h = rank_one_kl(np.array([[1.0, 3.0], [3.0, 9.0]])).factors
    >>> w @ h.T
    array([[1., 3.], [3., 9.]])
    """
    axes = axes_of(T)
    order = check.order_of("T", T, matrix=False)
    T = check.as_array("T", T, nonneg=True, sparse=True)
    sums = [_marginal(T, m) for m in range(order)]
    total = float(sums[0].sum())
    # divided by the total before they are multiplied by one another: no overflow
    shares = [s / total if total > 0 else s for s in sums]
    factors = [(p * total ** (1.0 / order)).astype(T.dtype)[:, None] for p in shares]
    loss = KullbackLeibler()
    value = Entrywise(T, factors[1], loss).value(factors[0]) if order == 2 else loss.value(T, reconstruct(factors))
    return ClosedForm(as_cp(factors), max(value, 0.0), "marginals", axes)


def _marginal(T: Any, mode: int) -> NDArray:
    others = tuple(m for m in range(T.ndim) if m != mode)
    sums = T.sum(axis=others[0]) if is_sparse(T) else T.sum(axis=others, dtype=np.float64)
    return np.asarray(sums, dtype=np.float64).reshape(-1)


@check.known_options
def rank_one_frobenius(Y: Any) -> ClosedForm:
    r"""Best rank-one approximation of a nonnegative matrix in the Frobenius norm: its first singular pair [1]_.

    Solves :math:`\min_{w, h \ge 0} \frac12 \|Y - w h^T\|_F^2`. The singular pair of the largest singular value can be
    taken nonnegative (Perron and Frobenius), so the best approximation without constraint satisfies the constraint.
    When that singular value is multiple, one of the solutions is returned.

    Parameters
    ----------
    Y : nonnegative array of shape (m, n)
        Array-like, DataArray, or a scipy.sparse matrix.

    Returns
    -------
    ClosedForm
        ``factors``: ``w`` (m, 1) and ``h`` (n, 1), of the same norm; and ``loss``.

    Raises
    ------
    TypeError, ValueError
        When ``Y`` is not a finite nonnegative matrix.

    References
    ----------
    .. [1] J. Cohen, Regularized low-rank approximations, 2026, section 7.7.2; N. Gillis, Nonnegative matrix
       factorization, 2020.

    Examples
    --------
    >>> import numpy as np
    >>> result = rank_one_frobenius(np.diag([3.0, 1.0]))
    >>> result.factors[0].round(6).ravel(), round(result.loss, 6)
    (array([1.732051, 0.      ]), 0.5)
    """
    axes = axes_of(Y)
    Y = check.as_array("Y", Y, ndim=2, nonneg=True, sparse=True)
    size = float(Y.max()) or 1.0
    v = _first_eigenvector(Y / size)
    u = np.asarray(Y @ v / size, dtype=np.float64)
    sigma = float(np.linalg.norm(u))
    w, h = u / (sigma or 1.0), np.asarray(Y.T @ (u / (sigma or 1.0)), dtype=np.float64)
    root = np.sqrt(float(np.linalg.norm(h)))
    factors = [(w * root).astype(Y.dtype)[:, None], (h / (root or 1.0)).astype(Y.dtype)[:, None]]
    fit = half_square(Y) - 0.5 * root**4 if is_sparse(Y) else half_square(Y - factors[0] @ factors[1].T)
    return ClosedForm(as_cp(factors), max(fit, 0.0), "singular pair", axes)


def _first_eigenvector(Y: Any) -> NDArray:
    """Nonnegative first right singular vector, from the smaller Gram matrix: only the gap below it costs digits."""
    wide = Y.shape[1] > Y.shape[0]
    G = Y @ Y.T if wide else Y.T @ Y
    G = np.asarray(G.toarray() if is_sparse(G) else G, dtype=np.float64)
    top = np.abs(eigh(G, subset_by_index=[len(G) - 1, len(G) - 1])[1][:, 0])
    v = np.asarray(Y.T @ top if wide else top, dtype=np.float64)
    out: NDArray = v / (float(np.linalg.norm(v)) or 1.0)
    return out
