"""What the requests of some minutes add to which metrics: AWS's own ("Amazon ECR usage metrics", "repository metrics"),
and in the namespace Entrepot what users of ECR have asked for. Pure; docs/metrics.md is the list for people.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

import msgspec

from entrepot.core import call_pages
from entrepot.core.call_pages import Group as Calls
from entrepot.core.calls import common_of
from entrepot.core.metrics.series import NO_UNIT, Metric, metric
from entrepot.core.permissions import OPERATIONS
from entrepot.metrics import sketches, summaries
from entrepot.metrics.summaries import Summary

OURS = "Entrepot"
MINUTE = 60
USAGE = frozenset(
    {
        "BatchCheckLayerAvailability",
        "BatchGetImage",
        "CompleteLayerUpload",
        "GetAuthorizationToken",
        "GetDownloadUrlForLayer",
        "InitiateLayerUpload",
        "PutImage",
        "UploadLayerPart",
    }
)
REGISTRIES = {"ecr": "private", "ecr-public": "public"}
# credentials that were not accepted; none at all are how docker asks what it needs
_UNACCEPTED = frozenset(
    {
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "UnrecognizedClientException",
    }
)
_DENIED = frozenset({"AccessDeniedException", "AccessDenied"})
_MICROS_OF_MINUTE = MINUTE * 1_000_000
_REMEMBERED = 65536


class Key(NamedTuple):
    """What requests of one group have in common; `minute` in minutes since the epoch, `caller` is its account."""

    minute: int
    account: str
    region: str
    service: str
    operation: str
    door: str
    repository: str
    status: int
    error: str
    caller: str | None

    @property
    def checked(self) -> "Key":
        """With what is known to exist: of what was refused, the caller's account, if any, and no repository."""
        if self.status < 400 and not self.error:
            return self
        return self._replace(account=self.caller or "", repository="")


class Group:
    """Requests that differ only in what can be counted; `received` has no zeros."""

    __slots__ = ("pull_times", "pulled", "received", "sent")

    def __init__(self) -> None:
        self.pulled = 0
        self.received: list[int] = []
        self.sent: list[int] = []
        self.pull_times: list[int] = []

    def extend(self, other: "Group") -> None:
        """With those of another group."""
        self.pulled += other.pulled
        self.received += other.received
        self.sent += other.sent
        self.pull_times += other.pull_times

    def add(self, calls: Calls, pulled: int) -> None:
        """With requests that handed out so many images each."""
        self.sent += calls.sent
        self.received += filter(None, calls.received)
        if pulled:
            self.pulled += pulled * calls.count
            self.pull_times += calls.took


class Told(NamedTuple):
    """A metric of an account in a region, in a unit, in a minute that begins `at`."""

    account: str
    region: str
    metric: Metric
    unit: str
    at: int


_Added = tuple[Metric, str, Summary]  # to a metric, in a unit
_Groups = dict[Key, Group]


def grouped(records: Iterable[bytes]) -> _Groups:
    """The records of journals by what they have in common; those of another version are not counted."""
    groups: _Groups = {}
    for (minute, encoded), parts in _alike(records).items():
        try:
            common = common_of(encoded)
        except msgspec.DecodeError:
            continue
        key = Key(
            minute,
            common.account,
            common.region,
            common.service,
            common.operation,
            common.door,
            common.repository,
            common.status,
            common.error,
            common.caller,
        )
        group = groups.get(key)
        if group is None:
            group = groups[key] = Group()
        for part in parts:
            group.add(part, len(common.pulled))
    return groups


def _alike(records: Iterable[bytes]) -> dict[tuple[int, bytes], list[Calls]]:
    """By the minute and by what is encoded of what they have in common."""
    found: dict[tuple[int, bytes], list[Calls]] = {}
    for record in records:
        try:
            page = call_pages.groups(record)
        except msgspec.DecodeError:
            continue
        for minute, part in chain.from_iterable(map(_minutes, page)):
            found.setdefault((minute, bytes(part.common)), []).append(part)
    return found


