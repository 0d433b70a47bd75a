"""The jobs of the audit trail from settings: what keeps records, what tells them as events, what tidies them."""

from dataclasses import dataclass

from entrepot.app import parts
from entrepot.app.parts import Databases
from entrepot.core.audit import trail_logging
from entrepot.core.audit.announcing import Announcer
from entrepot.core.audit.folding import AuditFold
from entrepot.core.audit.record_source import AuditRecords
from entrepot.core.audit.upkeep import AuditUpkeep
from entrepot.core.events.measures import Meter
from entrepot.settings import Settings


@dataclass(frozen=True, slots=True)
class AuditJobs:
    """What the worker runs for the audit trail; `records` is what trails deliver."""

    fold: AuditFold
    announcer: Announcer
    upkeep: AuditUpkeep
    records: AuditRecords


def audit_jobs(settings: Settings, databases: Databases, meter: Meter) -> AuditJobs:
    """The jobs over open databases; `meter` is told of what is refused at pulls."""
    metadata, audit, constants = databases.metadata, databases.audit, settings.audit_aws_constants
    announcer = Announcer(
        metadata,
        audit,
        databases.events,
        trail_logging.is_logging,
        aws_constants=constants,
        pulls=settings.pull_events,
        meter=meter,
    )
    records = AuditRecords(audit, aws_constants=constants)
    return AuditJobs(
        AuditFold(metadata, audit, settings.data / parts.JOURNALS, settings.regions),
        announcer,
        AuditUpkeep(audit, settings.audit_days, [records.passed, announcer.passed]),
        records,
    )
