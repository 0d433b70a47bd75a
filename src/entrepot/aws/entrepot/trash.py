"""Operations on what was deleted and may be restored."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.aws.repository import pages
from entrepot.core import restoring, trash
from entrepot.core.restoring import Restored
from entrepot.core.trash import Trashed, TrashedImage
from entrepot.errors import ParameterInvalid
from entrepot.spec.digest import Digest
from entrepot.spec.repository import RepositoryKey

Output = Mapping[str, Any]


async def get_trash_configuration(call: Call) -> Output:
    """GetTrashConfiguration."""
    seconds = await call.core.units.read(trash.get_grace, call.caller, call.registry)
    return {"registryId": call.registry.account, "graceSeconds": seconds}


async def put_trash_configuration(call: Call) -> Output:
    """PutTrashConfiguration."""
    seconds = call.input["graceSeconds"]
    await call.core.units.write(trash.put_grace, call.caller, call.registry, seconds)
    return {"registryId": call.registry.account, "graceSeconds": seconds}


async def list_trash(call: Call) -> Output:
    """ListTrash."""
    (after,) = pages.start(call, "ListTrash", 1)
    page = await call.core.units.read(trash.list_of, call.caller, call.registry, pages.limit(call), after)
    return {
        "registryId": call.registry.account,
        "trash": [_entry(each) for each in page.items],
        "nextToken": pages.following(call, "ListTrash", page.after),
    }


async def purge_trash(call: Call) -> Output:
    """PurgeTrash."""
    await call.core.units.write(trash.purge, call.caller, _key(call), call.input["trashId"])
    return {**_of_repository(call), "trashId": call.input["trashId"]}


async def restore_image(call: Call) -> Output:
    """RestoreImage."""
    if ("imageDigest" in call.input) == ("trashId" in call.input):
        raise ParameterInvalid(parameter="imageDigest", reason="either imageDigest or trashId must be given")
    digest = Digest.parse(call.input["imageDigest"]) if "imageDigest" in call.input else None
    entry = call.input.get("trashId")
    done = await call.core.units.write(restoring.restore_image, call.caller, _key(call), entry, digest)
    return {**_of_repository(call), "images": [_restored(each) for each in done]}


async def restore_repository(call: Call) -> Output:
    """RestoreRepository."""
    entry = call.input.get("trashId")
    done = await call.core.units.write(restoring.restore_repository, call.caller, _key(call), entry)
    return {**_of_repository(call), "repositoryArn": done.key.arn}


def _key(call: Call) -> RepositoryKey:
    return RepositoryKey(call.registry, call.input["repositoryName"])


def _of_repository(call: Call) -> dict[str, Any]:
    return {"registryId": call.registry.account, "repositoryName": call.input["repositoryName"]}


def _entry(each: Trashed) -> Output:
    shown = {
        "trashId": each.id,
        "deletedAt": each.deleted_at,
        "deletedBy": each.deleted_by,
        "expiresAt": each.expires_at,
    }
    if isinstance(each, TrashedImage):
        tags = list(each.tags) or None
        return {**shown, "repositoryName": each.repository, "imageDigest": each.digest, "imageTags": tags}
    return {**shown, "repositoryName": each.name}


def _restored(each: Restored) -> Output:
    taken = [{"imageTag": tag, "imageDigest": digest} for tag, digest in each.taken]
    return {"imageDigest": each.digest, "imageTags": list(each.tags), "takenTags": taken}
