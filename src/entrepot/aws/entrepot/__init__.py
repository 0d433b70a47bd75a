"""The service `entrepot`: what this registry does and AWS has no API for (aws/models), one function an operation."""

from collections.abc import Mapping

from entrepot.aws.entrepot import images_in_use, spared_images
from entrepot.aws.protocol.call import Operation

OPERATIONS: Mapping[str, Operation] = {
    "ListSparedImages": spared_images.list_spared_images,
    "ReportImagesInUse": images_in_use.report_images_in_use,
}
