"""Attack every public function: one valid call, one or two arguments replaced by odd values, and what must hold then.

``python -m tests.doors.attack`` tries every single odd value in every argument of the functions that are not
``PENDING`` (``--door`` takes these too), and ``--pairs N`` random pairs for each
function; it prints one line for each failure, which names the case: ``--case "nmf: rank=nan"`` repeats it. Nothing
depends on a clock, and what is drawn depends on the name of the function only.
"""

import argparse
import copy
import re
import sys
import traceback
import warnings
import zlib
from collections.abc import Iterator
from contextlib import chdir
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from scipy import sparse

import tensorly_hdr as hdr

from .odd import values
from .registry import DOORS, Door
from .registry_sound import close_figures

#: what is no mistake: numbers that ask for a long run, and functions of the user's own, whose errors are his
LONG = {"n_init", "n_inner", "max_iter", "n_iter", "n_polish", "restart", "limit", "rounds"}
OWN = {"solver", "callback"}
#: doors of sounds and files that do not yet say clearly what is wrong with every odd argument: to be emptied
PENDING = tuple(
    f"music.{name}"
    for name in (
        "hz_to_pitch_array", "learn_templates", "load_audio", "load_templates", "pitch_name", "read_midi", "render",
        "room", "spectrogram", "transcribe", "write_midi",
    )
)  # fmt: skip

#: a case: the function, and the replaced arguments with the names of their values
Case = tuple[str, tuple[tuple[str, str], ...]]
#: what a message may say of a whole call, whose arguments do not go together
OF_SEVERAL = ("libraries", "memory", "penalty")
#: warnings that the functions announce in their docstrings
DECLARED = ("l1 has no effect", "the penalties of mode", "mask hides all of")


def singles(name: str) -> list[Case]:
    """Every odd value in every argument, one at a time."""
    return [
        (name, ((key, odd),))
        for key, valid in DOORS[name].arguments.items()
        for odd, _ in values(valid)
        if not (key in LONG and odd in ("10**6", "10**30")) and not (key in OWN and odd in ("len", "a class"))
    ]


def pairs(name: str, count: int) -> list[Case]:
    """Two arguments at a time, drawn by the name of the function."""
    rng, every = np.random.default_rng(zlib.crc32(name.encode())), singles(name)
    drawn = [tuple(every[i][1][0] for i in rng.integers(len(every), size=2)) for _ in range(count)]
    return [(name, two) for two in drawn if two[0][0] != two[1][0]]


def sample(name: str, count: int) -> list[Case]:
    """Some of the single cases, other ones for each function."""
    every, rng = singles(name), np.random.default_rng(zlib.crc32(name.encode()) + 1)
    return [every[i] for i in rng.permutation(len(every))[:count]]


def title(case: Case) -> str:
    """One line that names a case."""
    return f"{case[0]}: " + " & ".join(f"{key}={odd}" for key, odd in case[1])


def parse(text: str) -> Case:
    """Case of a title."""
    name, rest = text.split(": ", 1)
    first, *more = rest.split(" & ")
    return name, tuple(tuple(part.split("=", 1)) for part in (first, *more))  # type: ignore[misc]  # two parts each


def failures(case: Case) -> list[str]:
    """What does not hold in a case; empty if all is well."""
    door = DOORS[case[0]]
    arguments = {key: copy.deepcopy(value) for key, value in door.arguments.items()}
    for key, odd in case[1]:
        arguments[key] = dict(values(door.arguments[key]))[odd]()
    before = fingerprint(arguments)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for declared in DECLARED:
                warnings.filterwarnings("ignore", declared, UserWarning)
            result = door.function(**arguments)
    except (ValueError, TypeError) as error:
        found = list(_obscure(error, door))
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        found = [f"{type(error).__name__}: {str(error)[:150]} {_place(error)}"]
    else:
        found = list(_unsound(result, door))
    close_figures()
    if fingerprint(arguments) != before:
        found.append("an argument was modified")
    return found


