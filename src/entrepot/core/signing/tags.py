"""AWS tags of signing profiles (AWS Signer API reference, "TagResource")."""

from collections.abc import Mapping, Sequence
from typing import Final

from entrepot.core.access import Caller
from entrepot.core.resource_tags import request_tags
from entrepot.core.resources import Tags
from entrepot.core.signing import places
from entrepot.core.signing.places import ProfileName
from entrepot.core.tag_rules import TagRules
from entrepot.db import signing_profiles as rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.signing_records import Profile
from entrepot.errors import SigningTaggedNotFound, SigningTagsInvalid

_RULES: Final = TagRules("A signing profile", 200)


def list_of(tx: Reader, caller: Caller, arn: str) -> Mapping[str, str]:
    """The tags of a profile: SigningTaggedNotFound."""
    name = _named(caller, arn)
    found = places.find(tx, name)
    places.allow(tx, caller, "ListTagsForResource", name, found)
    return dict(rows.tags(tx, _present(found, arn).id))


def put(tx: Transaction, caller: Caller, arn: str, tags: Tags) -> None:
    """Set tags, all of them or none: SigningTaggedNotFound, SigningTagsInvalid."""
    profile = _locked(tx, caller, "TagResource", arn, request_tags(tags))
    check(tags, rows.tags(tx, profile.id))
    rows.put_tags(tx, profile.id, tags)
    places.changed(tx, caller, "TagResource", {"resourceArn": arn, "tags": dict(tags)}, profile.account)


def remove(tx: Transaction, caller: Caller, arn: str, names: Sequence[str]) -> None:
    """Remove tags; absent ones are fine: SigningTaggedNotFound."""
    profile = _locked(tx, caller, "UntagResource", arn, {"aws:tagkeys": tuple(names)})
    for name in names:
        rows.remove_tag(tx, profile.id, name)
    places.changed(tx, caller, "UntagResource", {"resourceArn": arn, "tagKeys": list(names)}, profile.account)


def check(tags: Tags, had: Tags = ()) -> None:
    """SigningTagsInvalid for tags that cannot be beside those that there are."""
    if why := _RULES.fault_of(tags, had):
        raise SigningTagsInvalid(reason=why)


def _named(caller: Caller, arn: str) -> ProfileName:
    """What an ARN names, or what a denial of nothing names."""
    found = places.parse(arn)
    return places.named(caller, arn[:64]) if found is None or found.region != caller.region else found


def _locked(tx: Transaction, caller: Caller, operation: str, arn: str, keys: places.Values) -> Profile:
    name = _named(caller, arn)
    found = places.find(tx, name)
    places.allow(tx, caller, operation, name, found, keys)
    return _present(None if found is None else rows.lock(tx, found.id), arn)


def _present(found: Profile | None, arn: str) -> Profile:
    if found is None:
        raise SigningTaggedNotFound(arn=arn[:256])
    return found
