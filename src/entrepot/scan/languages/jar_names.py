"""What the library in a Java archive is called, from what Maven, OSGi, Jenkins and the file's name say of it.

https://docs.oracle.com/en/java/javase/21/docs/specs/jar/jar.html
https://maven.apache.org/shared/maven-archiver/
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from entrepot.scan.languages import fields, jar_groups

Attributes = Mapping[str, str]  # of a manifest's main section, by names in lower case

_SPLIT: Final = re.compile(r"-(?=[0-9])")
# what stands between parts of one version, and not before another: 1.0-alpha-2, 1.0-20240101.120000-1
_QUALIFIER: Final = re.compile(
    r"(?:alpha|beta|rc|cr|m|milestone|b|build|sp|ga|final|release|snapshot|jre|android|jdk|java|p|patch|v|r)?[0-9.]*",
    re.IGNORECASE,
)
_CLASSIFIER: Final = re.compile(
    r"-(?:sources|javadoc|tests?|test-sources|jar-with-dependencies|all|shaded|uber|fat|exec|runner|standalone|plain"
    r"|(?:linux|osx|windows|natives?)[\w-]*)$"
)
_ARTIFACT: Final = re.compile(r"[A-Za-z][\w.-]*")
_VERSIONED: Final = re.compile(r"[A-Za-z]?[0-9]")
_DOMAINS: Final = frozenset({"com", "org", "net", "edu", "gov", "info", "dev", "app", "biz", "jakarta", "javax"})
_NO_GROUPS: Final = frozenset({"org.apache", "org.eclipse", "org.codehaus", "com.google", "com.github", "io.github"})
_VERSIONS: Final = ("implementation-version", "plugin-version", "bundle-version", "specification-version")


class Coordinates(NamedTuple):
    """group:artifact:version."""

    group: str
    artifact: str
    version: str


class FileName(NamedTuple):
    """What a file's name says: `artifact-version.jar`, or only a stem."""

    stem: str
    artifact: str = ""
    version: str = ""


def file_name(name: str) -> FileName:
    """The name read as Maven writes it; of `log4j-1.2-api-2.17.1` the version is the last part."""
    stem = name.rpartition(".")[0][: fields.LONGEST_NAME]
    parts = _SPLIT.split(_CLASSIFIER.sub("", stem))
    if len(parts) < 2 or not parts[0]:
        return FileName(stem)
    first = 1
    for place in range(2, len(parts)):
        _, dash, word = parts[place - 1].rpartition("-")
        if dash and not _QUALIFIER.fullmatch(word) and "." in parts[place]:
            first = place
    return FileName(stem, "-".join(parts[:first]), "-".join(parts[first:]))


def pom_properties(data: bytes) -> Coordinates | None:
    """What Maven wrote beside the POM of a library; None when a value is missing or was never filled in."""
    found = {"groupId": "", "artifactId": "", "version": ""}
    for line in data.decode("latin-1").splitlines():
        key, _, value = line.strip().partition("=")
        if key.strip() in found:
            found[key.strip()] = fields.text(value)
    complete = all(found.values()) and "${" not in "".join(found.values())
    return Coordinates(*found.values()) if complete else None


def manifest(data: bytes) -> dict[str, str]:
    """The main section, its folded lines joined."""
    text = data.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
    section = text.lstrip("\n").partition("\n\n")[0].replace("\n ", "")
    attributes: dict[str, str] = {}
    for line in section.split("\n"):
        name, _, value = line.partition(":")
        value = fields.text(value)
        if value and not value.startswith("%"):  # the key of a translation
            attributes.setdefault(name.strip().lower(), value)
    return attributes


def is_own(pom: Coordinates, name: FileName, *, alone: bool) -> bool:
    """Whether the POM is that of the archive itself, and not of a library that was copied into it."""
    artifact = name.artifact or name.stem
    same = artifact == pom.artifact or artifact.endswith(f".{pom.artifact}")
    return same or name.stem.startswith(f"{pom.artifact}-{pom.version}") or (alone and not name.version)


def own(name: FileName, attributes: Attributes) -> Coordinates | None:
    """The archive itself, without a POM: the file's name before what its manifest says, which is meant for people."""
    if "weave-classes" in attributes:  # instruments the library that it is named after
        return None
    version = name.version or _version(attributes)
    if not version:
        return None
    stem = jar_groups.TOMCAT.get(name.stem, "") if attributes.get("implementation-title") == "Apache Tomcat" else ""
    artifact = stem or name.artifact or _title(attributes) or name.stem
    return Coordinates(_group(artifact, attributes), artifact, version) if artifact else None


def _version(attributes: Attributes) -> str:
    values = (attributes.get(field, "").partition(" ")[0] for field in _VERSIONS)
    return next((value for value in values if _VERSIONED.match(value) and "${" not in value), "")


def _title(attributes: Attributes) -> str:
    """A title that is the name of an artifact: has no spaces."""
    titles: Sequence[str] = [attributes.get(field, "") for field in ("short-name", "implementation-title")]
    return next((title for title in titles if _ARTIFACT.fullmatch(title)), "")


def _group(artifact: str, attributes: Attributes) -> str:
    """What is well known, Jenkins and Maven say, or OSGi's name begins with; else the artifact's name again."""
    if known := jar_groups.exactly(artifact):
        return known
    for field in ("group-id", "implementation-vendor-id"):
        if _is_group(attributes.get(field, "")):
            return attributes[field]
    if known := jar_groups.of(artifact):
        return known
    for field in ("bundle-symbolicname", "automatic-module-name"):
        symbolic = attributes.get(field, "").partition(";")[0].strip()
        if _is_group(symbolic):
            return _before(symbolic, artifact)
    group = artifact.rpartition(".")[0]  # `org.osgi.core`, as OSGi's bundles are called
    return group if _is_group(group) else artifact


def _is_group(text: str) -> bool:
    domain, dot, _ = text.partition(".")
    shaped = bool(dot and _ARTIFACT.fullmatch(text)) and text not in _NO_GROUPS
    return shaped and (domain in _DOMAINS or len(domain) == 2)


def _before(symbolic: str, artifact: str) -> str:
    """The group in a symbolic name: `org.postgresql.jdbc` of postgresql -> org.postgresql."""
    segments = symbolic.split(".")
    if symbolic.endswith(f".{artifact}"):
        group = symbolic.removesuffix(f".{artifact}")
    elif artifact in segments:
        group = ".".join(segments[: segments.index(artifact) + 1])
    else:
        group = ".".join(segments[:-1])
    return group if "." in group and group not in _NO_GROUPS else symbolic
