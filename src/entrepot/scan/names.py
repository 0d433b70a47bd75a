"""Names of packages as advisories and inventories can be compared: each ecosystem's own rule."""

import re

_RUNS = re.compile(r"[-_.]+")
_FOLDED = frozenset({"NuGet", "Packagist", "crates.io"})
ECOSYSTEMS = {
    "cargo": "crates.io",
    "composer": "Packagist",
    "gem": "RubyGems",
    "golang": "Go",
    "maven": "Maven",
    "npm": "npm",
    "nuget": "NuGet",
    "pypi": "PyPI",
    "bitnami": "Bitnami",
    "generic": "Bitnami",  # programs that were built by hand: of them Bitnami's feed tells
}


def normalised(ecosystem: str, name: str) -> str:
    """A name as it is looked up: PyPI by PEP 503; without case where the ecosystem has none; crates with hyphens."""
    if ecosystem == "PyPI":
        return _RUNS.sub("-", name).lower()
    if ecosystem == "crates.io":
        return name.replace("_", "-").lower()
    return name.lower() if ecosystem in _FOLDED else name
