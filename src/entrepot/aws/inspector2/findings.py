"""Operations on findings: lists, counts, what is known of them."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.inspector2 import pages, shown
from entrepot.aws.protocol.call import Call
from entrepot.core.inspector import aggregations, findings, intelligence

Output = Mapping[str, Any]
_ASCENDING = "ASC"
_ABSENT = "The finding does not exist, or nothing more is known of its vulnerability."
# where an aggregation's request stands in the input, and its answer in the output
_MEMBERS = {
    "ACCOUNT": "accountAggregation",
    "AWS_ECR_CONTAINER": "awsEcrContainerAggregation",
    "FINDING_TYPE": "findingTypeAggregation",
    "IMAGE_LAYER": "imageLayerAggregation",
    "PACKAGE": "packageAggregation",
    "REPOSITORY": "repositoryAggregation",
    "TITLE": "titleAggregation",
}


async def list_findings(call: Call) -> Output:
    """ListFindings."""
    sort = call.input.get("sortCriteria")
    order = "" if sort is None else f"{'' if sort['sortOrder'] == _ASCENDING else '-'}{sort['field']}"
    value, finding = pages.start(call, "ListFindings", 2)
    criteria, most = call.input.get("filterCriteria", {}), pages.limit(call, 25)
    page = await call.core.units.read(findings.list_of, call.caller, criteria, order, most, (value, finding))
    texts = await call.core.vulnerabilities.ask(intelligence.texts, [each.record for each in page.items])
    return {
        "findings": [shown.finding(each, texts) for each in page.items],
        "nextToken": pages.following(call, "ListFindings", page.after),
    }


async def list_finding_aggregations(call: Call) -> Output:
    """ListFindingAggregations."""
    kind = call.input["aggregationType"]
    (start,) = pages.start(call, "ListFindingAggregations")
    member = _MEMBERS.get(kind, "")
    wanted = call.input.get("aggregationRequest", {}).get(member, {})
    accounts, most = call.input.get("accountIds"), pages.limit(call, 100)
    page = await call.core.units.read(
        aggregations.list_of, call.caller, kind, wanted, accounts, most, pages.number(start)
    )
    return {
        "aggregationType": kind,
        "responses": [{member: shown.group(kind, each)} for each in page.items],
        "nextToken": pages.following(call, "ListFindingAggregations", page.after),
    }


async def batch_get_finding_details(call: Call) -> Output:
    """BatchGetFindingDetails."""
    arns = call.input["findingArns"]
    found = await call.core.units.read(findings.these, call.caller, arns)
    known = await call.core.vulnerabilities.ask(intelligence.details, list(found.values()))
    told = {arn: known[record.id] for arn, record in found.items() if record.id in known}
    return {
        "findingDetails": [shown.details(arn, each) for arn, each in told.items()],
        "errors": [
            {"findingArn": arn, "errorCode": "FINDING_DETAILS_NOT_FOUND", "errorMessage": _ABSENT}
            for arn in dict.fromkeys(arns)
            if arn not in told
        ],
    }


async def search_vulnerabilities(call: Call) -> Output:
    """SearchVulnerabilities: one at a time, as Inspector has it."""
    intelligence.allow_search(call.caller)
    (name,) = call.input["filterCriteria"]["vulnerabilityIds"]
    found = await call.core.vulnerabilities.ask(intelligence.look_up, name)
    return {"vulnerabilities": [] if found is None else [shown.vulnerability(found)]}
