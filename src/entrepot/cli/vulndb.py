"""`entrepot vulndb`: what is known of vulnerable packages, imported, looked at, and exported to where no network is.

Beside a running server, or without one.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from entrepot.app import vulnerability_parts, vulnerability_updates
from entrepot.cli import docker_logins
from entrepot.cli.output import HERE, Format, Place, progress, show
from entrepot.core.vulnerabilities.importing import Brought
from entrepot.core.vulnerabilities.updating import Told
from entrepot.core.vulnerabilities.upstreams import Noted
from entrepot.db.vulnerabilities import Source
from entrepot.errors import ParameterInvalid
from entrepot.outbound.registries import Place as Registry
from entrepot.outbound.registry_logins import Login
from entrepot.settings import Settings
from entrepot.spec.moments import moment

WAIT_SECONDS = 30.0
OCI = "oci://"


@Parameter(name="*")
@dataclass(frozen=True)
class Access:
    """How a registry is reached; without a user, as docker would."""

    username: Annotated[str | None, Parameter(help="The user at the registry; else docker's log-in is used.")] = None
    password_stdin: Annotated[
        bool, Parameter(negative="", help="Take the user's password from the standard input.")
    ] = False
    plain_http: Annotated[
        bool, Parameter(negative="", help="Reach the registry without TLS; `outbound_allow` must list it.")
    ] = False

    def login(self, at: Registry) -> Login:
        """Whom the registry is to take this command for."""
        if self.username is None:
            return docker_logins.login(at)
        return Login(self.username, sys.stdin.readline().rstrip("\r\n") if self.password_stdin else "")


NOBODY = Access()
Trust = Annotated[
    tuple[Path, ...],
    Parameter(name="--trust", help="The public key (PEM) of who may sign exports, beside this deployment's own."),
]
Force = Annotated[
    bool, Parameter(name="--force", negative="", help="Take what is older, or much less, than what is there.")
]
Wait = Annotated[
    float,
    Parameter(name="--wait", help="Seconds to wait until every running worker matches with what is new; 0 for none."),
]


def import_(
    *paths: Annotated[
        str, Parameter(help="Exports, OSV archives and records, folders of them; or oci://REGISTRY/REPOSITORY:TAG.")
    ],
    place: Place = HERE,
    trust: Trust = (),
    force: Force = False,
    wait: Wait = WAIT_SECONDS,
    access: Access = NOBODY,
    output: Format = "text",
) -> None:
    """Add to what is known: exports, OSV's all.zip files, single records, CISA's KEV, EPSS, ends of life."""
    remote = [path.removeprefix(OCI) for path in paths if path.startswith(OCI)]
    if not paths or (remote and len(paths) > 1):
        raise ParameterInvalid(parameter="PATH", reason="name files and folders to import, or one export in a registry")
    settings = place.settings()
    with progress("importing", None) as bar:
        if remote:
            done = vulnerability_updates.pull(
                settings, remote[0], trust, access.login, bar, force=force, plain=access.plain_http
            )
        else:
            done = vulnerability_parts.take(settings, [Path(path) for path in paths], trust, bar, force=force)
    result: dict[str, object] = {"generation": done.generation, "changed_packages": done.changed}
    result |= _followed(settings, done.generation, wait)
    lines = [_brought(each) for each in done.brought]
    show(result | {"sources": lines if output == "json" else [_line(each) for each in lines]}, output)


def update(
    *,
    place: Place = HERE,
    trust: Trust = (),
    force: Force = False,
    wait: Wait = WAIT_SECONDS,
    output: Format = "text",
) -> int:
    """Fetch what is new from those whom `vulndb_sources` names, and import it; ends with status 1 when one failed."""
    settings = place.settings()
    with progress("updating", None) as bar:
        done = vulnerability_updates.update(settings, trust, docker_logins.login, bar, force=force)
    result: dict[str, object] = {"generation": done.generation, "changed_packages": done.changed}
    if done.generation:
        result |= _followed(settings, done.generation, wait)
    lines = [_came(each) for each in done.told]
    show(result | {"sources": lines if output == "json" else [_line(each) for each in lines]}, output)
    return int(any(each.outcome == "failed" for each in done.told))


def status(*, place: Place = HERE, output: Format = "text") -> None:
    """Show who tells what is known: until when, since when it is here, how much."""
    settings = place.settings()
    with vulnerability_parts.known(settings) as known:
        now = vulnerability_parts.now()
        sources = [] if known is None else [_source(each, now) for each in known.sources()]
        generation = 0 if known is None else known.generation
    lines: list[object] = list(sources) if output == "json" else [_line(each) for each in sources]
    workers = [{"pid": each.pid, "generation": each.generation} for each in vulnerability_parts.reading(settings)]
    shown = workers if output == "json" else [_line(each) for each in workers]
    updates = [_asked(name, each) for name, each in vulnerability_updates.noted(settings).items()]
    asked: list[object] = list(updates) if output == "json" else [_line(each) for each in updates]
    show(
        {
            "generation": generation,
            "usable": bool(sources),
            "sources": lines,
            "updates": asked,
            "workers": shown,
        },
        output,
    )


def export(
    file: Annotated[Path | None, Parameter(help="The file to write.")] = None,
    *,
    to: Annotated[str | None, Parameter(help="A registry to store it in: REGISTRY/REPOSITORY:TAG.")] = None,
    place: Place = HERE,
    access: Access = NOBODY,
    output: Format = "text",
) -> None:
    """Write all that is known to one signed file, or to a registry; another deployment imports it with --trust."""
    if (file is None) == (to is None):
        raise ParameterInvalid(parameter="FILE", reason="name a file to write, or a registry with --to")
    settings = place.settings()
    public = str(settings.data / vulnerability_parts.FOLDER / "export.pub")
    with progress("exporting", None) as bar:
        if file is None:
            text = str(to).removeprefix(OCI)
            digest = vulnerability_updates.push(settings, text, access.login, bar, plain=access.plain_http)
            show({"to": text, "digest": str(digest), "public_key": public}, output)
            return
        manifest = vulnerability_parts.export(settings, file, bar)
    show(
        {
            "file": str(file),
            "bytes": file.stat().st_size,
            "generation": manifest.generation,
            "sources": len(manifest.sources),
            "public_key": public,
        },
        output,
    )


def key(*, place: Place = HERE, output: Format = "text") -> None:
    """Show the public key that others need to import this deployment's exports; made when it is first asked for."""
    show({"public_key": vulnerability_parts.public_key(place.settings())}, output)


