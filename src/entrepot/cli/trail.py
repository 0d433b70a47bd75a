"""`entrepot trail`: trails, and the proof that their files are as they were stored."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from entrepot.app import opened
from entrepot.cli.output import HERE, Format, Place, progress, show
from entrepot.core.audit import trails
from entrepot.core.audit.verifying import Wanted
from entrepot.db.trail_records import Trail

Account = Annotated[str | None, Parameter(help="12 digits; every account when left out.")]
Moment = Annotated[datetime | None, Parameter(help="UTC, unless it says another time zone.")]


def list_(*, place: Place = HERE, account: Account = None, output: Format = "text") -> None:
    """Show the trails."""
    with opened.database(place.settings()) as database:
        found = database.read(trails.every)
    show([_shown(each) for each in found if account in {None, each.account}], output)


def verify(
    *,
    place: Place = HERE,
    account: Account = None,
    region: Annotated[str | None, Parameter(help="Every region when left out.")] = None,
    trail: Annotated[str | None, Parameter(help="A trail's name; every trail when left out.")] = None,
    start: Moment = None,
    end: Moment = None,
    output: Format = "text",
) -> int:
    """Find every file of trails that was changed, removed or added; ends with status 1 unless there is none."""
    wanted = Wanted(account, region, trail, _utc(start), _utc(end))
    with progress("verifying", None) as bar:
        report = asyncio.run(opened.verified_trails(place.settings(), wanted, bar))
    show(
        {
            "chains": report.chains,
            "digest_files": report.digests,
            "log_files": report.logs,
            "unproven": report.unproven,
            "faults": [f"{each.file}  {each.fault}" for each in report.faults]
            if output == "text"
            else [{"file": each.file, "fault": each.fault} for each in report.faults],
            "clean": report.clean,
        },
        output,
    )
    return 0 if report.clean else 1


def _shown(trail: Trail) -> dict[str, object]:
    return {
        "account": trail.account,
        "region": trail.region,
        "name": trail.name,
        "bucket": trail.bucket,
        "prefix": trail.prefix,
        "multi_region": trail.multi_region,
        "logging": trail.logging,
        "log_file_validation": trail.validated_at is not None,
        "failures": trail.failures,
    }


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
