"""Rows of `registry_sboms` and `made_sbom`: in which private registries scanned images get SBOMs, and which did."""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, select, text

from entrepot.db.database import Transaction
from entrepot.db.scan_schema import made_sbom, registry_sboms
from entrepot.spec.digest import Digest
from entrepot.spec.repository import RegistryKey

_IS_IT = (registry_sboms.c.account_id == bindparam("account")) & (registry_sboms.c.region == bindparam("in_region"))
_FIND = select(registry_sboms.c.region).where(_IS_IT)
_ADD = text("INSERT INTO registry_sboms (account_id, region) VALUES (:account, :in_region) ON CONFLICT DO NOTHING")
_REMOVE = delete(registry_sboms).where(_IS_IT)
_IN = made_sbom.c.repository_id == bindparam("of")
_MAKE = text(
    "INSERT INTO made_sbom (repository_id, digest, subject) VALUES (:of, :sbom, :image) ON CONFLICT DO NOTHING"
)
_MADE = select(made_sbom.c.digest).where(_IN, made_sbom.c.subject == bindparam("image")).order_by(made_sbom.c.digest)
_IS_MADE = select(made_sbom.c.digest).where(_IN, made_sbom.c.digest == bindparam("sbom"))
_FORGET = delete(made_sbom).where(_IN, made_sbom.c.digest == bindparam("sbom"))


def are_wanted(tx: Transaction, key: RegistryKey) -> bool:
    """Whether images of this registry get SBOMs."""
    return tx.one(_FIND, account=key.account, in_region=key.region) is not None


def put(tx: Transaction, key: RegistryKey, *, wanted: bool) -> None:
    """From now on, or no more."""
    tx.run(_ADD if wanted else _REMOVE, account=key.account, in_region=key.region)


def make(tx: Transaction, repository_id: str, digest: str, subject: str) -> None:
    """Remember that the registry made the SBOM of an image itself."""
    tx.run(_MAKE, of=repository_id, sbom=digest, image=subject)


def made(tx: Transaction, repository_id: str, subject: str) -> Sequence[Digest]:
    """Those that it made of an image."""
    return [Digest(row.digest) for row in tx.all(_MADE, of=repository_id, image=subject)]


def is_made(tx: Transaction, repository_id: str, digest: str) -> bool:
    """Whether a manifest is such an SBOM."""
    return tx.one(_IS_MADE, of=repository_id, sbom=digest) is not None


def forget(tx: Transaction, repository_id: str, digest: str) -> None:
    """Forget a manifest, which goes."""
    tx.run(_FORGET, of=repository_id, sbom=digest)
