"""Data: real ones by name (:func:`load`), simulated ones by :mod:`~.datasets.synthetic`."""

from tensorly_hdr.datasets import synthetic
from tensorly_hdr.datasets._record import Dataset
from tensorly_hdr.datasets.registry import list_datasets, load

__all__ = ["Dataset", "list_datasets", "load", "synthetic"]
