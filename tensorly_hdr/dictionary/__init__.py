"""Dictionary-based low-rank approximation: factors made of the columns, the atoms, of a known matrix."""

from tensorly_hdr.dictionary.cp import dictionary_cp
from tensorly_hdr.dictionary.mixed import mixed_sparse_coding
from tensorly_hdr.dictionary.result import AtomsResult, CodedResult, SparseCodes
from tensorly_hdr.dictionary.smooth import smooth_cp
from tensorly_hdr.dictionary.splines import bspline_dictionary

__all__ = [
    "AtomsResult",
    "CodedResult",
    "SparseCodes",
    "bspline_dictionary",
    "dictionary_cp",
    "mixed_sparse_coding",
    "smooth_cp",
]
