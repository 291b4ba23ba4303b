"""How a contract says what does not hold."""

from __future__ import annotations

from typing import Any

import numpy as np


def holds(theorem: str, condition: Any, found: str = "") -> None:
    """Raise an AssertionError that states the theorem and what was found instead."""
    if not bool(np.all(condition)):
        raise AssertionError(f"Does not hold: {theorem}." + (f" Found: {found}." if found else ""))


def close(theorem: str, actual: Any, expected: Any, rtol: float, atol: float = 0.0) -> None:
    """Raise an AssertionError where two arrays differ by more than rounding."""
    actual, expected = np.asarray(actual, dtype=float), np.asarray(expected, dtype=float)
    gap = np.abs(actual - expected) - atol - rtol * np.abs(expected)
    holds(theorem, gap <= 0, f"{actual.ravel()[np.argmax(gap)]:.6g} for {expected.ravel()[np.argmax(gap)]:.6g}")
