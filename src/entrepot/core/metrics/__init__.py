"""Metrics: points taken in, rolled up, read out; alarms and dashboards over them."""
