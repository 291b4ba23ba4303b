"""The contract of a penalty."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr.penalties import Penalty, convex, keeps_nonneg
from tensorly_hdr.testing._theorem import close, holds

SLACK = 1e-9  # what rounding may add to a comparison of two objectives of size one
TRIALS = 100


def check_penalty(penalty: Penalty, shape: tuple[int, int] = (5, 3), rng: int = 0) -> None:
    r"""Assert that ``value``, ``prox`` and the facts of a penalty belong together.

    With :math:`z = \mathrm{prox}(u, s)`, for random :math:`u`, steps :math:`s` and points :math:`w` of the domain:

    - :math:`s\,g(z) + \frac12\|z - u\|^2 \le s\,g(w) + \frac12\|w - u\|^2` (the definition of the prox);
    - for a convex penalty, :math:`g(w) \ge g(z) + \langle u - z, w - z\rangle / s`, and the prox is nonexpansive;
    - ``prox(u, 0)`` lies in the domain and stays where it is;
    - :math:`g(t u) = t^p g(u)` where ``degree`` is p;
    - ``nonneg`` domains hold no negative entry; float32 stays float32, and the argument is not changed.

    Parameters
    ----------
    penalty : Penalty
        What is checked.
    shape : (rows, columns), default (5, 3)
        Shape of the factors it is tried on.
    rng : int, default 0
        Seed of the trials.

    Raises
    ------
    AssertionError
        With the theorem that does not hold.

    References
    ----------
    N. Parikh and S. Boyd, Proximal algorithms, 2014, sections 1.1 and 2.3.

    Examples
    --------
    >>> from tensorly_hdr.penalties import NonNegative
    >>> check_penalty(NonNegative(l1=0.3))
    """
    random = np.random.default_rng(rng)
    for step in (0.1, 1.0, 10.0):
        _prox_is_the_minimizer(penalty, random.standard_normal(shape), step, random)
    if convex(penalty):
        for step in (0.3, 2.0):
            _subgradient_inclusion(penalty, random.standard_normal(shape), step, random)
        _nonexpansive(penalty, shape, random)
    _step_zero_projects(penalty, random.standard_normal(shape))
    _degree(penalty, random.random(shape))
    _nothing_is_lost(penalty, random.standard_normal(shape))


def _prox_is_the_minimizer(g: Penalty, u: NDArray, step: float, random: np.random.Generator) -> None:
    z = g.prox(u, step)
    best = step * g.value(z) + 0.5 * np.sum((z - u) ** 2)
    for k in range(3 * TRIALS):
        w = g.prox(z + 10.0 ** (-(k % 3)) * random.standard_normal(u.shape), 0.0)  # a neighbour in the domain
        other = step * g.value(w) + 0.5 * np.sum((w - u) ** 2)
        holds(
            "prox(u, step) minimizes step * value(z) + ||z - u||^2 / 2",
            other >= best - SLACK * max(1.0, abs(best)),
            f"a point of the domain has {other:.6g}, the prox {best:.6g}",
        )


def _subgradient_inclusion(g: Penalty, u: NDArray, step: float, random: np.random.Generator) -> None:
    z = g.prox(u, step)
    for _ in range(TRIALS):
        w = g.prox(random.standard_normal(u.shape), 0.0)
        bound = g.value(z) + np.vdot(u - z, w - z) / step
        holds(
            "(u - prox(u, step)) / step is a subgradient at the prox (is the penalty convex?)",
            g.value(w) >= bound - SLACK * max(1.0, abs(bound)),
        )


def _nonexpansive(g: Penalty, shape: tuple[int, int], random: np.random.Generator) -> None:
    for _ in range(TRIALS):
        u, v = random.standard_normal((2, *shape))
        apart = np.linalg.norm(g.prox(u, 0.7) - g.prox(v, 0.7))
        holds("the prox of a convex penalty is nonexpansive", apart <= np.linalg.norm(u - v) + SLACK)


def _step_zero_projects(g: Penalty, u: NDArray) -> None:
    z = g.prox(u, 0.0)
    holds("prox(u, 0) lies in the domain", np.isfinite(g.value(z)), f"value {g.value(z)}")
    close("prox(u, 0) stays where it is", g.prox(z, 0.0), z, rtol=1e-12, atol=1e-12)
    if keeps_nonneg(g):
        holds("a domain that is nonneg holds no negative entry", z >= 0, f"{z.min():.6g}")
    inside = np.allclose(z, u)
    holds("value is infinite outside the domain, and only there", np.isfinite(g.value(u)) == inside)


def _degree(g: Penalty, u: NDArray) -> None:
    if g.degree is not None:
        z = g.prox(u, 0.0)
        close("value(t u) = t**degree * value(u)", g.value(3.0 * z), 3.0**g.degree * g.value(z), rtol=1e-10)


def _nothing_is_lost(g: Penalty, u: NDArray) -> None:
    single = u.astype(np.float32)
    before = single.copy()
    out = g.prox(single, 0.5)
    holds("float32 stays float32", out.dtype == np.float32, str(out.dtype))
    holds("prox keeps the shape", out.shape == u.shape, str(out.shape))
    holds("prox does not change its argument", single == before)
