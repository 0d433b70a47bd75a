"""Lifecycle policies: their grammar, and what they say of the images of a repository. No clock, no rows."""
