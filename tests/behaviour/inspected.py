"""Two images and what is known of their packages, for tests of Amazon Inspector. Owns no assertions."""

from tests.factories.advisory_files import record
from tests.factories.layouts import Image, archive, image_of

ACCOUNT, BUCKET = "000000000000", "reports"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k"
RELEASE = b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
PACKAGE = b"Package: %s\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0-1\n\n"
HIGH = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}]
CRITICAL = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]
ADVISORIES = [
    record(
        "DSA-1",
        "one",
        fixed="1.1-1",
        related=["CVE-2026-0001"],
        severity=HIGH,
        details="The first.",
        references=[{"type": "ADVISORY", "url": "https://advisories.test/DSA-1"}],
    ),
    record(
        "DSA-2",
        "one",
        fixed="1.2-1",
        related=["CVE-2026-0002"],
        severity=CRITICAL,
        database_specific={"cwe_ids": ["CWE-502", "CWE-20"]},
    ),
    {
        "id": "DSA-3",
        "modified": "2024-01-01T00:00:00Z",
        "related": ["CVE-2026-0003"],
        "affected": [
            {
                "package": {"ecosystem": "Debian:12", "name": "two"},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
            }
        ],
    },
]
URL = "https://advisories.test/DSA-1"
KEV = {
    "title": "CISA Catalog of Known Exploited Vulnerabilities",
    "catalogVersion": "2026.01.02",
    "dateReleased": "2026-01-02T00:00:00.0Z",
    "count": 1,
    "vulnerabilities": [
        {
            "cveID": "CVE-2026-0002",
            "vendorProject": "One",
            "product": "One",
            "vulnerabilityName": "One fault",
            "dateAdded": "2026-01-02",
            "shortDescription": "A fault.",
            "requiredAction": "Apply updates.",
            "dueDate": "2026-01-23",
            "knownRansomwareCampaignUse": "Unknown",
            "notes": "",
        }
    ],
}


def layered(*packages: bytes) -> Image:
    status = b"".join(PACKAGE % name for name in packages)
    return image_of(archive({"etc/os-release": RELEASE, "var/lib/dpkg/status": status}))


FIRST, SECOND = layered(b"one", b"two"), layered(b"one")
