"""`entrepot repository admission`: which images a repository hands out."""

from typing import Annotated

from cyclopts import Parameter

from entrepot.app import opened
from entrepot.cli.output import HERE, Account, Format, Place, Region, registry, show
from entrepot.core import admission
from entrepot.core.admission import Admission, Draft
from entrepot.spec.repository import RepositoryKey

OFF = "off"


def set_(
    repository: str,
    /,
    *,
    mode: Annotated[str, Parameter(help="`audit` tells what would be refused, `enforce` refuses, `off` ends it.")],
    max_severity: Annotated[
        str, Parameter(help="The worst that is handed out: NONE, INFORMATIONAL, LOW, MEDIUM or HIGH.")
    ] = "HIGH",
    unscanned: Annotated[
        str, Parameter(help="What to do with images of which nothing is known: allow or deny.")
    ] = "allow",
    grace_seconds: Annotated[int, Parameter(help="How long after its push an image may be unscanned.")] = 0,
    place: Place = HERE,
    account: Account = None,
    region: Region = None,
    output: Format = "text",
) -> None:
    """Set what a repository hands out; it holds for every pull from now on."""
    settings = place.settings()
    key = RepositoryKey(registry(settings, account, region), repository)
    if mode == OFF:
        opened.write_as_root(settings, key.registry, admission.delete, key)
        show(_shown(repository, None), output)
        return
    new = Draft(mode, max_severity, unscanned, grace_seconds)
    show(_shown(repository, opened.write_as_root(settings, key.registry, admission.put, key, new)), output)


def show_(
    repository: str, /, *, place: Place = HERE, account: Account = None, region: Region = None, output: Format = "text"
) -> None:
    """Show what is set."""
    settings = place.settings()
    key = RepositoryKey(registry(settings, account, region), repository)
    show(_shown(repository, opened.read_as_root(settings, key.registry, admission.get, key)), output)


def _shown(repository: str, setting: Admission | None) -> dict[str, object]:
    if setting is None:
        return {"repository": repository, "mode": OFF}
    return {
        "repository": repository,
        "mode": setting.mode,
        "max_severity": setting.max_severity,
        "unscanned": setting.unscanned,
        "grace_seconds": setting.grace_seconds,
        "owner": setting.owner,
        "updated_at": setting.updated_at.isoformat(),
    }
