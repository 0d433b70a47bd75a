"""Events on their way to targets, and archived ones."""
