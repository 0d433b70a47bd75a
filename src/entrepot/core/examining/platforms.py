"""Which image of an index is examined: that of a platform (OCI image specification, image-index.md)."""

import platform as machine

from entrepot.errors.scanning import ImageUnusable
from entrepot.spec.platforms import PlatformImage, platform_images

DEEPEST = 4  # indexes in indexes
_NAMES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm/v7", "i686": "386"}


def here() -> str:
    """The platform of images that this machine runs."""
    name = machine.machine().lower()
    return f"linux/{_NAMES.get(name, name)}"


def chosen(payload: bytes, wanted: str | None, name: str) -> str:
    """The digest of the image of an index that is wanted, or would run here; the only one whatever it is for:
    ImageUnusable.
    """
    images = platform_images(payload)
    if len(images) == 1 and (wanted is None or not images[0].platform):
        return images[0].digest
    fitting = [each for each in images if _fits(each, wanted or here())]
    if fitting:
        return fitting[0].digest
    told = ", ".join(each.platform or each.digest for each in images) or "none"
    raise ImageUnusable(path=name, reason=f"it has no image for {wanted or here()}; --platform chooses one of: {told}")


def _fits(image: PlatformImage, wanted: str) -> bool:
    return image.platform == wanted or image.platform.startswith(f"{wanted}/")
