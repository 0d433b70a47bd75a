"""Deployments for the use cases of core's packages, bare or with something of everything. Owns no assertions."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Select

from entrepot.core.access import Caller
from entrepot.core.events.rules import RuleDraft
from entrepot.core.events.sending import Entry
from entrepot.core.metrics import publishing
from entrepot.core.metrics.alarm_listing import Wanted
from entrepot.db import audit_schema, metric_schema, schema
from entrepot.db.database import Database, Reader, Transaction
from entrepot.db.migrate import AUDIT, METADATA, METRICS, Chain
from tests.factories import (
    audit_cases,
    calls,
    event_cases,
    inspector_cases,
    key_cases,
    lifecycle_cases,
    metric_cases,
    pull_through_cases,
    quota_cases,
    replication_cases,
    scan_cases,
    secret_cases,
    signing_cases,
)
from tests.factories.callers import caller
from tests.factories.core_database import CoreDatabase
from tests.factories.use_cases import Case, is_given_a_transaction, work

CASES: Mapping[str, Case] = {
    **event_cases.CASES,
    **audit_cases.CASES,
    **metric_cases.CASES,
    **scan_cases.CASES,
    **inspector_cases.CASES,
    **key_cases.CASES,
    **lifecycle_cases.CASES,
    **pull_through_cases.CASES,
    **quota_cases.CASES,
    **replication_cases.CASES,
    **secret_cases.CASES,
    **signing_cases.CASES,
}
PARTS = frozenset().union(
    *(
        cases.PARTS
        for cases in (
            event_cases,
            audit_cases,
            metric_cases,
            scan_cases,
            inspector_cases,
            key_cases,
            lifecycle_cases,
            pull_through_cases,
            quota_cases,
            replication_cases,
            secret_cases,
            signing_cases,
        )
    )
)
UNRECORDED = metric_cases.UNRECORDED
WRITES = {name: case for name, case in CASES.items() if case.action}
READS = {name: case for name, case in CASES.items() if not case.action and name not in UNRECORDED}
# reads that are about nothing which an account has or has not, or answer nothing
ABOUT_NOTHING = {
    *("events.patterns.test", "events.places.allow_account", "events.tagging.allow_new", "events.passed_roles.allow"),
    *("audit.signing_keys.list_public", "audit.trails.allow", "audit.trails.allow_create", "metrics.places.require"),
    *inspector_cases.ABOUT_NOTHING,
    *key_cases.ABOUT_NOTHING,
    *signing_cases.ABOUT_NOTHING,
}
SERVICES = {
    "events": "events",
    "audit": "cloudtrail",
    "metrics": "cloudwatch",
    "scanning": "ecr",
    "inspector": "inspector2",
    "keys": "kms",
    "lifecycle": "ecr",
    "pull_through": "ecr",
    "quotas": "entrepot",
    "replication": "ecr",
    "secrets": "secretsmanager",
    "signing": "signer",
}  # of packages
_TABLES = {
    chain: {table.name: table.select() for table in drawing.sorted_tables}
    for chain, drawing in (
        (METADATA, schema.metadata),
        (AUDIT, audit_schema.metadata),
        (METRICS, metric_schema.metadata),
    )
}
_ARNS = {"orders": event_cases.BUS.arn, "main": audit_cases.ARN, "logging": audit_cases.ARN.replace("main", "logging")}
_ARNS |= {key_cases.KEY: key_cases.ARN, key_cases.ALIAS: key_cases.ALIAS_ARN, secret_cases.NAME: secret_cases.ARN}

Contents = Mapping[str, list[tuple[Any, ...]]]


class Undo(Exception):
    """Raised after a use case has done its work, so that its unit is rolled back."""


class House:
    """The databases of a deployment: metadata, audit records, metrics."""

    def __init__(self, directory: Path) -> None:
        self.core = CoreDatabase(directory)
        for chain in (AUDIT, METRICS):
            self.core.beside(chain)

    def furnish(self) -> None:
        """Give the first account something of everything."""
        for cases in (event_cases, audit_cases, metric_cases, key_cases, quota_cases, secret_cases, pull_through_cases):
            cases.furnish(self.core.write)
        scan_cases.furnish(self.core)
        inspector_cases.furnish(self.core)
        lifecycle_cases.furnish(self.core)
        replication_cases.furnish(self.core)
        signing_cases.furnish(self.core)
        calls.keep(self._database(AUDIT), [calls.call()])
        self._database(METRICS).submit(
            lambda tx: publishing.put(tx, caller(), "Own", metric_cases.DATA),
        ).result()

    def run(self, name: str, who: Caller, case: Case | None = None, *, undo: bool = False) -> Any:
        """Call a use case as its case says, or another."""
        case = case or CASES[name]
        use_case = work(name)

        def run(tx: Transaction) -> Any:
            first = (tx, who) if is_given_a_transaction(use_case) else (who,)
            answer = use_case(*first, *case.arguments, **case.keywords)
            if undo:
                raise Undo
            return answer

        return self._database(case.chain).submit(run).result()

    def contents(self) -> Contents:
        """Every row of every table."""
        found: dict[str, list[tuple[Any, ...]]] = {}
        for chain, tables in _TABLES.items():
            found |= self._database(chain).read(partial(_rows, tables=tables))
        return found

    def _database(self, chain: Chain) -> Database:
        return self.core.database if chain == METADATA else self.core.beside(chain)

    def close(self) -> None:
        """Close the databases."""
        self.core.close()


def _rows(tx: Reader, tables: Mapping[str, Select[Any]]) -> dict[str, list[tuple[Any, ...]]]:
    return {name: [tuple(row) for row in tx.all(table)] for name, table in tables.items()}


def naming_nothing(case: Case) -> list[Case]:
    """The case with each of its lists empty, one at a time."""
    emptied = {place: _emptied(value) for place, value in enumerate(case.arguments)}
    return [_with(case, {place: value}) for place, value in emptied.items() if value is not None]


def by_arn(case: Case) -> list[Case]:
    """The case with what it names by name, where it can, named by ARN; none where that is no other case."""
    named = _with(case, {place: _by_arn(value) for place, value in enumerate(case.arguments)})
    return [named] if named != case else []


def _with(case: Case, changed: Mapping[int, Any]) -> Case:
    return replace(case, arguments=tuple(changed.get(place, value) for place, value in enumerate(case.arguments)))


def _emptied(value: Any) -> Any:
    match value:
        case list():
            return []
        case Wanted(names=[_]):
            return replace(value, names=())
    return None


def _by_arn(value: Any) -> Any:
    match value:
        case str():
            return _ARNS.get(value, value)
        case list():
            return [_by_arn(each) for each in value]
        case RuleDraft() | Entry():
            return replace(value, bus=_by_arn(value.bus))
    return value
