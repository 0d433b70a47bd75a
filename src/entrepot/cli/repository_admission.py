"""`entrepot repository admission`: which images a repository hands out."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from entrepot.cli import public_key_files
from entrepot.cli.output import Format, show
from entrepot.cli.registry_place import REGISTRY_HERE, RegistryPlace
from entrepot.core import admission
from entrepot.core.admission import Admission, Draft

OFF = "off"


def set_(
    repository: str,
    /,
    *,
    mode: Annotated[str, Parameter(help="`audit` tells what would be refused, `enforce` refuses, `off` ends it.")],
    max_severity: Annotated[
        str, Parameter(help="The worst that is handed out: NONE, INFORMATIONAL, LOW, MEDIUM, HIGH or CRITICAL.")
    ] = "HIGH",
    unscanned: Annotated[
        str, Parameter(help="What to do with images of which nothing is known: allow or deny.")
    ] = "allow",
    grace_seconds: Annotated[int, Parameter(help="How long after its push an image may be unscanned.")] = 0,
    digest_only: Annotated[bool, Parameter(negative="", help="Hand out nothing by tag.")] = False,
    key: Annotated[
        tuple[Path, ...],
        Parameter(
            negative="",
            help="A file with a public key, as cosign makes them: only what one of them has signed is handed out.",
        ),
    ] = (),
    profile: Annotated[
        tuple[str, ...],
        Parameter(
            negative="", help="A signing profile, by name or ARN: only what one of them has signed is handed out."
        ),
    ] = (),
    where: RegistryPlace = REGISTRY_HERE,
    output: Format = "text",
) -> None:
    """Set what a repository hands out; it holds for every pull from now on."""
    if mode == OFF:
        where.write_of(repository, admission.delete)
        show(_shown(repository, None), output)
        return
    keys = tuple(public_key_files.text(each) for each in key)
    new = Draft(mode, max_severity, unscanned, grace_seconds, digest_only, keys, profile)
    show(_shown(repository, where.write_of(repository, admission.put, new)), output)


def show_(repository: str, /, *, where: RegistryPlace = REGISTRY_HERE, output: Format = "text") -> None:
    """Show what is set."""
    show(_shown(repository, where.read_of(repository, admission.get)), output)


def _shown(repository: str, setting: Admission | None) -> dict[str, object]:
    if setting is None:
        return {"repository": repository, "mode": OFF}
    return {
        "repository": repository,
        "mode": setting.mode,
        "max_severity": setting.max_severity,
        "unscanned": setting.unscanned,
        "grace_seconds": setting.grace_seconds,
        "digest_only": setting.digest_only,
        "keys": list(setting.keys),
        "profiles": list(setting.profiles),
        "owner": setting.owner,
        "updated_at": setting.updated_at.isoformat(),
    }
