"""Factorizations: build the block of each factor, call an update."""

from tensorly_hdr.factorization.compression import pro_als, proco_als
from tensorly_hdr.factorization.cp import ncp, nmf
from tensorly_hdr.factorization.projected import project_on_cone
from tensorly_hdr.factorization.result import FactorResult, SeparableResult, TuckerResult
from tensorly_hdr.factorization.separable import snpa, spa
from tensorly_hdr.factorization.tucker import tucker_compress

__all__ = [
    "FactorResult",
    "SeparableResult",
    "TuckerResult",
    "ncp",
    "nmf",
    "pro_als",
    "proco_als",
    "project_on_cone",
    "snpa",
    "spa",
    "tucker_compress",
]
