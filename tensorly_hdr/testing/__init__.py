"""The contracts of the package, to be run on what you wrote: one line per penalty, loss, solver, block or operator.

Each function raises an ``AssertionError`` that names the theorem which does not hold, and returns None otherwise. The
tests of the package call the same functions on everything that it registers.
"""

from tensorly_hdr.testing.blocks import check_block
from tensorly_hdr.testing.losses import check_loss
from tensorly_hdr.testing.operators import check_operator
from tensorly_hdr.testing.penalties import check_penalty
from tensorly_hdr.testing.solvers import check_solver

__all__ = ["check_block", "check_loss", "check_operator", "check_penalty", "check_solver"]
