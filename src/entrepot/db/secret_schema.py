"""The tables of Secrets Manager, drawn once; the picture stands in db/schema.py."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from entrepot.db.conventions import Text, metadata

secret = Table(
    "secret",
    metadata,
    Column("id", Text, primary_key=True),  # ULID, never reused
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("name", Text, nullable=False),  # taken until it is gone, also while it waits for its end
    Column("suffix", Text, nullable=False),  # the six random characters of its ARN
    Column("description", Text, nullable=False),
    Column("kms_key", Text, nullable=False),  # as it was named; '' for the key that the account has for this
    Column("policy", Text),  # its principals by unique id
    Column("created_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("accessed_at", BigInteger),  # the day
    Column("deleted_at", BigInteger),  # when its deletion was asked for
    Column("purges_at", BigInteger, index=True),  # when it ends
    UniqueConstraint("account_id", "region", "name"),
)

secret_version = Table(
    "secret_version",
    metadata,
    Column("secret_id", Text, ForeignKey("secret.id"), nullable=False),
    Column("id", Text, nullable=False),  # the request's token
    Column("kind", Text, nullable=False),  # string | binary
    Column("key_id", Text, nullable=False),  # of the key that it is encrypted under
    Column("sealed", LargeBinary, nullable=False),  # the key's ciphertext, sealed by the master key
    Column("created_at", BigInteger, nullable=False),
    Column("accessed_at", BigInteger),  # the day
    PrimaryKeyConstraint("secret_id", "id"),
)

secret_stage = Table(
    "secret_stage",
    metadata,
    Column("secret_id", Text, nullable=False),
    Column("label", Text, nullable=False),  # of one version at a time
    Column("version_id", Text, nullable=False),
    PrimaryKeyConstraint("secret_id", "label"),
    ForeignKeyConstraint(
        ["secret_id", "version_id"],
        ["secret_version.secret_id", "secret_version.id"],
        name="fk_secret_stage_version_secret_version",
    ),
)

secret_tag = Table(
    "secret_tag",
    metadata,
    Column("secret_id", Text, ForeignKey("secret.id"), nullable=False),
    Column("key", Text, nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("secret_id", "key"),
)