def _place(error: BaseException) -> str:
    inside = [f for f in traceback.extract_tb(error.__traceback__) if "tensorly_hdr" in f.filename]
    return f"(at {inside[-1].filename.rsplit('tensorly_hdr/', 1)[-1]}:{inside[-1].lineno})" if inside else "(at call)"


def _obscure(error: Exception, door: Door) -> Iterator[str]:
    """An error is raised by the checks at the door, and its message names an argument."""
    text, last = str(error), traceback.extract_tb(error.__traceback__)[-1].filename
    if "_validation" not in last:
        yield f"{type(error).__name__} from within: {text[:150]} {_place(error)}"
    elif not any(re.search(rf"(?<![a-zA-Z]){key}(?![a-zA-Z])", text) for key in (*door.arguments, *OF_SEVERAL)):
        yield f"the message names no argument: {text[:200]}"


def _unsound(result: Any, door: Door) -> Iterator[str]:
    """A result is finite, and its loss does not rise where the door says so."""
    trace, status = getattr(result, "trace", None), getattr(result, "status", "")
    if isinstance(trace, hdr.Trace):
        if not door.partial and (status == "diverged" or not np.isfinite(trace.loss).all()):
            yield f"status {status}, loss {trace.loss[:3]} ... {trace.loss[-3:]}"
        elif door.falls and (rise := _rise(trace.loss)) > 0:
            yield f"the loss rises by {rise:.3g} of its start"
    for k, array in enumerate(() if door.partial else arrays_of(result)):
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            yield f"array {k} of the result is not finite"
            return


def _rise(loss: np.ndarray) -> float:
    """Largest rise of a trace, as a part of its largest entry, beyond rounding."""
    scale = float(np.abs(loss).max()) or 1.0
    rise = float(np.max(np.diff(loss) / scale, initial=0.0))
    return rise if rise > 1e-6 else 0.0  # the loss itself is a difference of large numbers


def arrays_of(result: Any) -> list[np.ndarray]:
    """The arrays of numbers in a result, whatever it is."""
    if hasattr(result, "factors"):
        return [np.asarray(u) for u in result.factors]
    if isinstance(result, hdr.Result):
        return [np.asarray(result.x)]
    if isinstance(result, list | tuple):
        return [a for part in result for a in arrays_of(part)]
    if isinstance(result, np.ndarray | np.generic) or hasattr(result, "dims"):
        return [np.asarray(v) for v in (result.data_vars.values() if hasattr(result, "data_vars") else [result])]
    return []


def fingerprint(x: Any) -> Any:
    """What identifies the numbers in ``x``: equal before and after a call that leaves them alone."""
    if isinstance(x, dict):
        return {key: fingerprint(value) for key, value in x.items()}
    if isinstance(x, list | tuple):
        return [fingerprint(value) for value in x]
    if sparse.issparse(x):
        return [fingerprint(v) for v in vars(x).values() if isinstance(v, np.ndarray)]
    if isinstance(x, np.ndarray):
        return x.shape, x.strides, str(x.dtype), x.tolist() if x.dtype == object else x.tobytes()
    if hasattr(x, "dims") or hasattr(x, "iloc"):
        return fingerprint(np.asarray(x)) if not hasattr(x, "data_vars") else str(x)
    return type(x)


def main() -> int:
    """Run the whole attack."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", help="repeat one case")
    parser.add_argument("--pairs", type=int, default=0, help="random pairs for each function")
    parser.add_argument("--door", help="one function only (part of its name)")
    options = parser.parse_args()
    names = [n for n in DOORS if (options.door in n if options.door else not n.startswith(PENDING))]
    every = [case for n in names for case in (*singles(n), *pairs(n, options.pairs))]
    cases = [parse(options.case)] if options.case else every
    bad = 0
    with TemporaryDirectory() as folder, chdir(folder):  # a name of a file is an odd value too, and is written to
        for case in cases:
            found = failures(case)
            if found:
                bad += 1
                print(title(case), "->", "; ".join(found), flush=True)
    print(f"{len(cases)} cases, {bad} failures", file=sys.stderr)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
