"""The tables of the metadata database, drawn once. SQL is the only truth; bytes of blobs are elsewhere.

    account ─┬─ access_key · account_alias · credential_report · password_policy
             ├─ entity ─┬─ entity_tag · inline_policy · attachment (to a policy's ARN)
             │          ├─ login_profile · old_password · mfa_device   of a user
             │          ├─ membership                          of a user in a group
             │          ├─ role ── instance_profile_role
             │          ├─ managed_policy ── policy_version
             │          └─ oidc_provider
             ├─ service_control_policy · registry · public_alias · pull_exclusion
             ├─ alarm ─── alarm_child                          a composite alarm and those that its rule names
             ├─ dashboard
             ├─ event_region · event_bus · event_archive · event_replay · event_connection · event_api_destination
             ├─ event_rule ── event_target                       (buses and rules have their tags in event_tag)
             ├─ encryption_key ── key_material · key_alias · key_grant · key_tag
             ├─ secret ─┬─ secret_version ── secret_stage   which version a label is of
             │          └─ secret_tag
             ├─ signing_authority
             ├─ signing_profile ─┬─ signing_profile_version ── signing_job   signatures that were made
             │                   └─ signing_permission · signing_tag
             ├─ registry_signing
             ├─ trail ── trail_tag · trail_region          (trail_log_file and trail_chain outlive it)
             ├─ registry_scanning · registry_sboms · scan_count · finding_text
             ├─ registry_lifecycle
             ├─ inspector_configuration · inspector_filter · inspector_suppressing · inspector_export
             ├─ inspector_finding                          (outlives its image)
             ├─ vulnerability_exception
             ├─ replication_configuration · replication_backfill ── replication_backfill_item
             ├─ replication_options · replication_repair ── replication_repair_item
             ├─ creation_template · trash_setting · pull_through_rule · service_quota · byte_quota
             └─ repository ─┬─ resource_tag · catalog_data · repository_vex · repository_admission
                            ├─ repository_protection · trashed_repository
                            ├─ cached_repository · cached_tag · cached_referrers
                            ├─ arriving_image ── arriving_blob    from an upstream, not yet whole
                            ├─ trashed_image ── trashed_reference
                            ├─ lifecycle_policy · lifecycle_preview · lifecycle_preview_image
                            ├─ repository_blob ── blob            which repository may read which blob
                            │                      ├─ layer_inventory
                            │                      └─ layer_marks
                            ├─ manifest ─┬─ manifest_reference    layers, config, children of it
                            │            ├─ image_scan ── image_scan_findings
                            │            ├─ image_standing · image_signature · image_rematch · image_inventory
                            │            ├─ vex_referrer · made_sbom
                            │            ├─ image_signing
                            │            └─ image_in_use
                            ├─ tag ──────── manifest
                            └─ upload ── byte_reservation
    outbox (events and audit records of state changes) · lease (who runs a periodic job) · gc_hold · journal_offset
    upstream_fetch (who brings what from an upstream)
    quota_credit · byte_usage (of a repository's id, or a registry as text)
    rematch_pass (how far matching anew has come) · replication_step (outlives its repository) · replication_status
    peer ── peer_grant · peer_destination · peer_nonce · peer_arrival · peer_blob   (other deployments, and registries)
    deployment_key (what calls to them are signed with)
    alarm_history · monitoring_tag (of the ARN of an alarm or a dashboard)
    remote_key (a key that another Key Management Service has)
    trail_key (what digest files are signed with) · adapter_scan ── adapter_report (scans for another registry)

Conventions: every moment is a BIGINT of microseconds since the epoch, UTC; ids of repositories, blobs and events are
ULIDs (text, never reused); enumerations are text; structured values are JSON text. No booleans, no database clocks.
"""

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

from entrepot.db import (
    adapter_schema,
    alarm_schema,
    conventions,
    event_schema,
    exception_schema,
    identity_schema,
    image_schema,
    inspector_schema,
    key_schema,
    lifecycle_schema,
    peer_schema,
    pull_through_schema,
    quota_schema,
    replication_schema,
    scan_schema,
    secret_schema,
    signing_schema,
    template_schema,
    trail_schema,
)
from entrepot.db.conventions import Text

