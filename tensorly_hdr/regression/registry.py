"""The solvers by name. A new one is its file, and three lines here: import, export, entry. The tests run over both."""

from tensorly_hdr.regression.active_set import active_set
from tensorly_hdr.regression.admm import admm
from tensorly_hdr.regression.base import Update
from tensorly_hdr.regression.block_pivoting import block_pivoting
from tensorly_hdr.regression.ccd import ccd
from tensorly_hdr.regression.fista import fista
from tensorly_hdr.regression.hals import hals
from tensorly_hdr.regression.mirror import mirror
from tensorly_hdr.regression.msom import msom
from tensorly_hdr.regression.mu import mu
from tensorly_hdr.regression.mu_extrapolated import mu_extrapolated
from tensorly_hdr.regression.newton import newton
from tensorly_hdr.regression.pgd import pgd
from tensorly_hdr.regression.safeguarded_msom import safeguarded_msom
from tensorly_hdr.regression.spg import spg

__all__ = [
    "KL_SOLVERS",
    "LS_SOLVERS",
    "active_set",
    "admm",
    "block_pivoting",
    "ccd",
    "fista",
    "hals",
    "mirror",
    "msom",
    "mu",
    "mu_extrapolated",
    "newton",
    "pgd",
    "safeguarded_msom",
    "spg",
]

LS_SOLVERS: dict[str, Update] = {
    "active_set": active_set,
    "block_pivoting": block_pivoting,
    "hals": hals,
    "mu": mu,
    "msom": msom,
    "pgd": pgd,
    "fista": fista,
    "spg": spg,
    "admm": admm,
}
KL_SOLVERS: dict[str, Update] = {
    "ccd": ccd,
    "newton": newton,
    "mu": mu,
    "mu_extrapolated": mu_extrapolated,
    "msom": safeguarded_msom,
    "mirror": mirror,
}
