"""The audit trail: every call, kept by time, looked up, and delivered as signed log files."""
