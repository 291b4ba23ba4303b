"""``numba.njit`` with a cache on disk where there is a place for it, and a clock of what it compiles."""

from collections.abc import Callable
from typing import Any, TypeVar, overload

import numba as nb
from numba.core import event

from tensorly_hdr import _compiling

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


@overload
def njit(function: Kernel) -> Kernel: ...
@overload
def njit(*, fastmath: set[str]) -> Callable[[Kernel], Kernel]: ...
def njit(function: Any = None, **options: Any) -> Any:
    """Compile a function at its first call; without a cache where numba finds no directory that it may write to.

    A package installed by somebody else, and a home that cannot be written, are usual in containers.
    """
    if function is None:
        return lambda f: njit(f, **options)
    try:
        return nb.njit(cache=True, **options)(function)
    except RuntimeError as error:
        if "no locator available" not in str(error):
            raise
        return nb.njit(**options)(function)


class _Clock(event.Listener):
    def on_start(self, event: Any) -> None:
        _compiling.begin(event.data["dispatcher"].py_func.__name__.lstrip("_"))

    def on_end(self, event: Any) -> None:
        _compiling.end()


_clock = _Clock()
event.register("numba:compile", _clock)  # type: ignore[no-untyped-call]
