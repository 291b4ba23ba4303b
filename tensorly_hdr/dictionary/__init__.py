"""Dictionary-based low-rank approximation: factors made of the columns, the atoms, of a known matrix."""

from tensorly_hdr.dictionary.mixed import mixed_sparse_coding
from tensorly_hdr.dictionary.result import AtomsResult, CodedResult, SparseCodes

__all__ = ["AtomsResult", "CodedResult", "SparseCodes", "mixed_sparse_coding"]
