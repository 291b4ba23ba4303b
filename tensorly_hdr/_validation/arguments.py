"""Checks of numbers, names and options."""

from collections.abc import Iterable, Mapping, Sequence
from math import inf, isfinite, prod
from typing import Any

import numpy as np

from tensorly_hdr._validation.keywords import VALUES, likely

LARGEST = 2**62  # what counts iterations is a machine integer


def choice(name: str, value: Any, options: Mapping[str, Any]) -> Any:
    """Look ``value`` up in ``options``, or list the options."""
    if not isinstance(value, str) or value not in options:
        meant = likely(value, options, VALUES) if isinstance(value, str) else None
        remedy = f"; did you mean {meant!r}?" if meant else "."
        raise ValueError(f"{name} must be one of {sorted(options)}, got {value!r}{remedy}")
    return options[value]


def solver(value: Any, options: Mapping[str, Any]) -> Any:
    """Solver by name; a function stands for itself."""
    return value if callable(value) else choice("solver", value, options)


def finite_float(name: str, value: Any) -> None:
    """Check that ``value`` is a finite number."""
    if not _is_number(value) or not isfinite(_float(value)):
        raise ValueError(f"{name} must be a finite number, got {value!r}.")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _float(value: Any) -> float:
    """Return ``value`` as a float, infinite where an integer is beyond them."""
    try:
        return float(value)
    except OverflowError:
        return inf


def distinct_names(what: str, names: Sequence[str]) -> None:
    """Refuse axes that share a name: the result could not be labelled."""
    if len(set(names)) < len(names):
        raise ValueError(f"the dimensions of {what} must have different names, got {tuple(names)}; rename one.")


def holds_several(value: Any) -> bool:
    """Whether a value is a collection: no text, and no array without dimensions, which cannot be iterated over."""
    return isinstance(value, Iterable) and not isinstance(value, str | bytes) and getattr(value, "ndim", 1) != 0


def positive_int(name: str, value: Any, *, at_most: int | None = None, why: str = "") -> int:
    """Return ``value`` as an int of at least one, and of at most ``at_most``."""
    is_int = isinstance(value, int | np.integer) and not isinstance(value, bool | np.bool_)
    if not is_int or value < 1:
        raise ValueError(f"{name} must be a positive integer, got {value!r}.")
    at_most = LARGEST if at_most is None else at_most
    if value > at_most:
        raise ValueError(f"{name} must be at most {at_most}{why}, got {value}.")
    return int(value)


def rank(value: Any, shape: Sequence[int]) -> int:
    """Return a number of components, at most the number of entries of the data: with as many, any data are fitted."""
    return positive_int("rank", value, at_most=prod(shape), why=", the number of entries of the data")


def taps(value: Any, shape: Sequence[int]) -> int:
    """Return a number of taps, at most the number of entries of the data; more could not even be held."""
    return positive_int("n_taps", value, at_most=prod(shape), why=", the number of entries of S")


def distinct_ints(name: str, values: Any) -> tuple[int, ...]:
    """Return ``values`` as a tuple of different positive integers, at least one."""
    if not holds_several(values):
        raise TypeError(f"{name} must be a sequence of positive integers, as in range(1, 6), got {values!r}.")
    out = tuple(positive_int(f"{name}[{k}]", v) for k, v in enumerate(values))
    if not out or len(set(out)) < len(out):
        raise ValueError(f"{name} must hold at least one integer, and none twice, got {out}.")
    return out


def multilinear_ranks(value: Any, shape: Sequence[int]) -> tuple[int, ...]:
    """One rank a mode, of an int or a sequence: at most the size of the mode and the product of the other ranks."""
    many = holds_several(value)
    each = list(value) if many else [value] * len(shape)
    if len(each) != len(shape):
        raise ValueError(f"ranks must be one integer, or one for each of the {len(shape)} modes, got {len(each)}.")
    names = [f"ranks[{m}]" if many else "ranks" for m in range(len(shape))]
    ranks = [
        positive_int(name, r, at_most=n, why=f", the size of mode {m}")
        for m, (name, r, n) in enumerate(zip(names, each, shape, strict=True))
    ]
    for name, r in zip(names, ranks, strict=True):
        positive_int(name, r, at_most=prod(ranks) // r, why=", the product of the other ranks")
    return tuple(ranks)


def nonneg_float(name: str, value: Any, *, positive: bool = False) -> float:
    """Return ``value`` as a finite float, at least zero (above zero if ``positive``)."""
    word = "positive" if positive else "nonnegative"
    if not _is_number(value):
        raise TypeError(f"{name} must be a {word} number, got {value!r}.")
    number = _float(value)
    if not isfinite(number) or number < 0 or (positive and number == 0):
        raise ValueError(f"{name} must be a {word} finite number, got {value!r}.")
    return number


def fraction(name: str, value: Any) -> float:
    """Return ``value`` as a float between zero and one, both included."""
    if nonneg_float(name, value) > 1:
        raise ValueError(f"{name} must be a fraction between 0 and 1, got {value!r}.")
    return float(value)


def growth_rates(gamma_bar: Any, gamma: Any, eta: Any) -> None:
    """Check the rates of an extrapolation."""
    values = [nonneg_float(k, v) for k, v in (("gamma_bar", gamma_bar), ("gamma", gamma), ("eta", eta))]
    if not 1.0 <= values[0] < values[1] < values[2]:
        raise ValueError(f"1 <= gamma_bar < gamma < eta is needed, got gamma_bar, gamma, eta = {values}.")


def rule_or_flag(name: str, value: Any, rule: type) -> Any:
    """Return None for False or None, the default rule for True, the rule itself else."""
    if value is None or isinstance(value, bool | np.bool_):
        return rule() if value else None
    if not isinstance(value, rule):
        raise TypeError(f"{name} must be True, False or {rule.__name__}(...), got {value!r}.")
    return value


def tail(name: str, value: Any) -> float:
    """Return ``value`` as a fraction below one half: what may be cut at both ends."""
    if fraction(name, value) >= 0.5:
        raise ValueError(f"{name} must be below 0.5, since it is cut at both ends, got {value!r}.")
    return float(value)


def axis(value: Any) -> None:
    """Check the axis of a penalty on whole columns or rows."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value not in (0, 1):
        raise ValueError(f"axis must be 0 (constrain each column) or 1 (constrain each row), got {value!r}.")


def interval(lower: Any, upper: Any) -> None:
    """Check the bounds of a box; NaN fails too."""
    if not (_is_number(lower) and _is_number(upper)) or not lower <= upper or lower == np.inf or upper == -np.inf:
        raise ValueError(f"lower must be at most upper, both numbers, got lower={lower!r}, upper={upper!r}.")


def generator(seed: Any) -> np.random.Generator:
    """Make a generator of a seed: None, a nonnegative int, or a Generator."""
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise ValueError(f"seed must be None, a nonnegative integer or a numpy Generator, got {seed!r}.") from None


def flag(name: str, value: Any) -> bool:
    """Return ``value`` as a bool; numbers and arrays are refused, they usually are another argument."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, got {value!r}.")
    return bool(value)


