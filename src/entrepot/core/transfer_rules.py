"""What is asked of uploads: how large a layer may be, and what each door asks of parts."""

from dataclasses import dataclass

from entrepot.spec.repository import RepositoryKey

LARGEST_PUBLIC_LAYER = 10_000 * 1024 * 1024  # ECR Public's quota


@dataclass(frozen=True, slots=True)
class TransferLimits:
    """Bounds of a deployment, in bytes: the largest layer, and what must stay free on the volume."""

    largest_layer: int
    disk_reserve: int
    largest_public_layer: int = LARGEST_PUBLIC_LAYER

    def layer(self, key: RepositoryKey) -> int:
        """How large a layer of this repository may be."""
        return self.largest_layer if key.registry.kind == "private" else self.largest_public_layer


@dataclass(frozen=True, slots=True)
class PartRules:
    """What the AWS door asks of a completed upload beside its digest."""

    refuse_empty: bool
    refuse_held: bool
    smallest_part: int


OCI_PARTS = PartRules(refuse_empty=False, refuse_held=False, smallest_part=0)
AWS_PARTS = PartRules(refuse_empty=True, refuse_held=True, smallest_part=5 * 1024 * 1024)
