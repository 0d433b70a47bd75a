"""Factories: what tests make instead of sharing fixtures of fixtures."""
