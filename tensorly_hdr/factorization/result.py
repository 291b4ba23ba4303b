"""Results of factorizations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr._labels import Axis, component_axis, default_axes, labelled, with_picks
from tensorly_hdr.solve import Result


class Factored:
    """What :class:`FactorResult` and :class:`ClosedForm` have in common."""

    x: Any
    axes: tuple[Axis, ...] | None

    @property
    def factors(self) -> tuple[NDArray, ...]:
        """Tall factors, one a mode, shape (n_mode, rank)."""
        return tuple(self.x.factors)

    def to_xarray(self) -> tuple[Any, ...]:
        """Return the factors as DataArrays with dimensions (mode, "component"), coordinates taken from the data.

        A factor is called ``<mode>_factor``: ``xarray.merge(result.to_xarray())`` is a Dataset of them all. For sparse
        data, which hold no names, see :func:`tensorly_hdr.interop.label`.
        """
        axes = self.axes or default_axes(len(self.factors))
        return tuple(
            labelled(u, axis, component_axis(u.shape[1], axes)) for u, axis in zip(self.factors, axes, strict=True)
        )

    def _shapes(self) -> str:
        return "factors: " + ", ".join("x".join(map(str, u.shape)) for u in self.factors)


@dataclass(frozen=True, repr=False, eq=False)
class FactorResult(Factored, Result):
    """A factorization: ``factors``, tall, in the order of the modes; ``x``, the same as a TensorLy ``CPTensor``.

    ``W, H = nmf(Y, 5).factors`` unpacks the two factors of ``Y ≈ W @ H.T``. ``starts`` holds the objective that each of
    the ``n_init`` starts reached, in their order: its spread tells how much the start matters.
    """

    starts: NDArray = field(default_factory=lambda: np.empty(0), kw_only=True)


@dataclass(frozen=True, repr=False, eq=False)
class ClosedForm(Factored):
    """A factorization found without iterations: ``factors``, ``loss``, ``solver``; ``x``, a TensorLy ``CPTensor``."""

    x: Any
    loss: float
    solver: str
    axes: tuple[Axis, ...] | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        """One line: shapes, loss, solver."""
        return f"{type(self).__name__}({self._shapes()}, loss={self.loss:.6g}, solver={self.solver!r})"


@dataclass(frozen=True, repr=False, eq=False)
class RankTwoResult(ClosedForm):
    """The two extreme factorizations ``Y ≈ W @ H.T`` of rank two.

    The result itself is the inner one, whose ``W`` is as close to the data as can be; ``outer`` is the one whose ``W``
    has as many zeros as can be. When the rank of ``Y`` is two, the exact factorizations are, up to scale and order,
    those whose columns of ``W`` lie between the two.
    """

    outer: ClosedForm = field(kw_only=True)


@dataclass(frozen=True, repr=False, eq=False)
class MinVolResult(FactorResult):
    """A minimum-volume factorization; ``weight`` is the factor of the volume in the objective.

    ``trace.extra["volume"]`` holds the volume at each iterate.
    """

    weight: float = 0.0


@dataclass(frozen=True, repr=False, eq=False)
class SeparableResult(FactorResult):
    """A separable factorization ``Y ≈ Y[:, indices] @ H.T``.

    ``trace.loss`` holds half the squared residual after each pick.
    """

    indices: NDArray = field(default_factory=lambda: np.empty(0, dtype=np.intp))

    def to_xarray(self) -> tuple[Any, ...]:
        """Return the factors as DataArrays; the components carry the coordinates of the columns that were picked.

        Names that the data use get ``atom_`` in front: ``atom_row`` and ``atom_column`` of a stacked image.
        """
        return with_picks(super().to_xarray(), self.axes[1] if self.axes else None, self.indices)

    @property
    def W(self) -> NDArray:
        """Columns of the data that were picked, shape (m, rank)."""
        return self.factors[0]

    @property
    def H(self) -> NDArray:
        """Coefficients, nonnegative, shape (n, rank)."""
        return self.factors[1]


@dataclass(frozen=True, repr=False, eq=False)
class TuckerResult(FactorResult):
    """A small ``core`` and an orthonormal basis for each mode, ``factors``; ``x``, a TensorLy ``TuckerTensor``."""

    @property
    def core(self) -> NDArray:
        """Coordinates of the tensor in the bases, of shape ``ranks``."""
        return np.asarray(self.x.core)

    def to_xarray(self) -> tuple[Any, ...]:
        """Return the bases as DataArrays with dimensions (mode, "<mode>_component"): each mode has its own rank."""
        axes = self.axes or default_axes(len(self.factors))
        return tuple(
            labelled(u, axis, component_axis(u.shape[1], axes, f"{axis.name}_component"))
            for u, axis in zip(self.factors, axes, strict=True)
        )

    def _shapes(self) -> str:
        return f"core: {'x'.join(map(str, self.core.shape))}, {super()._shapes()}"


def as_tucker(core: NDArray, bases: Any) -> Any:
    """TensorLy ``TuckerTensor``."""
    from tensorly.tucker_tensor import TuckerTensor

    return TuckerTensor((core, list(bases)))


def as_cp(factors: Any) -> Any:
    """TensorLy ``CPTensor`` of unit weights."""
    from tensorly.cp_tensor import CPTensor

    return CPTensor((np.ones(factors[0].shape[1], dtype=factors[0].dtype), list(factors)))
