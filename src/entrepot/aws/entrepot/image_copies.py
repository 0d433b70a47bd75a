"""Operations that copy images."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.aws.repository import images as shared
from entrepot.core import image_copies
from entrepot.core.deletion import ImageId
from entrepot.core.image_copies import Carrying, Wanted
from entrepot.spec.reference import Tag
from entrepot.spec.repository import RegistryKey, RepositoryKey

Output = Mapping[str, Any]


async def copy_image(call: Call) -> Output:
    """CopyImage: under the tag that is given, else the one that it is asked for by."""
    given = call.input
    account, region = given.get("sourceRegistryId", call.account), given.get("sourceRegion", call.region)
    source = RepositoryKey(RegistryKey("private", account, region), given["sourceRepositoryName"])
    target = RepositoryKey(call.registry, given["repositoryName"])
    digest, tag = shared.named(given["sourceImageId"], "sourceImageId")
    new_tag = Tag.parse(given["imageTag"]) if "imageTag" in given else tag
    wanted = Wanted(digest, tag, new_tag, given.get("includeReferrers", False))
    carrying = Carrying(call.core.reads, call.core.transfers)
    copied = await image_copies.copy(call.core.units, call.caller, source, target, wanted, carrying)
    return {
        "registryId": target.registry.account,
        "repositoryName": target.name,
        "imageId": shared.shown_id(ImageId(copied.digest, copied.tag)),
        "copiedManifests": copied.manifests,
    }
