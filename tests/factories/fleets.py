"""Images that were scanned, with what their layers hold, without a blob store; and what is known of packages."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from entrepot.core.scanning import inventories, kept_images
from entrepot.core.scanning.enhanced_findings import Facts
from entrepot.core.scanning.layer_programs import VERSION
from entrepot.core.scanning.outlines import outline
from entrepot.core.vulnerabilities.importing import Importing
from entrepot.db import image_inventories, scans
from entrepot.db.scan_records import Scan, ScanKey
from entrepot.db.vulnerability_generations import Generations
from entrepot.scan import name_marks
from entrepot.scan.merging import merge
from entrepot.scan.packages import Layer, Package, Release, SystemDatabase
from entrepot.spec.repository import RepositoryKey
from tests.factories.advisory_files import Record, folder
from tests.factories.callers import EPOCH
from tests.factories.core_database import CoreDatabase

DEBIAN = Release("debian", "12")


def system(packages: Mapping[str, str]) -> Layer:
    """A layer of Debian 12 with these packages, by name and version."""
    told = [Package("deb", name, version, "var/lib/dpkg/status") for name, version in packages.items()]
    return Layer(releases={"etc/os-release": DEBIAN}, databases=[SystemDatabase("dpkg", "var/lib/dpkg/status", told)])


def languages(**packages: str) -> Layer:
    """A layer with packages of Python."""
    return Layer(
        packages=[Package("pypi", name, version, f"lib/{name}/METADATA") for name, version in packages.items()]
    )


class Fleet:
    """A database with images, and generations of what is known."""

    def __init__(self, core: CoreDatabase, directory: Path) -> None:
        self.core = core
        self.generations = Generations(directory / "vulndb")
        self._directory = directory
        self._imports = 0

    def known(self, *records: Record, at: datetime = EPOCH) -> int:
        """Advisories become known; the generation that knows them."""
        self._imports += 1
        path = folder(self._directory / f"records-{self._imports}", records)
        return self.take(path, at=at)

    def take(self, path: Path, at: datetime = EPOCH) -> int:
        """Files are imported; the generation that knows them."""
        return Importing(self.generations, at, False, (), lambda _: None).run([path]).generation

    def image(self, key: RepositoryKey, *layers: Layer, status: str = "ACTIVE", kept: bool = True) -> str:
        """An image whose enhanced scan stands so, of which it is kept what it holds, and nothing was found yet; its
        digest. Equal layers are one blob.
        """
        bodies = [repr(each).encode() for each in layers]
        manifest = self.core.image(key, layers=bodies)
        repository = self.core.present(key)
        for layer, body in zip(layers, bodies, strict=True):
            held = self.core.blob(key, body)
            self.unit(inventories.keep, held, VERSION, inventories.packed(layer), name_marks.of_layer(layer))
        if kept:
            whole = merge(
                [(str(each.digest), layer) for each, layer in zip(manifest.layers or (), layers, strict=True)]
            )
            body = kept_images.packed(whole, outline(whole), Facts("DEBIAN_12", "amd64"))
            self.unit(image_inventories.put, repository.id, str(manifest.digest), kept_images.HELD_BY, body)
        self.stand(repository.id, str(manifest.digest), status)
        return str(manifest.digest)

    def stand(self, repository_id: str, digest: str, status: str) -> None:
        """An enhanced scan has this status."""
        scan = Scan(ScanKey(repository_id, digest, "ENHANCED"), f"scan of {digest}", status, "", EPOCH, severities={})
        self.unit(scans.put, scan, due=False)

    def unit(self, work: Any, *args: Any, **kwargs: Any) -> Any:
        """Run `work(tx, …)` as a write."""
        return self.core.database.submit(lambda tx: work(tx, *args, **kwargs)).result()

    def close(self) -> None:
        """Close what is known."""
        self.generations.close()
