"""A registry of many images that share layers: their rows and inventories, without a byte in a blob store.

Layers: Debian 10 as it was published (91 packages, with the files that they own), such a system with more packages of
Debian, packages of languages, and layers without any. An image is one base and five others. What is found in an image
is written as its scan would, but for the events of that.
"""

import json
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from entrepot.core.scanning import coverage_statuses, enhanced_analysis, enhanced_rulings, kept_images
from entrepot.core.scanning import inventories as packing
from entrepot.core.scanning.analysis import SUCCESS
from entrepot.core.scanning.enhanced_changes import Of, changes, result_of
from entrepot.core.scanning.enhanced_findings import Facts
from entrepot.core.scanning.layer_programs import VERSION
from entrepot.core.scanning.outlines import outline
from entrepot.core.scanning.platforms import platform
from entrepot.core.scanning.recurring import Recurring
from entrepot.core.scanning.remembering import Memory, Remembering
from entrepot.core.scanning.suppressions import nothing
from entrepot.db import (
    blobs,
    enhanced_scans,
    image_inventories,
    images,
    inspector_findings,
    inventories,
    registry_scanning,
    repositories,
    scans,
)
from entrepot.db.database import Transaction
from entrepot.db.inspector_records import ImageKey
from entrepot.db.records import Blob, Repository
from entrepot.db.scan_records import RegistryScanning, Scan, ScanKey
from entrepot.db.sqlite import SqliteDatabase, connect
from entrepot.db.vulnerabilities import VulnerabilityFile
from entrepot.scan import name_marks
from entrepot.scan.merging import merge
from entrepot.scan.packages import Layer, Package, Release, SystemDatabase
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.moments import micros
from entrepot.spec.repository import RegistryKey, RepositoryKey

ACCOUNT, REGION = "000000000000", "us-east-1"
AT = datetime(2026, 1, 1, tzinfo=UTC)
_BASES, _REPOSITORIES, _LAYERS_OF_IMAGE, _UNIT = 40, 200, 6, 100
_FILES_OF_PACKAGE = 30
_VERSIONS = ("1.0", *(f"9{number}.1" for number in range(15)))  # of one of them something is known
_STATUS = "var/lib/dpkg/status"
_INDEXES = (
    "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'inspector_finding' AND sql IS NOT NULL"
)
_KINDS = {"PyPI": "pypi", "Go": "golang", "RubyGems": "gem", "Packagist": "composer", "crates.io": "cargo"}
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True, slots=True)
class Fleet:
    """How many of each; `names` of packages that layers hold and of which something is known, by ecosystem."""

    images: int
    layers: int
    names: Sequence[tuple[str, str]]


class _Layers:
    """Makes inventories, always the same ones."""

    def __init__(self, debian: Path, names: Sequence[tuple[str, str]], chance: random.Random) -> None:
        listed = json.loads(debian.read_text())["packages"]
        self._base = [
            Package(
                "deb",
                each["name"],
                each["version"],
                _STATUS,
                source_name=each["source_name"],
                source_version=each["source_version"],
                arch=each["arch"],
            )
            for each in listed
        ]
        self._debian = [name for ecosystem, name in names if ecosystem == "Debian:10"]
        self._languages = [(_KINDS[ecosystem], name) for ecosystem, name in names if ecosystem in _KINDS]
        self._chance = chance

    def base(self) -> Layer:
        owned = {
            f"var/lib/dpkg/info/{each.name}.list": [
                f"usr/share/{each.name}/{number}" for number in range(_FILES_OF_PACKAGE)
            ]
            for each in self._base
        }
        return Layer(
            releases={"etc/os-release": Release("debian", "10", name="Debian GNU/Linux 10 (buster)")},
            databases=[SystemDatabase("dpkg", _STATUS, self._base)],
            owned=owned,
        )

    def other(self) -> Layer:
        match self._chance.choices(("system", "language", "nothing"), (3, 4, 3))[0]:
            case "system":
                names = self._chance.sample(self._debian, self._chance.randrange(10, 120))
                more = [Package("deb", name, self._version("{}-1"), _STATUS, arch="amd64") for name in names]
                return Layer(databases=[SystemDatabase("dpkg", _STATUS, [*self._base, *more])])
            case "language":
                return Layer(packages=list(self._some_of_languages()))
            case _:
                return Layer(read=["app/readme"])

    def _version(self, form: str) -> str:
        """One of a few, as images of a company have them."""
        return form.format(self._chance.choice(_VERSIONS))

    def _some_of_languages(self) -> Iterator[Package]:
        """A third of them is known to whoever tells of vulnerabilities."""
        known = self._chance.sample(self._languages, self._chance.randrange(5, 60))
        for kind, name in known:
            yield Package(kind, name, self._version("{}.0"), f"app/{name}")
        for number in self._chance.sample(range(20_000), 2 * len(known)):
            yield Package("npm", f"package-{number}", "1.0.0", f"app/node_modules/package-{number}/package.json")


def known_names(file: VulnerabilityFile) -> Sequence[tuple[str, str]]:
    """The names of which something is known, of the ecosystems that layers have packages of."""
    wanted = {"Debian:10", *_KINDS}
    return [(ecosystem, name) for ecosystem, name, _ in file.every_package() if ecosystem in wanted]


