"""Every use case on identities with arguments for one furnished account, for tests that walk them all."""

import importlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from entrepot.core import password_policies
from entrepot.core.entities import DEVICE, GROUP, POLICY, ROLE, USER, Draft
from entrepot.core.login_profiles import OwnPassword
from entrepot.core.simulation import Given
from entrepot.db.identity_records import LoginProfile, Provider
from entrepot.seal import totp
from tests.factories.callers import ACCOUNT, EPOCH

SEED = b"seed"
OWN = f"arn:aws:iam::{ACCOUNT}:policy/own"
SPARE = f"arn:aws:iam::{ACCOUNT}:policy/spare"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/team/alice"
ISSUER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/issuer.example.com"
PHONE, LOOSE = f"arn:aws:iam::{ACCOUNT}:mfa/phone", f"arn:aws:iam::{ACCOUNT}:mfa/loose"
SERVICE = "replication.ecr.amazonaws.com"
DOCUMENT = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
TRUST = json.dumps(
    {"Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}]},
)
KEY = "AKIAHOUSEHOUSEHOUSE1"
WANTED = replace(password_policies.DEFAULT, minimum_length=10, reuse_prevention=2)
LOGIN = LoginProfile("AIDAALICE", "hashed", reset_required=False, created_at=EPOCH, changed_at=EPOCH)


def unseal(_: str, sealed: bytes) -> bytes:
    return sealed


def codes(first: int) -> tuple[str, str]:
    return totp.code(SEED, first), totp.code(SEED, first + 1)


NOW = codes(totp.step(EPOCH))
RESET: dict[str, Any] = {"reset_required": True}
WITH_TAGS = (("team", "a"),)
# what is not authorised by itself: parts of use cases, and the record of a change
PARTS = {
    *("boundaries.check", "entities.add", "entities.changed", "entities.told", "roles.add"),
    *("managed_policies.require_attachable", "managed_policies.require_known", "mfa_devices.prove"),
}

# use case -> its arguments in the house below, by keyword too, and the name of its audit record; None of a read
CASES: dict[str, tuple[tuple[Any, ...], dict[str, Any], str | None]] = {
    "access_keys.account_of": ((KEY,), {}, None),
    "access_keys.create": (("alice", "AKIANEW", b"sealed"), {}, "CreateAccessKey"),
    "access_keys.delete": (("alice", KEY), {}, "DeleteAccessKey"),
    "access_keys.last_use": ((KEY,), {}, None),
    "access_keys.list_of": (("alice",), {}, None),
    "access_keys.set_status": (("alice", KEY, "Inactive"), {}, "UpdateAccessKey"),
    "account_aliases.create": (("new-alias",), {}, "CreateAccountAlias"),
    "account_aliases.delete": (("alias",), {}, "DeleteAccountAlias"),
    "account_aliases.list_all": ((), {}, None),
    "account_summary.in_full": ((frozenset({"user", "group", "role", "Local", "AWS"}),), {}, None),
    "account_summary.numbers": ((), {}, None),
    "attachments.attach": ((USER, "alice", SPARE), {}, "AttachUserPolicy"),
    "attachments.detach": ((ROLE, "builder", OWN), {}, "DetachRolePolicy"),
    "attachments.list_of": ((ROLE, "builder", "/"), {}, None),
    "boundaries.delete": ((USER, "alice"), {}, "DeleteUserPermissionsBoundary"),
    "boundaries.put": ((ROLE, "builder", OWN), {}, "PutRolePermissionsBoundary"),
    "credential_reports.generate": ((), {}, "GenerateCredentialReport"),
    "credential_reports.get": ((), {}, None),
    "entities.page": (("ListUsers", USER, "/", 10, ""), {}, None),
    "entities.rename": ((USER, "alice", "renamed", None), {}, "UpdateUser"),
    "entities.require": (("GetUser", USER, "alice"), {}, None),
    "entities.require_locked": (("GetUser", USER, "alice"), {}, None),
    "entity_tags.list_of": ((POLICY, OWN), {}, None),
    "entity_tags.put": ((DEVICE, PHONE, WITH_TAGS), {}, "TagMFADevice"),
    "entity_tags.remove": ((USER, "alice", ["team"]), {}, "UntagUser"),
    "groups.add_user": (("devs", "bob"), {}, "AddUserToGroup"),
    "groups.create": ((Draft("new", "AGPANEW"),), {}, "CreateGroup"),
    "groups.delete": (("empty",), {}, "DeleteGroup"),
    "groups.get": (("devs", 10, ""), {}, None),
    "groups.list_below": (("/", 10, ""), {}, None),
    "groups.list_for_user": (("alice", 10, ""), {}, None),
    "groups.remove_user": (("devs", "alice"), {}, "RemoveUserFromGroup"),
    "groups.update": (("devs", "renamed", "/p/"), {}, "UpdateGroup"),
    "holders.require": (("PutUserPolicy", USER, "alice"), {}, None),
    "identity_providers.add_client": ((ISSUER, "new"), {}, "AddClientIDToOpenIDConnectProvider"),
    "identity_providers.create": (
        (Draft("other.example.com", "id-new", tags=WITH_TAGS), Provider(("a",), ())),
        {},
        "CreateOpenIDConnectProvider",
    ),
    "identity_providers.delete": ((ISSUER,), {}, "DeleteOpenIDConnectProvider"),
    "identity_providers.get": ((ISSUER,), {}, None),
    "identity_providers.list_all": ((), {}, None),
    "identity_providers.remove_client": ((ISSUER, "client"), {}, "RemoveClientIDFromOpenIDConnectProvider"),
    "identity_providers.set_thumbprints": ((ISSUER, ["b" * 40]), {}, "UpdateOpenIDConnectProviderThumbprint"),
    "inline_policies.delete": ((GROUP, "devs", "own"), {}, "DeleteGroupPolicy"),
    "inline_policies.get": ((GROUP, "devs", "own"), {}, None),
    "inline_policies.names": ((GROUP, "devs"), {}, None),
    "inline_policies.put": ((ROLE, "builder", "new", DOCUMENT), {}, "PutRolePolicy"),
    "instance_profiles.add_role": (("vacant", "builder"), {}, "AddRoleToInstanceProfile"),
    "instance_profiles.create": ((Draft("new", "AIPANEW", tags=WITH_TAGS),), {}, "CreateInstanceProfile"),
    "instance_profiles.delete": (("vacant",), {}, "DeleteInstanceProfile"),
    "instance_profiles.get": (("machine",), {}, None),
    "instance_profiles.list_below": (("/", 10, ""), {}, None),
    "instance_profiles.list_for_role": (("builder",), {}, None),
    "instance_profiles.remove_role": (("machine", "builder"), {}, "RemoveRoleFromInstanceProfile"),
    "login_profiles.create": (("bob", "hashed"), RESET, "CreateLoginProfile"),
    "login_profiles.delete": (("alice",), {}, "DeleteLoginProfile"),
    "login_profiles.get": (("alice",), {}, None),
    "login_profiles.update": (("alice", None), RESET, "UpdateLoginProfile"),
    "managed_policies.create": ((Draft("new", "ANPANEW", tags=WITH_TAGS), DOCUMENT), {}, "CreatePolicy"),
    "managed_policies.create_version": ((OWN, DOCUMENT), {"default": True}, "CreatePolicyVersion"),
    "managed_policies.delete": ((SPARE,), {}, "DeletePolicy"),
    "managed_policies.delete_version": ((OWN, "v2"), {}, "DeletePolicyVersion"),
    "managed_policies.get": ((OWN,), {}, None),
    "managed_policies.get_version": ((OWN, "v1"), {}, None),
    "managed_policies.holders": ((OWN,), {}, None),
    "managed_policies.list_all": (("All", "/"), {}, None),
    "managed_policies.require": (("GetPolicy", OWN), {}, None),
    "managed_policies.set_default": ((OWN, "v2"), {}, "SetDefaultPolicyVersion"),
    "managed_policies.versions": ((OWN,), {}, None),
    "mfa_devices.create": ((Draft("new", "id-device", tags=WITH_TAGS), b"sealed"), {}, "CreateVirtualMFADevice"),
    "mfa_devices.deactivate": (("alice", PHONE), {}, "DeactivateMFADevice"),
    "mfa_devices.delete": ((LOOSE,), {}, "DeleteVirtualMFADevice"),
    "mfa_devices.enable": ((unseal, "bob", LOOSE, NOW), {}, "EnableMFADevice"),
    "mfa_devices.get": ((PHONE, "alice"), {}, None),
    "mfa_devices.list_all": (("Any",), {}, None),
    "mfa_devices.list_of": (("alice",), {}, None),
    "mfa_devices.resync": ((unseal, "alice", PHONE, NOW), {}, "ResyncMFADevice"),
    "password_policies.delete": ((), {}, "DeleteAccountPasswordPolicy"),
    "password_policies.get": ((), {}, None),
    "password_policies.put": ((replace(WANTED, minimum_length=20),), {}, "UpdateAccountPasswordPolicy"),
    "roles.create": ((Draft("new", "AROANEW", tags=WITH_TAGS, boundary=OWN), TRUST, 3600), {}, "CreateRole"),
    "roles.delete": (("idle",), {}, "DeleteRole"),
    "roles.describe": (("builder", "text"), {}, "UpdateRoleDescription"),
    "roles.get": (("builder",), {}, None),
    "roles.list_below": (("/", 10, ""), {}, None),
    "roles.set_trust": (("builder", TRUST.replace(ACCOUNT, "111122223333")), {}, "UpdateAssumeRolePolicy"),
    "roles.update": (("builder", "text", 7200), {}, "UpdateRole"),
    "service_roles.create": (("ecr.amazonaws.com", "", "AROAOTHER"), {}, "CreateServiceLinkedRole"),
    "service_roles.ensure": (("pullthroughcache.ecr.amazonaws.com", "AROAENSURED"), {}, "CreateServiceLinkedRole"),
    "service_roles.delete": (("AWSServiceRoleForECRReplication",), {}, "DeleteServiceLinkedRole"),
    "simulation.keys_of_principal": ((ALICE, (DOCUMENT,)), {}, None),
    "simulation.of_principal": ((ALICE, Given((DOCUMENT,)), [("ecr:PutImage", "*")]), {}, None),
    "users.create": ((Draft("new", "AIDANEW", tags=WITH_TAGS, boundary=OWN),), {}, "CreateUser"),
    "users.delete": (("bob",), {}, "DeleteUser"),
    "users.get": (("alice",), {}, None),
    "users.list_below": (("/", 10, ""), {}, None),
    "users.require_named_or_self": (("GetUser", "alice"), {}, None),
    "users.update": (("alice", "renamed", "/p/"), {}, "UpdateUser"),
}
# of a user's own password: nobody but a user may, and before policies are read no user may
OWN_PASSWORD: dict[str, tuple[Any, ...]] = {
    "login_profiles.own": (),
    "login_profiles.change": (OwnPassword(LOGIN, WANTED, ()), "hashed"),
}
WRITES = {name: case for name, case in CASES.items() if case[2] is not None}
READS = {name: case for name, case in CASES.items() if case[2] is None}
# no decision depends on a report
NO_STAMP = {"credential_reports.generate"}
_EVERYTHING = [
    ("groups.create", (Draft("devs", "AGPADEVS"),)),
    ("groups.create", (Draft("empty", "AGPAEMPTY"),)),
    ("managed_policies.create", (Draft("own", "ANPAOWN"), DOCUMENT)),
    ("managed_policies.create", (Draft("spare", "ANPASPARE"), DOCUMENT)),
    ("users.create", (Draft("alice", "AIDAALICE", path="/team/", tags=WITH_TAGS, boundary=OWN),)),
    ("users.create", (Draft("bob", "AIDABOB"),)),
    ("password_policies.put", (WANTED,)),
    ("roles.create", (Draft("builder", "AROABUILDER"), TRUST, 3600)),
    ("roles.create", (Draft("idle", "AROAIDLE"), TRUST, 3600)),
    ("service_roles.create", (SERVICE, "", "AROASERVICE")),
    ("access_keys.create", ("alice", KEY, b"sealed")),
    ("account_aliases.create", ("alias",)),
    ("attachments.attach", (ROLE, "builder", OWN)),
    ("groups.add_user", ("devs", "alice")),
    ("identity_providers.create", (Draft("issuer.example.com", "id-issuer"), Provider(("client",), ()))),
    ("inline_policies.put", (GROUP, "devs", "own", DOCUMENT)),
    ("instance_profiles.create", (Draft("machine", "AIPAMACHINE"),)),
    ("instance_profiles.create", (Draft("vacant", "AIPAVACANT"),)),
    ("instance_profiles.add_role", ("machine", "builder")),
    ("mfa_devices.create", (Draft("phone", "id-phone"), SEED)),
    ("mfa_devices.create", (Draft("loose", "id-loose"), SEED)),
    ("mfa_devices.enable", (unseal, "alice", PHONE, codes(totp.step(EPOCH) - 2))),
]


def work(name: str) -> Any:
    module, function = name.split(".")
    return getattr(importlib.import_module(f"entrepot.core.{module}"), function)


def furnish(write: Callable[..., Any]) -> None:
    """Put something of each kind into an account by `write(use case, arguments after the caller)`."""
    for name, arguments in _EVERYTHING:
        write(work(name), *arguments)
    write(work("login_profiles.create"), "alice", "hashed", reset_required=False)
    write(work("managed_policies.create_version"), OWN, DOCUMENT, default=False)
