"""Every use case of Inspector with arguments for one furnished account, for tests that walk them."""

from datetime import UTC, datetime

import msgspec

from entrepot.core.inspector import configuration, criteria, reports
from entrepot.core.inspector.filters import FilterChange, FilterDraft
from entrepot.core.inspector.reports import Destination
from entrepot.db import inspector_filters
from entrepot.db.inspector_setting_records import FilterRecord
from entrepot.spec.event_ids import event_id
from entrepot.spec.moments import micros
from tests.factories.callers import ACCOUNT, EPOCH, caller, registry
from tests.factories.core_database import CoreDatabase
from tests.factories.use_cases import Case

WANTED = {"severity": [{"comparison": "EQUALS", "value": "HIGH"}]}
DRAFT = FilterDraft("new", "SUPPRESS", WANTED, "", "", {"team": "a"})
AT = datetime(2026, 1, 2, tzinfo=UTC)
KNOWN = FilterRecord(
    "abcdef0123456789",
    registry(),
    "known",
    "NONE",
    "",
    "",
    criteria.encoded(WANTED),
    {"k": "v"},
    f"arn:aws:iam::{ACCOUNT}:root",
    AT,
    AT,
)
PLACE = Destination("bucket", "", "arn:aws:kms:us-east-1:123456789012:key/k")
STORABLE = {"storable": True}
REQUEST = "00000000-0000-4000-8000-00000000e4e0"
REPORT = event_id(micros(EPOCH), REQUEST, "report/CYCLONEDX_1_4")
FINDING = f"arn:aws:inspector2:us-east-1:{ACCOUNT}:finding/{'0' * 32}"
# what checks a caller, or says who is asked about
PARTS = {
    *("inspector.places.registry", "inspector.places.require", "inspector.places.require_filter"),
    *("inspector.places.told", "inspector.filters.require"),
}
# use case -> how it is called in the house below
CASES: dict[str, Case] = {
    "inspector.accounts.disable": Case(([], []), "Disable", after=("inspector.accounts.enable",)),
    "inspector.accounts.enable": Case(([], ["ECR"]), "Enable"),
    "inspector.accounts.require_permissions": Case(()),
    "inspector.accounts.status": Case(([],)),
    "inspector.aggregations.list_of": Case(("PACKAGE", {}, None, 10)),
    "inspector.configuration.get": Case((None,)),
    "inspector.configuration.update": Case((None, configuration.WindowsChange("DAYS_30")), "UpdateConfiguration"),
    "inspector.coverage.list_of": Case(({}, 10)),
    "inspector.coverage.statistics": Case(({}, None)),
    "inspector.filter_tags.list_of": Case((KNOWN.arn,)),
    "inspector.filter_tags.put": Case((KNOWN.arn, {"new": "tag"}), "TagResource"),
    "inspector.filter_tags.remove": Case((KNOWN.arn, ["k"]), "UntagResource"),
    "inspector.filters.create": Case((DRAFT,), "CreateFilter"),
    "inspector.filters.delete": Case((KNOWN.arn,), "DeleteFilter"),
    "inspector.filters.list_of": Case(([], None, 10)),
    "inspector.filters.update": Case((KNOWN.arn, FilterChange("other", "SUPPRESS", None, None, None)), "UpdateFilter"),
    "inspector.findings.list_of": Case(({}, "", 10)),
    "inspector.findings.these": Case(([FINDING],)),
    "inspector.intelligence.allow_search": Case(()),
    "inspector.reports.cancel": Case(("CancelSbomExport", REPORT), "CancelSbomExport"),
    "inspector.reports.create": Case(("SPDX_2_3", {}, PLACE), "CreateSbomExport", STORABLE),
    "inspector.reports.get": Case(("GetSbomExport", None)),
}
# reads that are about nothing which the house has, or answer nothing
ABOUT_NOTHING = {
    *("inspector.accounts.require_permissions", "inspector.intelligence.allow_search"),
    *("inspector.aggregations.list_of", "inspector.coverage.list_of", "inspector.coverage.statistics"),
    *("inspector.findings.list_of", "inspector.findings.these"),
    "inspector.accounts.status",
}


def furnish(core: CoreDatabase) -> None:
    """A filter, windows of its own, and a report that is under way."""
    core.write(configuration.update, None, configuration.WindowsChange("LIFETIME"))
    core.write(lambda tx, _: inspector_filters.add(tx, KNOWN))
    who = msgspec.structs.replace(caller(), request_id=REQUEST)
    core.write(reports.create, "CYCLONEDX_1_4", {}, PLACE, storable=True, who=who)
