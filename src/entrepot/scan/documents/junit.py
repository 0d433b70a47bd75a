"""JUnit's XML as continuous integration reads it: each vulnerability of a package is a test that failed, what was not
seen one that could not be run.

https://github.com/testmoapp/junitxml
"""

import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from entrepot.scan.documents.components import unread
from entrepot.scan.documents.reported import Reported
from entrepot.scan.documents.subject import Subject
from entrepot.scan.merging import Image

MEDIA_TYPE: Final = "application/xml"
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(subject: Subject, image: Image, found: Sequence[Reported]) -> bytes:
    """One suite; of an image without known vulnerabilities the one test passes."""
    unseen = list(unread(image))
    cases = [*map(_failed, found), *map(_unrun, unseen)] or [
        f"    <testcase {_said(classname=subject.short_name, name='no known vulnerabilities')}/>"
    ]
    counts = {"tests": str(len(cases)), "failures": str(len(found)), "errors": str(len(unseen))}
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<testsuites {_said(name=subject.name, **counts)}>",
        f"  <testsuite {_said(name=subject.name, **counts, skipped='0', timestamp=subject.moment.rstrip('Z'))}>",
        "    <properties>",
        f"      <property {_said(name='digest', value=subject.digest)}/>",
        "    </properties>",
        *cases,
        "  </testsuite>",
        "</testsuites>",
    ]
    return "\n".join(lines).encode() + b"\n"


def _failed(each: Reported) -> str:
    package = each.located.package
    message = f"{each.level} in {package.name} {package.version}" + (f", fixed in {each.fixed}" if each.fixed else "")
    case = _said(classname=f"{package.type}.{package.name} {package.version}", name=each.name, file=package.path)
    failure = _said(message=message, type=each.level)
    return f"    <testcase {case}>\n      <failure {failure}>{_text(_told(each))}</failure>\n    </testcase>"


def _told(each: Reported) -> str:
    return "\n".join(_lines(each))


def _lines(each: Reported) -> Iterator[str]:
    yield each.title or each.name
    if each.located.layer:
        yield f"layer: {each.located.layer}"
    yield from each.references[:1]


def _unrun(sentence: str) -> str:
    case = _said(classname="unread", name=sentence)
    error = _said(message=sentence, type="unread")
    return f"    <testcase {case}>\n      <error {error}/>\n    </testcase>"


def _said(**attributes: str) -> str:
    return " ".join(f'{name}="{_text(value)}"' for name, value in attributes.items())


def _text(value: str) -> str:
    """Text without what XML 1.0 has no way to write."""
    return escape(_NO_XML.sub("\N{REPLACEMENT CHARACTER}", value))
