"""Dictionary-based low-rank approximation: factors made of the columns, the atoms, of a known matrix."""
