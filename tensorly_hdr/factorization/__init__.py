"""Factorizations: build the block of each factor, call an update."""

from tensorly_hdr.factorization.cp import ncp, nmf
from tensorly_hdr.factorization.result import FactorResult, SeparableResult
from tensorly_hdr.factorization.separable import snpa, spa

__all__ = ["FactorResult", "SeparableResult", "ncp", "nmf", "snpa", "spa"]
