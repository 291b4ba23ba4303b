"""Checks of the names of options: an unknown one is answered with all that the function has, and the likely one."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

#: what scikit-learn, TensorLy, tlviz and others call our options; the first that the function has is proposed
OPTIONS: dict[str, tuple[str, ...]] = {
    "abs_tol": ("tol",),
    "alpha": ("penalties", "penalty"),
    "alpha_H": ("penalties",),
    "alpha_W": ("penalties",),
    "beta": ("loss",),
    "beta_loss": ("loss",),
    "callbacks": ("callback",),
    "epsilon": ("tol",),
    "fixed_modes": ("fixed",),
    "initialization": ("init",),
    "inner_iter_max": ("n_inner",),
    "l1": ("penalties", "penalty"),
    "l1_ratio": ("penalties", "penalty"),
    "l1_reg": ("penalties", "penalty"),
    "l2": ("penalties", "penalty"),
    "l2_reg": ("penalties", "penalty"),
    "line_search": ("extrapolate",),
    "linesearch": ("extrapolate",),
    "max_iterations": ("max_iter",),
    "maxiter": ("max_iter",),
    "method": ("solver",),
    "n_atoms": ("rank",),
    "n_components": ("rank", "ranks"),
    "n_factors": ("rank", "ranks"),
    "n_iter": ("max_iter",),
    "n_iter_max": ("max_iter",),
    "n_iter_max_inner": ("n_inner",),
    "n_nonzero_coefs": ("k",),
    "n_restarts": ("n_init",),
    "non_negative": ("penalties", "nonneg"),
    "nonnegative": ("penalties", "nonneg"),
    "random_state": ("seed",),
    "reg": ("penalties", "penalty"),
    "ridge_coefficients": ("penalties", "penalty"),
    "rng": ("seed",),
    "sparsity": ("k", "penalties", "penalty"),
    "sparsity_coefficients": ("penalties", "penalty"),
    "stopping_tol": ("tol",),
    "timeout": ("max_time",),
    "tolerance": ("tol",),
    "update_rule": ("solver",),
    "verbose": ("progress",),
    "missing": ("mask",),
}

#: what others call the values of our options
VALUES: dict[str, tuple[str, ...]] = {
    "alspgrad": ("pgd",),
    "anls": ("block_pivoting",),
    "apg": ("fista",),
    "bpp": ("block_pivoting",),
    "cd": ("hals", "ccd"),
    "em": ("mu",),
    "euclidean": ("frobenius",),
    "fro": ("frobenius",),
    "itakura-saito": ("is",),
    "kullback-leibler": ("kl",),
    "lawson-hanson": ("active_set",),
    "ls": ("frobenius",),
    "l2": ("frobenius",),
    "mm": ("mu",),
    "mse": ("frobenius",),
    "multiplicative": ("mu",),
    "nndsvd": ("svd",),
    "nndsvda": ("svd",),
    "nndsvdar": ("svd",),
    "nesterov": ("fista",),
    "poisson": ("kl",),
    "rl": ("mu",),
    "richardson-lucy": ("mu",),
}

MISSING = {"mask", "missing", "missing_mask"}


def likely(value: str, options: Iterable[str], synonyms: Mapping[str, tuple[str, ...]]) -> str | None:
    """Option that was meant: the synonym of another package, or the closest in spelling."""
    known = list(options)
    meant = [name for name in synonyms.get(value, synonyms.get(value.casefold(), ())) if name in known]
    folded = {name.casefold(): name for name in known}
    close = get_close_matches(value.casefold(), folded, n=1, cutoff=0.7)
    return meant[0] if meant else folded[close[0]] if close else None


def known_options(function: Callable[P, R]) -> Callable[P, R]:
    """Make ``function`` answer an unknown keyword with its options and the one that was meant."""
    names, is_open = _options_of(function)

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        if not (is_open or kwargs.keys() <= names.keys()):
            _refuse(function.__name__, [k for k in kwargs if k not in names], names)
        return function(*args, **kwargs)

    return checked


def _options_of(function: Callable[..., Any]) -> tuple[dict[str, None], bool]:
    """Names of the keywords, those of an ``Unpack[TypedDict]`` included; and whether any other is taken too."""
    names: dict[str, None] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is not parameter.VAR_KEYWORD:
            names[name] = None
            continue
        # the text of an annotation is looked up where the function was written
        told = str(parameter.annotation).removeprefix("Unpack[").removesuffix("]")
        options = getattr(function, "__globals__", {}).get(told)
        if options is None:
            return names, True
        names |= dict.fromkeys((*options.__annotations__, *sorted(options.__optional_keys__)))
    return names, False


def _refuse(function: str, unknown: list[str], names: Iterable[str]) -> None:
    meant = {name: likely(name, names, OPTIONS) for name in unknown}
    hints = [f"did you mean {name!r} for {given!r}?" for given, name in meant.items() if name]
    if any(name in ("penalties", "penalty") for name in meant.values()):
        hints.append("NonNegative(l1=..., l2=...) is a penalty with both weights;")
    if MISSING.intersection(unknown) and "mask" not in names:
        of_entries = "missing entries are taken by nmf, ncp, compare_ranks, holdout and core_consistency,"
        hints.append(f"{of_entries} missing frames by convolutive_nmf;")
    refused = f"{function}() has no option {', '.join(map(repr, unknown))}"
    raise TypeError(" ".join([f"{refused}:", *hints, f"its arguments are {', '.join(names)}."]))
