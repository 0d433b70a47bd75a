"""Amazon ECR Public: the operations of the public registry, one function each."""

from collections.abc import Mapping

from entrepot.aws.ecr_public import (
    catalog_data,
    images,
    layers,
    registry,
    repositories,
    repository_policies,
    resource_tags,
)
from entrepot.aws.protocol.call import Operation

OPERATIONS: Mapping[str, Operation] = {
    "BatchCheckLayerAvailability": layers.batch_check_layer_availability,
    "BatchDeleteImage": images.batch_delete_image,
    "CompleteLayerUpload": layers.complete_layer_upload,
    "CreateRepository": repositories.create_repository,
    "DeleteRepository": repositories.delete_repository,
    "DeleteRepositoryPolicy": repository_policies.delete_repository_policy,
    "DescribeImageTags": images.describe_image_tags,
    "DescribeImages": images.describe_images,
    "DescribeRegistries": registry.describe_registries,
    "DescribeRepositories": repositories.describe_repositories,
    "GetAuthorizationToken": registry.get_authorization_token,
    "GetRegistryCatalogData": registry.get_registry_catalog_data,
    "GetRepositoryCatalogData": catalog_data.get_repository_catalog_data,
    "GetRepositoryPolicy": repository_policies.get_repository_policy,
    "InitiateLayerUpload": layers.initiate_layer_upload,
    "ListTagsForResource": resource_tags.list_tags_for_resource,
    "PutImage": images.put_image,
    "PutRegistryCatalogData": registry.put_registry_catalog_data,
    "PutRepositoryCatalogData": catalog_data.put_repository_catalog_data,
    "SetRepositoryPolicy": repository_policies.set_repository_policy,
    "TagResource": resource_tags.tag_resource,
    "UntagResource": resource_tags.untag_resource,
    "UploadLayerPart": layers.upload_layer_part,
}