metadata = conventions.metadata
account = identity_schema.account  # and with it its neighbours
alarm = alarm_schema.alarm  # and with it its neighbours
event_bus = event_schema.event_bus  # and with it its neighbours
vulnerability_exception = exception_schema.vulnerability_exception  # and with it its neighbours
trail = trail_schema.trail  # and with it its neighbours
image_scan = scan_schema.image_scan  # and with it its neighbours
inspector_finding = inspector_schema.inspector_finding  # and with it its neighbours
creation_template = template_schema.creation_template  # and with it its neighbours
pull_through_rule = pull_through_schema.pull_through_rule  # and with it its neighbours
service_quota = quota_schema.service_quota  # and with it its neighbours
lifecycle_policy = lifecycle_schema.lifecycle_policy  # and with it its neighbours
replication_step = replication_schema.replication_step  # and with it its neighbours
peer = peer_schema.peer  # and with it its neighbours
adapter_scan = adapter_schema.adapter_scan  # and with it its neighbours
encryption_key = key_schema.encryption_key  # and with it its neighbours
secret = secret_schema.secret  # and with it its neighbours
signing_profile = signing_schema.signing_profile  # and with it its neighbours
manifest, manifest_reference, tag = image_schema.manifest, image_schema.manifest_reference, image_schema.tag

repository = Table(
    "repository",
    metadata,
    Column("id", Text, primary_key=True),  # ULID, never reused
    Column("kind", Text, nullable=False),  # private | public
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("region", Text, nullable=False),  # of a public registry: ''
    Column("name", Text, nullable=False),
    Column("mutability", Text, nullable=False),  # AWS's imageTagMutability
    Column("exclusion_filters", Text, nullable=False),  # JSON list of wildcards
    Column("scan_on_push", BigInteger, nullable=False),  # 0 | 1
    Column("encryption", Text, nullable=False),  # JSON {encryptionType, kmsKey}
    Column("revision", BigInteger, nullable=False),  # counts changes; orders events
    Column("stamp", BigInteger, nullable=False),  # random 64 bits; caches compare it
    Column("created_at", BigInteger, nullable=False),
    Column("deleted_at", BigInteger),  # a tombstone: the name is free, a job removes the rest
    Column("policy", Text),  # the repository policy, JSON
)
Index(
    "uq_repository_live_name",
    repository.c.account_id,
    repository.c.kind,
    repository.c.region,
    repository.c.name,
    unique=True,
    sqlite_where=repository.c.deleted_at.is_(None),
    postgresql_where=repository.c.deleted_at.is_(None),
)
Index("ix_repository_deleted_at", repository.c.deleted_at)

registry = Table(  # only of those where something was set
    "registry",
    metadata,
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),
    Column("kind", Text, nullable=False),  # private | public
    Column("region", Text, nullable=False),  # of a public registry: ''
    Column("policy", Text),  # the registry policy, JSON
    Column("policy_scope", Text, nullable=False),  # V1 | V2
    Column("display_name", Text, nullable=False),  # of a public registry
    Column("stamp", BigInteger, nullable=False),  # random 64 bits; caches compare it
    Column("blob_mounting", Text, nullable=False, server_default="ENABLED"),  # ENABLED | DISABLED
    PrimaryKeyConstraint("account_id", "kind", "region"),
)

