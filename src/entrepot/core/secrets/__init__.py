"""Secrets Manager: values that are kept encrypted, in versions, of which labels say which one counts."""
