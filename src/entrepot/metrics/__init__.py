"""Metrics as values: statistics, periods, metric math, alarms' rules. Pure: no clock, no rows, no I/O."""
