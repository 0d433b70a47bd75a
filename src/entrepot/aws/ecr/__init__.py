"""Amazon ECR: the operations of the private registry, one function each."""

from collections.abc import Mapping

from entrepot.aws.ecr import images, layers, registry, repositories, repository_policies, resource_tags, scans
from entrepot.aws.protocol.call import Operation

OPERATIONS: Mapping[str, Operation] = {
    "BatchCheckLayerAvailability": layers.batch_check_layer_availability,
    "BatchDeleteImage": images.batch_delete_image,
    "BatchGetImage": images.batch_get_image,
    "BatchGetRepositoryScanningConfiguration": scans.batch_get_repository_scanning_configuration,
    "CompleteLayerUpload": layers.complete_layer_upload,
    "CreateRepository": repositories.create_repository,
    "DeleteRegistryPolicy": registry.delete_registry_policy,
    "DeleteRepository": repositories.delete_repository,
    "DeleteRepositoryPolicy": repository_policies.delete_repository_policy,
    "DescribeImageScanFindings": scans.describe_image_scan_findings,
    "DescribeImages": images.describe_images,
    "DescribeRegistry": registry.describe_registry,
    "DescribeRepositories": repositories.describe_repositories,
    "GetAccountSetting": registry.get_account_setting,
    "GetAuthorizationToken": registry.get_authorization_token,
    "GetDownloadUrlForLayer": layers.get_download_url_for_layer,
    "GetRegistryPolicy": registry.get_registry_policy,
    "GetRegistryScanningConfiguration": scans.get_registry_scanning_configuration,
    "GetRepositoryPolicy": repository_policies.get_repository_policy,
    "InitiateLayerUpload": layers.initiate_layer_upload,
    "ListImageReferrers": images.list_image_referrers,
    "ListImages": images.list_images,
    "ListTagsForResource": resource_tags.list_tags_for_resource,
    "PutAccountSetting": registry.put_account_setting,
    "PutImage": images.put_image,
    "PutImageScanningConfiguration": scans.put_image_scanning_configuration,
    "PutImageTagMutability": repositories.put_image_tag_mutability,
    "PutRegistryPolicy": registry.put_registry_policy,
    "PutRegistryScanningConfiguration": scans.put_registry_scanning_configuration,
    "SetRepositoryPolicy": repository_policies.set_repository_policy,
    "StartImageScan": scans.start_image_scan,
    "TagResource": resource_tags.tag_resource,
    "UntagResource": resource_tags.untag_resource,
    "UpdateImageStorageClass": images.update_image_storage_class,
    "UploadLayerPart": layers.upload_layer_part,
}
