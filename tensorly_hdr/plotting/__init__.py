"""Figures: every function is ``plot(data, *, ax=None) -> ax``, or ``axes`` where it draws several panels.

Nothing here calls ``plt.show`` or touches global settings, except :func:`use_style`, which says so.
"""

try:
    import matplotlib as _matplotlib  # noqa: F401 - the check that the extra is there
except ImportError as error:
    from tensorly_hdr import _install

    raise ImportError(f"figures need matplotlib: {_install.command('plot')}") from error

from tensorly_hdr.plotting.convergence import convergence
from tensorly_hdr.plotting.factors import factors, spectra
from tensorly_hdr.plotting.geometry import cone2d, simplex, triangles
from tensorly_hdr.plotting.images import abundance_maps
from tensorly_hdr.plotting.model_choice import rank_choice
from tensorly_hdr.plotting.music import activations, autosimilarity, piano_roll, spectrogram, templates
from tensorly_hdr.plotting.style import PALETTE, style, use_style

__all__ = [
    "PALETTE",
    "abundance_maps",
    "activations",
    "autosimilarity",
    "cone2d",
    "convergence",
    "factors",
    "piano_roll",
    "rank_choice",
    "simplex",
    "spectra",
    "spectrogram",
    "style",
    "templates",
    "triangles",
    "use_style",
]
