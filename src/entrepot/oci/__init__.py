"""OCI Distribution v1.1: parse, call, show. One noun of the specification is one file."""
