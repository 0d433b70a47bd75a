"""Operations on secrets as a whole."""

from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.aws.secretsmanager import inputs
from entrepot.aws.secretsmanager.inputs import Output
from entrepot.core.secrets import keeping, listing, names
from entrepot.core.secrets.keeping import Described, SecretChange, SecretDraft
from entrepot.core.secrets.versions import Found, Secret
from entrepot.spec.ulid import new_ulid


async def create_secret(call: Call) -> Output:
    """CreateSecret."""
    inputs.refuse_unbuilt(call)
    given = call.input
    draft = SecretDraft(
        new_ulid(),
        given["Name"],
        names.new_suffix(),
        inputs.token(call),
        inputs.value(call),
        given.get("Description", ""),
        given.get("KmsKeyId", ""),
        inputs.tags(given.get("Tags", ())),
    )
    return _made(await call.core.units.write(keeping.create, call.caller, call.core.vault, draft))


async def update_secret(call: Call) -> Output:
    """UpdateSecret."""
    inputs.refuse_unbuilt(call)
    given = call.input
    change = SecretChange(inputs.token(call), inputs.value(call), given.get("Description"), given.get("KmsKeyId"))
    return _made(await call.core.units.write(keeping.update, call.caller, call.core.vault, given["SecretId"], change))


async def describe_secret(call: Call) -> Output:
    """DescribeSecret."""
    found = await call.core.units.read(keeping.describe, call.caller, call.input["SecretId"])
    return {**_shown(found), "VersionIdsToStages": _stages(found)}


async def list_secrets(call: Call) -> Output:
    """ListSecrets."""
    page = await call.core.units.read(listing.list_all, call.caller, inputs.wanted(call, "ListSecrets"))
    shown = [{**_shown(each), "SecretVersionsToStages": _stages(each)} for each in page.items]
    return {"SecretList": shown, "NextToken": inputs.next_token(call, "ListSecrets", page.after)}


async def delete_secret(call: Call) -> Output:
    """DeleteSecret."""
    given = call.input
    days, force = given.get("RecoveryWindowInDays"), given.get("ForceDeleteWithoutRecovery", False)
    gone = await call.core.units.write(keeping.delete, call.caller, given["SecretId"], days, force=force)
    return {"ARN": gone.arn or None, "Name": gone.name, "DeletionDate": gone.purges_at}


async def restore_secret(call: Call) -> Output:
    """RestoreSecret."""
    kept = await call.core.units.write(keeping.restore, call.caller, call.input["SecretId"])
    return {"ARN": kept.arn, "Name": kept.name}


def _made(made: Found | Secret) -> Output:
    if isinstance(made, Secret):
        return {"ARN": made.arn, "Name": made.name}
    return {"ARN": made.secret.arn, "Name": made.secret.name, "VersionId": made.version.id}


def _shown(found: Described) -> dict[str, Any]:
    secret = found.secret
    return {
        "ARN": secret.arn,
        "Name": secret.name,
        "Description": secret.description or None,
        "KmsKeyId": secret.kms_key or None,
        "LastChangedDate": secret.changed_at,
        "LastAccessedDate": secret.accessed_at,
        "DeletedDate": secret.deleted_at,
        "CreatedDate": secret.created_at,
        "Tags": [{"Key": key, "Value": value} for key, value in found.tags] or None,
    }


def _stages(found: Described) -> dict[str, list[str]] | None:
    labels: dict[str, list[str]] = {}
    for label, version_id in found.stages.items():
        labels.setdefault(version_id, []).append(label)
    return labels or None
