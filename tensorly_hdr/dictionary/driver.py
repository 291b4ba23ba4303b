"""What the factorizations with atoms share: checks at the door, the starts, the run, the result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr._labels import Axis, axes_of
from tensorly_hdr.dictionary.alternation import Atoms, Fit, Plan, search
from tensorly_hdr.dictionary.assignment import COSTS, Pool
from tensorly_hdr.dictionary.result import AtomsResult
from tensorly_hdr.dictionary.starts import starting_atoms
from tensorly_hdr.factorization.result import as_cp
from tensorly_hdr.solve import Status, Stop, run

TOL = 1e-8
ROUNDING = {np.dtype(np.float64): 1e-20, np.dtype(np.float32): 1e-10}  # squared residual, relative, of an exact fit


class Options(TypedDict):
    """What the public functions take, as the user gave it."""

    nonneg: Any
    cost: Any
    init: Any
    n_init: Any
    swap: Any
    restart: Any
    seed: Any
    stop: Stop


@dataclass(frozen=True)
class Data:
    """Checked data, and the mode whose factor is made of atoms."""

    T: NDArray
    mode: int
    axes: tuple[Axis, ...] | None
    given: Any
    """What the user gave: its labels are compared with those of the dictionary."""


def data(Y: Any, mode: Any) -> Data:
    """Check the data and the mode."""
    axes = axes_of(Y)
    order = check.order_of("Y", Y, matrix=False)
    T = check.as_array("Y", Y)
    mode = check.mode(mode, order)
    return Data(T, mode, axes, Y)


def dictionary(name: str, D: Any, Y: Data) -> NDArray:
    """Check a dictionary against the data."""
    check.labels_of_mode(name, D, "Y", Y.given, Y.mode)
    array = check.as_array(name, D, ndim=2)
    check.same_size(**{f"rows_of_{name}": len(array), f"size_of_mode_{Y.mode}_of_Y": Y.T.shape[Y.mode]})
    check.nonzero_atoms(name, array)
    return np.asarray(array)


def solve(Y: Data, pool: Pool, given: Options, solver: str) -> AtomsResult:
    """Search from each start and keep the best; the result is of the type of the atoms."""
    options, rng = check.stop_options(given["stop"]), check.generator(given["seed"])
    check.choice("cost", given["cost"], COSTS)
    nonneg, swap = check.flag("nonneg", given["nonneg"]), check.flag("swap", given["swap"])
    plan = Plan(swap, check.count("restart", given["restart"]), options.pop("tol", TOL))
    T = np.ascontiguousarray(np.moveaxis(Y.T, Y.mode, 0), dtype=np.float64)
    fit = Fit(T, pool, nonneg, given["cost"], ROUNDING[pool.atoms.dtype])
    inits = [_in_front(given["init"], Y)] + ["random"] * (check.positive_int("n_init", given["n_init"]) - 1)
    runs = []
    for init in inits:
        steps = search(fit, partial(starting_atoms, fit, init, rng), plan, rng)
        runs.append(run(steps, lambda s: s.loss, tol=0.0, view=lambda s: _back(_as_given(pool, s), Y.mode), **options))
    losses = np.array([trace.loss[-1] for _, trace, _, _ in runs])
    state, trace, status, n_iter = runs[int(np.argmin(losses))]
    order = np.argsort(pool.source[state.indices], kind="stable")
    factors = [u[:, order].astype(pool.atoms.dtype, copy=False) for u in _as_given(pool, state)]
    x = as_cp(_back(factors, Y.mode))
    kept = {"starts": losses, "indices": state.indices[order], "mode": Y.mode}
    return AtomsResult(x, trace, _verdict(status, fit, state), n_iter, solver, Y.axes, **kept)


def _verdict(status: Status, fit: Fit, state: Atoms) -> Status:
    """A search that came to its end has proven its answer only where nothing is left of the data."""
    return status if status != "converged" else "optimal" if fit.is_exact(state.loss) else "stalled"


def _as_given(pool: Pool, state: Atoms) -> list[NDArray]:
    """Factors with the atoms as the user gave them, not of length one."""
    return [pool.atoms[:, state.indices], state.factors[1] / pool.lengths[state.indices], *state.factors[2:]]


def _back(factors: Sequence[NDArray], mode: int) -> list[NDArray]:
    """Factors in the order of the modes."""
    return [*factors[1 : mode + 1], factors[0], *factors[mode + 1 :]]


def _in_front(init: Any, Y: Data) -> Any:
    """Start whose factor of atoms comes first; the default is the subspace."""
    init = check.start(init)
    if isinstance(init, str):
        return "subspace" if init == "auto" else init
    weights = getattr(init, "weights", None)
    arrays = list(getattr(init, "factors", init))
    check.same_size(factors_in_init=len(arrays), modes_of_Y=Y.T.ndim)
    atoms = arrays.pop(Y.mode)
    return [atoms if weights is None else np.asarray(atoms) * np.asarray(weights), *arrays]
