"""The tables of Key Management Service, drawn once; the picture stands in db/schema.py."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from entrepot.db.conventions import Text, metadata

encryption_key = Table(
    "encryption_key",
    metadata,
    Column("id", Text, primary_key=True),  # UUID, never reused
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("manager", Text, nullable=False),  # CUSTOMER | AWS: made for a service of the deployment
    Column("spec", Text, nullable=False),  # SYMMETRIC_DEFAULT, RSA_2048, …
    Column("usage", Text, nullable=False),  # ENCRYPT_DECRYPT | SIGN_VERIFY
    Column("description", Text, nullable=False),
    Column("state", Text, nullable=False),  # Enabled | Disabled | PendingDeletion
    Column("policy", Text, nullable=False),  # its principals by unique id
    Column("rotation_days", BigInteger, nullable=False),  # the period; kept when rotation is switched off
    Column("rotates_at", BigInteger),  # None where it is not rotated by itself
    Column("created_at", BigInteger, nullable=False),
    Column("deletes_at", BigInteger),  # when its material is destroyed, of one that is pending deletion
    Column("grants", BigInteger, nullable=False, server_default="0"),  # how many there are on it
)
Index("ix_encryption_key_place", encryption_key.c.account_id, encryption_key.c.region, encryption_key.c.id)
Index("ix_encryption_key_rotates_at", encryption_key.c.rotates_at)
Index("ix_encryption_key_deletes_at", encryption_key.c.deletes_at)

key_material = Table(
    "key_material",
    metadata,
    Column("key_id", Text, ForeignKey("encryption_key.id"), nullable=False),
    Column("id", Text, nullable=False),  # 64 hexadecimal digits, named by what it encrypted
    Column("ordinal", BigInteger, nullable=False),  # the highest one encrypts, the others only decrypt
    Column("made_by", Text, nullable=False),  # CREATION | AUTOMATIC | ON_DEMAND
    Column("created_at", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # 32 bytes, or a private key (PKCS #8 in DER), by the master key
    Column("public", LargeBinary, nullable=False),  # SubjectPublicKeyInfo in DER; empty of a symmetric one
    PrimaryKeyConstraint("key_id", "id"),
    UniqueConstraint("key_id", "ordinal"),
)

key_alias = Table(
    "key_alias",
    metadata,
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),
    Column("name", Text, nullable=False),  # with alias/ in front
    Column("key_id", Text, ForeignKey("encryption_key.id"), nullable=False, index=True),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "region", "name"),
)

key_grant = Table(
    "key_grant",
    metadata,
    Column("id", Text, primary_key=True),  # 64 hexadecimal digits
    Column("key_id", Text, ForeignKey("encryption_key.id"), nullable=False),
    Column("name", Text, nullable=False),  # '' for none
    Column("grantee", Text, nullable=False),  # a unique id, an ARN, or a service's name
    Column("retiree", Text, nullable=False),  # the same; '' for nobody
    Column("operations", Text, nullable=False),  # JSON [name, …]
    Column("constraints", Text, nullable=False),  # JSON {kind: encryption context}
    Column("issuer", Text, nullable=False),  # the account that made it
    Column("created_at", BigInteger, nullable=False),
    Column("scope", Text, nullable=False, server_default=""),  # NAME=VALUE of an encryption context that has it
)
Index("ix_key_grant_grantee", key_grant.c.key_id, key_grant.c.grantee, key_grant.c.scope)
Index("ix_key_grant_name", key_grant.c.key_id, key_grant.c.name)
Index("ix_key_grant_retiree", key_grant.c.retiree)

key_tag = Table(
    "key_tag",
    metadata,
    Column("key_id", Text, ForeignKey("encryption_key.id"), nullable=False),
    Column("key", Text, nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("key_id", "key"),
)

remote_key = Table(
    "remote_key",
    metadata,
    Column("arn", Text, primary_key=True),  # of a key that another Key Management Service has
    Column("spec", Text, nullable=False),  # as of `encryption_key`
    Column("state", Text, nullable=False),  # KMS's states, or Deleted | Denied | Unreachable | NoEndpoint
    Column("public", LargeBinary, nullable=False),  # SubjectPublicKeyInfo in DER; empty of one that does not sign
)