def _minutes(calls: Calls) -> Iterator[tuple[int, Calls]]:
    """Calls by the minute, all of them at once where there is one only."""
    first, last = min(calls.at) // _MICROS_OF_MINUTE, max(calls.at) // _MICROS_OF_MINUTE
    if first == last:
        yield first, calls
        return
    minutes = [at // _MICROS_OF_MINUTE for at in calls.at]
    for minute in sorted(set(minutes)):
        yield minute, calls.chosen([position for position, each in enumerate(minutes) if each == minute])


def told(groups: _Groups, account: str, region: str) -> dict[Told, Summary]:
    """What is to be added to which metrics; `account` and `region` are those of what belongs to none in particular."""
    found: dict[Told, Summary] = {}
    wholes: dict[Key, Group] = {}
    for each, group in groups.items():
        key = each.checked
        if key.repository:
            _gather(found, key, _of_repository(key, group), account, region)
        wholes.setdefault(key._replace(repository=""), Group()).extend(group)
    for key, group in wholes.items():
        _gather(found, key, _of_all(key, group), account, region)
    return found


def _gather(found: dict[Told, Summary], key: Key, metrics: Iterable[_Added], account: str, region: str) -> None:
    for which, unit, summary in metrics:
        name = Told(key.account or account, key.region or region, which, unit, key.minute * MINUTE)
        there = found.get(name)
        found[name] = summary if there is None else there.merge(summary)


def _of_repository(key: Key, group: Group) -> Iterator[_Added]:
    """Metrics of one repository, of which a request has succeeded."""
    registry = REGISTRIES.get(key.service, "")
    if group.pulled:
        yield _pulls(registry, key.repository), "Count", _ones(group.pulled)
    if key.operation == "PutImage":
        yield _named("RepositoryPushCount", registry, key.repository), "Count", _ones(len(group.sent))
    if group.received:
        yield _named("BytesIn", registry, key.repository), "Bytes", _set(group.received)
    if any(group.sent):
        yield _named("BytesOut", registry, key.repository), "Bytes", _set(group.sent)


def _of_all(key: Key, group: Group) -> Iterator[_Added]:
    """Metrics of an account."""
    number = len(group.sent)
    if key.operation:
        yield from _of_operation(key, number)
    if key.caller is not None:
        yield _ours("AuthenticationSuccessCount", Door=key.door), "Count", _ones(number)
    if key.error in _UNACCEPTED:
        yield _ours("AuthenticationFailureCount", Door=key.door), "Count", _ones(number)
    registry = REGISTRIES.get(key.service)
    if registry is None:
        return
    if group.received:
        yield _ours("BytesIn", Registry=registry), "Bytes", _set(group.received)
    if any(group.sent):
        yield _ours("BytesOut", Registry=registry), "Bytes", _set(group.sent)
    if group.pull_times:
        yield _ours("PullLatency", Registry=registry), "Milliseconds", _times(group.pull_times)


def _of_operation(key: Key, number: int) -> Iterator[_Added]:
    if key.service == "ecr" and key.operation in USAGE:
        yield _usage(key.operation), NO_UNIT, _ones(number)
    known = key.door == "oci" or key.operation in OPERATIONS.get(key.service, ())
    name = key.operation if known else "Other"
    yield _ours("RequestCount", Service=key.service, Operation=name), "Count", _ones(number)
    if key.error in _DENIED:
        yield _ours("DeniedCount", Service=key.service, Operation=name), "Count", _ones(number)
    if key.status >= 400:
        kind = "ServerErrorCount" if key.status >= 500 else "ClientErrorCount"
        yield _ours(kind, Service=key.service, Operation=name), "Count", _ones(number)


@lru_cache(_REMEMBERED)
def _ours(name: str, **dimensions: str) -> Metric:
    return metric(OURS, name, dimensions)


@lru_cache(_REMEMBERED)
def _named(name: str, registry: str, repository: str) -> Metric:
    return metric(OURS, name, {"Registry": registry, "RepositoryName": repository})


@lru_cache
def _usage(operation: str) -> Metric:
    return metric("AWS/Usage", "CallCount", {"Service": "ECR", "Type": "API", "Resource": operation, "Class": "None"})


def _pulls(registry: str, repository: str) -> Metric:
    if registry == "private":
        return metric("AWS/ECR", "RepositoryPullCount", {"RepositoryName": repository})
    return _named("RepositoryPullCount", registry, repository)


def _ones(number: int) -> Summary:
    return summaries.of_set(float(number), float(number), 1.0, 1.0)


def _set(numbers: list[int]) -> Summary:
    return summaries.of_set(float(len(numbers)), float(sum(numbers)), float(min(numbers)), float(max(numbers)))


def _times(micros: list[int]) -> Summary:
    """Times with how they lie."""
    buckets = Counter(map(_bucket, micros))
    return Summary(
        len(micros),
        sum(micros) / 1000,
        min(micros) / 1000,
        max(micros) / 1000,
        {bucket: float(count) for bucket, count in buckets.items()},
    )


@lru_cache(_REMEMBERED)
def _bucket(micros: int) -> int:
    return sketches.key(micros / 1000)
