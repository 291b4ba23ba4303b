"""One valid call of each public function, with a value for every argument: what the table of bad inputs starts from."""

import importlib
import re
from pathlib import Path
from typing import Any

import numpy as np

import tensorly_hdr as hdr
from tensorly_hdr import datasets, dictionary, interop, majorants, metrics
from tensorly_hdr.penalties import NonNegative, Scaled, Shifted, SquaredL2, Sum

from .door import Door
from .registry_sound import SOUND_DOORS

ROOT = Path(__file__).parents[2]

#: building blocks and records: they are given what a public function has checked, as their module or class says
TRUSTING = {
    "tensorly_hdr": "Penalty Result Stop Trace SparseResult ClosedForm ConvolutiveResult FactorResult MinVolResult "
    "RankTwoResult SeparableResult TuckerResult AtomsResult CodedResult DictionaryResult Facets SparseCodes warm_up",
    "tensorly_hdr.regression": "Update declares interior needs_interior active_set admm block_pivoting ccd fista hals "
    "mirror msom mu mu_extrapolated newton pgd safeguarded_msom spg",
    "tensorly_hdr.factorization": "Factored convolve correlate correlate_activations",
    "tensorly_hdr.balancing": "column_scales",
    "tensorly_hdr.losses": "Loss Frobenius KullbackLeibler",
    "tensorly_hdr.penalties": "Entry Transposed anything convex entrywise keeps_nonneg orthant "
    "per_observation scale_free tall Zero",
    "tensorly_hdr.solve": "run rounding_floor",
    "tensorly_hdr.model_choice": "NcpOptions",
    "tensorly_hdr.blocks": "Quadratic Entrywise least_squares half_square cancels_below squared_gap",
    "tensorly_hdr.linalg": "unfold khatri_rao gram_hadamard mttkrp reconstruct procrustes",
    "tensorly_hdr.datasets": "Dataset list_datasets",
    "tensorly_hdr.music": "OctaveErrors Score Transcription",
    "tensorly_hdr.music.evaluate": "score_of",
    "tensorly_hdr.plotting": "style use_style",
    "tensorly_hdr.testing": "check_block check_loss check_operator check_penalty check_solver",
}


def trusting() -> set[Any]:
    """The objects that ``TRUSTING`` names."""
    return {
        getattr(importlib.import_module(module), name) for module, names in TRUSTING.items() for name in names.split()
    }


def public() -> dict[Any, str]:
    """Every callable that the package exports or the reference documents, and its name."""
    documented = re.findall(r"automodule:: (\S+)", (ROOT / "book/package/api.md").read_text(encoding="utf-8"))
    found: dict[Any, str] = {}
    for name in ["tensorly_hdr", *documented]:
        module = importlib.import_module(name)
        own = [n for n, v in vars(module).items() if n[0] != "_" and getattr(v, "__module__", None) == name]
        for entry in getattr(module, "__all__", own):
            value = getattr(module, entry)
            if callable(value):
                found.setdefault(value, f"{name}.{entry}")
    return found


def _random(seed: int, *shape: int) -> Any:
    return np.random.default_rng(seed).random(shape) + 0.1


A, Y = _random(1, 6, 3), _random(0, 6, 5)
T = _random(4, 4, 5, 3)
W, H = _random(5, 6, 2), _random(6, 5, 2)
SEEN = np.random.default_rng(7).random((6, 5)) > 0.2
ATOMS = np.random.default_rng(2).standard_normal((6, 9))
SPARSE_CODES = np.random.default_rng(8).random((3, 12)) * (np.random.default_rng(9).random((3, 12)) > 0.5)
NOTES = _random(3, 6, 3, 2)
SEPARABLE = np.c_[A, A @ np.random.default_rng(3).dirichlet(np.ones(3), 6).T]
STOP = {"max_iter": 6, "tol": 1e-9, "max_time": 60.0, "callback": None, "progress": False}


def _nmf(**changes: Any) -> dict[str, Any]:
    defaults = {
        "rank": 2, "loss": "frobenius", "penalties": NonNegative(l1=0.01, l2=0.01), "solver": "auto",
        "init": "svd", "n_init": 2, "n_inner": 2, "extrapolate": False, "balance": None, "fixed": (), "mask": None,
        "seed": 0, **STOP,
    }  # fmt: skip
    return {**defaults, **changes}


