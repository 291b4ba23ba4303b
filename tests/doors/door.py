"""What a public function is attacked with."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Door:
    """A public function, and one valid value for each argument.

    ``falls`` where the traced loss never rises, ``partial`` where the function says that a part of its result may not
    be finite, or that it may diverge.
    """

    function: Callable[..., Any]
    arguments: dict[str, Any]
    falls: bool = False
    partial: bool = False

    def missing(self) -> set[str]:
        """Arguments of the function that the call does not give."""
        kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        every = {n for n, p in inspect.signature(self.function).parameters.items() if p.kind not in kinds}
        return every - set(self.arguments)
