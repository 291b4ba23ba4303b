"""Penalties: a value, a prox with an explicit step, a homogeneity degree. Nothing else.

``PENALTIES`` is the list that the tests run over: add a penalty to it and every contract is tested on it.
"""

from tensorly_hdr.penalties.base import Penalty, anything, convex, entrywise, keeps_nonneg, orthant, scale_free
from tensorly_hdr.penalties.columns import HardSparse, Simplex, Transposed, UnitBall, per_observation, tall
from tensorly_hdr.penalties.combined import Scaled, Shifted, Sum
from tensorly_hdr.penalties.matrix import MaxColumnL1
from tensorly_hdr.penalties.separable import L1, Box, Entry, NonNegative, SquaredL2, Zero

PENALTIES: tuple[Penalty, ...] = (
    Zero(),
    NonNegative(),
    NonNegative(l1=0.3),
    NonNegative(l2=0.5),
    NonNegative(l1=0.3, l2=0.5),
    L1(0.3),
    SquaredL2(0.5),
    Box(0.1, 0.6),
    Simplex(),
    Simplex(axis=1, total=2.0),
    Simplex(below=True),
    UnitBall(),
    UnitBall(axis=1, nonneg=True),
    HardSparse(2),
    HardSparse(1, axis=1, nonneg=False),
    MaxColumnL1(0.4),
    MaxColumnL1(0.4, nonneg=True),
    Sum(NonNegative(), linear=0.2, ridge=0.5),
    Sum(Simplex(), linear=-0.7, ridge=0.1),
    Scaled(MaxColumnL1(0.4, nonneg=True), 0.5),
    Shifted(UnitBall(), 0.3),
    Shifted(NonNegative(l1=0.3), 0.1),
)

__all__ = [
    "L1",
    "PENALTIES",
    "Box",
    "Entry",
    "HardSparse",
    "MaxColumnL1",
    "NonNegative",
    "Penalty",
    "Scaled",
    "Shifted",
    "Simplex",
    "SquaredL2",
    "Sum",
    "Transposed",
    "UnitBall",
    "Zero",
    "anything",
    "convex",
    "entrywise",
    "keeps_nonneg",
    "orthant",
    "per_observation",
    "scale_free",
    "tall",
]