_DICTIONARY = {
    "mode": 0, "nonneg": True, "cost": "correlation", "init": "subspace", "n_init": 2, "swap": True, "restart": 1,
    "seed": 0, **STOP,
}  # fmt: skip
_CODED = {"mode": 0, "nonneg": True, "init": "auto", "n_inner": 2, "n_init": 1, "seed": 0, **STOP}
_NNLS = {"A": A, "Y": Y, "penalty": NonNegative(l1=0.1), "solver": "auto", "init": _random(8, 3, 5), **STOP}

#: name of the case and call; several cases of a function look at different paths through it
DOORS: dict[str, Door] = {
    "Beta": Door(hdr.Beta, {"beta": 1.5}),
    "Box": Door(hdr.Box, {"lower": 0.0, "upper": 1.0}),
    "HardSparse": Door(hdr.HardSparse, {"k": 2, "axis": 0, "nonneg": True}),
    "L1": Door(hdr.L1, {"weight": 1.0}),
    "MaxColumnL1": Door(hdr.MaxColumnL1, {"weight": 1.0, "nonneg": False}),
    "NonNegative": Door(hdr.NonNegative, {"l1": 0.1, "l2": 0.1}),
    "Simplex": Door(hdr.Simplex, {"axis": 0, "total": 1.0, "below": False}),
    "SquaredL2": Door(hdr.SquaredL2, {"weight": 1.0}),
    "UnitBall": Door(hdr.UnitBall, {"axis": 0, "nonneg": False}),
    "Sum": Door(Sum, {"penalty": NonNegative(), "linear": np.ones((2, 2)), "ridge": 0.5}),
    "Scaled": Door(Scaled, {"penalty": NonNegative(), "weight": 2.0}),
    "Shifted": Door(Shifted, {"penalty": NonNegative(), "center": np.ones((2, 2))}),
    "Extrapolation": Door(hdr.Extrapolation, {"beta": 0.5, "gamma": 1.05, "gamma_bar": 1.01, "eta": 1.5}),
    "nnls": Door(hdr.nnls, _NNLS, falls=True),
    "nnls_vector": Door(hdr.nnls, {**_NNLS, "Y": Y[:, 0], "init": None, "solver": "fista"}),
    "nnls_hals": Door(hdr.nnls, {**_NNLS, "solver": "hals"}, falls=True),
    "nnls_admm": Door(hdr.nnls, {**_NNLS, "penalty": hdr.Simplex(), "solver": "admm", "init": None}, partial=True),
    "nnkl": Door(
        hdr.nnkl, {**_NNLS, "loss": "kl", "tol_gap": 1e-9, "penalty": NonNegative(l2=0.1), "tol": 0.0}, falls=True
    ),
    "nnkl_mu": Door(hdr.nnkl, {**_NNLS, "loss": "kl", "tol_gap": None, "solver": "mu", "init": None}, falls=True),
    "nnkl_is": Door(
        hdr.nnkl, {**_NNLS, "loss": "is", "tol_gap": None, "solver": "mu", "penalty": None}, falls=True
    ),
    "nnomp": Door(hdr.nnomp, {"A": A, "Y": Y, "k": 2}),
    "sparse_nnls": Door(hdr.sparse_nnls, {"A": A, "Y": Y, "k": 2, "path": True, "solver": "auto", **STOP}),
    "sparse_nnls_tree": Door(
        hdr.sparse_nnls, {"A": A, "Y": Y[:, 0], "k": 2, "path": False, "solver": "branch_and_bound", **STOP}
    ),
    "nmf": Door(hdr.nmf, {"Y": Y, **_nmf()}, falls=True),
    "nmf_kl": Door(hdr.nmf, {"Y": Y, **_nmf(loss="kl", mask=SEEN, init="scaled")}, falls=True),
    "nmf_beta": Door(hdr.nmf, {"Y": Y, **_nmf(loss=hdr.Beta(1.5), penalties=None, init=(W, H))}, falls=True),
    "nmf_fixed": Door(hdr.nmf, {"Y": Y, **_nmf(init=(W, None), fixed=(0,), n_init=1, balance="start")}),
    "ncp": Door(hdr.ncp, {"T": T, **_nmf(init="auto", extrapolate=True)}),
    "pro_als": Door(hdr.pro_als, {"T": T, "rank": 2, "init": "auto", "n_polish": 3, "seed": 0, **STOP}),
    "proco_als": Door(
        hdr.proco_als,
        {"T": T, "rank": 2, "ranks": 2, "exact": False, "init": "auto", "n_polish": 3, "seed": 0, **STOP},
    ),
    "tucker_compress": Door(hdr.tucker_compress, {"T": T, "ranks": (2, 3, 2), **STOP}),
    "nonnegative_tucker": Door(
        hdr.nonnegative_tucker,
        {"T": T, "ranks": 2, "loss": "frobenius", "init": "svd", "n_inner": 2, "seed": 0, **STOP},
        falls=True,
    ),
    "nonnegative_tucker_kl": Door(
        hdr.nonnegative_tucker,
        {"T": T, "ranks": (2, 2, 2), "loss": "kl", "init": "random", "n_inner": 2, "seed": 0, **STOP},
        falls=True,
    ),
    "convolutive_nmf": Door(
        hdr.convolutive_nmf,
        {"S": Y, "rank": 2, "n_taps": 2, "loss": "kl", "templates": None, "adapt": None, "l1": 0.01, "init": "auto",
         "n_init": 2, "n_inner": 1, "mask": None, "seed": 0, **STOP},
        falls=True,
    ),
    "convolutive_nmf_templates": Door(
        hdr.convolutive_nmf,
        {"S": Y, "rank": None, "n_taps": None, "loss": "kl", "templates": NOTES, "adapt": 1.0, "l1": 0.0,
         "init": "auto", "n_init": 1, "n_inner": 1, "mask": np.array([True, True, False, True, True]), "seed": 0,
         **STOP},
    ),
    "minvol_nmf": Door(
        hdr.minvol_nmf,
        {"Y": SEPARABLE, "rank": 2, "loss": "frobenius", "weight": 0.1, "delta": 0.1, "sum_to_one": "H",
         "init": "snpa", "seed": 0, **STOP},
    ),
    "minvol_nmf_kl": Door(
        hdr.minvol_nmf,
        {"Y": SEPARABLE, "rank": 2, "loss": "kl", "weight": 0.1, "delta": 0.1, "sum_to_one": "W", "init": "random",
         "seed": 0, **STOP},
    ),
    "holdout": Door(hdr.holdout, {"Y": Y, "fraction": 0.1, "mask": SEEN, "seed": 0}),
    "project_on_cone": Door(hdr.project_on_cone, {"X": _random(9, 3, 5), "U": A}),
    "rank_one_frobenius": Door(hdr.rank_one_frobenius, {"Y": Y}),
    "rank_one_kl": Door(hdr.rank_one_kl, {"T": T}),
    "rank_two_nmf": Door(hdr.rank_two_nmf, {"Y": Y, "quantile": 0.1}),
    "spa": Door(hdr.spa, {"Y": SEPARABLE, "rank": 3}),
    "snpa": Door(hdr.snpa, {"Y": SEPARABLE, "rank": 3}),
    "bspline_dictionary": Door(
        hdr.bspline_dictionary,
        {"points": np.linspace(0, 1, 8), "n_splines": (4, 5), "degree": 2, "knots": None, "normalize": True},
    ),
    "bspline_knots": Door(
        hdr.bspline_dictionary,
        {"points": np.linspace(0, 1, 8), "n_splines": None, "degree": 2, "knots": [0.0, 0.3, 1.0], "normalize": False},
    ),
    "dictionary_cp": Door(
        hdr.dictionary_cp, {"T": T, "rank": 2, "D": _random(10, 4, 6), "k": 2, "solver": "auto", **_CODED}
    ),
    "dictionary_cp_modes": Door(
        hdr.dictionary_cp,
        {"T": T, "rank": 2, "D": {0: _random(10, 4, 6)}, "k": {0: (1, 2)}, "solver": "homp", **_CODED, "init": "svd"},
    ),
    "smooth_cp": Door(hdr.smooth_cp, {"T": T, "rank": 2, "basis": _random(11, 4, 3), **_CODED}),
    "complete_dictionary_learning": Door(
        hdr.complete_dictionary_learning,
        {"M": SPARSE_CODES, "rank": 3, "k": 2, "solver": "alternating", "init": "facets", "n_init": 2, "n_inner": 2,
         "seed": 0, **STOP},
    ),
    "complete_dictionary_ao_admm": Door(
        hdr.complete_dictionary_learning,
        {"M": SPARSE_CODES, "rank": 3, "k": 2, "solver": "ao_admm", "init": "random", "n_init": 2, "n_inner": 2,
         "seed": 0, **STOP},
    ),
    "facets": Door(hdr.facets, {"M": SPARSE_CODES, "rank": 3, "k": 2, "tol": 1e-6, "limit": 100}),
    "identifiability_bound": Door(hdr.identifiability_bound, {"r": 5, "k": 2, "total": True}),
    "spark": Door(hdr.spark, {"D": ATOMS, "tol": 1e-9}),
    "assign": Door(dictionary.assign, {"score": Y}),
    "mixed_sparse_coding": Door(
        hdr.mixed_sparse_coding,
        {"Y": Y, "D": ATOMS, "B": H, "k": 2, "solver": "block_fista", "nonneg": True, "init": None, "n_init": 2,
         "seed": 0, **STOP},
    ),
    "mixed_sparse_coding_homp": Door(
        hdr.mixed_sparse_coding,
        {"Y": Y, "D": ATOMS, "B": H, "k": (1, 2), "solver": "homp", "nonneg": False, "init": _random(3, 9, 2),
         "n_init": 1, "seed": 0, **STOP},
    ),
    "one_sparse_dlra": Door(hdr.one_sparse_dlra, {"Y": Y, "D": ATOMS, "rank": 2, **_DICTIONARY}),
    "one_sparse_dlra_T": Door(
        hdr.one_sparse_dlra,
        {"Y": T, "D": _random(10, 4, 6), "rank": 2, **_DICTIONARY, "cost": "angle", "swap": False},
    ),
    "multiple_dictionaries_dlra": Door(
        hdr.multiple_dictionaries_dlra,
        {"Y": Y, "dictionaries": [ATOMS[:, :4], ATOMS[:, 4:]], "counts": (1, 1), "rank": 2, "overlap": "refuse",
         **_DICTIONARY},
    ),
    "compare_ranks": Door(
        hdr.compare_ranks,
        {"T": T, "ranks": [1, 2], "n_init": 2, "fraction": 0.2, "mask": None, "seed": 0, "loss": "frobenius", **STOP},
        partial=True,
    ),
    "balance": Door(hdr.balance, {"factors": [W, H], "penalties": SquaredL2(1.0)}),
    "scale": Door(hdr.scale, {"T": Y, "factors": [W, H], "penalties": NonNegative(l1=0.1, l2=0.1)}),
    "kkt_residual": Door(
        metrics.kkt_residual, {"A": A, "Y": Y, "X": _random(8, 3, 5), "penalty": NonNegative(l1=0.1)}
    ),
    "kl_gap": Door(metrics.kl_gap, {"A": A, "Y": Y, "X": _random(8, 3, 5), "l1": 0.1}),
    "factor_match_score": Door(
        metrics.factor_match_score, {"estimate": [W, H], "truth": [W + 0.1, H], "weights": True}
    ),
    "core_consistency": Door(
        metrics.core_consistency, {"T": T, "factors": [_random(n, n, 2) for n in T.shape], "mask": T > 0.5}
    ),
    "spectral_angle": Door(metrics.spectral_angle, {"a": W, "b": W + 0.1}),
    "nmse": Door(metrics.nmse, {"estimate": Y + 0.1, "truth": Y}),
    "rmse": Door(metrics.rmse, {"estimate": Y + 0.1, "truth": Y}),
    "psnr": Door(metrics.psnr, {"estimate": Y + 0.1, "truth": Y, "peak": 1.0}),
    "support_score": Door(metrics.support_score, {"estimate": Y, "truth": Y, "threshold": 0.1}),
    "value": Door(majorants.value, {"A": A, "y": Y[:, 0], "X": _random(8, 3, 5), "loss": "kl"}),
    "jensen": Door(majorants.jensen, {"A": A, "y": Y[:, 0], "x": A[0], "X": _random(8, 3, 5), "loss": "kl"}),
    "second_order": Door(
        majorants.second_order,
        {"A": A, "y": Y[:, 0], "x": A[0], "X": _random(8, 3, 5), "u": A[1], "loss": "frobenius"},
    ),
    "gradient": Door(majorants.gradient, {"A": A, "y": Y[:, 0], "x": A[0], "X": _random(8, 3, 5), "loss": "kl"}),
    "diagonal": Door(majorants.diagonal, {"H": A.T @ A, "u": A[0]}),
    "to_tensorly": Door(interop.to_tensorly, {"factors": [W, H]}),
    "from_tensorly": Door(interop.from_tensorly, {"cp": (np.ones(2), [W, H])}),
    "label": Door(interop.label, {"factors": [W, H], "like": Y}),
    "load": Door(datasets.load, {"name": "kinetic_fluorescence"}),
    **SOUND_DOORS,
}  # fmt: skip
