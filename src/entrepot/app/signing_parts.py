"""The job that signs images, from settings."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from entrepot.app import parts
from entrepot.core.claiming import Pace
from entrepot.core.image_signer import ImageSigner
from entrepot.core.keys.vault import Vault
from entrepot.core.made_referrers import Keeping
from entrepot.core.pulse import Watching
from entrepot.core.units import Units
from entrepot.db.sqlite import SqliteDatabase
from entrepot.settings import Settings
from entrepot.store.blobs import BlobStore

# one takes milliseconds: what a killed process held is taken up again soon
_PACE = Pace(at_once=4, hold=timedelta(seconds=10))


def image_signer(
    settings: Settings, metadata: SqliteDatabase, store: BlobStore, vault: Vault, watch: Watching
) -> ImageSigner:
    """What signs images that are pushed."""
    units = Units(metadata, ThreadPoolExecutor(1, "signing"))
    keeping = Keeping(store, parts.STORE, settings.disk_reserve, vault)
    return ImageSigner(units, vault, keeping, parts.signing_lists(settings), watch, parts.clock, _PACE)