pull_exclusion = Table(  # users and roles whose pulls are not counted
    "pull_exclusion",
    metadata,
    Column("account_id", Text, ForeignKey("account.id"), nullable=False),  # whose registry does not count them
    Column("region", Text, nullable=False),
    Column("principal", Text, nullable=False),  # ARN
    Column("created_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "region", "principal"),
)

public_alias = Table(
    "public_alias",
    metadata,
    Column("name", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("account.id"), nullable=False, index=True),
    Column("standing", Text, nullable=False),  # default (given to every registry) | custom
    Column("is_primary", BigInteger, nullable=False),  # 0 | 1: the one that addresses are written with
    Column("created_at", BigInteger, nullable=False),
)

catalog_data = Table(
    "catalog_data",
    metadata,
    Column("repository_id", Text, ForeignKey("repository.id"), primary_key=True),
    Column("content", Text, nullable=False),  # JSON, AWS's RepositoryCatalogDataInput without the logo
    Column("logo", LargeBinary),
)

resource_tag = Table(
    "resource_tag",
    metadata,
    Column("repository_id", Text, ForeignKey("repository.id"), nullable=False),
    Column("key", Text, nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("repository_id", "key"),
)

blob = Table(
    "blob",
    metadata,
    Column("id", Text, primary_key=True),  # ULID; also the generation: names in the store are never reused
    Column("store", Text, nullable=False),  # which blob store (a region's)
    Column("digest", Text, nullable=False),
    Column("location", Text, nullable=False),  # where in the store
    Column("size", BigInteger, nullable=False),
    Column("state", Text, nullable=False),  # live | damaged | deleting
    Column("created_at", BigInteger, nullable=False),
    Column("verified_at", BigInteger, nullable=False),  # when its digest was last computed
    Column("deleting_since", BigInteger),
    Column("sealed_by", Text, nullable=False, server_default=""),  # ARN of a key of KMS; '' of a plain blob
    Column("sealed_key", LargeBinary),  # the blob's own key, encrypted by that one
    Column("sealed_for", Text),  # in the context of this repository's ARN
    UniqueConstraint("store", "location"),
)
Index(
    "uq_blob_held_digest",
    blob.c.store,
    blob.c.digest,
    blob.c.sealed_by,
    unique=True,
    sqlite_where=blob.c.state != "deleting",
    postgresql_where=blob.c.state != "deleting",
)
Index("ix_blob_verified_at", blob.c.store, blob.c.verified_at)
Index(
    "ix_blob_deleting_since",
    blob.c.deleting_since,
    sqlite_where=blob.c.state == "deleting",
    postgresql_where=blob.c.state == "deleting",
)

repository_blob = Table(
    "repository_blob",
    metadata,
    Column("repository_id", Text, ForeignKey("repository.id"), nullable=False),
    Column("digest", Text, nullable=False),
    Column("blob_id", Text, ForeignKey("blob.id"), nullable=False, index=True),
    Column("linked_at", BigInteger, nullable=False),  # renewed by an upload or a mount
    Column("condemned_at", BigInteger),  # absent to HEAD and mount from then on; a push takes it back
    PrimaryKeyConstraint("repository_id", "digest"),
)
Index("ix_repository_blob_linked_at", repository_blob.c.linked_at)
Index(
    "ix_repository_blob_condemned_at",
    repository_blob.c.condemned_at,
    sqlite_where=repository_blob.c.condemned_at.is_not(None),
    postgresql_where=repository_blob.c.condemned_at.is_not(None),
)

upload = Table(
    "upload",
    metadata,
    Column("id", Text, primary_key=True),  # UUID
    Column("repository_id", Text, ForeignKey("repository.id"), nullable=False, index=True),
    Column("principal_id", Text, nullable=False),  # whose it is: to anyone else it does not exist
    Column("algorithm", Text, nullable=False),  # of the running digest
    Column("offset", BigInteger, nullable=False),  # bytes held; advanced by compare-and-set
    Column("hashed_to", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),  # of the first `hashed_to` bytes
    Column("boot_id", Text, nullable=False),  # which boot of the machine wrote them: a later one must hash again
    Column("parts", BigInteger, nullable=False),  # UploadLayerPart calls
    Column("last_part", BigInteger),  # size of the last part
    Column("short_part", BigInteger),  # size of a part below the least size that was not the last
    Column("created_at", BigInteger, nullable=False),
    Column("active_at", BigInteger, nullable=False, index=True),
    Column("sealed_by", Text, nullable=False, server_default=""),  # as those of a blob
    Column("sealed_key", LargeBinary),
    Column("sealed_for", Text),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),  # ULID made before the transaction: a retried commit repeats it
    Column("kind", Text, nullable=False),  # event | audit
    Column("account_id", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("repository_id", Text, nullable=False),  # '' when no repository is concerned
    Column("revision", BigInteger, nullable=False),
    Column("ordinal", BigInteger, nullable=False),  # order is (repository_id, revision, ordinal)
    Column("name", Text, nullable=False),  # detail type of an event, event name of an audit record
    Column("body", Text, nullable=False),  # JSON
    Column("created_at", BigInteger, nullable=False),
)
Index("ix_outbox_order", outbox.c.kind, outbox.c.repository_id, outbox.c.revision, outbox.c.ordinal)

lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),  # of a periodic job
    Column("holder", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),  # when it is to run next
    Column("result", Text, nullable=False),  # JSON of the last run
)

gc_hold = Table(
    "gc_hold",
    metadata,
    Column("id", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

journal_offset = Table(
    "journal_offset",
    metadata,
    Column("journal", Text, primary_key=True),
    Column("offset", BigInteger, nullable=False),  # bytes folded into this database
)
