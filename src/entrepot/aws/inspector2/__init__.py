"""Amazon Inspector: accounts, configuration, filters; one function an operation."""

from collections.abc import Mapping

from entrepot.aws.inspector2 import accounts, configuration, filters, resource_tags
from entrepot.aws.protocol.call import Operation

OPERATIONS: Mapping[str, Operation] = {
    "BatchGetAccountStatus": accounts.batch_get_account_status,
    "CreateFilter": filters.create_filter,
    "DeleteFilter": filters.delete_filter,
    "Disable": accounts.disable,
    "Enable": accounts.enable,
    "GetConfiguration": configuration.get_configuration,
    "ListAccountPermissions": accounts.list_account_permissions,
    "ListFilters": filters.list_filters,
    "ListTagsForResource": resource_tags.list_tags_for_resource,
    "TagResource": resource_tags.tag_resource,
    "UntagResource": resource_tags.untag_resource,
    "UpdateConfiguration": configuration.update_configuration,
    "UpdateFilter": filters.update_filter,
}
