"""The door for Harbor, which this server is a scanner for (goharbor/pluggable-scanner-spec, v1.2)."""