class _Scans:
    """Looks at images as a worker does: by what is known, with what is remembered from one to the next."""

    def __init__(self, file: VulnerabilityFile, layers: Mapping[str, Layer]) -> None:
        self._known = Remembering(file, Memory())
        self._layers = layers
        self._recurring = Recurring()

    def add(self, tx: Transaction, number: int, manifest: Manifest) -> None:
        """Write how the scan of an image ended, and what was found in it."""
        of = _repository(number % _REPOSITORIES)
        image = merge((str(each.digest), self._layers[each.digest]) for each in manifest.layers)
        outlined = outline(image)
        analysis = enhanced_analysis.described(outlined, self._known, AT)
        facts = Facts(platform(image.release), "amd64", "", micros(_pushed(number)))
        found = self._recurring.found_in(image, self._known, facts)
        told = coverage_statuses.CONTINUOUSLY + analysis.description.removeprefix(SUCCESS)
        scan = Scan(ScanKey(of, manifest.digest, "ENHANCED"), f"scan-{number}", "ACTIVE", told, AT, severities={})
        scans.put(tx, scan, due=False)
        ended = replace(scan, completed_at=AT, source_updated_at=analysis.source_updated_at, result=result_of(found))
        if analysis.status != "COMPLETE" or not enhanced_scans.keep(tx, ended):
            return
        key = RepositoryKey(RegistryKey("private", ACCOUNT, REGION), _name(number % _REPOSITORIES))
        image_inventories.put(tx, of, manifest.digest, kept_images.HELD_BY, kept_images.packed(image, outlined, facts))
        changed = changes(Of(key, ImageKey(of, manifest.digest), AT), (), found, nothing)
        counts = Counter(each.severity for each in changed.told)
        inspector_findings.put(tx, changed.told)
        enhanced_scans.count(tx, replace(ended, severities=enhanced_rulings.ecr_counts(counts)))


def build(path: Path, debian: Path, file: VulnerabilityFile, count: int, layers: int) -> Fleet:
    """Write the rows of so many images over so many layers, all scanned continuously, and of what is found in them, to
    the database of this path.
    """
    database = SqliteDatabase(path)
    chance = random.Random(7)
    names = known_names(file)
    making = _Layers(debian, names, chance)

    def run(tx: Transaction) -> None:
        rules = RegistryScanning("ENHANCED", ())
        registry_scanning.put(tx, RegistryKey("private", ACCOUNT, REGION), rules, AT)
        for number in range(_REPOSITORIES):
            key = RepositoryKey(RegistryKey("private", ACCOUNT, REGION), _name(number))
            repositories.add(tx, Repository(_repository(number), key, "MUTABLE", (), False, {}, 0, 1, AT))

    database.submit(run).result()
    made = [_blob(number) for number in range(layers)]
    held: dict[str, Layer] = {}
    for start in range(0, layers, _UNIT):
        some = [(blob, making.base() if blob.size < _BASES else making.other()) for blob in made[start : start + _UNIT]]
        held.update((blob.digest, layer) for blob, layer in some)
        database.submit(partial(_add_layers, some=some)).result()
    looking = _Scans(file, held)
    with _without_indexes(path):
        _make_images(database, count, made, chance, looking)
    database.close()
    return Fleet(count, layers, names)


@contextmanager
def _without_indexes(path: Path) -> Iterator[None]:
    """Findings are indexed when all of them are there: millions cost a tenth of the time then."""
    connection = connect(path)
    made = connection.execute(_INDEXES).fetchall()
    for name, _ in made:
        connection.execute(f"DROP INDEX {name}")
    yield
    connection.execute("PRAGMA cache_size = -500000").fetchall()
    connection.execute("PRAGMA synchronous = OFF").fetchall()
    for _, statement in made:
        print(statement.split()[2], file=sys.stderr, flush=True)
        connection.execute(statement)
    connection.close()


def _make_images(
    database: SqliteDatabase, count: int, made: Sequence[Blob], chance: random.Random, looking: "_Scans"
) -> None:
    for start in range(0, count, _UNIT):
        some_images = [(number, _image(number, made, chance)) for number in range(start, min(start + _UNIT, count))]
        database.submit(partial(_add_images, some=some_images, looking=looking), relaxed=True).result()
        print(f"\r{start + len(some_images)} of {count} images", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def _name(number: int) -> str:
    return f"team/app-{number}"


def _pushed(number: int) -> datetime:
    return AT + timedelta(seconds=number)


def _repository(number: int) -> str:
    return f"R{number:025d}"


def _blob(number: int) -> Blob:
    digest = Digest.of(b"layer-%d" % number)
    return Blob(f"B{number:025d}", "main", digest, f"blobs/{number}", number, "live")


def _add_layers(tx: Transaction, some: Sequence[tuple[Blob, Layer]]) -> None:
    for blob, layer in some:
        blobs.add(tx, blob, AT)
        inventories.put(tx, blob.id, blob.location, VERSION, packing.packed(layer), name_marks.of_layer(layer))


def _add_images(tx: Transaction, some: Sequence[tuple[int, tuple[Manifest, Sequence[Blob]]]], looking: _Scans) -> None:
    for number, (manifest, layers) in some:
        _add_image(tx, number, manifest, layers)
        looking.add(tx, number, manifest)


def _image(number: int, layers: Sequence[Blob], chance: random.Random) -> tuple[Manifest, Sequence[Blob]]:
    others = chance.sample(layers[_BASES:], _LAYERS_OF_IMAGE - 1)
    chosen = [layers[chance.randrange(_BASES)], *others]
    body = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": Digest.of(b"config-%d" % number),
            "size": 2,
        },
        "layers": [
            {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": each.digest, "size": each.size}
            for each in chosen
        ],
    }
    return Manifest.parse(json.dumps(body).encode(), _MANIFEST), chosen


def _add_image(tx: Transaction, number: int, manifest: Manifest, layers: Sequence[Blob]) -> None:
    of = _repository(number % _REPOSITORIES)
    for each in layers:
        if blobs.find_link(tx, of, each.digest) is None:
            blobs.link(tx, of, each.digest, each.id, AT)
    images.add(tx, of, manifest.digest, manifest, 100, _pushed(number))
