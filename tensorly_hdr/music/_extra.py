"""Packages that the extra ``music`` brings, imported when first needed."""

from importlib import import_module
from typing import Any

from tensorly_hdr import _install


def package(name: str, *, extra: str = "music") -> Any:
    """Import a package of an extra, or say how to install it."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(f"{name.split('.')[0]} is needed here: {_install.command(extra)}") from error
