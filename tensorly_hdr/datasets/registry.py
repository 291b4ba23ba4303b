"""Names of the real datasets, and the one function that loads them."""

from collections.abc import Callable

from tensorly_hdr import _validation as check
from tensorly_hdr.datasets import indian_pines, kinetic
from tensorly_hdr.datasets._record import Dataset

#: One line a dataset: its name and the function that reads it.
LOADERS: dict[str, Callable[[], Dataset]] = {
    "indian_pines": indian_pines.read,
    "kinetic_fluorescence": kinetic.read,
}


def list_datasets() -> list[str]:
    """Return the names that :func:`load` understands.

    Examples
    --------
    >>> list_datasets()
    ['indian_pines', 'kinetic_fluorescence']
    """
    return sorted(LOADERS)


def load(name: str) -> Dataset:
    """Load a real dataset by name; nothing is downloaded.

    The files come with packages this one depends on and are read where they are, after a
    comparison with their recorded sha256. Each call returns new arrays.

    Parameters
    ----------
    name : str
        One of :func:`list_datasets`.

    Returns
    -------
    Dataset

    Examples
    --------
    >>> load("kinetic_fluorescence").data.sizes["emission"]
    12
    """
    read: Callable[[], Dataset] = check.choice("name", name, LOADERS)
    return read()
