"""The tables of accounts and of what IAM keeps in them, drawn once; the picture stands in db/schema.py.

What has a name, a path and a unique id of its own is an `entity`; what only one kind of them has hangs below it.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, PrimaryKeyConstraint, Table, UniqueConstraint

from entrepot.db.conventions import Text, metadata

account = Table(
    "account",
    metadata,
    Column("id", Text, primary_key=True),  # 12 digits
    Column("name", Text, nullable=False),
    Column("stamp", BigInteger, nullable=False),  # random; changes with whatever decides access in this account
    Column("created_at", BigInteger, nullable=False),
)

access_key = Table(
    "access_key",
    metadata,
    Column("id", Text, primary_key=True),  # AKIA…
    Column("account_id", Text, ForeignKey("account.id"), nullable=False, index=True),
    Column("principal_kind", Text, nullable=False),  # root | user
    Column("principal_id", Text, nullable=False, index=True),  # unique id; for root the account id
    Column("secret", LargeBinary, nullable=False),  # sealed by the master key
    Column("status", Text, nullable=False),  # Active | Inactive
    Column("epoch", BigInteger, nullable=False),  # tokens of an older epoch are void
    Column("created_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger),  # to the minute
    Column("last_used_service", Text),
    Column("last_used_region", Text),
)

account_alias = Table(
    "account_alias",
    metadata,
    Column("account_id", Text, ForeignKey("account.id"), primary_key=True),
    Column("alias", Text, nullable=False, unique=True),
)

service_control_policy = Table(  # an account has a say of its own only below these
    "service_control_policy",
    metadata,
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "name"),
)

password_policy = Table(  # an account without one has that of core/password_policies.py
    "password_policy",
    metadata,
    Column("account_id", Text, ForeignKey("account.id"), primary_key=True),
    Column("minimum_length", BigInteger, nullable=False),
    Column("classes", Text, nullable=False),  # JSON list of kinds of characters that there must be
    Column("users_may_change", BigInteger, nullable=False),  # 0 | 1
    Column("max_age_days", BigInteger),
    Column("reuse_prevention", BigInteger),  # how many old passwords are not taken again
    Column("hard_expiry", BigInteger, nullable=False),  # 0 | 1: who is too late asks an administrator
)

credential_report = Table(
    "credential_report",
    metadata,
    Column("account_id", Text, ForeignKey("account.id"), primary_key=True),
    Column("content", LargeBinary, nullable=False),  # CSV
    Column("generated_at", BigInteger, nullable=False),
)

entity = Table(
    "entity",
    metadata,
    Column("id", Text, primary_key=True),  # AIDA… AGPA… AROA… ANPA… AIPA…; of the others a ULID; never reused
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("kind", Text, nullable=False),  # user | group | role | policy | instance-profile | oidc-provider | mfa
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),  # the name in lower case: names are taken whatever their case
    Column("path", Text, nullable=False),  # begins and ends with a slash
    Column("description", Text, nullable=False),
    Column("boundary", Text),  # ARN of the policy that bounds a user's or role's permissions
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("account_id", "kind", "name_key"),
)

entity_tag = Table(
    "entity_tag",
    metadata,
    Column("entity_id", Text, ForeignKey("entity.id"), nullable=False),
    Column("key_key", Text, nullable=False),  # the key in lower case
    Column("key", Text, nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("entity_id", "key_key"),
)

membership = Table(
    "membership",
    metadata,
    Column("group_id", Text, ForeignKey("entity.id"), nullable=False),
    Column("user_id", Text, ForeignKey("entity.id"), nullable=False, index=True),
    PrimaryKeyConstraint("group_id", "user_id"),
)

role = Table(
    "role",
    metadata,
    Column("entity_id", Text, ForeignKey("entity.id"), primary_key=True),
    Column("trust_document", Text, nullable=False),
    Column("max_session_seconds", BigInteger, nullable=False),
    Column("service", Text),  # the service that a service-linked role is for
    Column("last_used_at", BigInteger),
    Column("last_used_region", Text),
)

managed_policy = Table(
    "managed_policy",
    metadata,
    Column("entity_id", Text, ForeignKey("entity.id"), primary_key=True),
    Column("default_version", BigInteger, nullable=False),
    Column("last_version", BigInteger, nullable=False),  # numbers are not reused
)

policy_version = Table(
    "policy_version",
    metadata,
    Column("policy_id", Text, ForeignKey("entity.id"), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("policy_id", "number"),
)

attachment = Table(
    "attachment",
    metadata,
    Column("entity_id", Text, ForeignKey("entity.id"), nullable=False),
    Column("policy_arn", Text, nullable=False, index=True),  # of this account, or of AWS
    PrimaryKeyConstraint("entity_id", "policy_arn"),
)

inline_policy = Table(
    "inline_policy",
    metadata,
    Column("entity_id", Text, ForeignKey("entity.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("document", Text, nullable=False),
    PrimaryKeyConstraint("entity_id", "name"),
)

login_profile = Table(
    "login_profile",
    metadata,
    Column("user_id", Text, ForeignKey("entity.id"), primary_key=True),
    Column("password", Text, nullable=False),  # argon2id
    Column("reset_required", BigInteger, nullable=False),  # 0 | 1
    Column("created_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)

old_password = Table(  # those before the present one, of users of accounts that prevent their reuse
    "old_password",
    metadata,
    Column("user_id", Text, ForeignKey("entity.id"), nullable=False),
    Column("changed_at", BigInteger, nullable=False),  # when another took its place
    Column("password", Text, nullable=False),  # argon2id
    PrimaryKeyConstraint("user_id", "changed_at"),
)

instance_profile_role = Table(
    "instance_profile_role",
    metadata,
    Column("profile_id", Text, ForeignKey("entity.id"), primary_key=True),  # one role for each
    Column("role_id", Text, ForeignKey("entity.id"), nullable=False, index=True),
)

oidc_provider = Table(
    "oidc_provider",
    metadata,
    Column("entity_id", Text, ForeignKey("entity.id"), primary_key=True),
    Column("client_ids", Text, nullable=False),  # JSON list of audiences
    Column("thumbprints", Text, nullable=False),  # JSON list
)

mfa_device = Table(
    "mfa_device",
    metadata,
    Column("entity_id", Text, ForeignKey("entity.id"), primary_key=True),
    Column("seed", LargeBinary, nullable=False),  # TOTP seed, sealed by the master key
    Column("user_id", Text, index=True),  # whose it is, once enabled; for root the account id
    Column("enabled_at", BigInteger),
    Column("last_step", BigInteger, nullable=False),  # a code is good once
)
