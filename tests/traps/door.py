"""What the traps at the registry's door share: requests of every kind, and fresh things to ask for."""

import base64
import uuid

from tests.factories import layouts
from tests.factories.layouts import Content
from tests.factories.processes import Server

ABSENT = layouts.sha256(b"absent")
UPLOAD = "00000000-0000-4000-8000-000000000000"
REQUESTS = [
    ("GET", "manifests/latest"),
    ("HEAD", "manifests/latest"),
    ("PUT", "manifests/latest"),
    ("DELETE", "manifests/latest"),
    ("GET", f"manifests/{ABSENT}"),
    ("DELETE", f"manifests/{ABSENT}"),
    ("GET", f"blobs/{ABSENT}"),
    ("HEAD", f"blobs/{ABSENT}"),
    ("DELETE", f"blobs/{ABSENT}"),
    ("GET", f"referrers/{ABSENT}"),
    ("GET", "tags/list"),
    ("POST", "blobs/uploads/"),
    ("POST", f"blobs/uploads/?mount={ABSENT}&from=other"),
    ("POST", f"blobs/uploads/?digest={ABSENT}"),
    ("GET", f"blobs/uploads/{UPLOAD}"),
    ("PATCH", f"blobs/uploads/{UPLOAD}"),
    ("PUT", f"blobs/uploads/{UPLOAD}?digest={ABSENT}"),
    ("DELETE", f"blobs/uploads/{UPLOAD}"),
]


def fresh(server: Server) -> str:
    """A new repository's name."""
    name = f"trap-{uuid.uuid4().hex[:12]}"
    server.client().create_repository(repositoryName=name)
    return name


def blob(text: str) -> Content:
    return Content(layouts.OCI_LAYER, text.encode() + uuid.uuid4().bytes)


def credential(token: str) -> str:
    return "Authorization: Basic " + base64.b64encode(f"AWS:{token}".encode()).decode()
