"""Use cases on sessions: one audit record and nothing else is left behind, nothing by a denial, and never a secret."""

import json
import secrets
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

import pytest

from entrepot.core import sessions
from entrepot.core.access import Caller
from entrepot.core.calls import Identity
from entrepot.core.principals import Principal, role_principal, root_principal, session_principal, user_principal
from entrepot.core.rights import Rights, rights_of
from entrepot.core.session_drafts import Draft
from entrepot.core.sessions import Session
from entrepot.core.stored_policies import compiled
from entrepot.errors import AccessDenied, MfaRefused, SessionCannot, SessionTooLarge
from entrepot.policy.evaluation import Policies
from entrepot.seal import totp
from entrepot.spec.moments import micros
from tests.factories.callers import ACCOUNT, EPOCH, OTHER_ACCOUNT, REGION
from tests.factories.core_database import CoreDatabase, call_in
from tests.factories.identity_cases import DOCUMENT, KEY, PHONE, SEED, furnish, unseal, work
from tests.unit.core.test_authorisation import SESSIONS, units_of
from tests.unit.core.test_identities import contents, nobody, stamp

ROLE = f"arn:aws:iam::{ACCOUNT}:role/builder"
DRAFT = Draft("ASIAAAAAAAAAAAAAAAAA", "s3cret-key", "run-7")
CODE = totp.code(SEED, totp.step(EPOCH))
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/issuer.example.com"
# use case -> its arguments, and what its audit record is called
CASES: dict[str, tuple[tuple[Any, ...], str]] = {
    "sessions.assume": ((ROLE, DRAFT), "AssumeRole"),
    "sessions.assume_with_code": ((unseal, ROLE, DRAFT, PHONE, CODE), "AssumeRole"),
    "sessions.federate": ((replace(DRAFT, policy=DOCUMENT),), "GetFederationToken"),
    "sessions.of_caller": ((DRAFT,), "GetSessionToken"),
    "sessions.of_caller_with_code": ((unseal, DRAFT, PHONE, CODE), "GetSessionToken"),
}


@pytest.fixture
def house(core: CoreDatabase) -> CoreDatabase:
    furnish(core.write)
    return core


def calling(principal: Principal, rights: Rights) -> Caller:
    return Caller(
        principal, rights, REGION, "127.0.0.1", "tests", str(uuid.uuid4()), secure=False, door="aws", at=EPOCH
    )


def alice() -> Caller:
    """The user whose phone it is, who may do everything."""
    principal = user_principal(ACCOUNT, "AIDAALICE", "/team/alice", KEY, 1)
    return calling(principal, Rights(principal.subject(), Policies(identity=(compiled("p", DOCUMENT),))))


def test_the_walk_knows_every_use_case():
    assert set(CASES) == units_of(SESSIONS)


@pytest.mark.parametrize("name", CASES)
def test_a_session_leaves_one_audit_record_and_is_not_stored(house: CoreDatabase, name: str):
    arguments, action = CASES[name]
    before, stamped, who = contents(house), stamp(house), alice()
    made = house.write(work(name), *arguments, who=who)
    after = contents(house)
    changed = {table for table in after if after[table] != before[table]}
    assert changed == {"outbox"} | ({"mfa_device"} if "code" in name else set())
    (record,) = [row for row in after["outbox"] if row not in before["outbox"]]
    call = call_in(record[8])
    assert (record[1], record[7], call.common.service) == ("audit", action, "sts")
    assert (call.parameters or {})["accessKeyId"] == made.key_id == DRAFT.key_id
    assert DRAFT.secret not in record[8]
    assert stamp(house) == stamped


@pytest.mark.parametrize("name", ["sessions.assume", "sessions.federate"])
def test_a_denial_changes_nothing(house: CoreDatabase, name: str):
    before = contents(house)
    house.write(work("roles.set_trust"), "builder", trust({"AWS": OTHER_ACCOUNT}))
    changed = contents(house)
    with pytest.raises(AccessDenied):
        house.write(work(name), *CASES[name][0], who=nobody())
    assert contents(house) == changed != before


@pytest.mark.parametrize("name", ["sessions.assume_with_code", "sessions.of_caller_with_code"])
def test_a_code_is_taken_once_and_given_back_when_nothing_comes_of_it(house: CoreDatabase, name: str):
    house.write(work(name), *CASES[name][0], who=alice())
    with pytest.raises(MfaRefused):
        house.write(work(name), *CASES[name][0], who=alice())


def test_a_code_of_a_denied_call_is_still_good(house: CoreDatabase):
    arguments, _ = CASES["sessions.assume_with_code"]
    absent = (arguments[0], ROLE + "-absent", *arguments[2:])
    with pytest.raises(AccessDenied):
        house.write(sessions.assume_with_code, *absent, who=alice())
    house.write(sessions.assume_with_code, *arguments, who=alice())


def test_a_session_does_not_prove_mfa_with_a_code(house: CoreDatabase):
    """Its key is a temporary one: it has shown a code when it was made, or never."""
    session = house.write(sessions.of_caller, DRAFT, who=alice())
    principal = session_principal(alice().principal, session)
    who = calling(principal, alice().rights)
    with pytest.raises(MfaRefused):
        house.write(sessions.assume_with_code, *CASES["sessions.assume_with_code"][0], who=who)


