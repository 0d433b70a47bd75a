"""`entrepot fsck`: proves that every manifest is resolvable, down to the bytes."""

from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from entrepot.app import opened
from entrepot.cli.output import HERE, Format, Place, progress, show


def fsck(
    *,
    place: Place = HERE,
    repair: Annotated[bool, Parameter(negative="", help="Mend what can be mended.")] = False,
    quick: Annotated[bool, Parameter(negative="", help="Compare lengths only, not digests.")] = False,
    output: Format = "text",
) -> int:
    """Check the database, every blob and every manifest; ends with status 1 unless all is well."""
    now = datetime.now(UTC)
    with opened.keeper(place.settings()) as keeper, progress("checking", None) as bar:
        report = keeper.integrity.fsck(now, repair=repair, deep=not quick, progress=bar)
    show(
        {
            "every manifest resolvable": f"{report.resolvable}/{report.manifests}",
            "manifests": report.manifests,
            "resolvable": report.resolvable,
            "in the trash": report.trashed,
            "blobs": report.blobs,
            "damaged": report.damaged,
            "no key opens": report.locked,
            "unresolvable": report.unresolvable,
            "database": report.database,
            "orphans": report.orphans,
            "repaired": report.repaired,
            "clean": report.clean,
        },
        output,
    )
    return 0 if report.clean else 1
