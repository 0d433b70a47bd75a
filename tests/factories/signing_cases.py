"""Every use case on signing with arguments for one furnished account, for tests that walk them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from entrepot.core.signing import payloads, permissions, profiles, rules
from entrepot.core.signing.jobs import Question
from entrepot.core.signing.jobs import Wanted as WantedJobs
from entrepot.core.signing.payloads import Signed, Wanted
from entrepot.core.signing.places import ProfileName
from entrepot.core.signing.platforms import NOTATION
from entrepot.core.signing.profiles import ProfileDraft
from entrepot.core.signing.profiles import Wanted as WantedProfiles
from entrepot.core.signing.rules import Rule
from entrepot.db.signing_records import Permission
from entrepot.spec import notation
from entrepot.spec.repository import RegistryKey
from tests.factories.callers import ACCOUNT, EPOCH, REGION, caller, image_manifest, repository
from tests.factories.core_database import CoreDatabase
from tests.factories.key_cases import VAULT
from tests.factories.use_cases import Case

NAME, OTHER = "kept", "other"
KEY, REPOSITORY = RegistryKey("private", ACCOUNT, REGION), repository("signed")
PLACE = f"arn:aws:signer:{REGION}:{ACCOUNT}"
ARN = f"{PLACE}:/signing-profiles/{NAME}"
IMAGE = image_manifest([b"signed"])
WANTED = Wanted(ProfileName(ACCOUNT, REGION, NAME), notation.payload("a/b", str(IMAGE.digest), 1), notation.PAYLOAD)
VERSION = "VVVVVVVVVV"
DRAFT = ProfileDraft(NAME, NOTATION, tags=(("team", "a"),), version=VERSION)
GRANT = Permission("s1", "signer:SignPayload", ACCOUNT, "")
RULES = (Rule(ARN),)
JOB = "00000000-0000-4000-8000-000000000001"
# what is not authorised by itself, or by those that have cases
PARTS = {
    "signing.keys.known",
    *("signing.keys.material", "signing.keys.of_kms", "signing.places.allow", "signing.places.allow_job"),
    *("signing.places.changed", "signing.places.named", "signing.payloads.keep", "signing.pushes.pushed"),
}
ABOUT_NOTHING = {
    *("signing.platform_listing.get", "signing.platform_listing.list_all", "signing.object_jobs.start"),
    "signing.jobs.revoked",
}
# use case -> how it is called in the house below
CASES: dict[str, Case] = {
    "signing.authority.public_key": Case((KEY, NAME)),
    "signing.authority.root": Case((KEY,)),
    "signing.jobs.describe": Case((JOB,)),
    "signing.jobs.list_all": Case((WantedJobs(), 10, ("", ""))),
    "signing.jobs.revoke": Case((JOB, "", "leaked"), "RevokeSignature"),
    "signing.jobs.revoked": Case((Question(EPOCH, f"{ARN}/{VERSION}", f"{PLACE}:/signing-jobs/{JOB}"),)),
    "signing.object_jobs.start": Case((ProfileName(ACCOUNT, REGION, NAME),)),
    "signing.payloads.prepare": Case((WANTED,)),
    "signing.permissions.add": Case((NAME, replace(GRANT, statement_id="s2"), ""), "AddProfilePermission"),
    "signing.permissions.list_of": Case((NAME,)),
    "signing.permissions.remove": Case((NAME, "s1", ""), "RemoveProfilePermission"),
    "signing.places.require": Case(("GetSigningProfile", ProfileName(ACCOUNT, REGION, NAME))),
    "signing.places.require_locked": Case(("CancelSigningProfile", ProfileName(ACCOUNT, REGION, NAME))),
    "signing.platform_listing.get": Case((NOTATION,)),
    "signing.platform_listing.list_all": Case(({}, 10, "")),
    "signing.profiles.cancel": Case((NAME,), "CancelSigningProfile"),
    "signing.profiles.get": Case((NAME, "")),
    "signing.profiles.list_all": Case((WantedProfiles(), 10, "")),
    "signing.profiles.put": Case(
        (VAULT, replace(DRAFT, name="new", version="NNNNNNNNNN", id="new")), "PutSigningProfile"
    ),
    "signing.profiles.revoke": Case((NAME, VERSION, EPOCH, "leaked"), "RevokeSigningProfile"),
    "signing.pushes.statuses": Case((REPOSITORY, IMAGE.digest, None)),
    "signing.rules.delete": Case((KEY,), "DeleteSigningConfiguration", service="ecr"),
    "signing.rules.get": Case((KEY,)),
    "signing.rules.put": Case((KEY, ()), "PutSigningConfiguration", service="ecr"),
    "signing.tags.list_of": Case((ARN,)),
    "signing.tags.put": Case((ARN, (("new", "x"),)), "TagResource"),
    "signing.tags.remove": Case((ARN, ["team"]), "UntagResource"),
}


def furnish(core: CoreDatabase) -> None:
    """A profile with a tag and a permission, rules, an image that waits to be signed, a signature."""
    write: Callable[..., Any] = core.write
    write(profiles.put, VAULT, DRAFT)
    write(permissions.add, NAME, GRANT, "")
    write(rules.put, KEY, RULES)
    core.repository("signed")
    core.image(REPOSITORY, "v1", layers=[b"signed"])
    order = core.database.read(lambda tx: payloads.prepare(tx, caller(), WANTED))
    write(payloads.keep, Signed(replace(order, job_id=JOB), b"", "1", ()))
