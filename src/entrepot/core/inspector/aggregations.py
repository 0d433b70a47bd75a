"""Findings counted by what they have in common (Inspector API reference, "ListFindingAggregations").

Open findings count: those that are closed are over, suppressed ones do not ask for anything.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from entrepot.core.access import Caller
from entrepot.core.inspector import findings, places
from entrepot.core.inspector.criteria import Criteria, Filters, text_matcher
from entrepot.core.inspector.findings import Listed
from entrepot.core.page import Page
from entrepot.core.scanning.enhanced_findings import unpacked
from entrepot.core.scanning.enhanced_shown import resource_id
from entrepot.db.database import Transaction
from entrepot.db.inspector_records import FindingRecord, ImageKey
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
    images: set[ImageKey] = field(default_factory=set)

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
        for key, parts in split(listed, wanted):
            _count(groups.setdefault(key, Group(key, parts)), listed.record)
    ordered = sorted(groups.values(), key=lambda group: group.key)
    by = _SORTS[wanted.get("sortBy", "CRITICAL")]
    ordered.sort(key=by, reverse=wanted.get("sortOrder", "DESC") == "DESC")
    cut = ordered[after : after + limit]
    more = (str(after + limit),) if len(ordered) > after + limit else None
    return Page(tuple(cut), more)


def _count(group: Group, record: FindingRecord) -> None:
    group.severities[record.severity] += 1
    group.exploitable += record.exploit_available == "YES"
    group.fixable += record.fix_available == "YES"
    group.images.add(record.image)


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
Keyed = Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]
Split = Callable[[Listed, Mapping[str, Any]], Keyed]


def _owned(listed: Listed) -> dict[str, Any]:
    return {"accountId": listed.record.registry.account}


def _account(listed: Listed, _: Mapping[str, Any]) -> Keyed:
    yield (listed.record.registry.account,), _owned(listed)


def _title(listed: Listed, _: Mapping[str, Any]) -> Keyed:
    title, name = unpacked(listed.record.body).title, listed.record.vulnerability
    yield (title, name), {"title": title, "vulnerabilityId": name, **_owned(listed)}


def _repository(listed: Listed, _: Mapping[str, Any]) -> Keyed:
    name = listed.record.repository_name
    yield (name,), {"repository": name, **_owned(listed)}


def _container(listed: Listed, _: Mapping[str, Any]) -> Keyed:
    record, now = listed.record, listed.image
    resource = resource_id(record)
    parts = {
        "resourceId": resource,
        "imageSha": record.image.digest,
        "repository": record.repository_name,
        "architecture": unpacked(record.body).image.architecture or None,
        "imageTags": list(now.tags),
        "lastInUseAt": now.last_in_use_at,
        "inUseCount": now.in_use,
        **_owned(listed),
    }
    yield (resource,), parts


def _package(listed: Listed, wanted: Mapping[str, Any]) -> Keyed:
    names = [package.name for package in unpacked(listed.record.body).packages]
    for name in _each(names, wanted.get("packageNames")):
        yield (name,), {"packageName": name, **_owned(listed)}


def _layer(listed: Listed, wanted: Mapping[str, Any]) -> Keyed:
    record = listed.record
    name, resource = record.repository_name, resource_id(record)
    layers = [package.layer for package in unpacked(record.body).packages]
    for layer in _each(layers, wanted.get("layerHashes")):
        parts = {"repository": name, "resourceId": resource, "layerHash": layer, **_owned(listed)}
        yield (name, resource, layer), parts


def _each(values: Iterable[str], filters: Filters | None) -> Sequence[str]:
    """Each value once; those that are asked for where some are."""
    matcher = text_matcher(filters) if filters else None
    return sorted({value for value in values if value and (matcher is None or matcher([value]))})


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