def stop_options(stop: Mapping[str, Any]) -> dict[str, Any]:
    """Check the options of :class:`tensorly_hdr.solve.Stop`; an unknown name is a TypeError."""
    known = ("max_iter", "tol", "max_time", "callback", "progress")
    unknown = sorted(set(stop) - set(known))
    if unknown:
        raise TypeError(f"unknown option(s) {unknown}; the stop options are {list(known)}.")
    out = dict(stop)
    if not _is_number(out.get("max_iter")) or out["max_iter"] != 0:
        positive_int("max_iter", out.get("max_iter", 1))
    nonneg_float("tol", out.get("tol", 0.0))
    if not _is_number(out.get("max_time", inf)) or out.get("max_time", inf) != inf:
        nonneg_float("max_time", out["max_time"])
    if out.get("callback") is not None and not callable(out["callback"]):
        raise TypeError(f"callback must be a function of (k, x, info), got {out['callback']!r}.")
    flag("progress", out.get("progress", False))
    return out


def name_of(function: Any) -> str:
    """Name to show for a user's function, a partial included."""
    return str(getattr(getattr(function, "func", function), "__name__", type(function).__name__))


def enough_columns(found: int, wanted: int, name: str = "Y") -> None:
    """Refuse to pick more columns than span the data."""
    if found < wanted:
        raise ValueError(
            f"rank must be at most {found}: {found} column(s) of {name} already explain all of it, got {wanted}."
            if found
            else f"{name} is all zero: there is no column to pick."
        )


def rank_two(name: str, found: int) -> None:
    """Refuse data of rank below two: the factors would not be determined by them."""
    if found < 2:
        remedy = "there is nothing to factorize" if found == 0 else "use rank_one_frobenius or rank_one_kl"
        raise ValueError(f"{name} must have rank two or more, got rank {found}: {remedy}.")


def two_ends(name: str, value: float, low: float, high: float) -> None:
    """Refuse a quantile that leaves one point of the data."""
    if not low < high:
        raise ValueError(f"{name}={value} leaves a single point of the data; make it smaller.")


def few_subsets(name: str, count: int, most: int) -> None:
    """Refuse a brute force over too many subsets of columns."""
    if count > most:
        raise ValueError(f"{name} has {count} subsets of columns to look at, more than {most}; pass fewer columns.")


def full_rank(name: str, found: int, wanted: int) -> None:
    """Refuse data of lower rank than the number of atoms, some of which would be free."""
    if found < wanted:
        raise ValueError(f"rank must be at most {found}, the rank of {name}: other atoms would be free, got {wanted}.")


def few_supports(count: int, most: int) -> None:
    """Refuse an exact coding that would try too many supports."""
    if count > most:
        raise ValueError(f"solver='alternating' would try {count} supports a column; use 'ao_admm' or a smaller k.")


def sizes(name: str, value: Any, *, count: int | None = None) -> tuple[int, ...]:
    """Return the size of each mode, ``count`` of them, or one or more; a number alone is a frequent slip."""
    if not isinstance(value, Sequence | range) and not (isinstance(value, np.ndarray) and value.ndim == 1):
        raise TypeError(f"{name} must be a sequence of sizes, one a mode, as in (5, 4), got {value!r}.")
    if isinstance(value, str | bytes) or len(value) != (count or max(len(value), 1)):
        raise ValueError(f"{name} must hold {count or 'one or more'} sizes, one a mode, got {value!r}.")
    return tuple(positive_int(f"{name}[{m}]", n) for m, n in enumerate(value))


def pair(name: str, value: Any, what: str) -> tuple[Any, Any]:
    """Return the two parts of ``value``; ``what`` names them."""
    try:
        parts = tuple(value) if holds_several(value) and not isinstance(value, set | dict) else ()
    except (TypeError, ValueError):  # a sparse array, or a decomposition that does not go through a check of its own
        parts = ()
    if len(parts) != 2:
        raise TypeError(f"{name} must be a pair {what}, got {type(value).__name__}.")
    return parts
