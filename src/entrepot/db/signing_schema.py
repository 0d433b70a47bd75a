"""The tables of AWS Signer and of signatures that are made on push, drawn once; the picture stands in db/schema.py."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from entrepot.db.conventions import Text, metadata

signing_authority = Table(
    "signing_authority",
    metadata,
    Column("account_id", Text, ForeignKey("account.id"), primary_key=True),
    Column("certificate", LargeBinary, nullable=False),  # DER
    Column("sealed", LargeBinary, nullable=False),  # its private key, sealed by the master key
    Column("created_at", BigInteger, nullable=False),
)

signing_profile = Table(
    "signing_profile",
    metadata,
    Column("id", Text, primary_key=True),  # ULID, never reused
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("name", Text, nullable=False),  # taken for good
    Column("platform", Text, nullable=False),
    Column("version", Text, nullable=False),  # the one that signs
    Column("validity_value", BigInteger, nullable=False),
    Column("validity_type", Text, nullable=False),  # DAYS | MONTHS | YEARS
    Column("parameters", Text, nullable=False),  # JSON
    Column("status", Text, nullable=False),  # Active | Canceled | Revoked
    Column("status_reason", Text, nullable=False),
    Column("revision", Text, nullable=False),  # of its permissions; '' without any
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("account_id", "region", "name"),
)

signing_profile_version = Table(
    "signing_profile_version",
    metadata,
    Column("profile_id", Text, ForeignKey("signing_profile.id"), nullable=False),
    Column("version", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # its private key; empty where key_arn has it
    Column("public", LargeBinary, nullable=False),  # SubjectPublicKeyInfo
    Column("key_arn", Text, nullable=False),  # the key of KMS that signs, or ''
    Column("signatures", BigInteger, nullable=False),  # how many it has made
    Column("revocations", BigInteger, nullable=False),  # how often what is revoked has changed
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_from", BigInteger),  # signatures from then on do not count
    Column("revoked_at", BigInteger),
    Column("revoked_by", Text),
    Column("reason", Text),
    PrimaryKeyConstraint("profile_id", "version"),
)

signing_permission = Table(
    "signing_permission",
    metadata,
    Column("profile_id", Text, ForeignKey("signing_profile.id"), nullable=False),
    Column("statement_id", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("principal", Text, nullable=False),  # by unique id
    Column("version", Text, nullable=False),  # '' for every one
    PrimaryKeyConstraint("profile_id", "statement_id"),
)

signing_tag = Table(
    "signing_tag",
    metadata,
    Column("profile_id", Text, ForeignKey("signing_profile.id"), nullable=False),
    Column("key", Text, nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("profile_id", "key"),
)

signing_job = Table(
    "signing_job",
    metadata,
    Column("id", Text, primary_key=True),  # UUID
    Column("account_id", Text, nullable=False),  # whose profile it is
    Column("region", Text, nullable=False),
    Column("profile_id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("serial", Text, nullable=False),  # of its certificate, or ''
    Column("invoker", Text, nullable=False),  # account
    Column("requested_by", Text, nullable=False),  # ARN
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Column("revoked_by", Text),
    Column("reason", Text),
    Column("image", Text, nullable=False, server_default=""),  # digest of the manifest that it is of, or ''
    Column("envelope", Text, nullable=False, server_default=""),  # digest of what it is in: a layer of its manifest
    ForeignKeyConstraint(
        ["profile_id", "version"],
        ["signing_profile_version.profile_id", "signing_profile_version.version"],
        name="fk_signing_job_version_signing_profile_version",
    ),
)
Index("ix_signing_job_place", signing_job.c.account_id, signing_job.c.region, signing_job.c.created_at)
Index("ix_signing_job_version", signing_job.c.profile_id, signing_job.c.version, signing_job.c.created_at)
Index("ix_signing_job_envelope", signing_job.c.envelope, signing_job.c.image)

registry_signing = Table(  # only of registries where it was set
    "registry_signing",
    metadata,
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("rules", Text, nullable=False),  # JSON list of {profile, filters}
    PrimaryKeyConstraint("account_id", "region"),
)

image_signing = Table(
    "image_signing",
    metadata,
    Column("repository_id", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("profile", Text, nullable=False),  # ARN
    Column("status", Text, nullable=False),  # IN_PROGRESS | COMPLETE | FAILED
    Column("failure_code", Text, nullable=False),
    Column("failure_reason", Text, nullable=False),
    Column("pusher", Text, nullable=False),  # JSON: in whose name it is signed; '' when it is done
    Column("tries", BigInteger, nullable=False),
    Column("due_at", BigInteger),  # when it is taken up; None when it is done
    Column("signature", Text, nullable=False),  # digest of the signature's manifest, or ''
    Column("job", Text, nullable=False),  # that made it, or ''
    PrimaryKeyConstraint("repository_id", "digest", "profile"),
    ForeignKeyConstraint(
        ["repository_id", "digest"],
        ["manifest.repository_id", "manifest.digest"],
        name="fk_image_signing_image_manifest",
    ),
)
Index(
    "ix_image_signing_due_at",
    image_signing.c.due_at,
    sqlite_where=image_signing.c.due_at.is_not(None),
    postgresql_where=image_signing.c.due_at.is_not(None),
)
Index("ix_image_signing_signature", image_signing.c.repository_id, image_signing.c.signature)
