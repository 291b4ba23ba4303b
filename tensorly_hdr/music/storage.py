"""Dictionaries of notes on disk: .npz files of plain arrays and text; nothing in them is ever executed.

The templates are stored in half precision, each divided by its largest entry, which is stored beside it.
"""

from __future__ import annotations

import json
import struct
import zlib
from importlib.resources import files
from typing import Any
from zipfile import BadZipFile, ZipFile, is_zipfile

import numpy as np
import xarray as xr

from tensorly_hdr import _validation as check
from tensorly_hdr.music._files import replacing
from tensorly_hdr.music.templates import Templates

FORMAT = "tensorly-hdr templates 1"
SHIPPED = {"piano": "piano.npz"}
"""Dictionaries that come with the package."""
# what zipfile, zlib and NumPy raise on archives that are damaged
_DAMAGED: tuple[type[Exception], ...] = (
    *(OSError, ValueError, BadZipFile, EOFError, TypeError, AttributeError),
    *(LookupError, RuntimeError, MemoryError, struct.error, zlib.error),
)
_ARRAYS = ("W", "scale", "frequency", "pitch", "latency", "threshold")
_NEEDED = ("format", "about", *_ARRAYS)
LARGEST = 2**28  # bytes of an unpacked archive; the piano that comes with the package takes 0.8 million


def save_templates(templates: Templates, file: Any) -> None:
    """Write templates to a path, as it is given, or a binary file object, compressed; half precision (three digits)."""
    check.is_instance("templates", templates, Templates, "learn_templates or load_templates")
    W = templates.W.values
    scale = W.max(axis=(0, 1))
    settings = {name: getattr(templates, name) for name in ("rate", "n_fft", "hop", "power")}
    arrays = dict(
        format=np.array(FORMAT),
        about=np.array(json.dumps({"settings": settings, "source": templates.source})),
        W=(W / np.where(scale > 0, scale, 1.0)).astype(np.float16),
        scale=scale.astype(np.float32),
        frequency=templates.W["frequency"].values,
        pitch=templates.pitch.astype(np.int16),
        latency=templates.latency.astype(np.float32),
        threshold=templates.threshold.astype(np.float32),
    )
    with replacing(file) as whole:  # an open file keeps its name: NumPy would append .npz to a path without it
        np.savez_compressed(whole, **arrays)


@check.known_options
def load_templates(source: Any = "piano") -> Templates:
    """Read a dictionary of notes: one that comes with the package, by name, or a file of :meth:`Templates.save`.

    Parameters
    ----------
    source : "piano", path, or binary file object
        "piano" is a Yamaha C5, learnt from the recordings of A. Holm (CC BY 3.0); ``source`` of the result tells more.

    Raises
    ------
    FileNotFoundError, ValueError
        When there is no such file, or it holds no templates. Pickled objects are refused, never loaded.

    Examples
    --------
    >>> load_templates("piano")
    Templates(88 notes, A0 to C8, 10 taps, source: Yamaha C5...)
    """
    if isinstance(source, str) and source in SHIPPED:
        with (files("tensorly_hdr.music") / "data" / SHIPPED[source]).open("rb") as file:
            return _read(file, source)
    if check.path_or_file("templates", source, "read"):
        with open(check.file_there("templates", source), "rb") as file:
            return _read(file, source)
    return _read(source, getattr(source, "name", "the file"))


def _read(file: Any, name: Any) -> Templates:
    wanted = "a .npz file written by Templates.save"
    try:
        start = file.tell()
        if not is_zipfile(file):  # NumPy would take it for a pickle, and advise to trust it
            raise BadZipFile("it is no such archive")
        file.seek(start)
        with ZipFile(file) as members:
            check.small_archive(members.infolist(), LARGEST)
        file.seek(start)
        with np.load(file, allow_pickle=False) as archive:
            found = {key: archive[key] for key in _NEEDED if key in archive.files}
    except _DAMAGED as error:
        raise check.unreadable("templates", name, wanted, error) from error
    check.templates_file(name, found, _NEEDED, FORMAT)
    try:
        return _assembled(found)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise check.unreadable("templates", name, wanted, error) from error


def _assembled(found: dict[str, Any]) -> Templates:
    about = json.loads(str(found["about"]))
    settings = about["settings"]
    pitch = check.whole_numbers("the pitches of W", found["pitch"], 0, 127)
    frequency = ("frequency", found["frequency"], {"long_name": "Frequency", "units": "Hz"})
    W = xr.DataArray(
        found["W"].astype(np.float32) * found["scale"],
        dims=("frequency", "tap", "pitch"),
        coords={"frequency": frequency, "tap": np.arange(found["W"].shape[1]), "pitch": pitch},
    )
    return Templates(
        W,
        found["latency"].astype(float),
        found["threshold"].astype(float),
        int(settings["rate"]),
        int(settings["n_fft"]),
        int(settings["hop"]),
        float(settings["power"]),
        {str(k): str(v) for k, v in about["source"].items()},
    )
