"""`entrepot scan`: what an image holds and what is known of it, from wherever the image is."""

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from cyclopts import Parameter

from entrepot.app import examining_parts
from entrepot.app.examining_parts import Asked
from entrepot.cli import docker_logins, scan_shown
from entrepot.cli.output import HERE, Bar, Place, progress
from entrepot.core.examining.examination import Examination
from entrepot.errors import Fact, ParameterInvalid
from entrepot.scan.documents import cyclonedx, junit, sarif, spdx
from entrepot.scan.documents.reported import LEVELS, Reported, rank
from entrepot.scan.severities import Level

FOUND, UNSEEN = 1, 2  # exit statuses
Form = Literal["table", "json", "sarif", "cyclonedx", "spdx", "junit"]
_INVENTORIES = frozenset({"cyclonedx", "spdx"})  # which say something also where nothing is known
_WRITERS: dict[Form, Callable[[Examination], bytes]] = {
    "json": scan_shown.as_json,
    "sarif": lambda told: sarif.document(told.subject, told.image, told.found),
    "cyclonedx": lambda told: cyclonedx.document(told.subject, told.image, "1.6", told.found),
    "spdx": lambda told: spdx.document(told.subject, told.image),
    "junit": lambda told: junit.document(told.subject, told.image, told.found),
}


def scan(
    image: Annotated[
        str,
        Parameter(
            help="REPOSITORY:TAG of this deployment, HOST/REPOSITORY:TAG of a registry, or a file: `docker save`, an "
            "OCI layout (folder or archive), an SBOM (CycloneDX or SPDX as JSON)."
        ),
    ],
    *,
    place: Place = HERE,
    format_: Annotated[Form, Parameter(name="--format", help="How to write what was found.")] = "table",
    output: Annotated[Path | None, Parameter(name="--output", help="The file to write; standard output else.")] = None,
    severity: Annotated[str, Parameter(help="Show these alone, separated by commas: CRITICAL,HIGH.")] = "",
    ignore_unfixed: Annotated[bool, Parameter(negative="", help="Show what can be mended alone.")] = False,
    fail_on: Annotated[
        str | None, Parameter(help="End with status 1 when something at least so severe is shown: HIGH.")
    ] = None,
    exit_code: Annotated[int, Parameter(help="The status to end with in the place of 1.")] = FOUND,
    allow_unseen: Annotated[
        bool, Parameter(negative="", help="Do not end with status 2 when not everything was seen.")
    ] = False,
    platform: Annotated[str | None, Parameter(help="Which image of an index: linux/arm64.")] = None,
    vulndb: Annotated[Path | None, Parameter(help="Another vulnerability database than the deployment's.")] = None,
) -> int:
    """Scan an image: 0 when nothing as bad as --fail-on is shown, 1 when it is, 2 when not everything was seen."""
    try:
        shown, worst = _levels(severity), None if fail_on is None else _level(fail_on, "--fail-on")
        asked = Asked(image, platform, vulndb, needs_known=format_ not in _INVENTORIES or worst is not None)
        told = examining_parts.examined(place.settings(), asked, docker_logins.login, _layers)
        told = replace(told, found=[each for each in told.found if _is_shown(each, shown, ignore_unfixed)])
        _write(told, format_, output)
    except BrokenPipeError:
        raise
    except (Fact, OSError) as fault:
        sys.stderr.write(f"entrepot: {fault}\n")
        return UNSEEN
    if worst is not None and any(rank(each.level) <= rank(worst) for each in told.found):
        return exit_code
    return UNSEEN if told.unseen and not allow_unseen else 0


def _layers(count: int) -> AbstractContextManager[Bar]:
    return progress("scanning layers", count)


def _write(told: Examination, form: Form, output: Path | None) -> None:
    if form == "table":
        scan_shown.table(told, output)
        return
    data = _WRITERS[form](told)
    if form != "junit":
        data = msgspec.json.format(data) + b"\n"
    if output is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        output.write_bytes(data)
    for each in told.unseen:
        sys.stderr.write(f"entrepot: not seen: {each}\n")


def _levels(text: str) -> Sequence[Level]:
    return [_level(each, "--severity") for each in text.split(",") if each.strip()] or LEVELS


def _level(text: str, parameter: str) -> Level:
    for level in LEVELS:
        if level == text.strip().upper():
            return level
    raise ParameterInvalid(parameter=parameter, reason=f"'{text.strip()}' is none of {', '.join(LEVELS)}")


def _is_shown(each: Reported, shown: Sequence[Level], ignore_unfixed: bool) -> bool:
    return each.level in shown and bool(each.fixed or not ignore_unfixed)
