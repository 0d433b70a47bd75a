"""What delivers trails, from settings: the volume and the buckets that files go to, and the job."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from entrepot.app.aws_keys import aws_keys
from entrepot.core.audit.delivering import Delivering
from entrepot.core.audit.destinations import BucketFiles, Destinations, OwnVolume
from entrepot.core.audit.digesting import Digesting
from entrepot.core.audit.record_source import AuditRecords
from entrepot.core.units import Units
from entrepot.db.sqlite import SqliteDatabase
from entrepot.outbound import Outbound
from entrepot.outbound.buckets import BucketEndpoint, Buckets
from entrepot.seal import Seal
from entrepot.settings import Settings
from entrepot.store.kept_files import KeptFiles

TRAILS = "trails"


def trail_destinations(settings: Settings, outbound: Outbound, clock: Callable[[], datetime]) -> Destinations:
    """Where trails store their files: AwsCredentialsUnusable."""
    found = buckets(settings, outbound, clock)
    return Destinations(OwnVolume(KeptFiles(settings.data / TRAILS)), None if found is None else BucketFiles(found))


def buckets(settings: Settings, outbound: Outbound, clock: Callable[[], datetime]) -> Buckets | None:
    """The buckets at the operator's S3 endpoint, None where there is none: AwsCredentialsUnusable."""
    url = dict(settings.aws_endpoints).get("s3")
    if url is None:
        return None
    return Buckets(outbound, BucketEndpoint(url, aws_keys(settings), settings.regions[0]), clock)


def trail_delivery(
    settings: Settings, metadata: SqliteDatabase, records: AuditRecords, destinations: Destinations, seal: Seal
) -> Delivering:
    """The job that delivers."""
    units = Units(metadata, ThreadPoolExecutor(1, "trails"))
    every = timedelta(seconds=settings.trail_digest_seconds)
    digesting = Digesting(units, destinations, seal, settings.regions, every)
    return Delivering(units, records, destinations, digesting, settings.regions)
