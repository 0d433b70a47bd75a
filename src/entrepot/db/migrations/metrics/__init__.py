"""Points of metrics."""
