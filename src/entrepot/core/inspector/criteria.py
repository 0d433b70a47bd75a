"""Inspector's FilterCriteria over a finding as it is shown (Inspector API reference, "FilterCriteria").

Between fields all must hold; of one field's filters one must, and none of those that say what it must not be. What is
said of a field that no finding of an image has (EC2, Lambda, code, networks, other clouds) matches no finding.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

Json = Mapping[str, Any]
Filters = Sequence[Json]
Values = Callable[[Json], Sequence[Any]]
Test = Callable[[Json], bool]
_MOMENTS: Final = frozenset({"startInclusive", "endInclusive"})


class Criteria:
    """Criteria that were read once, for many findings."""

    def __init__(self, given: Mapping[str, Filters]) -> None:
        self._given = given
        self._tests = [_test(field, filters) for field, filters in given.items()]

    def match(self, finding: Json) -> bool:
        """Whether a finding, as Inspector shows it, is meant."""
        return all(test(finding) for test in self._tests)

    def only(self, field: str) -> frozenset[str] | None:
        """The values that a text field must have one of, None where filters say it otherwise or not at all."""
        filters = self._given.get(field)
        if not filters or any(each["comparison"] != "EQUALS" for each in filters):
            return None
        return frozenset(each["value"] for each in filters)


def encoded(given: Mapping[str, Filters]) -> str:
    """Criteria as text, for a row."""
    return msgspec.json.encode(given).decode()


def decoded(text: str) -> Mapping[str, Filters]:
    """What `encoded` was given."""
    read = msgspec.json.decode(text)
    return {field: [_with_moments(each) for each in filters] for field, filters in read.items()}


def _with_moments(given: Json) -> Json:
    """Ports end somewhere too, but those are numbers."""
    return {
        name: datetime.fromisoformat(value).astimezone(UTC) if name in _MOMENTS and isinstance(value, str) else value
        for name, value in given.items()
    }


# ---------------------------------------------------------------- what filters say
def _test(field: str, filters: Filters) -> Test:
    kind, values = _FIELDS.get(field, (_never, _nothing))
    return kind(filters, values)


def _never(_: Filters, __: Values) -> Test:
    return lambda _: False


def _nothing(_: Json) -> Sequence[Any]:
    return ()


def text_matcher(filters: Filters) -> Callable[[Sequence[str]], bool]:
    """Whether some texts, of which a thing has any number, are what text filters say."""
    wanted = frozenset(each["value"] for each in filters if each["comparison"] == "EQUALS")
    beginnings = tuple(each["value"] for each in filters if each["comparison"] == "PREFIX")
    unwanted = frozenset(each["value"] for each in filters if each["comparison"] == "NOT_EQUALS")
    needs_one = bool(wanted or beginnings)

    def matches(texts: Sequence[str]) -> bool:
        if not unwanted.isdisjoint(texts):
            return False
        return not needs_one or any(each in wanted or each.startswith(beginnings) for each in texts)

    return matches


def range_matcher(filters: Filters, lower: str, upper: str) -> Callable[[Sequence[Any]], bool]:
    """Whether one of some values is within one of the ranges, whose ends count and may be open."""
    ranges = [(each.get(lower), each.get(upper)) for each in filters]

    def matches(values: Sequence[Any]) -> bool:
        return any(
            (low is None or value >= low) and (high is None or value <= high)
            for value in values
            for low, high in ranges
        )

    return matches


def _texts(filters: Filters, values: Values) -> Test:
    matches = text_matcher(filters)
    return lambda finding: matches(values(finding))


def _numbers(filters: Filters, values: Values) -> Test:
    matches = range_matcher(filters, "lowerInclusive", "upperInclusive")
    return lambda finding: matches(values(finding))


def _dates(filters: Filters, values: Values) -> Test:
    matches = range_matcher(filters, "startInclusive", "endInclusive")
    return lambda finding: matches(values(finding))


def _maps(filters: Filters, values: Values) -> Test:
    wanted = [(each["key"], each.get("value")) for each in filters]

    def matches(finding: Json) -> bool:
        return any(key in tags and value in (None, tags[key]) for tags in values(finding) for key, value in wanted)

    return matches


def _packages(filters: Filters, values: Values) -> Test:
    """One package that is all that one of the filters says."""
    wanted = [list(_of_package(each)) for each in filters]

    def matches(finding: Json) -> bool:
        packages = values(finding)
        return any(all(test(package) for test in tests) for tests in wanted for package in packages)

    return matches


def _of_package(given: Json) -> Iterator[Test]:
    for member, said in given.items():
        name = _OF_PACKAGES.get(member)
        if name is None:
            yield _never((), _nothing)
        elif member == "epoch":
            yield _numbers([said], _member(name))
        else:
            yield _texts([said], _member(name))


_OF_PACKAGES: Final = {
    "name": "name",
    "version": "version",
    "epoch": "epoch",
    "release": "release",
    "architecture": "arch",
    "sourceLayerHash": "sourceLayerHash",
    "filePath": "filePath",
}


# ---------------------------------------------------------------- where a finding says it
def _member(*path: str) -> Values:
    """The one value at a path, or none."""

    def values(finding: Json) -> Sequence[Any]:
        found: Any = finding
        for name in path:
            found = found.get(name)
            if found is None:
                return ()
        return (found,)

    return values


def _all_of(*path: str) -> Values:
    """The values of the list at a path."""
    one = _member(*path)

    def values(finding: Json) -> Sequence[Any]:
        return next(iter(one(finding)), ())

    return values


def _of_resource(*path: str) -> Values:
    one = _member(*path)
    return lambda finding: [value for resource in finding["resources"] for value in one(resource)]


def _of_image(name: str) -> Values:
    return _of_resource("details", "awsEcrContainerImage", name)


def _image_tags(finding: Json) -> Sequence[Any]:
    return [tag for tags in _of_image("imageTags")(finding) for tag in tags]


_PACKAGE: Final = "packageVulnerabilityDetails"
_FIELDS: Final[Mapping[str, tuple[Callable[[Filters, Values], Test], Values]]] = {
    "awsAccountId": (_texts, _member("awsAccountId")),
    "ecrImageArchitecture": (_texts, _of_image("architecture")),
    "ecrImageHash": (_texts, _of_image("imageHash")),
    "ecrImageInUseCount": (_numbers, _of_image("inUseCount")),
    "ecrImageLastInUseAt": (_dates, _of_image("lastInUseAt")),
    "ecrImagePushedAt": (_dates, _of_image("pushedAt")),
    "ecrImageRegistry": (_texts, _of_image("registry")),
    "ecrImageRepositoryName": (_texts, _of_image("repositoryName")),
    "ecrImageTags": (_texts, _image_tags),
    "epssScore": (_numbers, _member("epss", "score")),
    "exploitAvailable": (_texts, _member("exploitAvailable")),
    "findingArn": (_texts, _member("findingArn")),
    "findingStatus": (_texts, _member("status")),
    "findingType": (_texts, _member("type")),
    "firstObservedAt": (_dates, _member("firstObservedAt")),
    "fixAvailable": (_texts, _member("fixAvailable")),
    "inspectorScore": (_numbers, _member("inspectorScore")),
    "lastObservedAt": (_dates, _member("lastObservedAt")),
    "relatedVulnerabilities": (_texts, _all_of(_PACKAGE, "relatedVulnerabilities")),
    "resourceId": (_texts, _of_resource("id")),
    "resourceTags": (_maps, _of_resource("tags")),
    "resourceType": (_texts, _of_resource("type")),
    "severity": (_texts, _member("severity")),
    "title": (_texts, _member("title")),
    "updatedAt": (_dates, _member("updatedAt")),
    "vendorSeverity": (_texts, _member(_PACKAGE, "vendorSeverity")),
    "vulnerabilityId": (_texts, _member(_PACKAGE, "vulnerabilityId")),
    "vulnerabilitySource": (_texts, _member(_PACKAGE, "source")),
    "vulnerablePackages": (_packages, _all_of(_PACKAGE, "vulnerablePackages")),
}
