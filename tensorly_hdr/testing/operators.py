"""The contract of a linear operator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr.testing._theorem import close, holds


def check_operator(A: Any, rng: int = 0) -> None:
    r"""Assert that an operator is linear and that its adjoint is its adjoint.

    For random :math:`x, x', y`: :math:`\langle A x, y\rangle = \langle x, A^* y\rangle`,
    :math:`A(x + 2x') = Ax + 2Ax'`, several columns at once are those columns one by one, and, where the operator has
    them, ``to_dense`` is its matrix and ``pinv`` satisfies :math:`A A^+ A = A`.

    Parameters
    ----------
    A : operator of shape (m, n)
        With ``shape`` and the functions ``forward`` and ``adjoint``, or ``matvec`` and ``rmatvec`` as in
        ``scipy.sparse.linalg.LinearOperator``.
    rng : int, default 0
        Seed of the trials.

    Raises
    ------
    AssertionError
        With the theorem that does not hold.

    References
    ----------
    J. Claerbout, Earth soundings analysis, 2004, section 5 (the dot-product test).

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse.linalg import aslinearoperator
    >>> check_operator(aslinearoperator(np.array([[1.0, 2.0], [0.0, 3.0], [1.0, 0.0]])))
    """
    forward, adjoint = _functions(A)
    (m, n), random = A.shape, np.random.default_rng(rng)
    x, other, y = random.standard_normal(n), random.standard_normal(n), random.standard_normal(m)
    image = forward(x)
    holds("forward maps n numbers to m", np.shape(image) == (m,), str(np.shape(image)))
    size = float(np.linalg.norm(image) * np.linalg.norm(y)) or 1.0
    close("<A x, y> = <x, A* y>", np.vdot(image, y), np.vdot(x, adjoint(y)), rtol=0, atol=1e-10 * size)
    size = float(np.abs(image).max()) or 1.0
    close("A (x + 2 x') = A x + 2 A x'", forward(x + 2 * other), image + 2 * forward(other), rtol=0, atol=1e-10 * size)
    if hasattr(A, "forward"):
        both = forward(np.stack([x, other], axis=1))
        close("columns are mapped one by one", both[:, 0], image, rtol=0, atol=1e-10 * size)
    if hasattr(A, "to_dense"):
        close("to_dense is the matrix of forward", A.to_dense() @ x, image, rtol=0, atol=1e-10 * size)
    if hasattr(A, "pinv"):
        close("A A+ A = A", forward(A.pinv(image)), image, rtol=0, atol=1e-8 * size)


def _functions(A: Any) -> tuple[Callable[[NDArray], NDArray], Callable[[NDArray], NDArray]]:
    """What maps and what maps back, under either pair of names."""
    return (A.forward, A.adjoint) if hasattr(A, "forward") else (A.matvec, A.rmatvec)
