"""`entrepot image copy`: has a server copy an image to another repository or tag, whose bytes stay where they are.

It runs anywhere, with AWS credentials that may pull the one and push the other.
"""

import sys
from collections.abc import Mapping
from typing import Annotated, Any

from cyclopts import Parameter

from entrepot.cli import aws_credentials, image_addresses, server_calls
from entrepot.cli.image_addresses import Named
from entrepot.cli.output import Format, show
from entrepot.cli.server_calls import DEFAULT_REGION, HOST_STYLE, CallRefused

_TARGET = "Entrepot_V20261127.CopyImage"
_SESSION = "entrepot-image"


def copy(
    source: Annotated[str, Parameter(help="host:port/repository:tag, or @digest, as docker names it.")],
    destination: Annotated[str, Parameter(help="The same of where it goes; without a tag it keeps its own.")],
    *,
    referrers: Annotated[
        bool, Parameter(negative="", help="Copy signatures, SBOMs and whatever else refers to it too.")
    ] = False,
    output: Format = "text",
) -> int:
    """Copy an image, with all images of an index, to another repository or tag of the same server."""
    try:
        told = _copied(image_addresses.parse(source), image_addresses.parse(destination), referrers=referrers)
    except (CallRefused, OSError) as refused:
        sys.stderr.write(f"entrepot: {refused}\n")
        return 1
    image_id = told.get("imageId") or {}
    shown = {"repository": told.get("repositoryName"), "tag": image_id.get("imageTag")}
    show({**shown, "digest": image_id.get("imageDigest"), "manifests": told.get("copiedManifests")}, output)
    return 0


def _copied(source: Named, target: Named, *, referrers: bool) -> Mapping[str, Any]:
    if _registry_host(source.host) != _registry_host(target.host):
        raise CallRefused(
            f"{source.host} and {target.host} are not one server: pull from the one and push to the other"
        )
    if target.digest:
        raise CallRefused("the copy has the digest of what is copied: name its repository, and a tag")
    if not source.tag and not source.digest:
        raise CallRefused(f"which image of {source.repository}? Name a tag or a digest")
    server = server_calls.server_of(target.host)
    api = server_calls.api_of(server)
    region = target.place.region or aws_credentials.region() or DEFAULT_REGION
    credentials = server_calls.credentials_for(api, _SESSION)
    body = _input(source, target, referrers=referrers)
    return server_calls.reached(
        api,
        lambda scheme: server_calls.signed(scheme, api.netloc, "entrepot", region, _TARGET, body, credentials),
    )


def _input(source: Named, target: Named, *, referrers: bool) -> Mapping[str, object]:
    image_id = {"imageTag": source.tag, "imageDigest": source.digest}
    given: dict[str, object] = {
        "sourceRegistryId": source.place.account,
        "sourceRegion": source.place.region,
        "sourceRepositoryName": source.repository,
        "sourceImageId": {name: value for name, value in image_id.items() if value},
        "registryId": target.place.account,
        "repositoryName": target.repository,
        "imageTag": target.tag,
    }
    return {name: value for name, value in given.items() if value} | {"includeReferrers": referrers}


def _registry_host(host: str) -> str:
    """What is the same for all registries of one server."""
    style = HOST_STYLE.fullmatch(host)
    return host if style is None else style["domain"]
