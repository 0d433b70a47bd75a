"""Audit records, in blocks."""
