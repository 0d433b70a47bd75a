"""Every use case on secrets with arguments for one furnished account, for tests that walk them."""

import json
from collections.abc import Callable
from typing import Any

from entrepot.core.secrets import keeping, policies, versions
from entrepot.core.secrets.keeping import SecretChange, SecretDraft
from entrepot.core.secrets.listing import Wanted
from entrepot.core.secrets.sealing import Value
from entrepot.core.secrets.versions import Asked
from tests.factories.callers import ACCOUNT, REGION
from tests.factories.key_cases import VAULT
from tests.factories.use_cases import Case

NAME, GONE, SUFFIX = "app/kept", "app/gone", "AbCdEf"
ARN = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{NAME}-{SUFFIX}"
VALUE = Value("string", b"hidden")
FIRST, SECOND, THIRD = ("v" * 31 + str(number) for number in range(3))
GRANT = {
    "Effect": "Allow",
    "Principal": {"AWS": ACCOUNT},
    "Action": "secretsmanager:GetSecretValue",
    "Resource": "*",
}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [GRANT]})
WANTED = Wanted((), ("name", "asc"), deleted=True, limit=10, after=None)
# what is not authorised by itself, or by those that have cases
PARTS = {
    *("secrets.credentials.value", "secrets.names.parse", "secrets.places.allow", "secrets.places.changed"),
    *("secrets.places.find", "secrets.sealing.opened", "secrets.sealing.sealed", "secrets.versions.read"),
    *("secrets.versions.reseal", "secrets.versions.store"),
}
# use case -> how it is called in the house below
CASES: dict[str, Case] = {
    "secrets.keeping.create": Case(
        (VAULT, SecretDraft("id", "app/new", SUFFIX, FIRST, tags=(("k", "v"),))), "CreateSecret"
    ),
    "secrets.keeping.delete": Case((NAME, 7), "DeleteSecret", {"force": False}),
    "secrets.keeping.describe": Case((NAME,)),
    "secrets.keeping.restore": Case((GONE,), "RestoreSecret"),
    "secrets.keeping.update": Case((VAULT, NAME, SecretChange(THIRD, description="text")), "UpdateSecret"),
    "secrets.listing.batch": Case((VAULT, [NAME])),
    "secrets.listing.batch_page": Case((VAULT, WANTED)),
    "secrets.listing.list_all": Case((WANTED,)),
    "secrets.places.require": Case(("DescribeSecret", NAME)),
    "secrets.places.require_locked": Case(("TagResource", NAME)),
    "secrets.policies.delete": Case((NAME,), "DeleteResourcePolicy"),
    "secrets.policies.get": Case((NAME,)),
    "secrets.policies.put": Case(
        (NAME, POLICY.replace("GetSecret", "PutSecret")), "PutResourcePolicy", {"block_public": True}
    ),
    "secrets.policies.validate": Case((NAME, POLICY)),
    "secrets.tags.put": Case((NAME, (("new", "x"),)), "TagResource"),
    "secrets.tags.remove": Case((NAME, ["team"]), "UntagResource"),
    "secrets.versions.get": Case((VAULT, NAME, Asked())),
    "secrets.versions.list_of": Case((NAME,)),
    "secrets.versions.move": Case((NAME, "AWSCURRENT", SECOND, FIRST), "UpdateSecretVersionStage"),
    "secrets.versions.put": Case((VAULT, NAME, THIRD, VALUE, ["AWSCURRENT"]), "PutSecretValue"),
}


def furnish(write: Callable[..., Any]) -> None:
    """A secret with two versions, a policy and a tag, and one that waits for its end."""
    write(keeping.create, VAULT, SecretDraft("kept", NAME, SUFFIX, FIRST, VALUE, tags=(("team", "a"),)))
    write(versions.put, VAULT, NAME, SECOND, VALUE, ["AWSCURRENT"])
    write(policies.put, NAME, POLICY, block_public=True)
    write(keeping.create, VAULT, SecretDraft("gone", GONE, SUFFIX, FIRST, VALUE))
    write(keeping.delete, GONE, 7, force=False)
