"""What Inspector's operations need (Service Authorization Reference, Amazon Inspector2): a part of core/permissions.

Resource -> operations; operation -> condition keys.
"""

from collections.abc import Mapping
from typing import Final

FILTER: Final = "arn:aws:inspector2:{region}:{account}:owner/{account}/filter/{filter}"
NEW_FILTER: Final = "arn:aws:inspector2:{region}:{account}:owner/{account}/filter/*"  # its id is not known before
ANY: Final = "*"
RESOURCE_TAG: Final = "aws:ResourceTag/{key}"
REQUEST_TAG: Final = "aws:RequestTag/{key}"
TAG_KEYS: Final = "aws:TagKeys"

RESOURCES: Final[Mapping[str, str]] = {
    ANY: (
        "BatchGetAccountStatus BatchGetFindingDetails CancelFindingsReport CancelSbomExport CreateFindingsReport "
        "CreateSbomExport Disable Enable GetConfiguration GetFindingsReportStatus GetSbomExport ListAccountPermissions "
        "ListCoverage ListCoverageStatistics ListFilters ListFindingAggregations ListFindings SearchVulnerabilities "
        "UpdateConfiguration"
    ),
    FILTER: "DeleteFilter ListTagsForResource TagResource UntagResource UpdateFilter",
    NEW_FILTER: "CreateFilter",
}
KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "CreateFilter": (REQUEST_TAG, TAG_KEYS),
    "DeleteFilter": (RESOURCE_TAG,),
    "ListTagsForResource": (RESOURCE_TAG,),
    "TagResource": (REQUEST_TAG, TAG_KEYS, RESOURCE_TAG),
    "UntagResource": (TAG_KEYS, RESOURCE_TAG),
    "UpdateFilter": (RESOURCE_TAG,),
}
