"""Every use case on keys with arguments for one furnished account, for tests that walk them."""

from collections.abc import Callable
from typing import Any

from entrepot.core.keys import aliases, deletion, grants, keeping, policies, rotation, tags
from entrepot.core.keys.encryption import Sealed
from entrepot.core.keys.grants import GrantDraft
from entrepot.core.keys.keeping import KeyDraft
from entrepot.core.keys.places import Asked
from entrepot.core.keys.signing import RAW, Message
from entrepot.core.keys.vault import Vault
from entrepot.core.resources import Resource
from entrepot.db.key_records import Key
from entrepot.seal import Seal
from tests.factories.callers import ACCOUNT, EPOCH, REGION
from tests.factories.use_cases import Case

VAULT = Vault(Seal(bytes(range(32))))
PLACE = f"arn:aws:kms:{REGION}:{ACCOUNT}"
KEY, PAIR, OFF, DYING, NEW = (f"00000000-0000-4000-8000-00000000000{number}" for number in range(5))
ALIAS = "alias/kept"
ARN, ALIAS_ARN = f"{PLACE}:key/{KEY}", f"{PLACE}:{ALIAS}"
GRANT, NEW_GRANT = "a" * 64, "b" * 64
SERVICE = f"ecr.{REGION}.amazonaws.com"
CONTEXT = {"for": "tests"}
SPECS = {KEY: "SYMMETRIC_DEFAULT", PAIR: "ECC_NIST_P256", OFF: "SYMMETRIC_DEFAULT", DYING: "SYMMETRIC_DEFAULT"}
MATERIAL = {key: VAULT.fresh(key, spec, EPOCH) for key, spec in {**SPECS, NEW: "SYMMETRIC_DEFAULT"}.items()}
MESSAGE = Message(b"text", RAW, "ECDSA_SHA_256")
TAGS = (("team", "a"),)


def key(of: str = KEY) -> Key:
    """A key as it is made."""
    usage = "ENCRYPT_DECRYPT" if of != PAIR else "SIGN_VERIFY"
    policy = policies.default(ACCOUNT)
    return Key(of, ACCOUNT, REGION, "CUSTOMER", SPECS[of], usage, "", "Enabled", policy, 365, None, EPOCH)


