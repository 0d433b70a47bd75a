"""What both sides of AWS Signature Version 4 share (docs: "Create a signed AWS API request"): policy/sigv4.py verifies,
outbound/signing.py signs.
"""

import hmac
from functools import lru_cache

ALGORITHM = "AWS4-HMAC-SHA256"
STAMP = "%Y%m%dT%H%M%SZ"


@lru_cache(maxsize=1024)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key derived from a secret for one day, region and service."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
