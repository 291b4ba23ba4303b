"""Regularized low-rank approximations: regression, factorization, and the tools around them.

The names below are loaded when first used, so that ``import tensorly_hdr`` costs nothing and pulls in nothing optional.
Editors and type checkers read them from ``__init__.pyi``.
"""

from importlib.metadata import PackageNotFoundError, version

_HOME = {
    "Beta": "losses",
    "Frobenius": "losses",
    "KullbackLeibler": "losses",
    "Box": "penalties",
    "HardSparse": "penalties",
    "L1": "penalties",
    "MaxColumnL1": "penalties",
    "NonNegative": "penalties",
    "Penalty": "penalties",
    "Simplex": "penalties",
    "SquaredL2": "penalties",
    "UnitBall": "penalties",
    "Zero": "penalties",
    "Result": "solve",
    "Stop": "solve",
    "Trace": "solve",
    "nnkl": "regression",
    "nnls": "regression",
    "nnomp": "regression",
    "sparse_nnls": "regression",
    "SparseResult": "regression",
    "ClosedForm": "factorization",
    "ConvolutiveResult": "factorization",
    "Extrapolation": "factorization",
    "FactorResult": "factorization",
    "MinVolResult": "factorization",
    "RankTwoResult": "factorization",
    "SeparableResult": "factorization",
    "TuckerResult": "factorization",
    "minvol_nmf": "factorization",
    "convolutive_nmf": "factorization",
    "holdout": "factorization",
    "ncp": "factorization",
    "nmf": "factorization",
    "nonnegative_tucker": "factorization",
    "pro_als": "factorization",
    "proco_als": "factorization",
    "project_on_cone": "factorization",
    "rank_one_frobenius": "factorization",
    "rank_one_kl": "factorization",
    "rank_two_nmf": "factorization",
    "snpa": "factorization",
    "spa": "factorization",
    "tucker_compress": "factorization",
    "AtomsResult": "dictionary",
    "CodedResult": "dictionary",
    "DictionaryResult": "dictionary",
    "Facets": "dictionary",
    "bspline_dictionary": "dictionary",
    "dictionary_cp": "dictionary",
    "smooth_cp": "dictionary",
    "SparseCodes": "dictionary",
    "complete_dictionary_learning": "dictionary",
    "facets": "dictionary",
    "identifiability_bound": "dictionary",
    "mixed_sparse_coding": "dictionary",
    "multiple_dictionaries_dlra": "dictionary",
    "one_sparse_dlra": "dictionary",
    "spark": "dictionary",
    "compare_ranks": "model_choice",
    "balance": "balancing",
    "scale": "balancing",
    "warm_up": "compilation",
}
_MODULES = (
    "balancing",
    "blocks",
    "compilation",
    "datasets",
    "dictionary",
    "factorization",
    "interop",
    "kernels",
    "linalg",
    "losses",
    "majorants",
    "metrics",
    "model_choice",
    "music",
    "penalties",
    "plotting",
    "regression",
    "solve",
    "testing",
)

try:
    __version__ = version("tensorly-hdr")
except PackageNotFoundError:  # a source tree that is not installed
    __version__ = "0.0.0"

_NEEDS = {"plotting": "matplotlib"}  # a module that its package is missing for says so, and is not listed


def _is_there(name: str) -> bool:
    from importlib.util import find_spec

    return name not in _NEEDS or find_spec(_NEEDS[name]) is not None


__all__ = [*_HOME, *filter(_is_there, _MODULES)]


def __getattr__(name: str) -> object:
    from importlib import import_module

    from tensorly_hdr._interrupt import postponed

    if name not in _MODULES and name not in _HOME:
        raise AttributeError(f"module 'tensorly_hdr' has no attribute {name!r}")
    with postponed():
        module = import_module(f"tensorly_hdr.{_HOME.get(name, name)}")
    return module if name in _MODULES else getattr(module, name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
