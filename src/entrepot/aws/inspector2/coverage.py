"""Operations on which images are scanned."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.inspector2 import pages, shown
from entrepot.aws.protocol.call import Call
from entrepot.core.inspector import coverage

Output = Mapping[str, Any]


async def list_coverage(call: Call) -> Output:
    """ListCoverage."""
    repository, digest = pages.start(call, "ListCoverage", 2)
    criteria, most = call.input.get("filterCriteria", {}), pages.limit(call, 200)
    page = await call.core.units.read(coverage.list_of, call.caller, criteria, most, (repository, digest))
    return {
        "coveredResources": [shown.covered(each) for each in page.items],
        "nextToken": pages.following(call, "ListCoverage", page.after),
    }


async def list_coverage_statistics(call: Call) -> Output:
    """ListCoverageStatistics: Inspector's answer has a count for each group, and does not say which group it is of."""
    key = call.input.get("groupBy")
    total, counts = await call.core.units.read(
        coverage.statistics, call.caller, call.input.get("filterCriteria", {}), key
    )
    groups = [{"count": count, "groupKey": key} for count in counts.values()]
    return {"totalCounts": total, "countsByGroup": groups or None}
