"""Rows of `finding_text`: what advisories say at length of vulnerabilities that a registry has findings of."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import bindparam, select, text

from entrepot.db.database import Transaction
from entrepot.db.scan_schema import finding_text as table
from entrepot.spec.repository import RegistryKey

_PUT = text(
    "INSERT INTO finding_text (account_id, region, vulnerability, advisory, description, links) "
    "VALUES (:account, :in_region, :vulnerability, :of, :description, :links) "
    "ON CONFLICT (account_id, region, vulnerability, advisory) DO UPDATE SET description = excluded.description, "
    "links = excluded.links WHERE finding_text.description <> excluded.description "
    "OR finding_text.links <> excluded.links"
)
_FIND = select(table.c.description, table.c.links).where(
    table.c.account_id == bindparam("account"),
    table.c.region == bindparam("in_region"),
    table.c.vulnerability == bindparam("vulnerability"),
    table.c.advisory == bindparam("of"),
)
_FORGET = text(
    "DELETE FROM finding_text WHERE NOT EXISTS (SELECT 1 FROM inspector_finding AS told "
    "WHERE told.account_id = finding_text.account_id AND told.region = finding_text.region "
    "AND told.vulnerability = finding_text.vulnerability)"
)
_LINKS = msgspec.json.Decoder(tuple[str, ...])


class FindingText(NamedTuple):
    """What an advisory says at length of a vulnerability."""

    vulnerability: str
    advisory: str
    description: str
    links: Sequence[str]


def put(tx: Transaction, registry: RegistryKey, texts: Sequence[FindingText]) -> None:
    """Keep texts, each in the place of what its advisory said before; in one order, whoever writes at once."""
    tx.run_many(
        _PUT,
        [
            {
                "account": registry.account,
                "in_region": registry.region,
                "vulnerability": each.vulnerability,
                "of": each.advisory,
                "description": each.description,
                "links": msgspec.json.encode(each.links).decode(),
            }
            for each in sorted(texts, key=lambda each: each[:2])
        ],
    )


def find(tx: Transaction, registry: RegistryKey, vulnerability: str, advisory: str) -> FindingText | None:
    """What is kept of an advisory about a vulnerability."""
    given = {"vulnerability": vulnerability, "of": advisory}
    row = tx.one(_FIND, account=registry.account, in_region=registry.region, **given)
    return None if row is None else FindingText(vulnerability, advisory, row.description, _LINKS.decode(row.links))


def forget(tx: Transaction) -> int:
    """Remove those of vulnerabilities that their registry has no finding of any more; how many."""
    return tx.run(_FORGET)
