"""Operations on layers."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.ecr_public import keys
from entrepot.aws.protocol.call import Call
from entrepot.aws.repository import layers

Output = Mapping[str, Any]


async def batch_check_layer_availability(call: Call) -> Output:
    """BatchCheckLayerAvailability."""
    return await layers.check(call, keys.pushed_to(call))


async def initiate_layer_upload(call: Call) -> Output:
    """InitiateLayerUpload."""
    return await layers.start(call, keys.pushed_to(call))


async def upload_layer_part(call: Call) -> Output:
    """UploadLayerPart."""
    return await layers.append(call, keys.pushed_to(call))


async def complete_layer_upload(call: Call) -> Output:
    """CompleteLayerUpload."""
    return await layers.complete(call, keys.pushed_to(call))
