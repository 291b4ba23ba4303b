"""Dictionary-based low-rank approximation: factors made of atoms, known or learned."""

from tensorly_hdr.dictionary.complete import DictionaryResult, complete_dictionary_learning
from tensorly_hdr.dictionary.facets import Facets, facets, identifiability_bound, spark

__all__ = [
    "DictionaryResult",
    "Facets",
    "complete_dictionary_learning",
    "facets",
    "identifiability_bound",
    "spark",
]