def _came(told: Told) -> dict[str, object]:
    """What came of one who was asked."""
    return {
        "upstream": told.upstream.name,
        "outcome": told.outcome,
        "reason": told.reason,
        "bytes": told.size,
        "brought": [_brought(each) for each in told.brought],
    }


def _asked(name: str, noted: Noted) -> dict[str, object]:
    """What is noted of the last time that somebody was asked."""
    return {
        "upstream": name,
        "tried_at": _at(noted.tried_at),
        "taken_at": _at(noted.taken_at),
        "fault": noted.fault,
    }


def _at(at: int) -> str:
    return moment(at).isoformat(timespec="seconds") if at else ""


def _followed(settings: Settings, generation: int, seconds: float) -> dict[str, object]:
    """What is said of the workers, once they match with the new generation or the time is over."""
    late = [each.pid for each in vulnerability_parts.followed(settings, generation, seconds)]
    if late:
        sys.stderr.write(f"entrepot: these processes do not use generation {generation} yet: {late}\n")
    return {"workers_behind": late}


def _brought(brought: Brought) -> dict[str, object]:
    counts = brought.counts
    return {
        "source": brought.source,
        "added": counts.added,
        "changed": counts.changed,
        "same": counts.same,
        "removed": counts.removed,
        "left_out": counts.left_out,
    }


def _source(source: Source, now: datetime) -> dict[str, object]:
    updated = moment(source.updated_at) if source.updated_at else None
    return {
        "source": source.name,
        "records": source.records,
        "left_out": source.left_out,
        "updated_at": updated.isoformat(timespec="seconds") if updated else "",
        "age_days": (now - updated).days if updated else None,
        "imported_at": moment(source.imported_at).isoformat(timespec="seconds"),
    }


def _line(record: Mapping[str, object]) -> str:
    return "  ".join(f"{name} {value}" for name, value in record.items() if value not in ({}, "", None))
