"""What bounds an upload: of a deployment, and of the door that it comes through."""

from dataclasses import dataclass

from entrepot.core.quotas import catalogue
from entrepot.db.records import Upload
from entrepot.errors import LayerPartsTooMany, LayerPartTooLarge
from entrepot.spec.repository import RepositoryKey

LARGEST_LAYER = catalogue.QUOTAS["private"][catalogue.LAYER_SIZE].value
LARGEST_PUBLIC_LAYER = catalogue.QUOTAS["public"][catalogue.LAYER_SIZE].value


@dataclass(frozen=True, slots=True)
class TransferLimits:
    """Bounds of a deployment, in bytes: the largest layer where no quota was set, what must stay free on the volume."""

    largest_layer: int
    disk_reserve: int
    largest_public_layer: int = LARGEST_PUBLIC_LAYER

    def layer(self, key: RepositoryKey) -> int:
        """How large a layer of this repository may be."""
        return self.largest_layer if key.registry.kind == "private" else self.largest_public_layer


@dataclass(frozen=True, slots=True)
class PartRules:
    """What the AWS door asks of an upload beside its digest; 0 is no bound."""

    refuse_empty: bool
    refuse_held: bool
    smallest_part: int
    largest_part: int = 0
    most_parts: int = 0

    def require_part(self, key: RepositoryKey, upload: Upload, size: int) -> None:
        """Whether an upload may have one part more, of so many bytes: LayerPartTooLarge, LayerPartsTooMany."""
        if self.largest_part and size > self.largest_part:
            raise LayerPartTooLarge(limit=self.largest_part, size=size)
        if self.most_parts and upload.parts >= self.most_parts:
            account = key.registry.account
            raise LayerPartsTooMany(upload=upload.id, name=key.name, account=account, limit=self.most_parts)


OCI_PARTS = PartRules(refuse_empty=False, refuse_held=False, smallest_part=0)
