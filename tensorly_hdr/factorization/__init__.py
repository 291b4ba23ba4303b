"""Factorizations: build the block of each factor, call an update."""

from tensorly_hdr.factorization.compression import pro_als, proco_als
from tensorly_hdr.factorization.convolution import convolve, correlate, correlate_activations
from tensorly_hdr.factorization.convolutive import ConvolutiveResult, convolutive_nmf
from tensorly_hdr.factorization.cp import ncp, nmf
from tensorly_hdr.factorization.extrapolation import Extrapolation
from tensorly_hdr.factorization.minvol import minvol_nmf
from tensorly_hdr.factorization.missing import holdout
from tensorly_hdr.factorization.projected import project_on_cone
from tensorly_hdr.factorization.rank_one import rank_one_frobenius, rank_one_kl
from tensorly_hdr.factorization.rank_two import rank_two_nmf
from tensorly_hdr.factorization.result import (
    ClosedForm,
    Factored,
    FactorResult,
    MinVolResult,
    RankTwoResult,
    SeparableResult,
    TuckerResult,
)
from tensorly_hdr.factorization.separable import snpa, spa
from tensorly_hdr.factorization.tucker import tucker_compress
from tensorly_hdr.factorization.tucker_nonneg import nonnegative_tucker

__all__ = [
    "ClosedForm",
    "ConvolutiveResult",
    "Extrapolation",
    "FactorResult",
    "Factored",
    "MinVolResult",
    "RankTwoResult",
    "SeparableResult",
    "TuckerResult",
    "convolutive_nmf",
    "convolve",
    "correlate",
    "correlate_activations",
    "holdout",
    "minvol_nmf",
    "ncp",
    "nmf",
    "nonnegative_tucker",
    "pro_als",
    "proco_als",
    "project_on_cone",
    "rank_one_frobenius",
    "rank_one_kl",
    "rank_two_nmf",
    "snpa",
    "spa",
    "tucker_compress",
]
