"""The worker role: periodic jobs under leases, in one process beside those that serve requests."""
