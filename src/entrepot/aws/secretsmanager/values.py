"""Operations on values of secrets and their versions, and random passwords."""

from typing import Any

from entrepot.aws.protocol import errors
from entrepot.aws.protocol.call import Call
from entrepot.aws.secretsmanager import inputs
from entrepot.aws.secretsmanager.inputs import Output
from entrepot.core import access
from entrepot.core.resources import Resource
from entrepot.core.secrets import listing, passwords, versions
from entrepot.core.secrets.names import SERVICE
from entrepot.core.secrets.passwords import PasswordDraft
from entrepot.core.secrets.stages import CURRENT
from entrepot.core.secrets.versions import Asked, Found, Listed, Version
from entrepot.errors import Fact, SecretInputInvalid
from entrepot.spec.paging import encode_token

_DEFAULT = 100


async def put_secret_value(call: Call) -> Output:
    """PutSecretValue."""
    inputs.refuse_unbuilt(call)
    value, labels = inputs.value(call), call.input.get("VersionStages") or [CURRENT]
    if value is None:
        raise SecretInputInvalid(reason="You must provide either SecretString or SecretBinary.")
    made = await call.core.units.write(
        versions.put, call.caller, call.core.vault, call.input["SecretId"], inputs.token(call), value, labels
    )
    return {**_named(made), "VersionStages": list(made.labels)}


async def get_secret_value(call: Call) -> Output:
    """GetSecretValue."""
    given = call.input
    asked = Asked(given.get("VersionId", ""), given.get("VersionStage", ""))
    found = await call.core.units.read(versions.get, call.caller, call.core.vault, given["SecretId"], asked)
    return _shown(call, found)


async def batch_get_secret_value(call: Call) -> Output:
    """BatchGetSecretValue: of named secrets, or of those that filters find."""
    given, operation, core = call.input, "BatchGetSecretValue", call.core
    if ("SecretIdList" in given) == ("Filters" in given):
        raise SecretInputInvalid(reason="You must provide either Filters or SecretIdList, and not both.")
    if "SecretIdList" in given:
        found = await core.units.read(listing.batch, call.caller, core.vault, given["SecretIdList"])
    else:
        wanted = inputs.wanted(call, operation)
        found = await core.units.read(listing.batch_page, call.caller, core.vault, wanted)
    return {
        "SecretValues": [_shown(call, each) for each in found.values],
        "Errors": [_error(secret_id, fact) for secret_id, fact in found.errors] or None,
        "NextToken": inputs.next_token(call, operation, found.after),
    }


async def list_secret_version_ids(call: Call) -> Output:
    """ListSecretVersionIds."""
    operation, given = "ListSecretVersionIds", call.input
    (after,), most = inputs.start(call, operation, 1), given.get("MaxResults", _DEFAULT)
    found = await call.core.units.read(versions.list_of, call.caller, given["SecretId"])
    labelled = set(found.stages.values())
    every = sorted(found.versions, key=lambda each: each.id)
    kept = [each for each in every if given.get("IncludeDeprecated") or each.id in labelled]
    later = [each for each in kept if each.id > after]
    more = (later[most - 1].id,) if len(later) > most else None
    return {
        "Versions": [_version(found, each) for each in later[:most]],
        "ARN": found.secret.arn,
        "Name": found.secret.name,
        "NextToken": None if more is None else encode_token(more, inputs.scope(call, operation)),
    }


async def update_secret_version_stage(call: Call) -> Output:
    """UpdateSecretVersionStage."""
    given = call.input
    before, after = given.get("RemoveFromVersionId", ""), given.get("MoveToVersionId", "")
    changed = await call.core.units.write(
        versions.move, call.caller, given["SecretId"], given["VersionStage"], before, after
    )
    return {"ARN": changed.arn, "Name": changed.name}


async def get_random_password(call: Call) -> Output:
    """GetRandomPassword."""
    access.require(call.caller, "GetRandomPassword", Resource(call.account, "*", SERVICE))
    given = call.input
    draft = PasswordDraft(
        given.get("PasswordLength", passwords.LENGTH),
        given.get("ExcludeCharacters", ""),
        frozenset(kind for kind in passwords.KINDS if given.get(f"Exclude{kind}", False)),
        given.get("IncludeSpace", False),
        given.get("RequireEachIncludedType", True),
    )
    return {"RandomPassword": passwords.random(draft)}


def _shown(call: Call, found: Found) -> dict[str, Any]:
    """A value as it is answered; the day of its reading is noted when it is the first of that day."""
    if versions.is_new_day(found.version, call.caller.at):
        call.core.units.later(versions.note_access, found.secret.id, found.version.id, call.caller.at)
    return {
        **_named(found),
        **inputs.shown_value(found.value),
        "VersionStages": list(found.labels) or None,
        "CreatedDate": found.version.created_at,
    }


def _named(found: Found) -> dict[str, Any]:
    return {"ARN": found.secret.arn, "Name": found.secret.name, "VersionId": found.version.id}


def _version(listed: Listed, version: Version) -> dict[str, Any]:
    return {
        "VersionId": version.id,
        "VersionStages": [label for label, on in listed.stages.items() if on == version.id] or None,
        "LastAccessedDate": version.accessed_at,
        "CreatedDate": version.created_at,
        "KmsKeyIds": [version.key_id] if listed.secret.kms_key else ["DefaultEncryptionKey"],
    }


def _error(secret_id: str, fact: Fact) -> dict[str, str]:
    return {"SecretId": secret_id, "ErrorCode": errors.code(SERVICE, type(fact))[0], "Message": str(fact)}
