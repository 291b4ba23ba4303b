"""Greedy sparse coding: orthogonal matching pursuit of each column, on one target after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr.dictionary.coding import Coding, Support, debias, regress, supports_of
from tensorly_hdr.solve import Iterate


def omp(
    D: NDArray, targets: NDArray, k: Sequence[int] | NDArray, nonneg: bool, kept: Sequence[Support] | None = None
) -> list[tuple[Support, NDArray]]:
    """Orthogonal matching pursuit of every column of ``targets``, by at most ``k[i]`` atoms of norm one [1]_.

    The atom most correlated with the residual enters, the regression on the atoms in use is solved again. With
    ``nonneg`` only positive correlations count, and atoms whose coefficient is zero leave [2]_. ``kept`` are atoms in
    use from the start. Returns the atoms and their coefficients, column by column; fewer than ``k`` where the residual
    is rounding, or where no atom is positively correlated with it.

    References
    ----------
    .. [1] Y. C. Pati, R. Rezaiifar and P. S. Krishnaprasad, Orthogonal matching pursuit, 1993.
    .. [2] T. T. Nguyen, J. Idier, C. Soussen and E.-H. Djermoune, Non-negative orthogonal greedy algorithms, 2019.
    """
    found = [_settle(D, y, S, nonneg) for y, S in zip(targets.T, kept or [[]] * targets.shape[1], strict=True)]
    residual = np.stack([y - D[:, S] @ z for y, (S, z) in zip(targets.T, found, strict=True)])
    rounding = len(D) * float(np.finfo(D.dtype).eps) * np.linalg.norm(targets, axis=0)
    growing = [q for q, (S, _) in enumerate(found) if len(S) < k[q]]
    for _ in range(2 * int(max(k))):  # atoms may leave, so that k rounds may not do
        if not growing:
            break
        pull = residual[growing] @ D
        pull = pull if nonneg else np.abs(pull)
        still = []
        for c, q in enumerate(growing):
            S = found[q][0]
            pull[c, S] = -np.inf
            j = int(np.argmax(pull[c]))
            if pull[c, j] <= rounding[q]:
                continue
            found[q] = _settle(D, targets[:, q], [*S, j], nonneg)
            residual[q] = targets[:, q] - D[:, found[q][0]] @ found[q][1]
            if j in found[q][0] and len(found[q][0]) < k[q]:
                still.append(q)
        growing = still
    return found


def _settle(D: NDArray, y: NDArray, S: Support, nonneg: bool) -> tuple[Support, NDArray]:
    """Regression on a support, without the atoms whose coefficient is zero."""
    z = regress(D[:, S], y, nonneg) if S else np.zeros(0, dtype=D.dtype)
    return [j for j, value in zip(S, z, strict=True) if value != 0], z[z != 0]


def trick_omp(coding: Coding, X: NDArray, rng: np.random.Generator | None) -> Iterator[Iterate]:
    """Sparse coding of ``Y B (B'B)^-1`` column by column, then all coefficients at once [1]_.

    ``Y B (B'B)^-1`` is ``D X`` when there is no noise. With ``rng`` the supports of ``X`` are perturbed, and a column
    is taken where that helps.

    References
    ----------
    .. [1] J. E. Cohen, Frontiers in Applied Mathematics and Statistics, 2022 (mixed sparse coding).
    """
    targets = np.asarray(coding.pulled, dtype=coding.D.dtype)
    yield X, {}
    if rng is None:
        supports = [S for S, _ in omp(coding.D, targets, coding.k, coding.nonneg)]
    else:
        supports = [_column(coding, i, targets[:, i], S, rng)[0] for i, S in enumerate(supports_of(X))]
    yield debias(coding, supports), {}


def homp(coding: Coding, X: NDArray, rng: np.random.Generator | None) -> Iterator[Iterate]:
    """Hierarchical OMP: sparse coding of what the other columns leave, one column after the other [1]_.

    New atoms are taken only where they fit better than the old ones with new coefficients. All coefficients are then
    solved at once: the loss never rises. It ends when the same supports came back; ``rng`` is not used.

    References
    ----------
    .. [1] J. E. Cohen, Frontiers in Applied Mathematics and Statistics, 2022 (mixed sparse coding).
    """
    yield X, {}
    while True:
        new = homp_sweep(coding, X)
        yield new, {}
        if supports_of(new) == supports_of(X):
            return
        X = new


def homp_sweep(coding: Coding, X: NDArray) -> NDArray:
    """Visit every column once, then solve for all coefficients; the loss does not rise."""
    supports, model = supports_of(X), coding.times(X)
    gram, cross = coding.block.gram, coding.block.cross
    for i, g in enumerate(np.diag(gram)):
        if g == 0:  # a column that does not reach the data
            supports[i] = []
            continue
        target = (cross[:, i] - model @ gram[:, i]) / g + model[:, i]
        supports[i], z = _column(coding, i, target, supports[i], None)
        model[:, i] = coding.D[:, supports[i]] @ z
    new = debias(coding, supports)
    # rounding apart, the joint solution is the best on these supports; a dead heat keeps what was there
    return new if coding.misfit(new) <= coding.misfit(X) else X


def _column(
    coding: Coding, i: int, target: NDArray, old: Support, rng: np.random.Generator | None
) -> tuple[Support, NDArray]:
    """Best support found for one column: the old one, that of OMP, and, with ``rng``, repairs of the old one."""
    D, k, nonneg = coding.D, int(coding.k[i]), coding.nonneg
    kept: list[Support] = [[]]
    if rng is not None:
        pull = D.T @ target
        kept = _repairs(old, pull if nonneg else np.abs(pull), rng)
    targets = np.repeat(target[:, None], len(kept), axis=1)
    found = [_settle(D, target, old, nonneg), *omp(D, targets, [k] * len(kept), nonneg, kept)]
    misfits = [float(np.linalg.norm(target - D[:, S] @ z)) for S, z in found]
    return found[int(np.argmin(misfits))]


def _repairs(old: Support, pull: NDArray, rng: np.random.Generator, count: int = 4) -> list[Support]:
    """Parts of a support to complete: all atoms but one, random halves; and single atoms of large correlation."""
    without_one = [[j for j in old if j != gone] for gone in old] or [[]]
    halves = [rng.permutation(old)[: len(old) // 2].tolist() for _ in range(count)] if old else []
    first = np.argsort(-pull, kind="stable")[: 5 * count]
    return [*without_one, *halves, *([int(j)] for j in rng.choice(first, min(count, len(first)), replace=False))]
