"""Media types of manifests and layers, and what a client accepts (RFC 9110, 12.5.1)."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
_IMAGES = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
_INDEXES = frozenset({OCI_INDEX, DOCKER_LIST})
_IMAGE_CONFIGS = frozenset(
    {"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"}
)
_OCI_LAYERS = ("application/vnd.oci.image.layer.v1.", "application/vnd.oci.image.layer.nondistributable.v1.")
_DOCKER_LAYERS = ("application/vnd.docker.image.rootfs.diff.", "application/vnd.docker.image.rootfs.foreign.")
_GENERIC = frozenset({"", "application/json", "application/octet-stream", "text/plain", "*/*"})
_NONDISTRIBUTABLE = "application/vnd.oci.image.layer.nondistributable."
_FOREIGN = "application/vnd.docker.image.rootfs.foreign."


def is_image_type(media_type: str) -> bool:
    """A manifest of one image or artifact."""
    return media_type in _IMAGES


def is_index_type(media_type: str) -> bool:
    """A manifest that lists others."""
    return media_type in _INDEXES


def is_manifest_type(media_type: str) -> bool:
    """Any manifest that this registry stores."""
    return media_type in _IMAGES or media_type in _INDEXES


def is_image_config(media_type: str) -> bool:
    """The config of what can be run; that of artifacts has a type of its own."""
    return media_type in _IMAGE_CONFIGS


def is_layer(media_type: str) -> bool:
    """A layer of a file system, in whatever compression."""
    return media_type.startswith((*_OCI_LAYERS, *_DOCKER_LAYERS))


def is_generic(media_type: str) -> bool:
    """A type that says nothing about a manifest."""
    return media_type in _GENERIC


def is_nondistributable(media_type: str) -> bool:
    """A layer that stays where its `urls` say; it need not be in the registry."""
    return media_type.startswith((_NONDISTRIBUTABLE, _FOREIGN))


def bare(value: str) -> str:
    """A media type without its parameters, in lower case."""
    return value.partition(";")[0].strip().lower()


def acceptable(accept: Sequence[str], media_type: str) -> bool:
    """Whether the Accept lines of a request, all of them, allow a type; without any line everything is allowed."""
    return _acceptable(tuple(accept), media_type)


@lru_cache(maxsize=256)
def _acceptable(accept: tuple[str, ...], media_type: str) -> bool:
    ranges = list(_ranges(accept))
    if not ranges:
        return True
    main = media_type.partition("/")[0]
    for wanted in (media_type.lower(), f"{main}/*", "*/*"):
        weights = [weight for name, weight in ranges if name == wanted]
        if weights:
            return max(weights) > 0
    return False


def _ranges(accept: Sequence[str]) -> Iterator[tuple[str, float]]:
    for line in accept:
        for item in line.split(","):
            name, *parameters = (part.strip().lower() for part in item.split(";"))
            if name:
                yield name, _weight(parameters)


def _weight(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 1.0
    return 1.0
