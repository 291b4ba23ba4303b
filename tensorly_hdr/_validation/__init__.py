"""The only package that raises on user input: everything else trusts its arguments.

Every message names the argument, says what was got and what to do about it.
"""

from tensorly_hdr._validation.arguments import (
    axis,
    choice,
    enough_columns,
    fraction,
    generator,
    interval,
    name_of,
    nonneg_float,
    positive_int,
    stop_options,
)
from tensorly_hdr._validation.arrays import (
    as_array,
    as_data,
    factors,
    finite_divergence,
    is_sparse,
    observed,
    order_of,
    same_dtype,
    same_shape,
    same_size,
)
from tensorly_hdr._validation.methods import (
    beta_penalties,
    free_modes,
    is_penalty,
    loss,
    per_mode,
    positive_degree,
    scalable,
    supported,
    supports_library,
)

__all__ = [
    "as_array",
    "as_data",
    "axis",
    "beta_penalties",
    "choice",
    "enough_columns",
    "factors",
    "finite_divergence",
    "fraction",
    "free_modes",
    "generator",
    "interval",
    "is_penalty",
    "is_sparse",
    "loss",
    "name_of",
    "nonneg_float",
    "observed",
    "order_of",
    "per_mode",
    "positive_degree",
    "positive_int",
    "same_dtype",
    "same_shape",
    "same_size",
    "scalable",
    "stop_options",
    "supported",
    "supports_library",
]
