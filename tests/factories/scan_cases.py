"""Every use case of scanning with arguments for one furnished account, for tests that walk them."""

from entrepot.core.scanning import configuration, in_use, requests
from entrepot.core.scanning.configuration import ScanningRule
from tests.factories.callers import image_manifest, registry, repository
from tests.factories.core_database import CONFIG, CoreDatabase
from tests.factories.use_cases import Case

KEY = repository("scanned")
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
    "scanning.in_use.report": Case((registry(), in_use.Part("prod", RUNNING, complete=True)), "ReportImagesInUse"),
    "scanning.requests.start": Case((KEY, None, "fresh"), "StartImageScan"),
    "scanning.results.describe": Case((KEY, None, "known", 10)),
}


def furnish(core: CoreDatabase) -> None:
    """Rules, and a repository with an image that is being scanned and one that is not."""
    core.repository(KEY.name)
    core.image(KEY, "known")
    core.image(KEY, "fresh", layers=[b"other"])
    core.write(configuration.put, registry(), "BASIC", RULES)
    core.write(requests.start, KEY, None, "known")
