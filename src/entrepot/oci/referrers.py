"""Referrers of a digest (Distribution specification, "Listing referrers"): an index of descriptors, always 200."""

from urllib.parse import quote

import msgspec

from entrepot.core.pull_through import merging
from entrepot.core.referrers import Referrer, ReferrerFilter
from entrepot.http.answer import Answer
from entrepot.oci.call import Call
from entrepot.spec.digest import Digest
from entrepot.spec.media_type import OCI_INDEX

_PAGE = 1000


async def get(call: Call, reference: str) -> Answer:
    """A page of descriptors; `artifactType` filters, and the answer says that it did."""
    subject = Digest.parse(reference)
    wanted = call.query("artifactType")
    call.exchange.telling.parameters = {"subjectId": {"imageDigest": subject}, "nextToken": call.query("last")}
    types = ReferrerFilter(() if wanted is None else (wanted,))
    page = await merging.list_referrers(
        call.core.units,
        call.core.pull_through.lists,
        call.caller,
        call.key,
        subject,
        types,
        _PAGE,
        call.query("last") or "",
    )
    headers = {"Content-Type": OCI_INDEX}
    if wanted is not None:
        headers["OCI-Filters-Applied"] = "artifactType"
    if page.after is not None:
        kept = f"&artifactType={quote(wanted, safe='')}" if wanted is not None else ""
        headers["Link"] = f'<{call.location(f"referrers/{subject}")}?last={page.after[0]}{kept}>; rel="next"'
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [_descriptor(item) for item in page.items]}
    return Answer(body=msgspec.json.encode(index, enc_hook=str), headers=headers)


def _descriptor(referrer: Referrer) -> dict[str, object]:
    shown: dict[str, object] = {
        "mediaType": referrer.media_type,
        "digest": str(referrer.digest),
        "size": referrer.size,
    }
    if referrer.artifact_type:
        shown["artifactType"] = referrer.artifact_type
    if referrer.annotations:
        shown["annotations"] = referrer.annotations
    return shown
