"""What accounts may have: service quotas with AWS's values, and bytes."""
