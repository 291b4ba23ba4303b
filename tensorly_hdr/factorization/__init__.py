"""Factorizations: build the block of each factor, call an update."""

from tensorly_hdr.factorization.cp import ncp, nmf
from tensorly_hdr.factorization.extrapolation import Extrapolation
from tensorly_hdr.factorization.missing import holdout
from tensorly_hdr.factorization.result import FactorResult, SeparableResult
from tensorly_hdr.factorization.separable import snpa, spa

__all__ = ["Extrapolation", "FactorResult", "SeparableResult", "holdout", "ncp", "nmf", "snpa", "spa"]
