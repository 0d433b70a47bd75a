"""Admission by signing profile: what each signature is of, and what it is in. How many grants a key has. What signs
an image that is in the trash.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

_KNOWN = (
    "UPDATE signing_job SET image = made.digest, envelope = made.envelope FROM ("
    "SELECT image_signing.job, image_signing.digest, manifest_reference.digest AS envelope FROM image_signing "
    "JOIN manifest_reference ON manifest_reference.repository_id = image_signing.repository_id "
    "AND manifest_reference.manifest_digest = image_signing.signature AND manifest_reference.kind = 'layer' "
    "WHERE image_signing.signature != '') AS made WHERE made.job = signing_job.id"
)
_GRANTS = (
    "UPDATE encryption_key SET grants = (SELECT count(*) FROM key_grant WHERE key_grant.key_id = encryption_key.id)"
)


def upgrade() -> None:
    """Add the columns, with what is known of signatures that the registry put beside images itself."""
    op.add_column("repository_admission", sa.Column("signing_profiles", text, nullable=False, server_default="[]"))
    op.add_column("signing_job", sa.Column("image", text, nullable=False, server_default=""))
    op.add_column("signing_job", sa.Column("envelope", text, nullable=False, server_default=""))
    op.execute(_KNOWN)
    op.create_index(op.f("ix_signing_job_envelope"), "signing_job", ["envelope", "image"])
    op.add_column("encryption_key", sa.Column("grants", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute(_GRANTS)
    op.add_column("trashed_image", sa.Column("signings", text, nullable=False, server_default="[]"))
