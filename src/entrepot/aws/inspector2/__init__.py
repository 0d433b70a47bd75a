"""Amazon Inspector: accounts, configuration, findings, coverage, filters, reports; one function an operation."""

from collections.abc import Mapping

from entrepot.aws.inspector2 import accounts, configuration, coverage, filters, findings, reports, resource_tags
from entrepot.aws.protocol.call import Operation

OPERATIONS: Mapping[str, Operation] = {
    "BatchGetAccountStatus": accounts.batch_get_account_status,
    "BatchGetFindingDetails": findings.batch_get_finding_details,
    "CancelFindingsReport": reports.cancel_findings_report,
    "CancelSbomExport": reports.cancel_sbom_export,
    "CreateFilter": filters.create_filter,
    "CreateFindingsReport": reports.create_findings_report,
    "CreateSbomExport": reports.create_sbom_export,
    "DeleteFilter": filters.delete_filter,
    "Disable": accounts.disable,
    "Enable": accounts.enable,
    "GetConfiguration": configuration.get_configuration,
    "GetFindingsReportStatus": reports.get_findings_report_status,
    "GetSbomExport": reports.get_sbom_export,
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
