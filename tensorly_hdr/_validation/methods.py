"""Checks of losses, penalties and solvers, and how they go together."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from array_api_compat import array_namespace, is_numpy_array

from tensorly_hdr._validation.arguments import choice, holds_several, nonneg_float
from tensorly_hdr._validation.containers import only_factors
from tensorly_hdr._validation.csr import is_sparse


def supported(solver: str, update: Callable[..., Any], penalty: Any, *, automatic: bool = False) -> None:
    """Check that a named solver declares the penalty; a function of the user's is trusted."""
    accepts = getattr(getattr(update, "func", update), "accepts", None)
    if accepts is not None and not accepts(penalty):
        shown = getattr(penalty, "penalty", penalty)
        rule = f"its rule is {str(accepts.__doc__)!r}"
        if automatic:
            raise ValueError(f"solver 'auto' does not handle {shown!r} here: it takes {solver!r}, and {rule}.")
        raise ValueError(
            f"solver {solver!r} does not handle {shown!r}: {rule}. Use solver='auto', which picks one that does."
        )


def made_for(solver: str, update: Any, table: Mapping[str, Any], known: Any) -> None:
    """Refuse a solver of the package that is made for the other kind of regression; one of the user's is trusted."""
    base = getattr(update, "func", update)
    if base in known and base not in table.values():
        names = ", ".join(repr(name) for name in table)
        raise ValueError(f"solver {solver!r} is made for another loss; here solver can be 'auto', {names}.")


def supports_library(solver: str, update: Callable[..., Any], array: Any) -> None:
    """Check that a solver made of compiled kernels gets NumPy arrays."""
    runs_anywhere = getattr(getattr(update, "func", update), "any_namespace", True)
    if not is_numpy_array(array) and not runs_anywhere:
        raise TypeError(
            f"solver {solver!r} runs on NumPy arrays only, got {type(array).__name__}; convert the data, or, in nnls, "
            "nnkl and the factorizations, use solver='auto', which picks one that does."
        )


def supports_loss(solver: str, update: Callable[..., Any], divergence: Any) -> None:
    """Check that a solver made for Kullback-Leibler gets no other divergence; a function of the user's is trusted."""
    if divergence.beta != 1.0 and not getattr(getattr(update, "func", update), "any_beta", True):
        raise ValueError(f"solver {solver!r} is for the Kullback-Leibler loss, got {divergence!r}; use solver='mu'.")


def divergence(value: Any, options: Mapping[str, Any], Y: Any, penalty: Any) -> Any:
    """Loss of ``nnkl``, by name or itself, checked against the data and the weights of the penalty."""
    chosen = loss(value, options)
    entries = Y.data if is_sparse(Y) else Y
    if is_sparse(Y) and chosen.beta != 1.0:
        raise ValueError(f"Y is sparse: only loss='kl' stays finite and sparse at zeros, got {chosen!r}.")
    if chosen.beta <= 0.0 and float(array_namespace(entries).min(entries)) <= 0:
        raise ValueError("Y must be positive for this loss, which is infinite at zero; add a small constant.")
    beta_penalties(chosen, [penalty])
    return chosen


def gap_options(tol_gap: Any, stop: Mapping[str, Any], divergence: Any) -> dict[str, Any]:
    """Options of the run for a certified stop: the test on the loss is off unless it was asked for."""
    if tol_gap is None:
        return {}
    if divergence.beta != 1.0:
        raise ValueError(f"tol_gap needs the Kullback-Leibler loss: there is no certificate for {divergence!r}.")
    return {"tol_gap": nonneg_float("tol_gap", tol_gap, positive=True), "tol": stop.get("tol", 0.0)}


def search(name: str, value: Any, count: int, few: int, bearable: int) -> str:
    """Name of the search over supports: enumeration while they are ``few``, and never when memory would not do."""
    if isinstance(value, str) and value == "auto":
        return "enumeration" if count <= few else "branch_and_bound"
    choice(name, value, {"auto": None, "enumeration": None, "branch_and_bound": None})
    if value == "enumeration" and count > bearable:
        raise ValueError(f"{name}='enumeration' would list {count} supports; use 'branch_and_bound' or a smaller k.")
    return str(value)


def is_penalty(name: str, penalty: Any) -> None:
    """Check that ``penalty`` is an instance with ``value`` and ``prox`` (a class is a frequent slip)."""
    if isinstance(penalty, type):
        raise TypeError(f"{name} must be a penalty, got the class {penalty.__name__}; write {penalty.__name__}(...).")
    if not (callable(getattr(penalty, "value", None)) and callable(getattr(penalty, "prox", None))):
        raise TypeError(f"{name} must have methods value(u) and prox(u, step), got {penalty!r}.")


