"""Event patterns: the language in which rules say which events they want. Pure: no clock, no I/O."""
