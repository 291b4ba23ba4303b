"""Files are written whole or not at all: beside their place, then moved there."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tensorly_hdr import _validation as check


@contextmanager
def replacing(file: Any) -> Iterator[IO[bytes]]:
    """Binary file to write into, which becomes ``file`` when the block ends well.

    When it does not (the disk is full, Ctrl-C) what ``file`` was before is still there. A file object is handed back
    as it is, and so are devices and pipes, which have no old content to keep.
    """
    if not check.path_or_file("file", file, "write"):
        yield file
        return
    target = Path(file).resolve()  # a link keeps pointing to its file
    check.can_write("file", target, (), replace=True)
    if target.exists() and not target.is_file():
        with target.open("wb") as device:
            yield device
        return
    beside = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with beside.open("xb") as whole:
            yield whole
        if target.exists():
            beside.chmod(target.stat().st_mode & 0o7777)
        os.replace(beside, target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
