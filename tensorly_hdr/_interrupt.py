"""Ctrl-C while compiled modules are imported."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def postponed() -> Iterator[None]:
    """Hold Ctrl-C back until the block is done.

    Python loses one that comes in the callbacks of its import system, and NumPy's C interface turns one that comes
    while a compiled module is imported into an ImportError, which a fallback then swallows: the run would go on, and
    all later ones without the compiled kernels. A handler of the user's own is left alone, and other threads than the
    main one never get a Ctrl-C.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    pressed = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if pressed:
            raise KeyboardInterrupt
