"""Nonnegative and penalized regression: the block problem of every factorization of the package.

``LS_SOLVERS`` and ``KL_SOLVERS`` list the updates by name; the tests run over them.
"""

from tensorly_hdr.regression.active_set import active_set
from tensorly_hdr.regression.admm import admm
from tensorly_hdr.regression.base import Update, declares
from tensorly_hdr.regression.block_pivoting import block_pivoting
from tensorly_hdr.regression.fista import fista
from tensorly_hdr.regression.hals import hals
from tensorly_hdr.regression.msom import msom
from tensorly_hdr.regression.mu import mu
from tensorly_hdr.regression.nonnegative import nnkl, nnls
from tensorly_hdr.regression.pgd import pgd
from tensorly_hdr.regression.registry import KL_SOLVERS, LS_SOLVERS

__all__ = [
    "KL_SOLVERS",
    "LS_SOLVERS",
    "Update",
    "active_set",
    "admm",
    "block_pivoting",
    "declares",
    "fista",
    "hals",
    "msom",
    "mu",
    "nnkl",
    "nnls",
    "pgd",
]
