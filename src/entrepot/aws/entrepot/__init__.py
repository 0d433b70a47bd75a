"""The service `entrepot`: what this registry does and AWS has no API for (aws/models), one function an operation."""

from collections.abc import Mapping

from entrepot.aws.entrepot import (
    image_copies,
    images_in_use,
    protection,
    pull_through,
    replication,
    spared_images,
    trash,
)
from entrepot.aws.protocol.call import Operation

OPERATIONS: Mapping[str, Operation] = {
    "CopyImage": image_copies.copy_image,
    "DescribeReplicationRepair": replication.describe_replication_repair,
    "GetPullThroughCacheSettings": pull_through.get_pull_through_cache_settings,
    "GetReplicationOptions": replication.get_replication_options,
    "GetRepositoryProtection": protection.get_repository_protection,
    "GetTrashConfiguration": trash.get_trash_configuration,
    "ListSparedImages": spared_images.list_spared_images,
    "ListTrash": trash.list_trash,
    "PurgeTrash": trash.purge_trash,
    "PutPullThroughCacheSettings": pull_through.put_pull_through_cache_settings,
    "PutReplicationOptions": replication.put_replication_options,
    "PutRepositoryProtection": protection.put_repository_protection,
    "PutTrashConfiguration": trash.put_trash_configuration,
    "RefreshCachedImages": pull_through.refresh_cached_images,
    "ReportImagesInUse": images_in_use.report_images_in_use,
    "RestoreImage": trash.restore_image,
    "RestoreRepository": trash.restore_repository,
    "StartReplicationRepair": replication.start_replication_repair,
}
