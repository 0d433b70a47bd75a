"""One revision a module, in order of number."""
