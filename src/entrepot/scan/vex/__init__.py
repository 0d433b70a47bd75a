"""VEX: what somebody says of whether a product has a vulnerability, in the formats that are in use."""
