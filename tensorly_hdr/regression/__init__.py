"""Nonnegative and penalized regression: the block problem of every factorization of the package.

``LS_SOLVERS`` and ``KL_SOLVERS`` list the updates by name; the tests run over them.
"""

from tensorly_hdr.regression import registry
from tensorly_hdr.regression.base import Update, declares, interior, needs_interior
from tensorly_hdr.regression.kullback_leibler import nnkl
from tensorly_hdr.regression.nonnegative import nnls
from tensorly_hdr.regression.registry import *  # noqa: F403  what is registered is exported: one place to edit, not two
from tensorly_hdr.regression.sparse import SparseResult, nnomp, sparse_nnls

__all__ = [
    "SparseResult",
    "Update",
    "declares",
    "interior",
    "needs_interior",
    "nnkl",
    "nnls",
    "nnomp",
    "sparse_nnls",
]
__all__ += registry.__all__
