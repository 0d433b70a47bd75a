"""Findings counted by what they have in common (Inspector API reference, "ListFindingAggregations").

Open findings count: those that are closed are over, suppressed ones do not ask for anything.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from entrepot.core.access import Caller
from entrepot.core.inspector import findings, places
from entrepot.core.inspector.criteria import Criteria, Filters, Json, text_matcher
from entrepot.core.page import Page
from entrepot.core.scanning.enhanced_shown import Texts
from entrepot.db.database import Transaction
from entrepot.errors import InspectorInputInvalid

MOST_FINDINGS: Final = 200_000  # of a registry, that are counted for one answer
_ACTIVE: Final = {"comparison": "EQUALS", "value": "ACTIVE"}
_NOT_HERE: Final = "aggregationType: {} has no findings here, where images of registries are all that is scanned"
_TOO_MANY: Final = "More than {} findings would have to be counted; ask for fewer by the aggregation's filters"


@dataclass(slots=True)
class Group:
    """What some findings have in common, and how many of them there are. `parts` are named as Inspector names them."""

    key: tuple[str, ...]
    parts: Mapping[str, Any]
    severities: Counter[str] = field(default_factory=Counter)
    exploitable: int = 0
    fixable: int = 0
    images: set[str] = field(default_factory=set)

    @property
    def total(self) -> int:
        """Of all severities."""
        return sum(self.severities.values())


def list_of(
    tx: Transaction,
    caller: Caller,
    kind: str,
    wanted: Mapping[str, Any],
    accounts: Filters | None,
    limit: int,
    after: int = 0,
    most: int = MOST_FINDINGS,
) -> Page[Group]:
    """Groups of findings, by default the one with the most critical findings first; `wanted` is the aggregation's part
    of Inspector's AggregationRequest, `after` how many groups stand before the page: InspectorInputInvalid.
    """
    registry = places.require(caller, "ListFindingAggregations")
    if kind not in KINDS:
        raise InspectorInputInvalid(reason=_NOT_HERE.format(kind))
    groups: dict[tuple[str, ...], Group] = {}
    split = _KEYS[kind]
    criteria = Criteria(_criteria(wanted, accounts))
    for number, listed in enumerate(findings.every(tx, registry, criteria), start=1):
        if number > most:
            raise InspectorInputInvalid(reason=_TOO_MANY.format(most))
        shown = listed.shown(Texts())
        for key, parts in split(shown, wanted):
            _count(groups.setdefault(key, Group(key, parts)), shown)
    ordered = sorted(groups.values(), key=lambda group: group.key)
    by = _SORTS[wanted.get("sortBy", "CRITICAL")]
    ordered.sort(key=by, reverse=wanted.get("sortOrder", "DESC") == "DESC")
    cut = ordered[after : after + limit]
    more = (str(after + limit),) if len(ordered) > after + limit else None
    return Page(tuple(cut), more)


def _count(group: Group, shown: Json) -> None:
    group.severities[shown["severity"]] += 1
    group.exploitable += shown["exploitAvailable"] == "YES"
    group.fixable += shown["fixAvailable"] == "YES"
    group.images.add(shown["resources"][0]["id"])


_SORTS: Final[Mapping[str, Callable[[Group], Any]]] = {
    "AFFECTED_IMAGES": lambda group: len(group.images),
    "ALL": lambda group: group.total,
    "CRITICAL": lambda group: (group.severities["CRITICAL"], group.severities["HIGH"], group.total),
    "HIGH": lambda group: (group.severities["HIGH"], group.severities["CRITICAL"], group.total),
}
# a member of an aggregation's request, and the criterion on findings that it is
_AS_CRITERIA: Final = {
    "architectures": "ecrImageArchitecture",
    "imageShas": "ecrImageHash",
    "imageTags": "ecrImageTags",
    "inUseCount": "ecrImageInUseCount",
    "lastInUseAt": "ecrImageLastInUseAt",
    "repositories": "ecrImageRepositoryName",
    "resourceIds": "resourceId",
    "titles": "title",
    "vulnerabilityIds": "vulnerabilityId",
}
_WORDS: Final = {"findingType": "findingType", "resourceType": "resourceType"}
_ELSEWHERE: Final = "cloud"  # what members begin with that no image here has


def _criteria(wanted: Mapping[str, Any], accounts: Filters | None) -> Mapping[str, Filters]:
    given: dict[str, Filters] = {"findingStatus": [_ACTIVE]}
    if accounts:
        given["awsAccountId"] = accounts
    for member, value in wanted.items():
        if member in _AS_CRITERIA:
            given[_AS_CRITERIA[member]] = value
        elif member in _WORDS:
            given[_WORDS[member]] = [{"comparison": "EQUALS", "value": value}]
        elif member.startswith(_ELSEWHERE):
            given[member] = value
        elif member == "packageNames":
            given["vulnerablePackages"] = [{"name": each} for each in value]
        elif member == "layerHashes":
            given["vulnerablePackages"] = [{"sourceLayerHash": each} for each in value]
    return given


# ---------------------------------------------------------------- what findings have in common
Split = Callable[[Json, Mapping[str, Any]], Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]]


def _image(shown: Json) -> Json:
    found: Json = shown["resources"][0]["details"]["awsEcrContainerImage"]
    return found


def _account(shown: Json, _: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    yield (shown["awsAccountId"],), {"accountId": shown["awsAccountId"]}


def _title(shown: Json, _: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    vulnerability = shown["packageVulnerabilityDetails"]["vulnerabilityId"]
    yield (
        (shown["title"], vulnerability),
        {"title": shown["title"], "vulnerabilityId": vulnerability, "accountId": shown["awsAccountId"]},
    )


def _repository(shown: Json, _: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    name = _image(shown)["repositoryName"]
    yield (name,), {"repository": name, "accountId": shown["awsAccountId"]}


def _container(shown: Json, _: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    image, resource = _image(shown), shown["resources"][0]["id"]
    parts = {
        "resourceId": resource,
        "imageSha": image["imageHash"],
        "repository": image["repositoryName"],
        "architecture": image["architecture"],
        "imageTags": image["imageTags"],
        "accountId": shown["awsAccountId"],
        "lastInUseAt": image["lastInUseAt"],
        "inUseCount": image["inUseCount"],
    }
    yield (resource,), parts


def _package(shown: Json, wanted: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    for name in _each(shown, "name", wanted.get("packageNames")):
        yield (name,), {"packageName": name, "accountId": shown["awsAccountId"]}


def _layer(shown: Json, wanted: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    name, resource = _image(shown)["repositoryName"], shown["resources"][0]["id"]
    for layer in _each(shown, "sourceLayerHash", wanted.get("layerHashes")):
        parts = {
            "repository": name,
            "resourceId": resource,
            "layerHash": layer,
            "accountId": shown["awsAccountId"],
        }
        yield (name, resource, layer), parts


def _each(shown: Json, member: str, filters: Filters | None) -> Sequence[str]:
    """The values that packages of a finding have, each once; those that are asked for where some are."""
    values = {package[member] for package in shown["packageVulnerabilityDetails"]["vulnerablePackages"]}
    matcher = text_matcher(filters) if filters else None
    return sorted(value for value in values if value and (matcher is None or matcher([value])))


_KEYS: Final[Mapping[str, Split]] = {
    "ACCOUNT": _account,
    "AWS_ECR_CONTAINER": _container,
    "FINDING_TYPE": _account,
    "IMAGE_LAYER": _layer,
    "PACKAGE": _package,
    "REPOSITORY": _repository,
    "TITLE": _title,
}
KINDS: Final = frozenset(_KEYS)
