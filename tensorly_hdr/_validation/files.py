"""Checks of files that are read or written."""

import os
from collections.abc import Iterable
from os import PathLike, fspath
from pathlib import Path
from typing import Any


def is_path(x: Any) -> bool:
    """Tell the name of a file."""
    return isinstance(x, str | PathLike)


def file_there(name: str, path: Any) -> str:
    """Refuse a path that leads to no file, or to an empty one."""
    where = Path(fspath(path))
    if where.is_dir():
        raise FileNotFoundError(f"{name}: {str(path)!r} is a folder; give a file in it.")
    if not where.is_file():
        raise FileNotFoundError(f"{name}: there is no file {str(path)!r}.")
    if where.stat().st_size == 0:
        raise ValueError(f"{name}: the file {str(path)!r} is empty (0 bytes).")
    return str(where)


def unreadable(name: str, source: Any, formats: str, error: Exception) -> ValueError:
    """Error that says that a file is not of a known format; the reason of the reader is kept."""
    shown = repr(fspath(source)) if is_path(source) else type(source).__name__
    text = " ".join(str(error).split())
    reason = text if " " in text else "its content is damaged, or of another kind"  # a bare key explains nothing
    return ValueError(f"{name}: {shown} cannot be read ({reason}); give {formats}.")


def path_or_file(name: str, file: Any, method: str) -> bool:
    """Tell a path from an open binary file, and refuse what is neither."""
    if is_path(file):
        return True
    if not callable(getattr(file, method, None)):
        raise TypeError(f"{name} must be a path or an open binary file, got {type(file).__name__}.")
    return False


def is_recording(path: str) -> None:
    """Refuse to transcribe notes."""
    if Path(path).suffix.lower() in (".mid", ".midi"):
        raise ValueError(f"{path!r} is a MIDI file, it holds notes already; give a recording.")


def can_write(name: str, path: Any, others: Iterable[Any], *, replace: bool) -> None:
    """Refuse a file that cannot be made, that is there already, or that is read or written beside it."""
    where = Path(path)
    if str(path) == "-":
        raise ValueError(f"{name}: '-' is no name of a file, and the standard output is not written to; give a name.")
    if not where.parent.is_dir():
        raise FileNotFoundError(f"{name}: there is no folder {str(where.parent)!r}; make it first.")
    if where.is_dir():
        raise IsADirectoryError(f"{name}: {str(path)!r} is a folder; give the name of a file.")
    if any(_same_file(where, Path(other)) for other in others):
        raise ValueError(f"{name}: {str(path)!r} would overwrite another file of the same command; give another name.")
    if where.is_file() and not replace:
        raise FileExistsError(f"{name}: the file {str(path)!r} exists; replace it by --force, or give another name.")
    if not os.access(where if where.exists() else where.parent, os.W_OK):
        raise PermissionError(f"{name}: you may not write {str(path)!r}; give another name.")


def _same_file(a: Path, b: Path) -> bool:
    """Two names of one file: the same path, or links to it."""
    return a.resolve() == b.resolve() or (a.exists() and b.exists() and a.samefile(b))
