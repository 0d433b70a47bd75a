"""Kinds of settings: each turns what a flag, a variable or a TOML file holds into a typed value, or raises ValueError.

In the environment a list is comma-separated and a flag is `true` or `false`.
"""
