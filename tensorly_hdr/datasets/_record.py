"""The record every dataset is returned in, and the check of the files behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import xarray as xr


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """A labelled array with all one must know to use it and to cite it.

    Attributes
    ----------
    name : str
        Name in the registry, or name of the generator.
    data : xarray.DataArray
        The measurements: named dimensions, coordinates, units in the ``attrs`` of both.
        A missing entry is NaN.
    truth : dict of xarray.DataArray
        What is known beside the measurements: factors, class labels; empty if nothing is.
    description, source, licence, citation : str
        What was measured or simulated, where the numbers come from, what one may do with
        them, what to cite.
    sha256 : dict of str
        Digest of each file read, as recorded when this package was written; the digests are
        compared at every load. Empty for simulated data.

    Examples
    --------
    >>> from tensorly_hdr import datasets
    >>> datasets.synthetic.low_rank((4, 5), rank=2, seed=0)
    <Dataset low_rank: mode_0 4, mode_1 5; truth: factor_0, factor_1>
    """

    name: str
    data: xr.DataArray
    truth: dict[str, xr.DataArray] = field(default_factory=dict)
    description: str = ""
    source: str = ""
    licence: str = ""
    citation: str = ""
    sha256: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{dim} {size}" for dim, size in self.data.sizes.items())
        truth = f"; truth: {', '.join(self.truth)}" if self.truth else ""
        return f"<Dataset {self.name}: {sizes}{truth}>"


def check_files(folder: Path, digests: Mapping[str, str]) -> None:
    """Compare the files of ``folder`` with their recorded sha256, given as name -> digest."""
    for name, expected in digests.items():
        found = sha256((folder / name).read_bytes()).hexdigest()
        if found != expected:
            # Not a user's mistake: another release of the dependency carries other numbers.
            raise RuntimeError(
                f"{name} is not the file this package was checked with (sha256 {found}, "
                f"expected {expected}): install the pinned version of the package that brings it."
            )