BLOB = VAULT.conceal(key(), MATERIAL[KEY], b"text", CONTEXT)
SEALED = Sealed(BLOB, CONTEXT)
SIGNATURE = VAULT.sign(MATERIAL[PAIR], MESSAGE.algorithm, MESSAGE.text, digest=False)
# what is not authorised by itself, or by those that have cases
PARTS = {
    *("keys.encryption.enclose", "keys.names.parse", "keys.places.allow", "keys.places.allows", "keys.places.changed"),
    *("keys.remote_naming.known", "keys.remote_naming.require"),  # a key elsewhere is no account's resource here
    *("keys.places.find", "keys.policies.with_policy", "keys.grants.end_named", "keys.service_use.told"),
}
ABOUT_NOTHING = {"keys.keeping.allow_create", "keys.tags.allow_new"}
# use case -> how it is called in the house below
CASES: dict[str, Case] = {
    "keys.aliases.create": Case(("alias/new", KEY), "CreateAlias"),
    "keys.aliases.delete": Case((ALIAS,), "DeleteAlias"),
    "keys.aliases.list_all": Case(("", 10, "")),
    "keys.aliases.update": Case((ALIAS, OFF), "UpdateAlias"),
    "keys.deletion.cancel": Case((DYING,), "CancelKeyDeletion"),
    "keys.deletion.schedule": Case((KEY, 7), "ScheduleKeyDeletion"),
    "keys.encryption.again": Case((VAULT, SEALED, KEY)),
    "keys.encryption.data_key": Case((VAULT, KEY, 32, Asked("GenerateDataKey"))),
    "keys.encryption.decrypt": Case((VAULT, SEALED)),
    "keys.encryption.decrypt_asked": Case((VAULT, SEALED, Asked("Decrypt", CONTEXT))),
    "keys.encryption.encrypt": Case((VAULT, KEY, b"text", CONTEXT)),
    "keys.grants.create": Case((KEY, GrantDraft(NEW_GRANT, SERVICE, ("Decrypt",))), "CreateGrant"),
    "keys.grants.list_of": Case((KEY, ("", ""), 10, "")),
    "keys.grants.list_retirable": Case((SERVICE, 10, "")),
    "keys.grants.retire": Case((KEY, GRANT), "RetireGrant"),
    "keys.grants.revoke": Case((KEY, GRANT), "RevokeGrant"),
    "keys.keeping.allow_create": Case((KeyDraft(NEW, tags=TAGS),)),
    "keys.keeping.create": Case((KeyDraft(NEW, tags=TAGS), MATERIAL[NEW]), "CreateKey"),
    "keys.keeping.describe": Case((ALIAS,)),
    "keys.keeping.disable": Case((KEY,), "DisableKey"),
    "keys.keeping.enable": Case((OFF,), "EnableKey"),
    "keys.keeping.list_all": Case((10, "")),
    "keys.keeping.set_description": Case((KEY, "text"), "UpdateKeyDescription"),
    "keys.places.require": Case((KEY, Asked("DescribeKey"))),
    "keys.places.require_locked": Case((KEY, Asked("DisableKey"))),
    "keys.policies.get": Case((KEY, "default")),
    "keys.policies.list_names": Case((KEY,)),
    "keys.policies.put": Case(
        (KEY, policies.default(ACCOUNT).replace("default-1", "default-2"), "default"),
        "PutKeyPolicy",
        {"bypass": False},
    ),
    "keys.rotation.disable": Case((KEY,), "DisableKeyRotation"),
    "keys.rotation.enable": Case((KEY, 90), "EnableKeyRotation"),
    "keys.rotation.list_of": Case((KEY,)),
    "keys.rotation.on_demand": Case((VAULT, KEY), "RotateKeyOnDemand"),
    "keys.rotation.status": Case((KEY,)),
    "keys.service_use.data_key": Case((VAULT, "ecr", KEY, CONTEXT)),
    "keys.service_use.enclosed": Case((VAULT, "ecr", KEY, b"text", CONTEXT)),
    "keys.service_use.opened": Case((VAULT, "ecr", SEALED)),
    "keys.service_use.opened_for": Case((VAULT, "ecr", SEALED, CONTEXT)),
    "keys.service_use.require_usable": Case(("ecr", KEY, CONTEXT)),
    "keys.signing.public_key": Case((PAIR,)),
    "keys.signing.sign": Case((VAULT, PAIR, MESSAGE)),
    "keys.signing.verify": Case((PAIR, MESSAGE, SIGNATURE)),
    "keys.tags.allow_new": Case((Resource(ACCOUNT, ARN, "kms"), TAGS)),
    "keys.tags.list_of": Case((KEY, 10, "")),
    "keys.tags.put": Case((KEY, (("new", "x"),)), "TagResource"),
    "keys.tags.remove": Case((KEY, ["team"]), "UntagResource"),
}


def furnish(write: Callable[..., Any]) -> None:
    """Keys in every state, with an alias, a grant and tags, by `write(use case, arguments after the caller)`."""
    for named, spec in SPECS.items():
        write(keeping.create, KeyDraft(named, spec), MATERIAL[named])
    write(aliases.create, ALIAS, KEY)
    write(tags.put, KEY, TAGS)
    write(rotation.enable, KEY, 180)
    write(grants.create, KEY, GrantDraft(GRANT, SERVICE, ("Decrypt", "GenerateDataKey"), SERVICE))
    write(keeping.disable, OFF)
    write(deletion.schedule, DYING, 7)