def trust(principal: Any, *more: str) -> str:
    actions = ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:TagSession", *more]
    statement = {"Effect": "Allow", "Principal": principal, "Action": actions}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_web_identity_gets_a_session_of_a_role_that_trusts_its_provider(house: CoreDatabase):
    """As the operation for it asks, once it has verified the provider's token."""
    principal = Principal("", "web identity", PROVIDER, PROVIDER, "", 0)
    who = calling(principal, Rights(principal.subject(), Policies()))
    draft = replace(DRAFT, provider=PROVIDER, keys=(("issuer.example.com:sub", "repo:one"),))
    asked = (ROLE, draft, "AssumeRoleWithWebIdentity")
    with pytest.raises(AccessDenied):
        house.write(sessions.assume, *asked, who=who)
    house.write(work("roles.set_trust"), "builder", trust({"Federated": PROVIDER}))
    made = house.write(sessions.assume, *asked, who=who)
    subject = role_principal(ACCOUNT, "/builder", 0, made).subject()
    assert (subject.kind, subject.provider) == ("role session", PROVIDER)
    wanted = {"StringEquals": {"issuer.example.com:sub": "repo:two"}}
    statement = json.loads(trust({"Federated": PROVIDER}))["Statement"][0] | {"Condition": wanted}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    house.write(work("roles.set_trust"), "builder", document)
    with pytest.raises(AccessDenied):
        house.write(sessions.assume, *asked, who=who)


def of_kind(kind: Literal["role", "federated", "self"], **more: Any) -> Caller:
    given: dict[str, Any] = {"account": ACCOUNT, "owner_id": ACCOUNT, "key_id": "ASIA", "name": "n", **more}
    session = Session(kind=kind, issued_at=EPOCH, expires_at=EPOCH + timedelta(hours=1), **given)
    root = root_principal(ACCOUNT, "AKIA", 1)
    principal = role_principal(ACCOUNT, "/r", 0, session) if kind == "role" else session_principal(root, session)
    return calling(principal, Rights(principal.subject(), Policies()))


@pytest.mark.parametrize(
    ("who", "service", "operation", "usable"),
    [
        (of_kind("role"), "sts", "AssumeRole", True),
        (of_kind("role"), "sts", "GetSessionToken", False),
        (of_kind("role"), "sts", "GetFederationToken", False),
        (of_kind("role"), "iam", "ListUsers", True),
        (of_kind("self"), "sts", "AssumeRole", True),
        (of_kind("self"), "sts", "GetCallerIdentity", True),
        (of_kind("self"), "sts", "GetFederationToken", False),
        (of_kind("self"), "iam", "ListUsers", False),
        (of_kind("self", mfa_at=EPOCH), "iam", "ListUsers", True),
        (of_kind("federated"), "sts", "GetCallerIdentity", True),
        (of_kind("federated"), "sts", "AssumeRole", False),
        (of_kind("federated", mfa_at=EPOCH), "iam", "ListUsers", False),
        *[(of_kind(kind), "ecr", "GetAuthorizationToken", True) for kind in ("role", "self", "federated")],
    ],
)
def test_what_temporary_credentials_can_never_call(who: Caller, service: str, operation: str, usable: bool):
    if usable:
        sessions.require_usable(who, service, operation)
    else:
        with pytest.raises(SessionCannot):
            sessions.require_usable(who, service, operation)


def test_what_a_session_changes_is_told_with_who_stands_behind_it(house: CoreDatabase):
    """The audit names the session, its role, since when, and the source identity that was set for it."""
    house.write(work("roles.set_trust"), "builder", trust({"AWS": ACCOUNT}, "sts:*"))
    session = house.write(sessions.assume, ROLE, replace(DRAFT, source_identity="ann", mfa=True), who=alice())
    principal = role_principal(ACCOUNT, "/builder", 0, session)
    who = calling(principal, Rights(principal.subject(), Policies(identity=(compiled("p", DOCUMENT),))))
    house.write(work("groups.delete"), "empty", who=who)
    (record,) = [row for row in house.outbox("audit") if row.name == "DeleteGroup"]
    assert call_in(record.body).common.identity == Identity(
        "role session",
        "AROABUILDER:run-7",
        principal.arn,
        ACCOUNT,
        session.key_id,
        ROLE,
        "AROABUILDER",
        micros(EPOCH),
        mfa=True,
        source_identity="ann",
    )
    assert DRAFT.secret not in record.body


def test_what_a_provider_says_must_fit_into_a_registry_token_too(house: CoreDatabase):
    said = tuple((f"issuer.example.com:claim{n}", secrets.token_hex(100)) for n in range(40))
    with pytest.raises(SessionTooLarge):
        house.write(sessions.assume, ROLE, replace(DRAFT, keys=said), who=alice())
    house.write(sessions.assume, ROLE, replace(DRAFT, keys=said[:5]), who=alice())


def test_a_claim_cannot_pose_as_what_is_known_of_the_principal(house: CoreDatabase):
    """Keys of an identity provider's claims stand below the session's own."""
    forged = (("aws:userid", "AIDAALICE"), ("aws:MultiFactorAuthPresent", "true"), ("aws:TokenIssueTime", "2099"))
    session = house.write(sessions.assume, ROLE, replace(DRAFT, keys=forged), who=alice())
    subject = role_principal(ACCOUNT, "/builder", 0, session).subject()
    rights = house.database.read(lambda tx: rights_of(tx, subject, session.owner_id, session))
    told = rights.values([key.lower() for key, _ in forged], {})
    assert told["aws:userid"] == ("AROABUILDER:run-7",)
    assert told["aws:multifactorauthpresent"] == ("false",)
    assert told["aws:tokenissuetime"] == (EPOCH.isoformat(),)
