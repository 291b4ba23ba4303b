"""How long numba has compiled, so that no trace counts it, and word of it to whom it keeps waiting."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

_log = logging.getLogger("tensorly_hdr")


class _Spent(threading.local):
    """Of a thread: seconds compiled, compilations under way (a kernel compiles those it calls), and whom to tell."""

    seconds = 0.0
    depth = 0
    since = 0.0
    tell: Callable[[str], object] | None = None


_spent = _Spent()


def begin(name: str) -> None:
    """Called when the compilation of a kernel starts."""
    if _spent.depth == 0:
        _spent.since = perf_counter()
        _log.info("compiling %s for arrays of this type; the result is kept", name)
        if _spent.tell is not None:
            _spent.tell(f"compiling {name}")
    _spent.depth += 1


def end() -> None:
    """Called when the compilation of a kernel ends."""
    _spent.depth -= 1
    if _spent.depth == 0:
        _spent.seconds += perf_counter() - _spent.since
        if _spent.tell is not None:
            _spent.tell("")


def seconds() -> float:
    """Seconds that this thread has compiled so far."""
    return _spent.seconds


@contextmanager
def told(tell: Callable[[str], object] | None) -> Iterator[None]:
    """Call ``tell`` with what is compiled, and with nothing once it is."""
    before, _spent.tell = _spent.tell, tell
    try:
        yield
    finally:
        _spent.tell = before
