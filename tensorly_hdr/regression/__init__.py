"""Nonnegative and penalized regression: the block problem of every factorization of the package.

``LS_SOLVERS`` and ``KL_SOLVERS`` list the updates by name; the tests run over them.
"""

from tensorly_hdr.regression.active_set import active_set
from tensorly_hdr.regression.admm import admm
from tensorly_hdr.regression.base import Update, declares, interior, needs_interior
from tensorly_hdr.regression.block_pivoting import block_pivoting
from tensorly_hdr.regression.ccd import ccd
from tensorly_hdr.regression.fista import fista
from tensorly_hdr.regression.hals import hals
from tensorly_hdr.regression.kullback_leibler import nnkl
from tensorly_hdr.regression.mirror import mirror
from tensorly_hdr.regression.msom import msom
from tensorly_hdr.regression.mu import mu
from tensorly_hdr.regression.mu_extrapolated import mu_extrapolated
from tensorly_hdr.regression.newton import newton
from tensorly_hdr.regression.nonnegative import nnls
from tensorly_hdr.regression.pgd import pgd
from tensorly_hdr.regression.registry import KL_SOLVERS, LS_SOLVERS
from tensorly_hdr.regression.safeguarded_msom import safeguarded_msom
from tensorly_hdr.regression.sparse import SparseResult, nnomp, sparse_nnls

__all__ = [
    "KL_SOLVERS",
    "LS_SOLVERS",
    "SparseResult",
    "Update",
    "active_set",
    "admm",
    "block_pivoting",
    "ccd",
    "declares",
    "fista",
    "hals",
    "interior",
    "mirror",
    "msom",
    "mu",
    "mu_extrapolated",
    "needs_interior",
    "newton",
    "nnkl",
    "nnls",
    "nnomp",
    "pgd",
    "safeguarded_msom",
    "sparse_nnls",
]
