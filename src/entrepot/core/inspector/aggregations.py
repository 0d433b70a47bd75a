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
from entrepot.core.inspector.findings import Images, Listed
from entrepot.core.page import Page
from entrepot.core.scanning.enhanced_findings import unpacked
from entrepot.core.scanning.enhanced_shown import resource_arn
from entrepot.db import inspector_counting
from entrepot.db.database import Transaction
from entrepot.db.inspector_counting import Counted
from entrepot.db.inspector_records import ImageKey
from entrepot.errors import InspectorInputInvalid
from entrepot.spec.repository import RegistryKey

MOST_FINDINGS: Final = 200_000  # of a registry, that are counted for one answer
_ACTIVE: Final = {"comparison": "EQUALS", "value": "ACTIVE"}
_NOT_HERE: Final = "aggregationType: {} has no findings here, where images of registries are all that is scanned"
_TOO_MANY: Final = "More than {} findings would have to be counted; ask for fewer by the aggregation's filters"


@dataclass(slots=True)
class Group:
    """What some findings have in common, and how many of them there are. `parts` are named as Inspector names them, and
    told of the groups of a page alone.
    """

    key: tuple[str, ...]
    parts: Mapping[str, Any] = field(default_factory=dict)
    severities: Counter[str] = field(default_factory=Counter)
    exploitable: int = 0
    fixable: int = 0
    images: set[ImageKey] = field(default_factory=set)

    @property
    def total(self) -> int:
        """Of all severities."""
        return sum(self.severities.values())

    def count(self, of: Counted) -> None:
        """Add findings."""
        self.severities[of.severity] += of.number
        self.exploitable += of.number * (of.exploit_available == "YES")
        self.fixable += of.number * (of.fix_available == "YES")
        self.images.add(of.image)


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
    keys = _KEYS[kind]
    seen = 0
    for each in _counted(tx, registry, kind, Criteria(_criteria(wanted, accounts))):
        seen += each.number
        if seen > most:
            raise InspectorInputInvalid(reason=_TOO_MANY.format(most))
        for key in keys(each, registry, wanted):
            groups.setdefault(key, Group(key)).count(each)
    ordered = sorted(groups.values(), key=lambda group: group.key)
    by = _SORTS[wanted.get("sortBy", "CRITICAL")]
    ordered.sort(key=by, reverse=wanted.get("sortOrder", "DESC") == "DESC")
    cut = ordered[after : after + limit]
    for group in cut:
        group.parts = {**_parts(tx, kind, group), "accountId": registry.account}
    more = (str(after + limit),) if len(ordered) > after + limit else None
    return Page(tuple(cut), more)


def _counted(tx: Transaction, registry: RegistryKey, kind: str, criteria: Criteria) -> Iterator[Counted]:
    """What the criteria mean, counted by the database where they ask for columns alone."""
    narrowed = findings.narrowed(criteria)
    rest = criteria.without(narrowed)
    if not rest.is_empty:
        return (_alone(each) for each in findings.every(tx, registry, criteria))
    if kind in _OF_IMAGES:
        return inspector_counting.by_image(tx, registry, narrowed)
    return inspector_counting.one_by_one(tx, registry, narrowed, bodies=kind in _OF_BODIES)


def _alone(listed: Listed) -> Counted:
    of = listed.record
    return Counted(
        of.image,
        of.repository_name,
        of.severity,
        of.fix_available,
        of.exploit_available,
        1,
        of.vulnerability,
        of.title,
        of.body,
    )


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
    return given  # names of packages and hashes of layers choose among groups, not among findings


# ---------------------------------------------------------------- what findings have in common
Key = tuple[str, ...]
Keys = Callable[[Counted, RegistryKey, Mapping[str, Any]], Iterable[Key]]


def _account(_: Counted, registry: RegistryKey, __: Mapping[str, Any]) -> Iterable[Key]:
    return ((registry.account,),)


def _title(of: Counted, _: RegistryKey, __: Mapping[str, Any]) -> Iterable[Key]:
    return ((of.title, of.vulnerability),)


def _repository(of: Counted, _: RegistryKey, __: Mapping[str, Any]) -> Iterable[Key]:
    return ((of.repository_name,),)


def _container(of: Counted, registry: RegistryKey, _: Mapping[str, Any]) -> Iterable[Key]:
    return ((resource_arn(registry, of.repository_name, of.image.digest), of.repository_name),)


def _package(of: Counted, _: RegistryKey, wanted: Mapping[str, Any]) -> Iterable[Key]:
    names = [package.name for package in unpacked(of.body).packages]
    return [(name,) for name in _each(names, wanted.get("packageNames"))]


def _layer(of: Counted, registry: RegistryKey, wanted: Mapping[str, Any]) -> Iterable[Key]:
    resource = resource_arn(registry, of.repository_name, of.image.digest)
    layers = [package.layer for package in unpacked(of.body).packages]
    return [(of.repository_name, resource, layer) for layer in _each(layers, wanted.get("layerHashes"))]


def _parts(tx: Transaction, kind: str, group: Group) -> Mapping[str, Any]:
    """What is told of a group beside its counts."""
    if kind == "AWS_ECR_CONTAINER":
        return _image(tx, group)
    return dict(zip(_NAMES.get(kind, ()), group.key, strict=False))


def _image(tx: Transaction, group: Group) -> Mapping[str, Any]:
    image = min(group.images)  # of a repository that was made anew there may be more
    now, body = Images(tx).now(image), inspector_counting.any_body(tx, image)
    return {
        "resourceId": group.key[0],
        "imageSha": image.digest,
        "repository": group.key[1],
        "architecture": (unpacked(body).image.architecture if body else "") or None,
        "imageTags": list(now.tags),
        "lastInUseAt": now.last_in_use_at,
        "inUseCount": now.in_use,
    }


_NAMES: Final = {
    "IMAGE_LAYER": ("repository", "resourceId", "layerHash"),
    "PACKAGE": ("packageName",),
    "REPOSITORY": ("repository",),
    "TITLE": ("title", "vulnerabilityId"),
}
_OF_IMAGES: Final = frozenset({"ACCOUNT", "AWS_ECR_CONTAINER", "FINDING_TYPE", "REPOSITORY"})
_OF_BODIES: Final = frozenset({"IMAGE_LAYER", "PACKAGE"})


def _each(values: Iterable[str], filters: Filters | None) -> Sequence[str]:
    """Each value once; those that are asked for where some are."""
    matcher = text_matcher(filters) if filters else None
    return sorted({value for value in values if value and (matcher is None or matcher([value]))})


_KEYS: Final[Mapping[str, Keys]] = {
    "ACCOUNT": _account,
    "AWS_ECR_CONTAINER": _container,
    "FINDING_TYPE": _account,
    "IMAGE_LAYER": _layer,
    "PACKAGE": _package,
    "REPOSITORY": _repository,
    "TITLE": _title,
}
KINDS: Final = frozenset(_KEYS)
