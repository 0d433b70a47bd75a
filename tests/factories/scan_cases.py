"""Every use case of scanning with arguments for one furnished account, for tests that walk them."""

from datetime import timedelta

import msgspec

from entrepot.core.scanning import configuration, exceptions, in_use, requests, vex_trust
from entrepot.core.scanning.configuration import ScanningRule
from entrepot.core.scanning.exceptions import Acceptance, Scope
from entrepot.scan.vex.statements import Document, Product, Statement
from entrepot.spec.event_ids import event_id
from entrepot.spec.moments import micros
from tests.factories.callers import EPOCH, caller, image_manifest, registry, repository
from tests.factories.core_database import CONFIG, CoreDatabase
from tests.factories.use_cases import Case

KEY = repository("scanned")
ACCEPTANCE = Acceptance("scanned", "CVE-1", "not reachable", "them", EPOCH + timedelta(days=3650))
STATEMENT = Statement("CVE-2", (), (Product(package="pkg:deb/debian/zlib1g"),), "not_affected", "component_not_present")
DOCUMENT = Document("https://vex.test/1", "them", "1", 0, (STATEMENT,))
REQUEST = "00000000-0000-4000-8000-00000000e0e0"
EXCEPTION = event_id(micros(EPOCH), REQUEST, "exception")
RULES = [ScanningRule("SCAN_ON_PUSH", ("prod*",))]
RUNNING = (in_use.Running("scanned", image_manifest([b"layer"], CONFIG).digest, 3),)
PARTS = {"scanning.configuration.change"}
# use case -> how it is called in the house below
CASES: dict[str, Case] = {
    "scanning.configuration.get": Case((registry(),)),
    "scanning.configuration.of_repositories": Case((registry(), ["scanned"])),
    "scanning.configuration.put": Case(
        (registry(), "BASIC", [*RULES, ScanningRule("SCAN_ON_PUSH", ("new",))]), "PutRegistryScanningConfiguration"
    ),
    "scanning.configuration.set_scan_on_push": Case((KEY,), "PutImageScanningConfiguration", {"value": True}),
    "scanning.in_use.report": Case(
        (registry(), in_use.Part("prod", RUNNING, complete=True)), "ReportImagesInUse", service="entrepot"
    ),
    "scanning.exceptions.add": Case((registry(), ACCEPTANCE), "PutVulnerabilityException"),
    "scanning.exceptions.import_document": Case((registry(), DOCUMENT, Scope("scanned"), "them"), "ImportVexDocument"),
    "scanning.exceptions.list_of": Case((registry(), 10)),
    "scanning.exceptions.missing": Case((registry(), "scanned")),
    "scanning.exceptions.remove": Case((registry(), EXCEPTION), "DeleteVulnerabilityException"),
    "scanning.vex_trust.delete": Case((KEY,), "DeleteRepositoryVexTrust"),
    "scanning.vex_trust.get": Case((KEY,)),
    "scanning.vex_trust.put": Case((repository("doubted"),), "PutRepositoryVexTrust"),
    "scanning.requests.start": Case((KEY, None, "fresh"), "StartImageScan"),
    "scanning.results.describe": Case((KEY, None, "known", 10)),
}


def furnish(core: CoreDatabase) -> None:
    """Rules, and a repository with an image that is being scanned and one that is not."""
    core.repository(KEY.name)
    core.repository("doubted")
    core.image(KEY, "known")
    core.image(KEY, "fresh", layers=[b"other"])
    core.write(configuration.put, registry(), "BASIC", RULES)
    core.write(requests.start, KEY, None, "known")
    core.write(exceptions.add, registry(), ACCEPTANCE, who=msgspec.structs.replace(caller(), request_id=REQUEST))
    core.write(vex_trust.put, KEY)