def per_mode(name: str, values: Any, order: int, default: Any) -> tuple[Any, ...]:
    """One penalty a mode: the default, the same for all, or as many as there are modes."""
    values = default if values is None else values
    single = hasattr(values, "prox") or not holds_several(values) or isinstance(values, type)
    each = (values,) * order if single else tuple(values)
    if len(each) != order:
        raise ValueError(f"{name} must be one penalty, or one for each of the {order} modes, got {len(each)}.")
    for m, g in enumerate(each):
        is_penalty(f"{name}[{m}]", g)
    return each


def loss(value: Any, options: Mapping[str, Any]) -> Any:
    """Loss by name, or the loss itself; a beta divergence that has a name is taken by it."""
    if isinstance(value, type):
        raise TypeError(f"loss must be a loss, got the class {value.__name__}; write {value.__name__}(...).")
    is_loss = all(hasattr(value, a) for a in ("split", "beta", "value"))
    return getattr(value, "named", value) if is_loss else choice("loss", value, options)


def has_update(function: str, divergence: Any, options: Mapping[str, Any]) -> None:
    """Refuse a loss that is an object, but not one of those which the updates of the function are made for."""
    if divergence not in options.values():
        raise ValueError(f"{function} has no update for the loss {divergence!r}; loss must be one of {list(options)}.")


def beta_penalties(divergence: Any, penalties: Sequence[Any]) -> None:
    """Refuse weights whose exact update is not known: l1 for beta above 1, l2 for beta other than 1."""
    if divergence.beta in (1.0, 2.0):
        return
    for g in penalties:
        if getattr(g, "l2", 0.0) or (getattr(g, "l1", 0.0) and divergence.beta > 1.0):
            raise ValueError(
                f"the penalty {g!r} has no exact update with the loss {divergence!r}: l1 needs beta <= 1 or 2, "
                "l2 needs beta 1 or 2."
            )


def adaptation(adapt: Any, templates: Any, divergence: Any) -> float | None:
    """Pull towards the templates, if they may adapt at all."""
    if adapt is None:
        return None
    if templates is None:
        raise ValueError(f"adapt={adapt!r} needs the templates to stay close to: pass templates=.")
    if nonneg_float("adapt", adapt) > 0 and divergence.beta != 1.0:
        raise ValueError(f"adapt > 0 needs loss='kl', whose update with a pull is exact, got {divergence!r}.")
    return float(adapt)


def one_start(name: str, n: int, templates: Any) -> None:
    """Refuse several starts where nothing of the start is random."""
    if n > 1 and templates is not None:
        raise ValueError(f"{name} must be 1 with templates=, whose start has nothing random, got {n}.")


def templates_keep_scale(l1: float, *, stacklevel: int) -> None:
    """Warn when a penalty on the activations can be escaped."""
    if l1 > 0:
        warnings.warn(
            "l1 has no effect in the end: the templates are free, and take over the scale of the activations at no "
            "cost. Pass templates=, fixed or with adapt > 0.",
            UserWarning,
            stacklevel=stacklevel,
        )


def free_modes(fixed: Any, order: int, init: Any) -> list[int]:
    """Modes to update: all but ``fixed``, which need a start of their own."""
    if not holds_several(fixed):
        raise ValueError(f"fixed must be a sequence of modes, as in fixed=(0,), got {fixed!r}.")
    fixed = list(fixed)
    for m in fixed:
        is_mode = isinstance(m, int | np.integer) and not isinstance(m, bool) and -order <= m < order
        if not is_mode:
            raise ValueError(f"fixed must hold modes from 0 to {order - 1}, got {m!r}.")
    modes = sorted({int(m) % order for m in fixed})
    if len(modes) == order:
        raise ValueError("fixed holds every mode: there is nothing left to fit.")
    if modes and isinstance(init, str):
        raise ValueError(f"fixed={tuple(modes)} needs the values of these factors: pass init=(...), None for others.")
    if modes and not hasattr(init, "factors") and any(init[m] is None for m in modes if m < len(init)):
        raise ValueError(f"init holds no factor for the fixed modes {tuple(modes)}.")
    return [m for m in range(order) if m not in modes]


