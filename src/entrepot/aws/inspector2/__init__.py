"""Amazon Inspector: accounts, configuration, findings, coverage, filters; one function an operation."""

from collections.abc import Mapping

from entrepot.aws.inspector2 import accounts, configuration, coverage, filters, findings, resource_tags
from entrepot.aws.protocol.call import Operation

OPERATIONS: Mapping[str, Operation] = {
    "BatchGetAccountStatus": accounts.batch_get_account_status,
    "BatchGetFindingDetails": findings.batch_get_finding_details,
    "CreateFilter": filters.create_filter,
    "DeleteFilter": filters.delete_filter,
    "Disable": accounts.disable,
    "Enable": accounts.enable,
    "GetConfiguration": configuration.get_configuration,
    "ListAccountPermissions": accounts.list_account_permissions,
    "ListCoverage": coverage.list_coverage,
    "ListCoverageStatistics": coverage.list_coverage_statistics,
    "ListFilters": filters.list_filters,
    "ListFindingAggregations": findings.list_finding_aggregations,
    "ListFindings": findings.list_findings,
    "ListTagsForResource": resource_tags.list_tags_for_resource,
    "SearchVulnerabilities": findings.search_vulnerabilities,
    "TagResource": resource_tags.tag_resource,
    "UntagResource": resource_tags.untag_resource,
    "UpdateConfiguration": configuration.update_configuration,
    "UpdateFilter": filters.update_filter,
}
