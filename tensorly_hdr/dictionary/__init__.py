"""Dictionary-based low-rank approximation: factors made of the columns, the atoms, of a known matrix."""

from tensorly_hdr.dictionary.assignment import assign
from tensorly_hdr.dictionary.complete import DictionaryResult, complete_dictionary_learning
from tensorly_hdr.dictionary.cp import dictionary_cp
from tensorly_hdr.dictionary.facets import Facets, facets, identifiability_bound, spark
from tensorly_hdr.dictionary.mixed import mixed_sparse_coding
from tensorly_hdr.dictionary.multiple import multiple_dictionaries_dlra
from tensorly_hdr.dictionary.one_sparse import one_sparse_dlra
from tensorly_hdr.dictionary.result import AtomsResult, CodedResult, SparseCodes
from tensorly_hdr.dictionary.smooth import smooth_cp
from tensorly_hdr.dictionary.splines import bspline_dictionary

__all__ = [
    "AtomsResult",
    "CodedResult",
    "DictionaryResult",
    "Facets",
    "SparseCodes",
    "assign",
    "bspline_dictionary",
    "complete_dictionary_learning",
    "dictionary_cp",
    "facets",
    "identifiability_bound",
    "mixed_sparse_coding",
    "multiple_dictionaries_dlra",
    "one_sparse_dlra",
    "smooth_cp",
    "spark",
]
