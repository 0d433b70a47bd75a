"""The service `entrepot`: what this registry does and AWS has no API for (aws/models), one function an operation."""

from collections.abc import Mapping

from entrepot.aws.entrepot import image_copies, images_in_use
from entrepot.aws.protocol.call import Operation

OPERATIONS: Mapping[str, Operation] = {
    "CopyImage": image_copies.copy_image,
    "ReportImagesInUse": images_in_use.report_images_in_use,
}