def well_posed_scales(penalties: Sequence[Any], free: Sequence[int], *, stacklevel: int) -> None:
    """Warn when scale can move from a penalized factor to one that has no penalty: the penalty then does nothing."""
    weighted = [m for m in free if (getattr(penalties[m], "degree", None) or 0) > 0 or _is_mixed(penalties[m])]
    idle = [m for m in free if getattr(penalties[m], "degree", None) == 0]
    if weighted and idle:
        warnings.warn(
            f"the penalties of mode(s) {weighted} have no effect in the end: the factors of mode(s) {idle} have none, "
            "and take over the scale at no cost. Penalize every factor, or bound these with UnitBall() or Simplex().",
            UserWarning,
            stacklevel=stacklevel,
        )


def _is_mixed(penalty: Any) -> bool:
    return bool(getattr(penalty, "l1", 0.0) and getattr(penalty, "l2", 0.0))


def start(init: Any) -> Any:
    """Start of a factorization: a name, something with factors, or a list of arrays; None is the default."""
    if init is None:
        return "auto"
    only_factors("init", init)
    if isinstance(init, str) or hasattr(init, "factors"):
        return init
    if not holds_several(init):
        raise TypeError(f"init must be a name, a result or a sequence of arrays, got {type(init).__name__}.")
    return list(init)


def same_result_shape(label: str, got: Any, wanted: tuple[int, ...]) -> None:
    """Refuse what a user's solver returns when it is not an array of the shape it was given."""
    if tuple(getattr(got, "shape", ())) != wanted:
        shape = getattr(got, "shape", type(got).__name__)
        raise ValueError(f"solver {label!r} must return (u, memory) with u of shape {wanted}, got {shape}.")


def some_seen(name: str, unseen: Sequence[Any] | None, *, stacklevel: int) -> None:
    """Warn when the mask hides whole slices: nothing determines their rows of the factors, which are zero."""
    if unseen is None:
        return
    found = [f"{np.count_nonzero(rows)} slice(s) of mode {m}" for m, rows in enumerate(unseen) if rows.any()]
    if found:
        warnings.warn(
            f"mask hides all of {', '.join(found)} of {name}: nothing determines their rows of the factors, which are "
            "zero; leave these slices out, or do not read their rows.",
            UserWarning,
            stacklevel=stacklevel,
        )


def positive_degree(penalty: Any) -> float:
    """Homogeneity degree of a penalty that balancing can use."""
    degree = getattr(penalty, "degree", None)
    if degree is None or degree <= 0:
        raise ValueError(
            f"balancing needs a penalty of positive degree on every factor, {penalty!r} has degree {degree}; "
            "use NonNegative(l1=..., l2=...), L1 or SquaredL2."
        )
    return float(degree)


def can_be_balanced(penalty: Any) -> None:
    """Refuse a penalty that is neither l1 plus l2 nor of positive degree."""
    if not _is_mixed(penalty):
        positive_degree(penalty)


def scalable(penalty: Any, entry: Any) -> None:
    """Refuse a penalty that is not l1 plus l2 on a cone: its optimal scale is no root of a polynomial."""
    if not isinstance(penalty, entry) or penalty.lower not in (0.0, -np.inf) or penalty.upper != np.inf:
        raise ValueError(f"scaling needs Zero, NonNegative, L1 or SquaredL2 penalties, got {penalty!r}.")


def finite_divergence(Y: Any, A: Any) -> None:
    """Refuse ``KL(Y, A X)`` that is infinite for every ``X``: a zero row of ``A`` under positive data."""
    of_A, of_Y = (np.asarray(v.sum(axis=1) if is_sparse(v) else array_namespace(v).sum(v, axis=1)) for v in (A, Y))
    rows = np.flatnonzero((of_A == 0) & (of_Y > 0))
    if rows.size:
        raise ValueError(
            f"row(s) {rows[:5].tolist()} of A are all zero where Y is positive: the divergence is infinite for any X; "
            "drop these rows from A and Y."
        )


def _is_run(value: Any) -> bool:
    """Whether a value has a trace of its own: an array has one too, the sum of its diagonal."""
    return all(hasattr(getattr(value, "trace", None), part) for part in ("loss", "time"))


def results_by_label(name: str, value: Any) -> dict[str, Any]:
    """Results of solvers by label; one alone is labelled by its solver."""
    found = {str(getattr(value, "solver", "")): value} if hasattr(value, "trace") else value
    if not isinstance(found, Mapping) or not found or not all(_is_run(r) for r in found.values()):
        raise TypeError(f"{name} must be a Result, or a mapping from labels to results, got {type(value).__name__}.")
    return dict(found)
