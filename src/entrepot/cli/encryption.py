"""`entrepot encryption status`: what the bytes of images are encrypted with, and whether the keys can be used."""

from entrepot.app import opened
from entrepot.cli.output import HERE, Format, Place, show
from entrepot.core.encryption.report import report


def status(*, place: Place = HERE, output: Format = "text") -> int:
    """Tell it; ends with status 1 where a key cannot be used."""
    settings = place.settings()
    with opened.database(settings) as database:
        found = database.read(report)
    keys = [
        {
            "key": each.key,
            "state": each.state,
            "repositories": each.repositories,
            "blobs": each.blobs,
            "bytes": each.size,
        }
        for each in found.keys
    ]
    shown = {
        "AES256: the storage's own encryption": settings.storage_encryption,
        "blobs without a key": found.plain_blobs,
        "bytes without a key": found.plain_bytes,
        "keys": keys if output == "json" else [" ".join(map(str, each.values())) for each in keys],
    }
    show(shown, output)
    return 0 if all(each.state == "Enabled" for each in found.keys) else 1
