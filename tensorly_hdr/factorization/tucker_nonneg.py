"""Nonnegative Tucker decomposition: a nonnegative basis for each mode and a nonnegative core."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr._labels import axes_of
from tensorly_hdr.blocks import Entrywise, Quadratic, half_square
from tensorly_hdr.factorization.init import FILL, left_parts
from tensorly_hdr.factorization.problem import floor_of_fit
from tensorly_hdr.factorization.result import TuckerResult, as_tucker
from tensorly_hdr.factorization.tucker import Tucker, contract, expand
from tensorly_hdr.linalg import unfold
from tensorly_hdr.losses import LOSSES, Loss, in_double, relative_split
from tensorly_hdr.penalties import NonNegative
from tensorly_hdr.regression import interior
from tensorly_hdr.regression.registry import fista, hals, mu, pgd
from tensorly_hdr.solve import Iterate, Stop, run

CORE_STEPS = 20  # improvements of the core a round: it is small
SMALL = 1000  # entries of a core whose Gram matrix, of their square, is formed


@check.known_options
def nonnegative_tucker(
    T: Any,
    ranks: int | Sequence[int],
    *,
    loss: str | Loss = "frobenius",
    init: Any = "svd",
    n_inner: int = 3,
    seed: int | None = None,
    **stop: Unpack[Stop],
) -> TuckerResult:
    r"""Nonnegative Tucker decomposition: :math:`\min_{G, U_i \ge 0} d(T, (U_1 \otimes \dots \otimes U_d) G)` [1]_ [2]_.

    One block after the other, the factors first, the core last; the loss never rises. Frobenius: HALS on the factors
    and on a small core, accelerated projected gradient on a core of more than 1000 entries. Other losses:
    multiplicative updates of both, the products with the Kronecker matrix taken mode by mode. After each round the
    columns of the factors are scaled to sum to one, and the core takes over their sizes.

    Parameters
    ----------
    T : nonnegative array of two dimensions or more
        Array-like or DataArray, dense.
    ranks : int or one for each mode
        Columns of each factor: at most the size of the mode, and at most the product of the other ranks.
    loss : {"frobenius", "kl", "is"} or a Loss
        Half the squared Frobenius distance, Kullback-Leibler, Itakura-Saito, or ``Beta(b)``.
    init : {"svd", "random"}, TuckerResult, or pair (core, factors)
        The start: parts of the singular vectors of each unfolding, random numbers, or what is given.
    n_inner : int, default 3
        Updates of each factor a round.
    seed : int, optional
        Seed of the random start.
    **stop
        See :class:`tensorly_hdr.solve.Stop`.

    Returns
    -------
    TuckerResult
        ``core`` (ranks), ``factors``: nonnegative, of shape (n_mode, rank_mode), of unit column sums; ``x`` is a
        TensorLy ``TuckerTensor``.

    Raises
    ------
    TypeError, ValueError
        When ``T`` is sparse, negative or not finite, a rank is out of range, or the loss is infinite on zeros of ``T``.

    References
    ----------
    .. [1] Y.-D. Kim and S. Choi, Nonnegative Tucker decomposition, 2007.
    .. [2] A. Marmoret and others, Nonnegative Tucker decomposition with beta-divergence for music structure analysis,
       GRETSI 2022; manuscript, section 20.3.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> T = np.einsum("abc,ia,jb,kc->ijk", *(rng.random(n) for n in ((2, 2, 2), (5, 2), (6, 2), (7, 2))))
    >>> result = nonnegative_tucker(T, 2, max_iter=200)
    >>> bool(result.loss < 1e-4 * (T**2).sum()), [len(U) for U in result.factors]
    (True, [5, 6, 7])
    """
    axes, d = axes_of(T), check.loss(loss, LOSSES)
    check.order_of("T", T, matrix=False)
    check.dense("T", T)
    T, _ = check.as_data("T", T, None, nonneg=True, beta=d.beta)
    ranks, inner = check.multilinear_ranks(ranks, T.shape), check.positive_int("n_inner", n_inner)
    rng, options = check.generator(seed), check.stop_options(stop)
    start = _start(T, ranks, init, rng)
    is_quadratic = d.beta == 2.0
    steps = _least_squares(T, *start, inner) if is_quadratic else _multiplicative(T, *start, inner, d)
    (core, factors), trace, status, n_iter = run(
        steps, lambda x: _value(d, T, *x), view=lambda x: x[1], floor=floor_of_fit(T, d), **options
    )
    return TuckerResult(as_tucker(core, factors), trace, status, n_iter, "hals" if is_quadratic else "mu", axes)


def _value(d: Loss, T: NDArray, core: NDArray, factors: Sequence[NDArray]) -> float:
    """Loss; of a model in double precision where products of faint entries leave the range of single."""
    value = d.value(T, expand(core, factors))
    return value if np.isfinite(value) else d.value(T, expand(in_double(core), [in_double(U) for U in factors]))


@dataclass(frozen=True)
class CoreQuadratic:
    """Half the squared distance as a function of the core, from its products with the factors."""

    grams: Sequence[NDArray]
    cross: NDArray
    const: float

    @cached_property
    def lipschitz(self) -> float:
        """Largest eigenvalue of the Kronecker product of the Gram matrices."""
        return float(np.prod([np.linalg.norm(g, 2) for g in self.grams]))

    def grad(self, core: NDArray) -> NDArray:
        """Gradient in the core."""
        return np.asarray(contract(core, self.grams) - self.cross)

    def value(self, core: NDArray) -> float:
        """Loss at the core."""
        return float(np.vdot(0.5 * contract(core, self.grams) - self.cross, core)) + self.const


@dataclass(frozen=True)
class CoreEntrywise:
    """A sum over the entries of ``T`` as a function of the core, laid out as one row."""

    T: NDArray
    factors: Sequence[NDArray]
    loss: Loss

    @cached_property
    def mass(self) -> NDArray:
        """Sum of the model that a unit entry of the core makes: one row."""
        sums = [U.sum(axis=0) for U in self.factors]
        return np.asarray(reduce(np.multiply.outer, sums)).reshape(1, -1)

    def split(self, row: NDArray) -> tuple[NDArray, NDArray]:
        """Nonnegative parts of the gradient, for Kullback-Leibler."""
        minus = self.loss.split(self.T, expand(row.reshape([U.shape[1] for U in self.factors]), self.factors))[1]
        return self.mass, contract(minus, self.factors).reshape(1, -1)

    def relative_split(self, row: NDArray) -> tuple[NDArray, NDArray, Any]:
        """Both parts divided by one number, in whose unit they are in range, and the inverse of that number."""
        factors = [in_double(U) for U in self.factors]
        model = expand(in_double(row).reshape([U.shape[1] for U in factors]), factors)
        plus, minus, inverse = relative_split(self.loss, in_double(self.T), model, axis=None)
        return contract(plus, factors).reshape(1, -1), contract(minus, factors).reshape(1, -1), inverse


def _start(T: NDArray, ranks: Sequence[int], init: Any, rng: np.random.Generator) -> Tucker:
    """Core and factors, at the scale of the data, of unit column sums."""
    if isinstance(init, str):
        core, factors = check.choice("init", init, {"svd": _from_svd, "random": _random})(T, ranks, rng)
        model = expand(core, factors)
        size = float(np.vdot(model, model))
        core = core * (float(np.vdot(T, model)) / size if size > 0 else 1.0)
    else:
        core, factors = check.core_and_factors("init", init, ranks, T.shape)
    return _scaled(core.astype(T.dtype), [U.astype(T.dtype) for U in factors])


def _from_svd(T: NDArray, ranks: Sequence[int], rng: np.random.Generator) -> Tucker:
    factors = []
    for m, rank in enumerate(ranks):
        U = left_parts(T, m, rank)
        mean = U.mean(axis=0, keepdims=True)
        factors.append(np.maximum(U, FILL * np.where(mean > 0, mean, 1.0)))
    return contract(T, factors), tuple(factors)


def _random(T: NDArray, ranks: Sequence[int], rng: np.random.Generator) -> Tucker:
    return rng.random(tuple(ranks)), tuple(rng.random((n, r)) for n, r in zip(T.shape, ranks, strict=True))


def _scaled(core: NDArray, factors: Sequence[NDArray]) -> Tucker:
    """Factors of unit column sums; the core takes over their sizes. A column of zeros stays."""
    sums = [np.where(U.any(axis=0), U.sum(axis=0), U.dtype.type(1)) for U in factors]
    sizes = reduce(np.multiply.outer, sums)
    return core * sizes, tuple(U / s for U, s in zip(factors, sums, strict=True))


def _least_squares(T: NDArray, core: NDArray, factors: Sequence[NDArray], n_inner: int) -> Iterator[Iterate]:
    """HALS on each factor, then a better core."""
    const, penalty = half_square(T), NonNegative()
    yield (core, tuple(factors)), {}
    while True:
        factors = list(factors)
        for m, U in enumerate(factors):
            rest = unfold(contract(core, [V.T @ V for V in factors], skip=m), m)
            seen, small = unfold(contract(T, factors, skip=m), m), unfold(core, m)
            factors[m], _ = hals(U, Quadratic(rest @ small.T, seen @ small.T, const), penalty, n_inner)
        core, factors = _scaled(core, factors)
        core = _better_core(core, [V.T @ V for V in factors], contract(T, factors), const)
        yield (core, tuple(factors)), {}


def _better_core(core: NDArray, grams: Sequence[NDArray], cross: NDArray, const: float) -> NDArray:
    """Coordinate descent on a small core, one row of unknowns; FISTA on a large one, a plain step where that rises."""
    penalty = NonNegative()
    if core.size <= SMALL:
        row, _ = hals(core.reshape(1, -1), Quadratic(reduce(np.kron, grams), cross.reshape(1, -1)), penalty, CORE_STEPS)
        return np.asarray(row).reshape(core.shape)
    block: Any = CoreQuadratic(grams, cross, const)
    new, _ = fista(core, block, penalty, CORE_STEPS)
    return np.asarray(new if block.value(new) <= block.value(core) else pgd(core, block, penalty)[0])


def _multiplicative(T: NDArray, core: NDArray, factors: Sequence[NDArray], n_inner: int, d: Loss) -> Iterator[Iterate]:
    """Multiplicative updates of each factor and of the core, which cannot leave a zero: the start has none."""
    shape, penalty = core.shape, NonNegative()
    slices = [unfold(T, m) for m in range(T.ndim)]
    core, factors = interior(core.reshape(1, -1)).reshape(shape), [interior(U) for U in factors]
    yield (core, tuple(factors)), {}
    while True:
        factors = list(factors)
        for m, U in enumerate(factors):
            others = [V for k, V in enumerate(factors) if k != m]
            K = _atoms(core, others, m)
            factors[m], _ = mu(U, Entrywise(slices[m], K, d), penalty, n_inner)
        core, factors = _scaled(core, factors)
        block: Any = CoreEntrywise(T, factors, d)  # an Entrywise whose K, a Kronecker product, is never formed
        row, _ = mu(core.reshape(1, -1), block, penalty, n_inner)
        core = row.reshape(shape)
        yield (core, tuple(factors)), {}


def _atoms(core: NDArray, others: Sequence[NDArray], mode: int) -> NDArray:
    """What each column of a factor multiplies: shape (entries of the other modes, columns)."""
    front = np.moveaxis(core, mode, 0)
    atoms = expand(front, [np.eye(front.shape[0], dtype=core.dtype), *others])
    return np.ascontiguousarray(unfold(atoms, 0).T)
