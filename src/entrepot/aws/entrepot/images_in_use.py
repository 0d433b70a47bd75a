"""Operations on where images run."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.core.scanning import in_use
from entrepot.core.scanning.in_use import Absent, Part, Running
from entrepot.spec.digest import Digest

Output = Mapping[str, Any]


async def report_images_in_use(call: Call) -> Output:
    """ReportImagesInUse: a part of a report, and of what in it there is no image."""
    part = Part(
        call.input["cluster"],
        tuple(_running(each) for each in call.input["images"]),
        call.input.get("startedAt"),
        complete=call.input.get("complete", False),
    )
    taken = await call.core.units.write(in_use.report, call.caller, call.registry, part)
    return {
        "registryId": call.registry.account,
        "startedAt": taken.started_at,
        "failures": [_failure(each) for each in taken.absent],
    }


def _running(given: Mapping[str, Any]) -> Running:
    """DigestInvalid."""
    digest = Digest.parse(given["imageDigest"])
    return Running(given["repositoryName"], digest, given["count"], given.get("platform", ""))


def _failure(absent: Absent) -> Output:
    what = "image" if absent.repository_is_there else "repository"
    return {
        "repositoryName": absent.image.repository,
        "imageDigest": absent.image.digest,
        "failureCode": "ImageNotFound" if absent.repository_is_there else "RepositoryNotFound",
        "failureReason": f"there is no such {what}",
    }
